"""Training of MVGD: scenes on disk, and the stage that learns from them."""
