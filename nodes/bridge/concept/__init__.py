"""Applies a learned concept to a MODEL and its CLIP."""
