"""Private copies of networks to learn through, under ComfyUI's memory management.

The networks of a workflow are not fit for a backward pass. ComfyUI moves their weights while a node runs, which makes them tensors of
inference mode; its dynamic patcher keeps no weights on the device at all, and attaches pointers to layers that must not be copied. A copy
has ordinary parameters that belong to nobody else, with the weight patches of MODEL or CLIP (such as LoRA) added to them. It is on the
device as a whole or not at all, and leaves it when learning ends.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import comfy.float
import comfy.lora
import comfy.model_management
import comfy.utils
import torch
from comfy.ldm.modules.attention import attention_pytorch
from comfy.model_patcher import ModelPatcher, get_key_weight
from torch import Tensor, nn

from .call import Options
from .fingerprint import own_layers, read_backup

GIB = 2**30

log = logging.getLogger("mvcustom.bridge.host")


class WholePatcher(ModelPatcher):
    """Loads a network as a whole whatever ComfyUI's flags say: a layer that comes and goes would change under the backward pass."""

    def partially_load(self, device_to: torch.device, extra_memory: float = 0, force_patch_weights: bool = False) -> int:
        return super().partially_load(device_to, 1e32, force_patch_weights)

    def partially_unload(self, *_: Any, **__: Any) -> int:
        return 0  # freed; ComfyUI then unloads the whole network


class TrainingCopy:
    """The place of a network on the device, as a context: at its end, also after an error, nothing of the network stays there.

    Args:
        network: the network, on the CPU. Its parameters become constants.
    """

    def __init__(self, network: nn.Module) -> None:
        self.network = network.requires_grad_(False).eval()
        self.device = comfy.model_management.get_torch_device()
        self._patcher = WholePatcher(network, load_device=self.device, offload_device=torch.device("cpu"))

    @torch.inference_mode(False)
    def load(self, memory: int = 0) -> None:
        """Put the network on the device, and make room there for this many bytes more. ComfyUI unloads other models for it.

        Raises:
            ValueError: if the network alone does not fit; the message has the numbers.
        """
        try:
            comfy.model_management.load_models_gpu([self._patcher], memory_required=memory, force_full_load=True)
        except Exception as error:
            if not comfy.model_management.is_oom(error):
                raise
            self.unload()
            raise ValueError(
                f"memory: wanted {self.network_bytes / GIB:.2f} GiB on {self.device} for the network alone, "
                f"got {self.free_bytes() / GIB:.2f} GiB free; close other programs that use the device"
            ) from error

    def unload(self) -> None:
        """Take the network off the device."""
        comfy.model_management.unload_model_and_clones(self._patcher)

    def free_bytes(self) -> int:
        """Memory of the device that nothing uses now."""
        return int(comfy.model_management.get_free_memory(self.device))

    @property
    def network_bytes(self) -> int:
        """The size of the network."""
        return comfy.model_management.module_size(self.network)

    @property
    def total_bytes(self) -> int:
        """The memory of the device in all."""
        return int(comfy.model_management.get_total_memory(self.device))

    def __enter__(self) -> TrainingCopy:
        return self

    def __exit__(self, *_: object) -> None:
        self.unload()


@torch.inference_mode(False)
@torch.no_grad()
def bake_weights(patcher: ModelPatcher, prefix: str, dtype: torch.dtype) -> dict[str, Tensor]:
    """Ordinary copies on the CPU of a network's weights with the patcher's weight patches added, under their names after `prefix`.

    The sum is formed and rounded as ComfyUI does it when it loads a model, so that learning sees the weights that sampling does. Weights in
    8 bits are read as ComfyUI reads them. Where a weight is at present does not matter, nor which clone of the patcher is loaded.
    """
    baked = {}
    for key, (weight, convert) in _find_weights(patcher, prefix).items():
        patches = patcher.patches.get(key, [])
        precision = comfy.model_management.lora_compute_dtype(patcher.load_device) if patches else torch.float32
        value = convert(weight.detach().to("cpu", precision, copy=True), inplace=True)
        if patches:
            value = comfy.lora.calculate_weight(patches, value, key)
            value = comfy.float.stochastic_rounding(value, weight.dtype, seed=comfy.utils.string_to_seed(key))
        for function in patcher.weight_wrapper_patches.get(key, ()):
            value = function(value)
        baked[key.removeprefix(prefix)] = value.to(dtype)
    return baked


def _find_weights(patcher: ModelPatcher, prefix: str) -> dict[str, tuple[Tensor, Callable[..., Tensor]]]:
    """Name -> a weight as the patcher has it without its patches, and what reads it as plain numbers."""
    found = {key: each[0] for key, each in patcher.get_key_patches(prefix).items()}
    for place, (layer, is_kept) in own_layers(patcher).items():  # ComfyUI reads the layers in the network, which may be a clone's now
        found = {key: each for key, each in found.items() if not key.startswith(f"{place}.")}
        for name in layer.state_dict():
            key = f"{place}.{name}"
            if key.startswith(prefix):
                weight, _, convert = get_key_weight(layer, name)
                found[key] = read_backup(patcher, key, weight, is_kept), convert or _keep
    return found


def _keep(weight: Tensor, **_: Any) -> Tensor:
    return weight


def check_patches(what: str, patcher: ModelPatcher, replaced: str = "") -> None:
    """Refuse patches that no copy of the weights can hold.

    Args:
        what: name of the input, for messages.
        replaced: prefix of the names of the layers that will be copied; none of them may be another node's.

    Raises:
        ValueError: if there are some; the message names the patch and what to change.
    """
    if patcher.injections:
        names = ", ".join(sorted(patcher.injections))
        raise ValueError(
            f"{what}: wanted patches of weights, got layers that another node runs beside them ({names}), which learning cannot go "
            "through; use Load LoRA in place of a bypass LoRA, or connect what comes before that node"
        )
    if patcher.forced_hooks is not None:
        raise ValueError(
            f"{what}: wanted one without hooks, got one with hooks on its weights; use Load LoRA, or connect what comes before "
            "Set CLIP Hooks"
        )
    names = [name for name in patcher.object_patches if replaced and name.startswith(replaced)]
    if names:
        raise ValueError(
            f"{what}: wanted the checkpoint's own layers, got {names[0]} replaced by another node (such as a compiler); connect what comes "
            "before that node"
        )


def use_torch_attention(options: Options) -> Options:
    """The options of a call with torch's own attention, the one kernel that is sure to have a backward pass."""
    return {**options, "optimized_attention_override": lambda _, *args, **kwargs: attention_pytorch(*args, **kwargs)}
