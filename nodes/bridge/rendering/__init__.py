"""Feature rendering and latent completion while a MODEL samples."""
