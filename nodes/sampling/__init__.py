"""Nodes that act while views are sampled."""
