"""Nodes that estimate the depth of the anchor view."""
