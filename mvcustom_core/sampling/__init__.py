"""What happens while views are sampled: anchor depth, depth-aware feature rendering, latent completion."""
