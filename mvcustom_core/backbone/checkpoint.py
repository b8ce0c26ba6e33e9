"""Reads motion module files: recognises their kind, and gives their weights AnimateDiff's names.

It reads AnimateDiff v1, v2, v3 and AnimateLCM in their original layout, diffusers' MotionAdapter, trainers' checkpoints around either, and
this project's own safetensors, whose metadata says how they were trained. Any other file is refused with a message that says what it is,
because a file whose keys match only in part would silently give less motion or none.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

import torch
from torch import Tensor

from .attention import Scope
from .motion import MotionModules, MotionSettings
from .positions import make_frame_positions

METADATA_KEY, TRAINING_KEY = "mvcustom.motion", "mvcustom.training"
WRAPPERS = ("state_dict", "motion_module_state_dict", "motion_module", "module", "model")
LCM_FRAMES = 64  # AnimateLCM stores no position table
V1, V1_FRAMES, V3_FRAMES = "AnimateDiff v1", 24, 32
SDXL_CHANNELS = (320, 640, 1280)

MODULE_KEY = re.compile(r"^(?P<wrapper>.*?)(?P<name>((down|up)_blocks\.\d+|mid_block)\.motion_modules\.\d+\.(?P<rest>.+))$")
POSITION_KEY = re.compile(r"\.(pos_encoder|pos_embed)\.pe$")
# the same weights under diffusers' MotionAdapter names
DIFFUSERS_NAMES = ((".norm1.", ".norms.0."), (".norm2.", ".norms.1."), (".norm3.", ".ff_norm."),
                   (".attn1.", ".attention_blocks.0."), (".attn2.", ".attention_blocks.1."))  # fmt: skip

FOREIGN: tuple[tuple[str, str], ...] = (
    (
        r"_lora\.|\.lora\.|\.lora_|lora_(up|down|A|B)\b",
        "a LoRA, which changes weights but holds no modules",
    ),
    (r"qkv_merge|pose_encoder|encoder_(conv_in|down_conv_blocks)", "a CameraCtrl camera encoder, not its motion modules"),
    (r"temporal_attentions\.", "a HotshotXL motion module, made for SDXL"),
    (r"img_encoder\.", "an AnimateLCM image-to-video module, which needs its own image encoder"),
    (r"cc_projection", "a MotionCtrl camera module"),
    (r"controlnet_cond_embedding|input_hint_block", "a SparseCtrl or ControlNet model"),
    (r"(^|\.)conv_in\.weight$", "a PIA module or a whole video U-Net; wanted motion modules alone"),
    (r"^model\.diffusion_model\.|^conditioner\.|^cond_stage_model\.", "an image checkpoint; load it as the base model"),
)
"""Pattern that is searched in a file's keys -> what the file is, the most specific first."""


@dataclass(frozen=True, slots=True)
class MotionFile:
    """The content of a motion file.

    Attributes:
        settings: settings for `MotionModules`.
        weights: state dict of `MotionModules`, which loads strictly.
        kind: published family of the file.
        notes: limitations that a user should know.
    """

    settings: MotionSettings
    weights: dict[str, Tensor]
    kind: str
    notes: tuple[str, ...] = ()

    @property
    def report(self) -> str:
        """One line that says what the file is, and its notes."""
        settings = self.settings
        modules = sum(key.endswith("proj_out.weight") for key in self.weights)
        millions = sum(tensor.numel() for tensor in self.weights.values()) / 1e6
        line = (
            f"{self.kind} motion modules: {modules} modules, {millions:.1f} M parameters, "
            f"channels {', '.join(map(str, settings.channels))}, {'with' if settings.mid_block else 'no'} middle module, "
            f"up to {settings.max_frames} frames, beta schedule {settings.beta_schedule}, {settings.norm_mode.replace('_', ' ')} norm, "
            f"scopes {', '.join(map(str, settings.scopes))}"
        )
        return "; ".join([line, *self.notes])


def read_motion_checkpoint(state_dict: Mapping[str, Any], metadata: Mapping[str, str]) -> MotionFile:
    """Recognise motion modules and rename their weights to AnimateDiff's names.

    Args:
        state_dict: a file's content, possibly wrapped by a trainer.
        metadata: its safetensors metadata, or nothing.

    Raises:
        ValueError: if the file is not a motion file, or its keys are incomplete; the message says what it is or which keys differ.
    """
    tensors = unwrap(state_dict)
    modules, foreign, is_diffusers = _collect_modules(tensors)
    _refuse_foreign(tensors, modules)
    positions = {key: modules.pop(key) for key in list(modules) if POSITION_KEY.search(key)}
    stored = metadata.get(METADATA_KEY)
    if stored is not None:
        trained = metadata.get(TRAINING_KEY)
        found = MotionFile(_parse_settings(stored), modules, f"MVCustom ({trained})" if trained else "MVCustom")
    else:
        found = _detect_kind(modules, positions, is_diffusers)
    _check_complete(found.settings, modules, foreign)
    return found


def motion_metadata(settings: MotionSettings, training: str = "") -> dict[str, str]:
    """The safetensors metadata of this project's own motion files.

    Args:
        training: one line for people on how the modules were trained.
    """
    values = asdict(settings) | {"scopes": [str(scope) for scope in settings.scopes]}
    return {METADATA_KEY: json.dumps(values)} | ({TRAINING_KEY: training} if training else {})


def _parse_settings(text: str) -> MotionSettings:
    try:
        values = json.loads(text)
        unknown = set(values) - {field.name for field in fields(MotionSettings)}
        if unknown:
            raise ValueError(f"unknown settings {', '.join(sorted(unknown))}; a newer version wrote it, so update this one")
        values["scopes"] = tuple(Scope.from_text(scope) for scope in values["scopes"])
        return MotionSettings(**values | {"channels": tuple(values["channels"])})
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ValueError(f"motion file: its {METADATA_KEY} metadata is unreadable: {error}") from error


def unwrap(content: Mapping[str, Any]) -> dict[str, Tensor]:
    """All tensors of a file, with a trainer's nested dictionaries flattened."""
    for wrapper in WRAPPERS:
        if isinstance(content.get(wrapper), Mapping):
            return unwrap(content[wrapper])
    tensors: dict[str, Tensor] = {}
    for key, value in content.items():
        if isinstance(value, Tensor):
            tensors[str(key)] = value
        elif isinstance(value, Mapping):
            tensors |= {f"{key}.{name}": tensor for name, tensor in unwrap(value).items()}
    return tensors


def rename_module_key(key: str) -> str | None:
    """The AnimateDiff name of a motion module's key, without a trainer's prefix; None for any other key."""
    match = MODULE_KEY.match(key)
    if match is None:
        return None
    name = match["name"]
    if not match["rest"].startswith("temporal_transformer."):
        name = name.removesuffix(match["rest"]) + "temporal_transformer." + match["rest"]
        for theirs, ours in DIFFUSERS_NAMES:
            name = name.replace(theirs, ours)
    return name


def _collect_modules(tensors: dict[str, Tensor]) -> tuple[dict[str, Tensor], list[str], bool]:
    names = {key: rename_module_key(key) for key in tensors}
    modules = {name: tensors[key] for key, name in names.items() if name is not None}
    foreign = [key for key, name in names.items() if name is None]
    is_diffusers = any(name is not None and not key.endswith(name) for key, name in names.items())
    return modules, foreign, is_diffusers


def _refuse_foreign(tensors: dict[str, Tensor], modules: dict[str, Tensor]) -> None:
    for pattern, meaning in FOREIGN:
        if any(re.search(pattern, key) for key in tensors):
            raise ValueError(f"motion modules: wanted an AnimateDiff file for Stable Diffusion 1.5, got {meaning}")
    if not modules:
        first = ", ".join(list(tensors)[:5]) or "no tensor at all"
        raise ValueError(f"motion modules: wanted an AnimateDiff file, but no key belongs to a motion module; the file holds {first}")
    if _find_channels(modules) == SDXL_CHANNELS:
        raise ValueError("motion modules: wanted an AnimateDiff file for Stable Diffusion 1.5, got one for SDXL; load mm_sd_v15 or v3")


def _find_channels(modules: dict[str, Tensor]) -> tuple[int, ...]:
    keys = (f"down_blocks.{level}.motion_modules.0.temporal_transformer.norm.weight" for level in range(len(modules)))
    channels: list[int] = []
    for key in keys:
        if key not in modules:
            break
        channels.append(len(modules[key]))
    return tuple(channels)


def _detect_kind(modules: dict[str, Tensor], positions: dict[str, Tensor], is_diffusers: bool) -> MotionFile:
    channels = _find_channels(modules)
    if not channels:
        raise ValueError(f"motion modules: wanted the level down_blocks.0, got only keys such as {', '.join(list(modules)[:5])}")
    settings = MotionSettings(
        channels=channels,
        mid_block=any(key.startswith("mid_block.") for key in modules),
        scopes=(Scope(1),) * len(channels),
        entropy_correction=True,  # nothing at the trained scope, and what keeps attention peaked at a wider one
        spatial_position=any(key.endswith(".g") for key in modules),
        beta_schedule="linear",  # of every published family
    )
    family, frames, notes = _find_family(positions, settings.mid_block)
    kind = "diffusers MotionAdapter" if is_diffusers and positions else family
    image_norm_mode = "cross_frame" if family == V1 else "per_frame"
    return MotionFile(replace(settings, max_frames=frames, image_norm_mode=image_norm_mode), modules, kind, notes)


def _find_family(positions: dict[str, Tensor], mid_block: bool) -> tuple[str, int, tuple[str, ...]]:
    """The published family of modules, its frames, and notes on it.

    They follow from the weights, not from the layout of the file: each family is distributed in AnimateDiff's layout and in diffusers'.
    """
    if not positions:
        family, frames = ("AnimateLCM", LCM_FRAMES) if mid_block else ("AnimateDiff v3", V3_FRAMES)
        schedule = "; AnimateLCM was trained with AnimateDiff's schedule, linear, its authors say" if mid_block else ""
        return family, frames, (f"no position table in the file: {frames} frames are assumed, as {family} has{schedule}",)
    frames = _measure_positions(positions)
    if mid_block:
        return "AnimateDiff v2", frames, ()
    if frames == V1_FRAMES:
        return V1, frames, ("as v1 was trained, the norms of the image model's residual blocks and last layer run across frames",)
    return "AnimateDiff v3", frames, ()


def _measure_positions(positions: dict[str, Tensor]) -> int:
    for key, table in positions.items():
        frames, channels = table.shape[-2:]
        expected = make_frame_positions(frames, channels, frames)
        if not torch.allclose(table[0].float().cpu(), expected, atol=2e-2):  # bfloat16 rounds a sine by up to 4e-3
            raise ValueError(f"motion modules: wanted AnimateDiff's sinusoidal frame positions, got another table at {key}")
    return min(table.shape[-2] for table in positions.values())


def _check_complete(settings: MotionSettings, modules: dict[str, Tensor], foreign: list[str]) -> None:
    expected = MotionModules(settings, device="meta").state_dict()
    shaped = [key for key in expected if key in modules and modules[key].shape != expected[key].shape]
    problems = {
        "missing": [key for key in expected if key not in modules],
        "unexpected": [key for key in modules if key not in expected] + foreign,
        "of another shape": [f"{key} {list(modules[key].shape)} for {list(expected[key].shape)}" for key in shaped],
    }
    found = [f"{len(keys)} {what}, first {', '.join(keys[:5])}" for what, keys in problems.items() if keys]
    if found:
        channels = ", ".join(map(str, settings.channels))
        raise ValueError(f"motion modules: the file fits a set with channels {channels} only in part: {'; '.join(found)}")
