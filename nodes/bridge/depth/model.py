"""Depth models that the nodes run themselves: the embedded depth head, and ZoeDepth and Depth Anything (V1 and V2) through `transformers`.

A model is a folder in `models/mvcustom_depth`, as its publisher provides it; see `host/local_network.py`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import comfy.model_management
import comfy.model_patcher
import torch
from torch import Tensor

from ....mvcustom_core.anchor.estimate import DepthEstimate, DepthMeaning
from ..backbone.embedded import load_depth_head
from ..host.folders import DEPTH, list_model_folders
from ..host.local_network import check_files, load_network, read_config

EMBEDDED = "embedded depth head"
NAMES = {"zoedepth": "ZoeDepth", "depth_anything": "Depth Anything"}  # config.json's model_type
ACTIVATION_BYTES = 4096  # upper estimate per input pixel of the network: 1.6 GB for 518 x 770


def list_depth_models() -> list[str]:
    """Choices of the input `depth_model`: the embedded depth head, then the folders in models/mvcustom_depth."""
    return [EMBEDDED, *sorted(list_model_folders(DEPTH))]


@torch.inference_mode()
def estimate_depth(name: str, image: Tensor) -> DepthEstimate:
    """Estimate the depth of one picture.

    Args:
        name: one of `list_depth_models`.
        image: [3, H, W] in [0, 1].

    Raises:
        ValueError: if there is no such model, or it cannot be read.
    """
    comfy.model_management.throw_exception_if_processing_interrupted()
    if name == EMBEDDED:
        values = load_depth_head()(image[None].float().cpu())[0]
        return DepthEstimate(values, torch.ones_like(values, dtype=torch.bool), "metric", EMBEDDED)
    folder = list_model_folders(DEPTH).get(name)
    if folder is None:
        raise ValueError(f"depth_model: wanted one of {', '.join(list_depth_models())}, got {name!r}; put its folder in models/{DEPTH}")
    kind, meaning = _read_config(folder)
    network, processor = load_network("depth_model", folder, "AutoModelForDepthEstimation")
    values = _run(network, processor, image)
    if not torch.isfinite(values).all():
        raise ValueError(f"depth_model: wanted finite depth, got NaN or infinity from {name!r}; check its weights")
    valid = torch.ones_like(values, dtype=torch.bool) if meaning == "disparity" else values > 0
    return DepthEstimate(values, valid, meaning, f"{NAMES[kind]}, {name}")


def _read_config(folder: Path) -> tuple[str, DepthMeaning]:
    """The kind of network in a folder, and what its output values mean."""
    config = read_config(folder)
    kind = config.get("model_type")
    if kind not in NAMES:
        raise ValueError(f"depth_model: wanted {' or '.join(NAMES.values())}, got a {kind!r} in {folder}; connect another node's depth")
    check_files("depth_model", folder)
    is_metric = kind == "zoedepth" or config.get("depth_estimation_type") == "metric"
    return kind, "metric" if is_metric else "disparity"


def _run(patcher: comfy.model_patcher.ModelPatcher, processor: Any, image: Tensor) -> Tensor:
    """Depth [H, W] of a picture [3, H, W], on the CPU."""
    size = tuple(image.shape[-2:])
    pixels = processor(images=image.float().cpu().clamp(0, 1), do_rescale=False, return_tensors="pt")["pixel_values"]
    needed = pixels.shape[-2] * pixels.shape[-1] * ACTIVATION_BYTES
    comfy.model_management.load_models_gpu([patcher], memory_required=needed, force_full_load=True)
    network = patcher.model.network
    output = network(pixel_values=pixels.to(patcher.load_device))
    padded = {"source_sizes": [size]} if network.config.model_type == "zoedepth" else {}  # ZoeDepth sees a mirrored border
    (result,) = processor.post_process_depth_estimation(output, target_sizes=[size], **padded)
    return result["predicted_depth"].float().cpu()
