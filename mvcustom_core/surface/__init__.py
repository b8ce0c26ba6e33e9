"""A surface from a depth map: its mesh, its rasterisation, and which cells of several views show one point of it."""
