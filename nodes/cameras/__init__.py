"""Nodes that make camera paths."""
