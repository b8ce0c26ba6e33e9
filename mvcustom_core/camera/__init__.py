"""Cameras and what follows from them: rays, lenses, crops, the world that they share. Knows nothing of networks."""
