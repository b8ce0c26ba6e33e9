"""MVGD (arXiv 2501.18804): colour and depth at any camera by diffusion in pixel space, from any number of posed pictures."""
