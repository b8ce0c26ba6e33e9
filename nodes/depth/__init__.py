"""Nodes that estimate the depth of an anchor view."""
