"""MVGD networks: the embedded one in models/mvgd-tiny, and files in models/mvcustom_mvgd."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import comfy.model_management
from comfy.model_patcher import ModelPatcher

from ....mvcustom_core.mvgd.model import MVGD
from ....mvcustom_core.mvgd.storage import read_mvgd
from ..host.folders import MVGD as FOLDER
from ..host.folders import PACK, find_file, list_files

EMBEDDED = "embedded (small, procedural scenes)"
FILE = PACK / "models" / "mvgd-tiny" / "mvgd.safetensors"


@dataclass(frozen=True, eq=False)
class LoadedMVGD:
    """A network under ComfyUI's memory management, and what its file says of its training."""

    name: str
    patcher: ModelPatcher
    facts: dict[str, Any]

    @property
    def network(self) -> MVGD:
        """The network, wherever it is now."""
        return self.patcher.model

    @property
    def is_embedded(self) -> bool:
        return self.name == EMBEDDED

    def load(self, memory: int) -> MVGD:
        """Bring the network to the device, with room for `memory` bytes beside it; returns it."""
        comfy.model_management.load_models_gpu([self.patcher], memory_required=memory, force_full_load=True)
        return self.network


def list_networks() -> list[str]:
    """Choices of the input `mvgd_file`: the embedded network, then the files in models/mvcustom_mvgd."""
    return [EMBEDDED, *list_files(FOLDER)]


def load_network(name: str) -> tuple[LoadedMVGD, str]:
    """Load a listed network, and describe it.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if the file is no complete MVGD network.
    """
    network, facts = read_mvgd(_find(name))
    device, offload = comfy.model_management.get_torch_device(), comfy.model_management.unet_offload_device()
    loaded = LoadedMVGD(name, ModelPatcher(network, load_device=device, offload_device=offload), facts)
    return loaded, describe_network(loaded)


def describe_network(loaded: LoadedMVGD) -> str:
    """Size, training and licence, one line each."""
    settings, facts = loaded.network.settings, loaded.facts
    weights = sum(parameter.numel() for parameter in loaded.network.parameters()) / 1e6
    lines = [f"{loaded.name}: {weights:.1f} M weights, {settings.size} pixels, {settings.latents} latents"]
    known = ("data", "camera_sets", "updates", "licence")
    lines += [f"{name.replace('_', ' ')}: {facts[name]}" for name in known if name in facts]
    if "held_out" in facts:
        lines.append("held-out: " + ", ".join(f"{name} {value:.3g}" for name, value in facts["held_out"].items()))
    return "\n".join(lines)


def stamp_network(name: str) -> str:
    """A text that changes when the file changes: its name, modification time and size."""
    status = _find(name).stat()
    return f"{name} {status.st_mtime_ns} {status.st_size}"


def _find(name: str) -> Path:
    return FILE if name == EMBEDDED else find_file(FOLDER, name)
