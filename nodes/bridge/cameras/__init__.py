"""Cameras of other tools, files of cameras and views, and what the camera nodes send to the browser."""
