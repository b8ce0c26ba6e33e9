"""ComfyUI nodes, one file per node: the schema with its tooltips, and one call into the bridge or the core. `catalogue` lists them."""
