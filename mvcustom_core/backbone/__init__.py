"""The video backbone: AnimateDiff motion modules whose temporal attention opens step by step to space and time."""
