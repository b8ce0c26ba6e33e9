"""Learning a concept: what is drawn, what is compared, how the state is kept."""
