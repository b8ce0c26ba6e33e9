"""Photographs and their cameras as files, whatever the format: where they lie, how they are read, what is left out and why."""
