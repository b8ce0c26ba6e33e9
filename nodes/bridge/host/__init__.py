"""Wraps parts of ComfyUI: folders, sockets, tensor layouts, previews, call options, and networks from local folders."""
