"""How the embedded backbone is made: procedural data, four stages, held-out figures. For developers; not shipped."""
