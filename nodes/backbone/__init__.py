"""Nodes that load a backbone or add motion modules to a MODEL."""
