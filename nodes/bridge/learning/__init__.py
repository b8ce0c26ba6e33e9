"""Learning a concept inside a graph."""
