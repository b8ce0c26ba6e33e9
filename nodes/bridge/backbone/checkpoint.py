"""Loads a backbone from an SD1.5 checkpoint and an AnimateDiff motion file, or the embedded one."""

from __future__ import annotations

import comfy.sd
import folder_paths
import torch
from comfy.model_patcher import ModelPatcher

from ....mvcustom_core.backbone.presets import MotionChoices
from ..host.folders import MOTION, find_file, list_files
from .embedded import NAME as EMBEDDED
from .embedded import load_embedded
from .motion import apply_motion, load_motion
from .spec import SD15_SPEC, offered_layout

NO_MOTION_FILE = "none (embedded backbone)"


def list_backbones() -> list[str]:
    """Choices of the input `checkpoint`: the embedded backbone, then the files in models/checkpoints."""
    return [EMBEDDED, *folder_paths.get_filename_list("checkpoints")]


def list_motion_files() -> list[str]:
    """Choices of the input `motion_file`: none, for the embedded backbone, then the files in models/animatediff_models."""
    return [NO_MOTION_FILE, *list_files(MOTION)]


def load_backbone(checkpoint: str, motion_file: str, choices: MotionChoices) -> tuple[ModelPatcher, comfy.sd.CLIP, comfy.sd.VAE, str]:
    """Load a MODEL with motion modules, its CLIP and VAE, and a one-line report on the motion modules.

    Raises:
        ValueError: if checkpoint and motion file cannot be combined, or the checkpoint is not Stable Diffusion 1.5.
    """
    if checkpoint == EMBEDDED:
        if motion_file != NO_MOTION_FILE:
            raise ValueError(
                f"motion file: the embedded backbone has its own motion modules; choose {NO_MOTION_FILE!r}, got {motion_file!r}"
            )
        return load_embedded(choices)
    if motion_file == NO_MOTION_FILE:
        raise ValueError(
            f"motion file: wanted an AnimateDiff module for {checkpoint}, got none; put one into models/{MOTION} and choose it here"
        )
    motion, settings, report = load_motion(find_file(MOTION, motion_file), choices)
    with torch.inference_mode(False):  # nodes run in inference mode, whose tensors could never be trained
        model, clip, vae, *_ = comfy.sd.load_checkpoint_guess_config(folder_paths.get_full_path_or_raise("checkpoints", checkpoint))
    if model is None or clip is None or vae is None:
        raise ValueError(f"{checkpoint}: wanted a whole SD1.5 checkpoint with U-Net, text encoder and VAE, got one without; choose another")
    if not set(SD15_SPEC.pose_layout.sites) <= set(offered_layout(model).sites):
        raise ValueError(
            f"{checkpoint}: wanted Stable Diffusion 1.5, got {type(model.model.model_config).__name__}; choose an SD1.5 checkpoint"
        )
    return apply_motion(model, motion, settings), clip, vae, report
