"""Nodes that measure generated views."""
