"""Fingerprints of MODEL, CLIP and VAE: what learning, caches and files recognise them by.

A fingerprint covers what a network computes with: its weights, weight patches such as LoRA, object patches such as the noise schedule,
injections, additional models such as motion modules, and the transformer options. How a sampler uses the network is left out.

Weights are compared by value, whatever ComfyUI has patched into them or moved to a device. Small tensors are read whole, tables of
embeddings are summed row by row, because tools change single rows of them, and of other large tensors `PIECES` stretches are read. Values
are compared in float32, so that weights and their lossless copy in another dtype agree.

Weights are read through `data`: ComfyUI makes and moves them in inference mode while a node runs, and outside of it when all models are
unloaded between two runs. Torch then has parameters of neither kind and refuses every view of them, also of what `detach` gives.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
from comfy.model_patcher import ModelPatcher
from comfy.patcher_extension import WrappersMP
from comfy.sd import CLIP, VAE
from torch import Tensor, nn

from .description import Reader

SMALL = 2**14  # elements of a tensor that is read whole
PIECES, PIECE = 64, 64  # stretches of a larger one, at equal spacing, and their elements
UNUSED = ("text_projection.weight",)  # endings: of the pooled text, which SD1.5 has no use for; its files lack it, and it is left unset
RUNNING = (WrappersMP.APPLY_MODEL, WrappersMP.DIFFUSION_MODEL)  # wrappers of the network itself; the others are of sampling


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What a MODEL, CLIP or VAE is recognised by.

    Attributes:
        digest: equal if and only if the two compute the same.
        unread: names of the kinds of objects that could not be read. Each counts as equal to nothing but itself, so that a fingerprint
            which has some does not outlast the running ComfyUI.
    """

    digest: str
    unread: tuple[str, ...] = ()


def fingerprint_model(model: ModelPatcher) -> Fingerprint:
    """The fingerprint of a MODEL, or of any other ModelPatcher."""
    reader = Reader(digest_tensor, _describe_patcher)
    return Fingerprint(reader.digest(model), tuple(sorted(reader.unread)))


def fingerprint_clip(clip: CLIP) -> Fingerprint:
    """The fingerprint of a CLIP: its network, the layer it stops at, its tokenizer, and its hooks."""
    reader = Reader(digest_tensor, _describe_patcher)
    parts = [clip.patcher, clip.layer_idx, clip.tokenizer_options, clip.tokenizer, clip.use_clip_schedule, clip.patcher.forced_hooks]
    return Fingerprint(digest_parts([reader.digest(part) for part in parts]), tuple(sorted(reader.unread)))


def fingerprint_vae(vae: VAE) -> Fingerprint:
    """The fingerprint of a VAE."""
    return fingerprint_model(vae.patcher)


def digest_parts(parts: Iterable[Tensor | str | float | None]) -> str:
    """A hash of whole tensors and texts as 16 hexadecimal digits."""
    total = hashlib.sha256()
    for part in parts:
        if isinstance(part, Tensor):
            total.update(f"{part.dtype}{list(part.shape)}".encode())
            total.update(part.data.cpu().flatten().contiguous().view(torch.uint8).numpy().tobytes())
        else:
            total.update(f"{part!r};".encode())
    return total.hexdigest()[:16]


def digest_tensor(tensor: Tensor) -> str:
    """A hash of a tensor's shape and float32 values; of a large one, of a sample of them."""
    return digest_parts([str(list(tensor.shape)), _sample(tensor).cpu()])


def own_weights(patcher: ModelPatcher) -> dict[str, Tensor]:
    """Name -> weight of a network without weight patches, wherever ComfyUI keeps it at this moment; sorted by name."""
    weights = {name: read_backup(patcher, name, weight) for name, weight in patcher.model.named_parameters()}
    for place, (layer, is_kept) in own_layers(patcher).items():
        weights = {name: weight for name, weight in weights.items() if not name.startswith(f"{place}.")}
        weights |= {
            f"{place}.{name}": read_backup(patcher, f"{place}.{name}", weight, is_kept) for name, weight in layer.named_parameters()
        }
    return dict(sorted(weights.items()))


def own_layers(patcher: ModelPatcher) -> dict[str, tuple[nn.Module, bool]]:
    """The layers of this patcher's own at each place where it or a clone has patched an object: while a clone is loaded, the network that
    they share has the clone's layer there.

    Returns:
        place -> the layer, and whether what ComfyUI keeps under the names of its weights is this layer's: ComfyUI marks the layers that it
        has patched, and of one without this mark it keeps nothing, but of a clone's layer it may.
    """
    parts = {place: patcher.get_model_object(place) for place in {*patcher.object_patches, *patcher.object_patches_backup}}
    layers = {place: part for place, part in sorted(parts.items()) if isinstance(part, nn.Module)}
    return {
        place: (layer, any(getattr(part, "comfy_patched_weights", False) for part in layer.modules())) for place, layer in layers.items()
    }


def read_backup(patcher: ModelPatcher, name: str, weight: Tensor, is_kept: bool = True) -> Tensor:
    """A weight as it was before ComfyUI patched it; `is_kept` as `own_layers` has it."""
    if name in patcher.hook_backup:
        return patcher.hook_backup[name][0]
    return patcher.backup[name].weight if is_kept and name in patcher.backup else weight


def _describe_patcher(patcher: ModelPatcher, reader: Reader) -> list[Any]:
    """Everything that a ModelPatcher computes with, as values that the reader can read."""
    additional = {key: models for key, models in patcher.additional_models.items() if models}
    sampling = patcher.get_model_object("model_sampling") if hasattr(patcher.model, "model_sampling") else None
    for key, each in (("", [patcher]), *additional.items()):
        for number, one in enumerate(each):
            reader.name_modules(one.model, f"{key}{number}", apart=[sampling, *one.object_patches.values()])
    options = {name: value for name, value in patcher.model_options["transformer_options"].items() if name not in ("wrappers", "callbacks")}
    return [
        type(patcher.model),
        _digest_weights(patcher),
        getattr(getattr(patcher.model, "model_config", None), "unet_config", None),
        sampling,
        patcher.patches,
        {name: patch for name, patch in patcher.object_patches.items() if name != "model_sampling"},
        patcher.weight_wrapper_patches,
        patcher.hook_patches,
        patcher.injections,
        additional,
        patcher.attachments,
        options,
        {kind: {key: found for key, found in patcher.wrappers.get(kind, {}).items() if found} for kind in RUNNING},
    ]


def _digest_weights(patcher: ModelPatcher) -> str:
    """A hash of names, shapes and values. The samples leave each device in one copy: a GPU would be waited for at each."""
    tables = {f"{name}.weight" for name, part in patcher.model.named_modules() if isinstance(part, nn.Embedding)}
    weights = {name: weight for name, weight in own_weights(patcher).items() if not name.endswith(UNUSED)}
    samples: dict[torch.device, list[Tensor]] = {}
    for name, weight in weights.items():
        samples.setdefault(weight.device, []).append(_sum_rows(weight) if name in tables else _sample(weight))
    shapes = repr({name: list(weight.shape) for name, weight in weights.items()})
    # by the order of names, not of devices: where a weight lies says nothing of it
    copies = {device: iter(torch.cat(parts).cpu().split([len(part) for part in parts])) for device, parts in samples.items()}
    return digest_parts([shapes, *(next(copies[weight.device]) for weight in weights.values())])


def _sample(tensor: Tensor) -> Tensor:
    """Float32 values of a tensor as bit patterns, [S] int32: all of a small one, `PIECES` stretches of a large one."""
    flat = tensor.data.reshape(-1)
    if len(flat) > SMALL:
        stride = len(flat) // PIECES
        flat = torch.cat([flat[: PIECES * stride].view(PIECES, stride)[:, :PIECE].flatten(), flat[-PIECE:]])  # [S]
    return _bits(flat)


def _sum_rows(table: Tensor) -> Tensor:
    """The sums of a table's rows, [N] int32, of bit patterns: these do not depend on the order of adding."""
    return torch.cat([_bits(rows).sum(1, dtype=torch.int64).to(torch.int32) for rows in table.data.split(SMALL)])


def _bits(tensor: Tensor) -> Tensor:
    return tensor.float().contiguous().view(torch.int32)
