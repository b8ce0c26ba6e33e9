"""Loads a backbone from an SD1.5 checkpoint and an AnimateDiff motion file, or the embedded one."""

from __future__ import annotations

from pathlib import Path

import comfy.sd
import comfy.supported_models
import folder_paths
import torch
from comfy import model_detection
from comfy.model_patcher import ModelPatcher

from ....mvcustom_core.backbone.checkpoint import unwrap
from ....mvcustom_core.backbone.files import read_shapes
from ....mvcustom_core.backbone.presets import MotionChoices
from ....mvcustom_core.backbone.recipe import CUSTOM, RECIPES, SD15, ViewRecipe, check_preset
from ....mvcustom_core.backbone.recipe import EMBEDDED as EMBEDDED_KIND
from ..host.advice import advise
from ..host.folders import MOTION, find_file, list_files
from .embedded import NAME as EMBEDDED
from .embedded import load_embedded
from .motion import LATENT_CHANNELS, apply_motion, describe_inputs, load_motion
from .spec import SD15_SPEC, offered_layout

NO_MOTION_FILE = "none (embedded backbone)"
FAMILIES = {
    "SD20": "Stable Diffusion 2", "SDXL": "Stable Diffusion XL", "SDXLRefiner": "the refiner of Stable Diffusion XL",
    "SVD_img2vid": "Stable Video Diffusion", "Stable_Zero123": "Stable Zero123", "LotusD": "Lotus",
}  # fmt: skip
"""Name of ComfyUI's class -> what people call its models."""
ADVICE = "choose a Stable Diffusion 1.5 checkpoint"
KEYS_SHOWN = 3


def list_backbones() -> list[str]:
    """Choices of the input `checkpoint`: the embedded backbone, then the files in models/checkpoints."""
    return [EMBEDDED, *folder_paths.get_filename_list("checkpoints")]


def list_motion_files() -> list[str]:
    """Choices of the input `motion_file`: none, for the embedded backbone, then the files in models/animatediff_models."""
    return [NO_MOTION_FILE, *list_files(MOTION)]


def load_by_preset(
    checkpoint: str, motion_file: str, preset: str, choices: MotionChoices
) -> tuple[ModelPatcher, comfy.sd.CLIP, comfy.sd.VAE, str]:
    """As `load_backbone`, with the choices of a preset, and the values to start from in the report.

    Raises:
        ValueError: if the preset is for another backbone; or as `load_backbone` does.
    """
    if preset == CUSTOM:
        return load_backbone(checkpoint, motion_file, choices)
    kind = EMBEDDED_KIND if checkpoint == EMBEDDED else SD15
    with advise({"preset": f"choose {kind}, or another checkpoint: this is {checkpoint}"}):
        check_preset(preset, kind)
    recipe = RECIPES[preset]
    *loaded, report = load_backbone(checkpoint, motion_file, recipe.motion)
    return *loaded, f"{report}\n{describe_views(preset, recipe.views)}"


def describe_views(preset: str, views: ViewRecipe) -> str:
    """The values to start from in the nodes that sample the views."""
    fewest, most = views.steps
    steps = f"{fewest}" if fewest == most else f"{fewest} to {most}"
    inside = f"background only for a path beyond {views.anchor_reach_deg:g} degrees" if views.anchor_reach_deg < 360 else "everywhere"
    return (
        f"Start from ({preset}): {views.views} views of {views.size}x{views.size} pixels, {steps} steps; Concept Guider: text_guidance "
        f"{views.text_guidance:g}, image_guidance {views.image_guidance:g}; Depth-Aware Render Hook: scope trajectory, inside_subject "
        f"{inside}"
    )


def load_backbone(checkpoint: str, motion_file: str, choices: MotionChoices) -> tuple[ModelPatcher, comfy.sd.CLIP, comfy.sd.VAE, str]:
    """Load a MODEL with motion modules, its CLIP and VAE, and a one-line report on the motion modules.

    Raises:
        ValueError: if checkpoint and motion file cannot be combined, or the checkpoint is not Stable Diffusion 1.5.
    """
    if checkpoint == EMBEDDED:
        if motion_file == NO_MOTION_FILE:
            return load_embedded(choices)
        with advise({"motion: the modules have": f"the embedded backbone takes files trained for it, or {NO_MOTION_FILE!r}"}):
            return load_embedded(choices, find_file(MOTION, motion_file))
    if motion_file == NO_MOTION_FILE:
        raise ValueError(
            f"motion file: wanted an AnimateDiff module for {checkpoint}, got none; put one into models/{MOTION} and choose it here"
        )
    path, file = find_file("checkpoints", checkpoint), find_file(MOTION, motion_file)
    check_checkpoint(path)
    motion, settings, report = load_motion(file, choices)
    with torch.inference_mode(False):  # nodes run in inference mode, whose tensors could never be trained
        model, clip, vae, *_ = comfy.sd.load_checkpoint_guess_config(str(path))
    if not set(SD15_SPEC.pose_layout.sites) <= set(offered_layout(model).sites):
        raise ValueError(
            f"{checkpoint}: wanted Stable Diffusion 1.5, got {type(model.model.model_config).__name__}; choose an SD1.5 checkpoint"
        )
    return apply_motion(model, motion, settings), clip, vae, report


def check_checkpoint(path: Path) -> None:
    """Check by the names and shapes of a file's tensors that it is a whole Stable Diffusion 1.5 checkpoint. Its weights are not read.

    Raises:
        ValueError: saying what it is instead, or what it lacks.
    """
    shapes = unwrap(read_shapes(path))
    prefix = model_detection.unet_prefix_from_state_dict(shapes)
    if f"{prefix}input_blocks.0.0.weight" not in shapes:
        shown = ", ".join(list(shapes)[:KEYS_SHOWN]) or "no tensor at all"
        raise ValueError(
            f"{path.name}: wanted a Stable Diffusion 1.5 checkpoint, got a file without its U-Net, which holds {shown}; {ADVICE}"
        )
    unet = model_detection.detect_unet_config(shapes, prefix)
    config = model_detection.model_config_from_unet_config(unet, shapes, prefix)
    if not isinstance(config, comfy.supported_models.SD15):
        family = "a Stable Diffusion that ComfyUI does not know" if config is None else type(config).__name__
        raise ValueError(f"{path.name}: wanted Stable Diffusion 1.5, got {FAMILIES.get(family, family)}; {ADVICE}")
    if unet["in_channels"] != LATENT_CHANNELS:
        raise ValueError(
            f"{path.name}: wanted Stable Diffusion 1.5 for text to image, got {describe_inputs(unet['in_channels'])}; {ADVICE} of that kind"
        )
    parts = {"text encoder": config.text_encoder_key_prefix, "VAE": config.vae_key_prefix}
    missing = [part for part, starts in parts.items() if not any(key.startswith(tuple(starts)) for key in shapes)]
    if missing:
        raise ValueError(
            f"{path.name}: wanted a checkpoint with U-Net, text encoder and VAE, got one without {' and '.join(missing)}; choose a whole "
            "one, or load the parts with ComfyUI's own nodes and connect Apply MVCustom Motion"
        )
