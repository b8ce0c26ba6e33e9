"""Estimates the depth of an anchor view, from every source that a workflow can connect."""
