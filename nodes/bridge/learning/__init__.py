"""Runs the learning of a concept inside a ComfyUI workflow."""
