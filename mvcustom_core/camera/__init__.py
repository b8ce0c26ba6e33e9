"""Camera geometry: cameras, rays, lenses, crops and the normalisation of the world. It does not depend on any network."""
