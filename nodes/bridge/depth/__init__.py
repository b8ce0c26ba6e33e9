"""Depth of the anchor view, from every source that a graph can have."""
