"""Nodes that load backbones and put motion modules on them."""
