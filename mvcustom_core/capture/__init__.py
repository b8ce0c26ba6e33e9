"""Photographs as they come: files of cameras in every format, and cameras found from the photographs alone."""
