"""Caches a concept's reference features and what was rendered from them.

Both stay in RAM as long as the concept, independent of the MODEL: a second run, a second pass and another Apply Concept of the same concept
reuse them. They take memory on the device only while a run samples.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary, ref

import torch
from comfy.model_patcher import ModelPatcher
from torch import Tensor

from ....mvcustom_core.camera.cameras import Cameras
from ....mvcustom_core.concept.concept import Concept

KEPT_BYTES = 2**30  # of RAM for each concept: on SD1.5 the references of two sets of weights, and three prompts of 16 views of 512 px


@dataclass(frozen=True, slots=True)
class Weights:
    """Identifies the weights that a U-Net computes with.

    Attributes:
        model: weak reference to the model.
        patches: id of its weight patches; it changes with every LoRA.
        hooks: the active hooks and their strengths.
        run: the current run if the weights of two runs cannot be told apart, else None. ComfyUI registers weight hooks again in each run,
            and a node may have replaced parts of the U-Net.
        injections: weak references to what other nodes put into the U-Net's layers while it is loaded, such as a LoRA in bypass mode.
            Loading a LoRA makes new ones, so that its strength is part of their identity.
    """

    model: ref[Any]
    patches: Any
    hooks: tuple[tuple[Any, float], ...]
    run: Any
    injections: tuple[ref[Any], ...] = ()

    @property
    def can_return(self) -> bool:
        """Whether a later run may use the same weights."""
        return self.run is None and all(thing() is not None for thing in (self.model, *self.injections))


def weights_of(patcher: ModelPatcher, run: Any) -> Weights:
    """Identify the weights that a MODEL computes with at this moment.

    Args:
        patcher: the MODEL.
        run: an object that differs from run to run.
    """
    hooks = patcher.current_hooks.hooks if patcher.current_hooks is not None else ()
    at_work = tuple((hook.hook_ref, float(hook.strength)) for hook in hooks)
    unsure = bool(patcher.hook_patches) or any(name.startswith("diffusion_model") for name in patcher.object_patches)
    injections = tuple(ref(injection) for _, injections in sorted(patcher.injections.items()) for injection in injections)
    return Weights(ref(patcher.model), patcher.patches_uuid, at_work, run if unsure else None, injections)


class Shown(NamedTuple):
    """What one pose block shows of the subject.

    Attributes:
        projected: [V, P, C] from `PoseBlock.project`.
        opacity: [V, P, 1].
    """

    projected: Tensor
    opacity: Tensor

    @property
    def nbytes(self) -> int:
        return self.projected.nbytes + self.opacity.nbytes

    def to(self, device: torch.device | str) -> Shown:
        return Shown(self.projected.to(device), self.opacity.to(device))


@dataclass(eq=False, slots=True)
class Rendering:
    """Features that the pose blocks rendered for one prompt.

    Attributes:
        context: [1, L, D] the encoded prompt, on the CPU.
        cameras: the V cameras of the rendered part of the views.
        shown: transformer number and grid (h, w) -> what its pose block shows there. The grid of a transformer is not always the same: a
            node may shrink the features in some steps.
    """

    context: Tensor
    cameras: Cameras
    shown: dict[tuple[int, tuple[int, int]], Shown] = field(default_factory=dict)


@dataclass(eq=False, slots=True)
class RecordedFeatures:
    """Reference features under one set of weights, and everything rendered from them.

    Attributes:
        weights: the weights that the features were computed with.
        caption: [1, L, D] the encoded prompt of the references, on the CPU.
        dtype: dtype that the U-Net computed in.
        features: transformer number -> [A, C, h, w], on the CPU.
        renderings: renderings, the most recently used last.
    """

    weights: Weights
    caption: Tensor
    dtype: torch.dtype
    features: dict[int, Tensor] = field(default_factory=dict)
    renderings: list[Rendering] = field(default_factory=list)

    def rendering(self, context: Tensor, cameras: Cameras) -> Rendering:
        """The rendering of this prompt and these cameras, or a new empty one."""
        context, cameras = context.cpu(), cameras.to("cpu")
        found = [r for r in self.renderings if _is_same(r.context, context) and _are_same_cameras(r.cameras, cameras)]
        return _use(self.renderings, found[0] if found else Rendering(context, cameras))


@dataclass(eq=False, slots=True)
class ConceptCache:
    """All recordings of one concept, the most recently used last."""

    recordings: list[RecordedFeatures] = field(default_factory=list)

    def recording(self, weights: Weights, caption: Tensor, dtype: torch.dtype) -> RecordedFeatures:
        """The recording under these weights, caption and dtype, or a new empty one."""
        caption = caption.cpu()
        found = [r for r in self.recordings if r.weights == weights and r.dtype == dtype and _is_same(r.caption, caption)]
        return _use(self.recordings, found[0] if found else RecordedFeatures(weights, caption, dtype))

    def park(self) -> None:
        """After a run: move everything to the CPU, and drop the least recently used entries beyond `KEPT_BYTES`."""
        room = KEPT_BYTES
        for recording in reversed(self.recordings):
            room -= _size(recording.features.values())
            for rendering in reversed(recording.renderings):
                rendering.shown = {place: shown.to("cpu") for place, shown in rendering.shown.items()}
                room -= _size(rendering.shown.values())
                if room < 0:
                    rendering.shown.clear()
            recording.renderings = [rendering for rendering in recording.renderings if rendering.shown]
            if room < 0 and not recording.renderings:
                recording.features.clear()
        self.recordings = [recording for recording in self.recordings if recording.features and recording.weights.can_return]


CACHES: WeakKeyDictionary[Concept, ConceptCache] = WeakKeyDictionary()


def cache_of(concept: Concept) -> ConceptCache:
    """The cache of a concept. It exists as long as the concept."""
    return CACHES.setdefault(concept, ConceptCache())


def _use(entries: list[Any], entry: Any) -> Any:
    """Move an entry to the end of the list, adding it if it is new."""
    if entry in entries:
        entries.remove(entry)
    entries.append(entry)
    return entry


def _is_same(a: Tensor, b: Tensor) -> bool:
    return a.shape == b.shape and a.dtype == b.dtype and torch.equal(a, b)


def _are_same_cameras(a: Cameras, b: Cameras) -> bool:
    return (a.width, a.height) == (b.width, b.height) and _is_same(a.w2c, b.w2c) and _is_same(a.K, b.K)


def _size(tensors: Iterable[Tensor | Shown]) -> int:
    return sum(tensor.nbytes for tensor in tensors)
