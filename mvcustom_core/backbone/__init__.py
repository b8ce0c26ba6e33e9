"""Motion modules of the video backbone: AnimateDiff's temporal attention, which can be widened to space and time."""
