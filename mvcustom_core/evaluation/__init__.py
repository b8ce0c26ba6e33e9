"""Measures of generated views: does the camera obey, does the subject stay itself, does the background hold.

Images are [V, 3, H, W] in 0..1, errors in pixels are those of the images given, target cameras are the ones that were asked for. What
needs the optional package pycolmap says so. Each file holds one measure; `evaluation` takes them all.
"""
