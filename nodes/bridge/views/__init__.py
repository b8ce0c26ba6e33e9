"""Views without a text backbone: the networks that generate them, under ComfyUI's memory management."""
