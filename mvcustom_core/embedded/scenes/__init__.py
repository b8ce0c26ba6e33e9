"""Procedural posed scenes with exact ground truth: for the demo, the tests and the training of the embedded backbone.

World: the subject's centre is the origin, +y points down, the ground is a plane below the subject, cameras stand about 1 unit away.
"""
