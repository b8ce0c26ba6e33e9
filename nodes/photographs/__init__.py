"""Nodes that give photographs together with their cameras: loaded, solved, posed or rendered."""
