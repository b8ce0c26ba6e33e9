"""Loads backbones and motion modules as ComfyUI models."""
