"""The training loss of MVGD, as a pure function of the network and a batch that holds all its random numbers."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ..shapes import check_shape
from .model import MVGD, Group
from .schedule import add_noise, target_v

DEPTH_WEIGHT = 2.0


@dataclass(frozen=True, eq=False)
class Pixels:
    """Clean codes of some pixels of a target for one task, and the noise for them.

    Attributes:
        values: [B, n, c] codes; of no meaning where not valid, even NaN.
        noise: [B, n, c] unit noise.
        valid: [B, n] bool.
    """

    values: Tensor  # [B, n, c]
    noise: Tensor  # [B, n, c]
    valid: Tensor  # [B, n] bool


@dataclass(frozen=True, eq=False)
class Batch:
    """Samples of equal shapes: conditioning pictures, pixels of a target, and noise levels.

    Attributes:
        images: [B, N, 3, H, W] in 0..1.
        scene_rays: [B, N, R, 6] of the pictures' cells, in the target's axes.
        rays: [B, n, 6] of the target's pixels; colour and depth are of the same pixels.
        u: [B] noise levels.
        again: [B] bool, whether the latents of a first pass condition the second.
        rgb, depth: None leaves that task out.
    """

    images: Tensor  # [B, N, 3, H, W]
    scene_rays: Tensor  # [B, N, R, 6]
    rays: Tensor  # [B, n, 6]
    u: Tensor  # [B]
    again: Tensor  # [B] bool
    rgb: Pixels | None
    depth: Pixels | None


def diffusion_loss(model: MVGD, batch: Batch) -> dict[str, Tensor]:
    """Loss of each sample and task: squared error of v for colour, absolute error of v for depth, means over the valid pixels.

    The weight of all noise levels is 1. The weight alpha_bar, an equal loss on the noise, leaves pure noise without a gradient, and there
    the sampling of few steps starts.

    Returns:
        "rgb" and "depth" [B], each if the batch has that task. The sum to lower is that of `total_loss`.
    """
    check_shape(batch.images, "B N 3 H W", batch.scene_rays, "B N R 6", batch.rays, "B n 6", batch.u, "B", batch.again, "B")
    features = model.encode(batch.images.flatten(0, 1)).unflatten(0, batch.images.shape[:2])  # [B, N, R, C]
    scene = model.embed_scene(features.flatten(1, 2), batch.scene_rays.flatten(1, 2))
    clean = {task: pixels for task in ("rgb", "depth") if (pixels := getattr(batch, task)) is not None}
    codes = {task: torch.where(pixels.valid[..., None], pixels.values, 0.0) for task, pixels in clean.items()}
    groups = [Group(task, add_noise(codes[task], pixels.noise, batch.u), batch.rays) for task, pixels in clean.items()]
    predicted, _ = _predict(model, groups, batch.u, scene, batch.again)
    losses = {}
    for (task, pixels), v in zip(clean.items(), predicted, strict=True):
        error = v - target_v(codes[task], pixels.noise, batch.u)
        error = (error.square() if task == "rgb" else error.abs()).mean(-1)  # [B, n]
        losses[task] = (error * pixels.valid).sum(1) / pixels.valid.sum(1).clamp_min(1)
    return losses


def total_loss(losses: dict[str, Tensor]) -> Tensor:
    """The loss to lower, [B]."""
    return sum(loss * (DEPTH_WEIGHT if task == "depth" else 1.0) for task, loss in losses.items())


def _predict(model: MVGD, groups: list[Group], u: Tensor, scene: Tensor, again: Tensor) -> tuple[list[Tensor], Tensor]:
    """v of the groups; samples that go again first run without gradient, for their latents."""
    keys = model.read_scene(scene)
    if not bool(again.any()):
        return model(groups, u, keys)
    with torch.no_grad():
        first = [Group(group.task, group.values[again], group.rays[again]) for group in groups]
        _, z = model(first, u[again], model.read_scene(scene[again]))
        previous = z.new_zeros(len(u), *z.shape[1:])
        previous[again] = z
    return model(groups, u, keys, previous, again.to(previous.dtype))
