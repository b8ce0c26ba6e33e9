"""The embedded backbone under two sets of motion modules, each loaded once."""

from __future__ import annotations

from functools import lru_cache

import torch
from comfy.model_patcher import ModelPatcher
from comfy.sd import CLIP, VAE

from ...devtools import CACHE
from ...mvcustom_core.backbone.presets import MotionChoices
from ...nodes.bridge.backbone.embedded import SPEC, load_embedded, load_unet
from ...nodes.bridge.backbone.motion import apply_motion, apply_motion_file
from ...nodes.bridge.backbone.motion_model import build_motion_patcher
from ...nodes.bridge.backbone.spec import BACKBONE_ATTACHMENT
from ...training.engine.weights import load_result
from ...training.motion import DENSE_SETTINGS
from .rungs import DENSE, ONE_CELL

DENSE_FILE = CACHE / "tiny" / "state" / "motion_dense.safetensors"
HOW_TO_TRAIN = "python dev.py train-tiny motion_dense"


@lru_cache(maxsize=1)
def load_own() -> tuple[ModelPatcher, CLIP, VAE]:
    """MODEL, CLIP and VAE as the pack loads them."""
    return load_embedded()[:3]


@lru_cache(maxsize=2)
def load_model(modules: str) -> ModelPatcher:
    """The denoiser with one set of motion modules.

    Args:
        modules: `ONE_CELL`, `DENSE`, or the path of a motion file.

    Raises:
        FileNotFoundError: if these modules are still to be trained.
    """
    if modules == ONE_CELL:
        return load_own()[0]
    if modules != DENSE:
        return apply_motion_file(_load_denoiser(), modules, MotionChoices())[0]
    if not DENSE_FILE.is_file():
        raise FileNotFoundError(f"dense modules: wanted {DENSE_FILE}, found none; train them with `{HOW_TO_TRAIN}`")
    return apply_motion(_load_denoiser(), build_motion_patcher(DENSE_SETTINGS, load_result(DENSE_FILE), torch.float32), DENSE_SETTINGS)


def _load_denoiser() -> ModelPatcher:
    """The embedded backbone without motion modules."""
    model = load_unet()
    model.set_attachments(BACKBONE_ATTACHMENT, SPEC)
    return model
