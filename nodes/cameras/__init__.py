"""Nodes that make camera trajectories."""
