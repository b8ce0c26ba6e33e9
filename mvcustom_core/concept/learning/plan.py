"""What a learning run is to do: its settings, what is checked before it starts, and what each update draws."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor

from ..concept import choose_references
from ..denoiser import Prompt
from ..pose_block import PoseLayout
from ..ray_samples import NerfSettings
from .losses import LossWeights
from .photographs import Photographs

FEWEST = 3  # photographs; fewer do not fix a shape
LEAST_PROGRESS = 0.01  # of the held-out loss; less counts as none
MAX_STRIDE = 4  # between the frames of an update, so that they are a clip as the motion modules know them
SEED_STRIDE = 1_000_003  # keeps the steps of neighbouring seeds apart


@dataclass(frozen=True, slots=True)
class LearningSettings:
    """How a concept is learned.

    Attributes:
        steps: updates.
        rendering_steps: the first so many of them, on what the pose blocks render alone. The backbone does not run in these, so they take
            a fraction of the time (ours; 0 is as published).
        frames: target views per update, denoised as one clip.
        references: views that a target is rendered from while learning.
        pose_rate, token_rate: learning rates of pose blocks and token.
        weight_decay: of the pose blocks; the token has none.
        schedule: of both rates, over the rendering steps and over the others.
        text_drop: share of updates under the empty prompt.
        prior_share: share of updates on pictures of the class, where some are given: they keep the backbone's idea of it.
        held_out: photographs at equal spacing that are kept out of learning, to judge it by.
        patience: measurements on the held-out photographs without progress, after which learning stops; 0 never stops early.
    """

    steps: int = 1600
    rendering_steps: int = 0
    frames: int = 4
    references: int = 4
    pose_rate: float = 1e-4
    token_rate: float = 1e-4
    weight_decay: float = 0.01
    schedule: Literal["constant", "cosine"] = "constant"
    text_drop: float = 0.1
    prior_share: float = 0.25
    held_out: int = 0
    patience: int = 0
    seed: int = 0
    weights: LossWeights = field(default_factory=LossWeights)
    nerf: NerfSettings = field(default_factory=NerfSettings)


@dataclass(frozen=True, eq=False)
class Draw:
    """What one update learns from.

    Attributes:
        targets: V photographs at equal strides, denoised together.
        references: A photographs, equally spaced over the capture.
        allowed: [V, A], False where target and reference are the same photograph.
        sigma: noise level of all targets.
        prompt: which one the backbone is given.
        noise: [V, 4, h, w] standard normal, on the CPU as all that is drawn.
        class_picture: the class picture to denoise in place of the targets, if this update is for one.
    """

    targets: list[int]
    references: list[int]
    allowed: Tensor  # [V, A] bool
    sigma: float
    prompt: Prompt
    noise: Tensor  # [V, 4, h, w]
    class_picture: int | None = None


def seed_step(settings: LearningSettings, step: int) -> torch.Generator:
    """The generator of one update: it follows from seed and step, so that a run can continue at any step."""
    return torch.Generator().manual_seed((settings.seed * SEED_STRIDE + step) % 2**63)


def scale_rate(step: int, settings: LearningSettings) -> float:
    """What the learning rates are multiplied with at a step; each of the two parts of a run has its own cosine."""
    if settings.schedule == "constant":
        return 1.0
    first, last = (0, settings.rendering_steps) if step < settings.rendering_steps else (settings.rendering_steps, settings.steps)
    return 0.5 * (1 + math.cos(math.pi * (step - first) / (last - first)))


def draw_update(photographs: Photographs, pictures: int, sigmas: Tensor, settings: LearningSettings, generator: torch.Generator) -> Draw:
    """Draw one update. Noise levels favour the noisy end, where layout is decided: level (T - 1)(1 - u^3) of T for uniform u.

    Args:
        pictures: how many pictures of the class there are; one is denoised as a clip of one frame.
    """
    views = len(photographs)
    of_class = pictures > 0 and float(torch.rand((), generator=generator)) < settings.prior_share
    frames = 1 if of_class else settings.frames
    furthest = max(1, min(MAX_STRIDE, (views - 1) // max(1, frames - 1)))
    stride = _draw_integer(1, furthest + 1, generator)
    start = _draw_integer(0, views - (frames - 1) * stride, generator)
    offset = _draw_integer(0, views // settings.references, generator)
    chance, drop = torch.rand(2, generator=generator, dtype=torch.float64).tolist()
    targets = [start + i * stride for i in range(frames)]
    references = choose_references(photographs.cameras, settings.references, offset)
    return Draw(
        targets=targets,
        references=references,
        allowed=torch.tensor(targets)[:, None] != torch.tensor(references),
        sigma=float(sigmas[math.floor((len(sigmas) - 1) * (1 - chance**3))]),
        prompt="empty" if drop < settings.text_drop else "class" if of_class else "subject",
        noise=torch.randn(frames, *photographs.latents.shape[1:], generator=generator),
        class_picture=_draw_integer(0, pictures, generator) if of_class else None,
    )


def split_views(views: int, held_out: int) -> tuple[list[int], list[int]]:
    """Indices to learn from and indices kept out, the latter in the middle of equal stretches."""
    kept = sorted({(2 * i + 1) * views // (2 * held_out) for i in range(held_out)})
    return [index for index in range(views) if index not in kept], kept


def is_plateau(measured: list[float], patience: int) -> bool:
    """Whether the last `patience` measurements bring no progress over the best one before them."""
    if not 0 < patience < len(measured):
        return False
    return min(measured[-patience:]) > (1 - LEAST_PROGRESS) * min(measured[:-patience])


def check_settings(settings: LearningSettings) -> None:
    """Refuse settings that contradict each other, whatever the photographs.

    Raises:
        ValueError: saying which setting to change.
    """
    if settings.steps < 1:
        raise ValueError(f"steps: wanted at least 1, got {settings.steps}")
    if not 0 <= settings.rendering_steps <= settings.steps:
        raise ValueError(
            f"rendering_steps: wanted 0 to {settings.steps}, a part of the steps, got {settings.rendering_steps}; lower it or raise steps"
        )
    if settings.patience and not settings.held_out:
        raise ValueError(f"patience: wanted held-out photographs to judge by, got patience {settings.patience} and none; hold some out")


def check_run(photographs: Photographs, layout: PoseLayout, token: Tensor, settings: LearningSettings) -> None:
    """Refuse a run that cannot succeed.

    Raises:
        ValueError: saying which input or setting to change.
    """
    views = len(photographs)
    if tuple(token.shape) != (1, layout.text_width):
        raise ValueError(f"token: wanted [1, {layout.text_width}] as the text encoder's embedding, got {list(token.shape)}")
    check_settings(settings)
    if views < FEWEST:
        raise ValueError(f"photographs: wanted at least {FEWEST} from different sides, got {views}; add photographs: 20 to 60 are usual")
    if not 0 <= settings.held_out <= views - FEWEST:
        raise ValueError(
            f"held_out: wanted 0 to {views - FEWEST}, so that {FEWEST} of the {views} photographs are left to learn from, "
            f"got {settings.held_out}; lower it or add photographs"
        )
    views -= settings.held_out
    if not 1 <= settings.frames <= views:
        raise ValueError(
            f"frames: wanted 1 to {views} as there are photographs to learn from, got {settings.frames}; lower it or add photographs"
        )
    if not 2 <= settings.references <= views:
        raise ValueError(
            f"references: wanted 2 (a view is not its own reference) to {views} as there are photographs to learn from, "
            f"got {settings.references}; lower it or add photographs"
        )
    if settings.weights.correspondence and not any(map(len, (photographs.matches or {}).values())):
        raise ValueError("correspondence: wanted matched places of the photographs for its loss, got none; lower its weight to 0")
    distance = float(photographs.cameras.centers.norm(dim=-1).max())
    if distance >= settings.nerf.far:
        raise ValueError(
            f"cameras: wanted all within {settings.nerf.far} of the subject at the origin, got one at {distance:.3g}; normalise the cameras"
        )


def _draw_integer(low: int, high: int, generator: torch.Generator) -> int:
    return int(torch.randint(low, high, (), generator=generator))
