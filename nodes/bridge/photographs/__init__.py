"""Posed photographs for the nodes: read, chosen, cut, reported."""
