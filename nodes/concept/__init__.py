"""Nodes that learn, keep and apply a concept."""
