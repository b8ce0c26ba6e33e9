"""Depth models that the node runs itself: the embedded head, and ZoeDepth and Depth Anything (V1 and V2) through `transformers`.

A model is a folder in `models/mvcustom_depth` as its publisher has it: config.json, preprocessor_config.json and safetensors weights.
Nothing is downloaded, and no pickle is opened.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import comfy.model_management
import comfy.model_patcher
import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from ...mvcustom_core.sampling.estimate import DepthEstimate, DepthMeaning
from .embedded import load_depth_head
from .folders import DEPTH, list_model_folders

EMBEDDED = "embedded depth head"
NAMES = {"zoedepth": "ZoeDepth", "depth_anything": "Depth Anything"}  # config.json's model_type
ACTIVATION_BYTES = 4096  # a pixel that the network sees, generously: 1.6 GB for 518 x 770


class _Network(nn.Module):
    """Holds the network: ComfyUI writes attributes to what it manages that a `transformers` model does not let itself be given."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network


def list_depth_models() -> list[str]:
    """What can be chosen, the embedded head first."""
    return [EMBEDDED, *sorted(list_model_folders(DEPTH))]


@torch.inference_mode()
def estimate_depth(name: str, image: Tensor) -> DepthEstimate:
    """One picture's depth.

    Args:
        name: of `list_depth_models`.
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
    network, processor = _load(folder)
    values = _run(network, processor, image)
    if not torch.isfinite(values).all():
        raise ValueError(f"depth_model: wanted finite depth, got NaN or infinity from {name!r}; check its weights")
    valid = torch.ones_like(values, dtype=torch.bool) if meaning == "disparity" else values > 0
    return DepthEstimate(values, valid, meaning, f"{NAMES[kind]}, {name}")


def _read_config(folder: Path) -> tuple[str, DepthMeaning]:
    """Which network a folder holds and what its numbers mean."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    kind = config.get("model_type")
    if kind not in NAMES:
        raise ValueError(f"depth_model: wanted {' or '.join(NAMES.values())}, got a {kind!r} in {folder}; connect another node's depth")
    if not list(folder.glob("*.safetensors")):
        others = sorted(file.name for file in folder.iterdir() if file.suffix in (".bin", ".pt", ".pth", ".ckpt"))
        raise ValueError(
            f"depth_model: wanted model.safetensors in {folder}, got {', '.join(others) or 'no weights'}; "
            "download the model's safetensors file, as pickled weights are not opened"
        )
    if not (folder / "preprocessor_config.json").is_file():
        raise ValueError(f"depth_model: wanted preprocessor_config.json in {folder}, got none; download it from where the model comes from")
    is_metric = kind == "zoedepth" or config.get("depth_estimation_type") == "metric"
    return kind, "metric" if is_metric else "disparity"


def _load(folder: Path) -> tuple[comfy.model_patcher.ModelPatcher, Any]:
    """The network in ComfyUI's memory management, and what prepares its pictures."""
    try:
        from transformers import AutoImageProcessor, AutoModelForDepthEstimation
    except ImportError as missing:
        raise ValueError(f"depth_model: wanted the package transformers, got {missing}; install it, or choose {EMBEDDED!r}") from missing
    options = {"local_files_only": True, "trust_remote_code": False}
    try:
        network, info = AutoModelForDepthEstimation.from_pretrained(folder, use_safetensors=True, output_loading_info=True, **options)
        processor = AutoImageProcessor.from_pretrained(folder, **options)
    except (OSError, RuntimeError, KeyError, TypeError, SafetensorError) as error:
        raise ValueError(f"depth_model: wanted a readable model in {folder}, got {error}; download it again") from error
    if info["missing_keys"]:  # would be drawn at random
        raise ValueError(f"depth_model: wanted all weights in {folder}, got none for {sorted(info['missing_keys'])[:3]}; download it again")
    network.float().requires_grad_(False).eval()
    for layer in network.modules():  # so that cancelling need not wait for the whole pass
        layer.register_forward_pre_hook(_stop_where_cancelled)
    device, offload = comfy.model_management.get_torch_device(), comfy.model_management.unet_offload_device()
    return comfy.model_patcher.ModelPatcher(_Network(network), load_device=device, offload_device=offload), processor


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


def _stop_where_cancelled(*_: Any) -> None:
    comfy.model_management.throw_exception_if_processing_interrupted()
