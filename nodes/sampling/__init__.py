"""Nodes that change how views are sampled: the render hooks and the completion sampler."""
