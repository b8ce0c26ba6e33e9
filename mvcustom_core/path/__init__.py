"""Camera paths: presets, keyframes, and what lies between them."""
