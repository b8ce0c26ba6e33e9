"""Loads networks of the package `transformers` from a local folder with config.json, preprocessor_config.json and safetensors weights.

Nothing is downloaded, and no pickle is opened. The argument `what` is the name of the node input that chose the folder, for messages.
"""

from __future__ import annotations

import atexit
import json
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

import comfy.model_management
from comfy.model_patcher import ModelPatcher
from comfy.patcher_extension import CallbacksMP
from safetensors import SafetensorError
from torch import nn

OPTIONS = {"local_files_only": True, "trust_remote_code": False}


class ManagedNetwork(nn.Module):
    """A module around the network. ComfyUI sets attributes on the modules it manages, and a `transformers` model refuses some of them."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network


def read_config(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "config.json").read_text(encoding="utf-8"))


def check_files(what: str, folder: Path) -> None:
    """Check that a folder has safetensors weights and a preprocessor_config.json.

    Raises:
        ValueError: if one of them is missing; the message names it and lists the weights found.
    """
    if not list(folder.glob("*.safetensors")):
        others = sorted(file.name for file in folder.iterdir() if file.suffix in (".bin", ".pt", ".pth", ".ckpt"))
        raise ValueError(
            f"{what}: wanted model.safetensors in {folder}, got {', '.join(others) or 'no weights'}; "
            "download the model's safetensors file, as pickled weights are not opened"
        )
    if not (folder / "preprocessor_config.json").is_file():
        raise ValueError(f"{what}: wanted preprocessor_config.json in {folder}, got none; download it from where the model comes from")


@dataclass(frozen=True, eq=False)
class LocalNetwork:
    """A network under ComfyUI's memory management, and its image processor.

    It is read from disk once: whoever opens its folder while it is held gets the same one. It is held by those who have opened it, and by
    this module for as long as ComfyUI keeps it loaded.
    """

    patcher: ModelPatcher
    processor: Any

    def load(self, memory: int) -> nn.Module:
        """Bring the network to the device, with room for `memory` bytes beside it; returns it."""
        comfy.model_management.load_models_gpu([self.patcher], memory_required=memory, force_full_load=True)
        LOADED.add(self)
        return self.patcher.model.network


Stamp = tuple[str, str, tuple[tuple[str, int, int], ...]]  # folder, class, and name, time and size of each file
OPENED: WeakValueDictionary[Stamp, LocalNetwork] = WeakValueDictionary()
LOADED: set[LocalNetwork] = set()  # those that ComfyUI keeps loaded; it holds its models weakly
atexit.register(LOADED.clear)  # before ComfyUI, which takes part in a model's end, is gone


def open_network(what: str, folder: Path, kind: str) -> LocalNetwork:
    """Read a network from its folder, unless it is held already and its files are as they were.

    Args:
        what: name of the node input, for messages.
        folder: folder with the config, the preprocessor config and the weights.
        kind: name of the class in `transformers` that loads the network, such as "AutoModel".

    Raises:
        ValueError: if `transformers` is missing, or the folder cannot be read or lacks weights.
    """
    check_files(what, folder)
    files = [file for file in sorted(folder.iterdir()) if file.suffix in (".json", ".safetensors")]
    stamps = tuple((file.name, file.stat().st_mtime_ns, file.stat().st_size) for file in files)
    key = (str(folder.resolve()), kind, stamps)
    network = OPENED.get(key)
    if network is None:
        network = OPENED[key] = _read_network(what, folder, kind)
    return network


def _read_network(what: str, folder: Path, kind: str) -> LocalNetwork:
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
    patcher = ModelPatcher(ManagedNetwork(network), load_device=device, offload_device=offload)
    opened = LocalNetwork(patcher, processor)
    patcher.add_callback(CallbacksMP.ON_DETACH, partial(_let_go, opened))
    return opened


def _let_go(network: LocalNetwork, *_: Any) -> None:
    """A ComfyUI callback: the network has been unloaded.

    The patcher holds the network through this callback, and the network the patcher. So it does not end here, in the middle of ComfyUI's
    list of models, but when the garbage collector finds the two.
    """
    LOADED.discard(network)


def _stop_where_cancelled(*_: Any) -> None:
    comfy.model_management.throw_exception_if_processing_interrupted()
