"""Nodes that learn, save, load and apply a concept."""
