"""What generates views without a text backbone: MVGD and GLD, with their folders, loading and feature networks."""
