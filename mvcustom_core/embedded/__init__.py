"""Parts of the embedded backbone: its procedural scenes and its depth head."""
