"""The front rooms: one file for each node; schema, tooltips, one call downstream, no maths. `catalogue` lists them."""
