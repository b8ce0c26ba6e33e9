"""Motion module files: what a file is, and its weights under AnimateDiff's names.

Read: AnimateDiff v1, v2, v3 and AnimateLCM in their original layout, diffusers' MotionAdapter, trainers' wrappers around either,
and our own safetensors, whose metadata says how they were trained. Everything else is refused by name, because a file whose keys
match only in part would quietly give less motion or none.
"""

from __future__ import annotations

import json
import pickle
import re
from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from .attention import Scope, make_frame_positions
from .motion import MotionModules, MotionSettings

METADATA_KEY = "mvcustom.motion"
WRAPPERS = ("state_dict", "motion_module_state_dict", "motion_module", "module", "model")
PICKLES = (".ckpt", ".pt", ".pth", ".bin")
LCM_FRAMES = 64  # AnimateLCM stores no position table
SDXL_CHANNELS = (320, 640, 1280)

MODULE_KEY = re.compile(r"^(?P<wrapper>.*?)(?P<name>((down|up)_blocks\.\d+|mid_block)\.motion_modules\.\d+\.(?P<rest>.+))$")
POSITION_KEY = re.compile(r"\.(pos_encoder|pos_embed)\.pe$")
# the same weights under diffusers' MotionAdapter names
DIFFUSERS_NAMES = ((".norm1.", ".norms.0."), (".norm2.", ".norms.1."), (".norm3.", ".ff_norm."),
                   (".attn1.", ".attention_blocks.0."), (".attn2.", ".attention_blocks.1."))  # fmt: skip

FOREIGN: tuple[tuple[str, str], ...] = (
    (r"_lora\.|\.lora_|lora_(up|down|A|B)\b", "a LoRA, which changes weights but holds no modules"),
    (r"qkv_merge|pose_encoder|encoder_(conv_in|down_conv_blocks)", "a CameraCtrl camera encoder, not its motion modules"),
    (r"temporal_attentions\.", "a HotshotXL motion module, made for SDXL"),
    (r"img_encoder\.", "an AnimateLCM image-to-video module, which needs its own image encoder"),
    (r"cc_projection", "a MotionCtrl camera module"),
    (r"controlnet_cond_embedding|input_hint_block", "a SparseCtrl or ControlNet model"),
    (r"(^|\.)conv_in\.weight$", "a PIA module or a whole video U-Net; wanted motion modules alone"),
    (r"^model\.diffusion_model\.|^conditioner\.|^cond_stage_model\.", "an image checkpoint; load it as the base model"),
)
"""What a key (pattern, searched) gives a file away as, most telling first."""


def load_state_dict_file(path: str | Path) -> tuple[dict[str, Any], dict[str, str]]:
    """Read a file's tensors, and its metadata if it is a safetensors file, onto the CPU without running any code it holds.

    Raises:
        ValueError: if the file is empty, truncated, of another kind, or holds more than plain tensors and numbers.
    """
    path = Path(path)
    if path.stat().st_size == 0:
        raise ValueError(f"{path.name} is empty; download it again")
    if path.suffix == ".safetensors":
        try:
            with safetensors.safe_open(path, framework="pt") as file:
                return {key: file.get_tensor(key) for key in file.keys()}, dict(file.metadata() or {})  # noqa: SIM118
        except safetensors.SafetensorError as error:
            raise ValueError(f"{path.name} is no complete safetensors file ({error}); download it again") from error
    if path.suffix not in PICKLES:
        raise ValueError(f"{path.name}: wanted a file in .safetensors, {', '.join(PICKLES)}, got {path.suffix or 'no suffix'}")
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, EOFError, RuntimeError) as error:
        raise ValueError(
            f"{path.name} is truncated or holds more than tensors ({str(error).splitlines()[0]}); "
            "download it again or convert it to safetensors"
        ) from error
    if not isinstance(content, dict):
        raise ValueError(f"{path.name}: wanted a dictionary of tensors, got {type(content).__name__}")
    return content, {}


def read_motion_checkpoint(state_dict: Mapping[str, Any], metadata: Mapping[str, str]) -> tuple[MotionSettings, dict[str, Tensor], str]:
    """Recognise motion modules and bring them under AnimateDiff's names.

    Args:
        state_dict: a file's content, possibly wrapped by a trainer.
        metadata: its safetensors metadata, or nothing.

    Returns:
        The settings to build `MotionModules` with, the weights that load into it strictly, and one line that says what it is.

    Raises:
        ValueError: naming what the file is instead, or the keys that are missing and unexpected.
    """
    tensors = _unwrap(state_dict)
    modules, foreign, is_diffusers = _collect_modules(tensors)
    _refuse_foreign(tensors, modules)
    positions = {key: modules.pop(key) for key in list(modules) if POSITION_KEY.search(key)}
    stored = metadata.get(METADATA_KEY)
    if stored is not None:
        settings, kind = _parse_settings(stored), "MVCustom"
    else:
        settings, kind = _detect_settings(modules, positions, is_diffusers)
    _check_complete(settings, modules, foreign)
    count = sum(key.endswith("proj_out.weight") for key in modules)
    report = (
        f"{kind} motion modules: {count} modules, channels {', '.join(map(str, settings.channels))}, "
        f"{'with' if settings.mid_block else 'no'} middle module, up to {settings.max_frames} frames"
        f"{'' if positions or stored else ' (assumed: no position table in the file)'}, "
        f"beta schedule {settings.beta_schedule}, scopes {', '.join(map(str, settings.scopes))}"
    )
    return settings, modules, report


def motion_metadata(settings: MotionSettings) -> dict[str, str]:
    """The safetensors metadata of our own motion files."""
    values = asdict(settings) | {"scopes": [str(scope) for scope in settings.scopes]}
    return {METADATA_KEY: json.dumps(values)}


def _parse_settings(text: str) -> MotionSettings:
    try:
        values = json.loads(text)
        unknown = set(values) - {field.name for field in fields(MotionSettings)}
        if unknown:
            raise ValueError(f"unknown settings {', '.join(sorted(unknown))}; update this node pack")
        values["scopes"] = tuple(Scope.from_text(scope) for scope in values["scopes"])
        return MotionSettings(**values | {"channels": tuple(values["channels"])})
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ValueError(f"motion file: its {METADATA_KEY} metadata is unreadable: {error}") from error


def _unwrap(content: Mapping[str, Any]) -> dict[str, Tensor]:
    for wrapper in WRAPPERS:
        if isinstance(content.get(wrapper), Mapping):
            return _unwrap(content[wrapper])
    tensors: dict[str, Tensor] = {}
    for key, value in content.items():
        if isinstance(value, Tensor):
            tensors[str(key)] = value
        elif isinstance(value, Mapping):
            tensors |= {f"{key}.{name}": tensor for name, tensor in _unwrap(value).items()}
    return tensors


def _collect_modules(tensors: dict[str, Tensor]) -> tuple[dict[str, Tensor], list[str], bool]:
    modules: dict[str, Tensor] = {}
    foreign: list[str] = []
    is_diffusers = False
    for key, tensor in tensors.items():
        match = MODULE_KEY.match(key)
        if match is None:
            foreign.append(key)
            continue
        name = match["name"]
        if not match["rest"].startswith("temporal_transformer."):
            is_diffusers = True
            name = name.removesuffix(match["rest"]) + "temporal_transformer." + match["rest"]
            for theirs, ours in DIFFUSERS_NAMES:
                name = name.replace(theirs, ours)
        modules[name] = tensor
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


def _detect_settings(modules: dict[str, Tensor], positions: dict[str, Tensor], is_diffusers: bool) -> tuple[MotionSettings, str]:
    channels = _find_channels(modules)
    if not channels:
        raise ValueError(f"motion modules: wanted the level down_blocks.0, got only keys such as {', '.join(list(modules)[:5])}")
    settings = MotionSettings(
        channels=channels,
        mid_block=any(key.startswith("mid_block.") for key in modules),
        scopes=(Scope(1),) * len(channels),
        spatial_position=any(key.endswith(".g") for key in modules),
    )
    if not positions and not is_diffusers:
        return replace(settings, max_frames=LCM_FRAMES, beta_schedule="scaled_linear"), "AnimateLCM"
    if positions:
        settings = replace(settings, max_frames=_measure_positions(positions))
    if is_diffusers:
        return settings, "diffusers MotionAdapter"
    if settings.mid_block:
        return settings, "AnimateDiff v2"
    if settings.max_frames == 24:
        return settings, "AnimateDiff v1 (trained with image norms across frames, computed per frame here: expect a different look)"
    return settings, "AnimateDiff v3"


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
