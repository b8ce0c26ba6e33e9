"""Cameras and what follows from them: rays, trajectories, file formats. Knows nothing of networks."""
