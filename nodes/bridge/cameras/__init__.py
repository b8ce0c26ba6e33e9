"""Cameras of other tools, and files of cameras and views."""
