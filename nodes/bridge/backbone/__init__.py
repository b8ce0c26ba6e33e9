"""Backbones and motion modules as ComfyUI models."""
