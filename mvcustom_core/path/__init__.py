"""Camera paths: presets, keyframes, and interpolation between cameras."""
