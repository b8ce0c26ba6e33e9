"""Custom socket types, for values that have no ComfyUI type. Saved workflows contain these names, so they must not change."""

from __future__ import annotations

from comfy_api.v0_0_2 import io

CamerasSocket = io.Custom("MVCUSTOM_CAMERAS")  # mvcustom_core.camera.cameras.Cameras
ConceptSocket = io.Custom("MVCUSTOM_CONCEPT")  # mvcustom_core.concept.concept.Concept
DepthSocket = io.Custom("MVCUSTOM_DEPTH")  # tuple[mvcustom_core.surface.depth.AnchorDepth, ...]
MVGDSocket = io.Custom("MVCUSTOM_MVGD")  # nodes.bridge.views.model.LoadedMVGD
CameraCtrlSocket = io.Custom("CAMERACTRL_POSES")  # of AnimateDiff-Evolved: rows of 19 numbers
