"""Motion modules as a separate ModelPatcher, which ComfyUI loads, offloads and casts like any model; and LoRAs on them."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from weakref import WeakValueDictionary

import comfy.model_management
import comfy.model_patcher
import comfy.ops
from comfy.model_patcher import ModelPatcher
from comfy.weight_adapter.lora import LoRAAdapter
from torch import Tensor, dtype, inference_mode

from ....mvcustom_core.backbone.checkpoint import read_motion_checkpoint
from ....mvcustom_core.backbone.files import load_state_dict_file
from ....mvcustom_core.backbone.motion import MotionModules, MotionSettings
from ....mvcustom_core.backbone.motion_lora import read_motion_lora
from ..host.advice import advise

REPORT = "mvcustom_motion_report"
ADVICE = {
    "motion modules: wanted an AnimateDiff file for Stable Diffusion 1.5, got a LoRA": "use Apply Motion LoRA for a motion LoRA, "
    "Load LoRA for an image LoRA",
    "motion LoRA: wanted changes of motion modules, got none": "image LoRAs go to Load LoRA",
}

log = logging.getLogger("mvcustom.bridge.backbone")

_LOADED: WeakValueDictionary[tuple[str, int, int, dtype | None], ModelPatcher] = WeakValueDictionary()  # by file, its state, and dtype


def build_motion_patcher(
    settings: MotionSettings, state_dict: Mapping[str, Tensor], weight_dtype: dtype | None = None, disable_dynamic: bool = False
) -> ModelPatcher:
    """Build a ModelPatcher of motion modules.

    Args:
        settings: layout of the modules and how they compute.
        state_dict: weights under AnimateDiff's names.
        weight_dtype: storage dtype of the weights; None: ComfyUI's choice for a U-Net of this size on this device.
        disable_dynamic: do not use ComfyUI's dynamic-memory patcher. ComfyUI sets this when it rebuilds the model.
    """
    load_device = comfy.model_management.get_torch_device()
    if weight_dtype is None:
        size = sum(tensor.numel() for tensor in state_dict.values())
        weight_dtype = comfy.model_management.unet_dtype(load_device, size, weight_dtype=next(iter(state_dict.values())).dtype)
    offload_device = comfy.model_management.unet_offload_device()
    with inference_mode(False):  # nodes run in inference mode, whose tensors could never be trained
        # the U-Net's computing dtype is not ours to know, so the layers follow their input
        modules = MotionModules(settings, comfy.ops.manual_cast, device=offload_device, dtype=weight_dtype)
        modules.load_state_dict({key: tensor.to(weight_dtype) for key, tensor in state_dict.items()})
        modules.requires_grad_(False).eval()
    comfy.model_management.archive_model_dtypes(modules)
    # looked up at call time: ComfyUI replaces the class at start-up
    patcher_class = ModelPatcher if disable_dynamic else comfy.model_patcher.CoreModelPatcher
    patcher = patcher_class(modules, load_device=load_device, offload_device=offload_device)
    patcher.cached_patcher_init = (build_motion_patcher, (settings, state_dict, weight_dtype))
    return patcher


def load_motion_patcher(path: str | Path, weight_dtype: dtype | None = None) -> ModelPatcher:
    """Load a motion file, or share the modules of a model that has loaded it. The file's settings are `patcher.model.settings`.

    Raises:
        ValueError: if it is not a motion file for Stable Diffusion 1.5; the message says what it is.
    """
    path = Path(path)
    found = path.stat()
    key = str(path.resolve()), found.st_mtime_ns, found.st_size, weight_dtype
    patcher = _LOADED.get(key)
    if patcher is None:
        patcher = _LOADED[key] = read_motion_patcher(path, weight_dtype)
    return patcher.clone()  # it keeps the patcher that it was cloned from, and so the entry, for as long as itself is used


def read_motion_patcher(path: Path, weight_dtype: dtype | None, disable_dynamic: bool = False) -> ModelPatcher:
    """Load a motion file into modules of its own; ComfyUI calls it for a copy without dynamic memory or for another GPU."""
    with advise(ADVICE):
        found = read_motion_checkpoint(*load_state_dict_file(path))
    log.log(logging.WARNING if found.notes else logging.INFO, "%s: %s", path.name, found.report)
    patcher = build_motion_patcher(found.settings, found.weights, weight_dtype, disable_dynamic)
    patcher.cached_patcher_init = (read_motion_patcher, (path, weight_dtype))
    patcher.set_attachments(REPORT, found.report)
    return patcher


def add_motion_lora(motion: ModelPatcher, path: str | Path, strength: float) -> ModelPatcher:
    """Clone motion modules and patch their weights with a motion LoRA, through ComfyUI's own LoRA mechanism.

    Raises:
        ValueError: if the file is not a motion LoRA, or was made for other modules.
    """
    with advise(ADVICE):
        changes = read_motion_lora(load_state_dict_file(path)[0], motion.model.settings)
    patched = motion.clone()
    # ComfyUI's scale is alpha / rank
    patches = {
        key: LoRAAdapter(set(), (change.up, change.down, change.scale * len(change.down), None, None, None))
        for key, change in changes.items()
    }
    patched.add_patches(patches, strength)
    log.info("%s: motion LoRA on %d weights, strength %g", Path(path).name, len(changes), strength)
    return patched
