"""Depth models that the nodes run themselves: the embedded depth head, and ZoeDepth and Depth Anything (V1 and V2) through `transformers`.

A model is a folder in `models/mvcustom_depth`, as its publisher provides it; see `host/local_network.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import comfy.model_management
import torch
from comfy.model_patcher import ModelPatcher
from torch import Tensor

from ....mvcustom_core.anchor.estimate import DepthEstimate, DepthMeaning
from ..backbone.embedded import SIZE, SPEC, load_depth_head
from ..backbone.spec import BACKBONE_ATTACHMENT
from ..host.folders import DEPTH, list_model_folders
from ..host.local_network import LocalNetwork, open_network, read_config

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
    opened = open_depth_model(name)
    values = _run(opened.network, image)
    if not torch.isfinite(values).all():
        raise ValueError(f"depth_model: wanted finite depth, got NaN or infinity from {name!r}; check its weights")
    valid = torch.ones_like(values, dtype=torch.bool) if opened.meaning == "disparity" else values > 0
    return DepthEstimate(values, valid, opened.meaning, f"{opened.kind}, {name}")


@dataclass(frozen=True, eq=False)
class DepthModel:
    """A depth network from a folder, which stays in memory for as long as this object is held.

    Attributes:
        kind: its published name.
        meaning: what its output values mean.
    """

    network: LocalNetwork
    kind: str
    meaning: DepthMeaning


def open_depth_model(name: str) -> DepthModel:
    """Open the depth network of a folder; see `open_network`.

    Raises:
        ValueError: if there is no such model, or it cannot be read.
    """
    folder = list_model_folders(DEPTH).get(name)
    if folder is None:
        raise ValueError(f"depth_model: wanted one of {', '.join(list_depth_models())}, got {name!r}; put its folder in models/{DEPTH}")
    kind, meaning = _read_config(folder)
    return DepthModel(open_network("depth_model", folder, "AutoModelForDepthEstimation"), NAMES[kind], meaning)


def check_embedded_head(model: ModelPatcher | None, size: tuple[int, int] | None = None) -> None:
    """Check that views can be of the embedded backbone, the only ones whose depth the embedded head can tell.

    Args:
        model: the MODEL that generates the views, where it is known. Where not, their size must tell.
        size: (height, width) of the views; asked only where the model is unknown.

    Raises:
        ValueError: if they cannot be; the message says what to choose or connect.
    """
    wanted = f"depth_model: the {EMBEDDED} knows the scenes of the embedded backbone alone"
    other = (
        f"choose another depth_model (ZoeDepth or Depth Anything, a folder in models/{DEPTH}), or connect depth to Estimate Anchor Depth"
    )
    if model is not None:
        spec = model.get_attachment(BACKBONE_ATTACHMENT)
        if spec is None or spec.pose_layout != SPEC.pose_layout:
            raise ValueError(f"{wanted}, got a model of another backbone ({type(model.model.model_config).__name__}); {other}")
    elif size is not None and max(size) > SIZE:
        raise ValueError(
            f"{wanted}, whose views have {SIZE}x{SIZE} pixels, got views of {size[1]}x{size[0]} and no model; {other}; "
            "or connect the embedded backbone's model, if they are its views"
        )


def _read_config(folder: Path) -> tuple[str, DepthMeaning]:
    """The kind of network in a folder, and what its output values mean."""
    config = read_config(folder)
    kind = config.get("model_type")
    if kind not in NAMES:
        raise ValueError(f"depth_model: wanted {' or '.join(NAMES.values())}, got a {kind!r} in {folder}; connect another node's depth")
    is_metric = kind == "zoedepth" or config.get("depth_estimation_type") == "metric"
    return kind, "metric" if is_metric else "disparity"


def _run(opened: LocalNetwork, image: Tensor) -> Tensor:
    """Depth [H, W] of a picture [3, H, W], on the CPU."""
    size, processor = tuple(image.shape[-2:]), opened.processor
    pixels = processor(images=image.float().cpu().clamp(0, 1), do_rescale=False, return_tensors="pt")["pixel_values"]
    network = opened.load(pixels.shape[-2] * pixels.shape[-1] * ACTIVATION_BYTES)
    output = network(pixel_values=pixels.to(opened.patcher.load_device))
    padded = {"source_sizes": [size]} if network.config.model_type == "zoedepth" else {}  # ZoeDepth sees a mirrored border
    (result,) = processor.post_process_depth_estimation(output, target_sizes=[size], **padded)
    return result["predicted_depth"].float().cpu()
