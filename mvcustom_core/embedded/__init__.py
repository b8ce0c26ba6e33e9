"""Parts of the embedded backbone: its procedural training scenes and its depth head."""
