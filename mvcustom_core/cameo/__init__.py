"""CAMEO (arXiv 2512.03045): attention of motion modules, supervised and judged by true correspondences between views."""
