"""Measures of generated views in a graph."""
