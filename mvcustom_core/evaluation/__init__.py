"""Measures of generated views: accuracy of the cameras, identity of the subject, consistency of the background.

Images are [V, 3, H, W] in 0..1. Errors in pixels refer to the size of the given images. Target cameras are the cameras that were asked for.
Measures that need the optional package pycolmap say so. Each file has one measure; `evaluation` combines them.
"""
