"""Geometric Latent Diffusion (arXiv 2603.22275): new views and depth from the feature space of Depth Anything 3.

A flow-matching transformer generates features of all views from those of the source photographs; decoders turn them into pictures, depth
and rays. Letters beside the pack's: N source views, E the backbone's width, C = 2 E channels of a feature level, T = h w patches, p the
side of a patch in pixels.
"""
