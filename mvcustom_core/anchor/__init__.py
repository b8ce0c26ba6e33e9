"""The anchor view: which one it is, its depth, and that depth in the unit of the cameras."""
