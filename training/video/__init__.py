"""Motion modules trained on clips: the network with a forward of its own, the clips and their cache, and the command."""
