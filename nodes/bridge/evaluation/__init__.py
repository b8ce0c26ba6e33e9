"""Runs the measures of `mvcustom_core.evaluation` on the inputs of a node."""
