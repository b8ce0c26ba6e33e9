"""Networks of the package `transformers` from a local folder, as publishers have them: config.json, preprocessor_config.json, safetensors.

Nothing is downloaded, and no pickle is opened. `what` names the input that the user chose the folder with.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import comfy.model_management
import comfy.model_patcher
from safetensors import SafetensorError
from torch import nn

OPTIONS = {"local_files_only": True, "trust_remote_code": False}


class ManagedNetwork(nn.Module):
    """Holds the network: ComfyUI writes attributes to what it manages that a `transformers` model does not let itself be given."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network


def read_config(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "config.json").read_text(encoding="utf-8"))


def check_files(what: str, folder: Path) -> None:
    """Refuse a folder without safetensors weights or without the description of its input.

    Raises:
        ValueError: naming what is missing and what is there.
    """
    if not list(folder.glob("*.safetensors")):
        others = sorted(file.name for file in folder.iterdir() if file.suffix in (".bin", ".pt", ".pth", ".ckpt"))
        raise ValueError(
            f"{what}: wanted model.safetensors in {folder}, got {', '.join(others) or 'no weights'}; "
            "download the model's safetensors file, as pickled weights are not opened"
        )
    if not (folder / "preprocessor_config.json").is_file():
        raise ValueError(f"{what}: wanted preprocessor_config.json in {folder}, got none; download it from where the model comes from")


def load_network(what: str, folder: Path, kind: str) -> tuple[comfy.model_patcher.ModelPatcher, Any]:
    """The network in ComfyUI's memory management, and what prepares its pictures.

    Args:
        kind: class of `transformers` that reads the network.

    Raises:
        ValueError: if `transformers` is missing, or the folder cannot be read or lacks weights.
    """
    try:
        import transformers
    except ImportError as missing:
        raise ValueError(f"{what}: wanted the package transformers, got {missing}; install it, or choose another") from missing
    try:
        network, info = getattr(transformers, kind).from_pretrained(folder, use_safetensors=True, output_loading_info=True, **OPTIONS)
        processor = transformers.AutoImageProcessor.from_pretrained(folder, **OPTIONS)
    except (OSError, RuntimeError, KeyError, TypeError, SafetensorError) as error:
        raise ValueError(f"{what}: wanted a readable model in {folder}, got {error}; download it again") from error
    if info["missing_keys"]:  # would be drawn at random
        raise ValueError(f"{what}: wanted all weights in {folder}, got none for {sorted(info['missing_keys'])[:3]}; download it again")
    network.float().requires_grad_(False).eval()
    for layer in network.modules():  # so that cancelling need not wait for the whole pass
        layer.register_forward_pre_hook(_stop_where_cancelled)
    device, offload = comfy.model_management.get_torch_device(), comfy.model_management.unet_offload_device()
    return comfy.model_patcher.ModelPatcher(ManagedNetwork(network), load_device=device, offload_device=offload), processor


def _stop_where_cancelled(*_: Any) -> None:
    comfy.model_management.throw_exception_if_processing_interrupted()
