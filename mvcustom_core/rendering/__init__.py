"""What happens while views are sampled: depth-aware feature rendering, shared noise, latent completion."""
