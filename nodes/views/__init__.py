"""Nodes that generate views without a text backbone."""
