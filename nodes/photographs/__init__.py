"""Nodes that load, make or pose photographs."""
