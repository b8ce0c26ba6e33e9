"""ComfyUI itself: folders, sockets, tensors, previews, local networks."""
