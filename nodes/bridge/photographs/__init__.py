"""Reads, selects and crops posed photographs for the nodes, and writes their report."""
