"""A learned concept at work on a MODEL and its CLIP."""
