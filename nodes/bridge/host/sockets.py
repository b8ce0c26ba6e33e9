"""The sockets of this pack: what travels between its nodes where ComfyUI has no type of its own. Saved workflows keep the names."""

from __future__ import annotations

from comfy_api.latest import io

CamerasSocket = io.Custom("MVCUSTOM_CAMERAS")  # mvcustom_core.geometry.cameras.Cameras
ConceptSocket = io.Custom("MVCUSTOM_CONCEPT")  # mvcustom_core.concept.concept.Concept
DepthSocket = io.Custom("MVCUSTOM_DEPTH")  # tuple[mvcustom_core.geometry.depth.AnchorDepth, ...]
