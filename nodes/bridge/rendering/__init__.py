"""Feature rendering and latent completion in the runs of a MODEL."""
