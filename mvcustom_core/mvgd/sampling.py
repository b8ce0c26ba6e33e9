"""Colour and depth of target cameras from posed pictures: independently, one after the other, or all together.

* "independent": every target by itself.
* "incremental" (arXiv 2501.18804, section 3.4): the target nearest to a picture first; its picture then conditions the next ones.
* "mutual": all targets take their steps together, and from the second step on each is conditioned by the others' present pictures, too.
  It takes no training, and targets agree where no picture says what they show.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, get_args

import torch
from torch import Tensor

from ..camera.cameras import Cameras, concatenate_cameras
from ..camera.rays import cell_centers
from ..progress import Progress, ignore_progress
from ..shapes import check_shape
from .codes import clamp_code, decode_depth, map_rays, shift_depth_code
from .encoder import STRIDE
from .gauge import Canonical, canonicalise
from .model import CHANNELS, MVGD, Group
from .rin import SceneKeys
from .schedule import signal, step, to_x0

Order = Literal["independent", "incremental", "mutual"]


@dataclass(frozen=True, slots=True)
class SamplingSettings:
    """How targets are sampled.

    Attributes:
        steps: of denoising; more than a few blur less and err more.
        order: see the module.
        nearest: pixel tokens look directly at the tokens of so many pictures, of the cameras nearest to the target.
        generated: most generated pictures that condition another target, the nearest.
        depth: whether depth is sampled with the colour; needs cameras that stand apart.
    """

    steps: int = 2
    order: Order = "independent"
    nearest: int = 8
    generated: int = 8
    depth: bool = True

    def __post_init__(self) -> None:
        if self.order not in get_args(Order):
            raise ValueError(f"order: wanted one of {', '.join(get_args(Order))}, got {self.order!r}")
        if self.steps < 1 or self.nearest < 1 or self.generated < 0:
            raise ValueError(f"wanted steps and nearest views of 1 or more, got {self.steps} and {self.nearest}")


@dataclass(frozen=True, eq=False)
class RenderedViews:
    """Views of V targets.

    Attributes:
        rgb: [V, 3, H, W] in 0..1.
        depth: [V, H, W] z-depth in the cameras' unit; zeros if it was not sampled.
        valid: [V, H, W] bool, where the depth is within what the network can tell.
        scales: [V] world units per unit of the network.
    """

    rgb: Tensor
    depth: Tensor
    valid: Tensor
    scales: Tensor


@dataclass(frozen=True, eq=False)
class Pictures:
    """What conditions a target: features [N, R, C] of N pictures and their cameras."""

    features: Tensor
    cameras: Cameras

    def join(self, other: Pictures) -> Pictures:
        return Pictures(torch.cat([self.features, other.features]), concatenate_cameras(self.cameras, other.cameras))

    def pick_nearest(self, camera: Cameras, count: int) -> Pictures:
        """The `count` pictures whose cameras stand nearest to a camera; all in their order if there are no more."""
        if len(self.cameras) <= count:
            return self
        index = self.distances(camera).argsort(stable=True)[:count].sort().values
        return Pictures(self.features[index.to(self.features.device)], self.cameras[index])

    def distances(self, camera: Cameras) -> Tensor:
        """Of the centres to that of one camera, [N] float64."""
        return (self.cameras.centers.double() - camera.centers.double()).norm(dim=-1).cpu()


@dataclass(eq=False)
class _Target:
    """One target on its way from noise to a picture."""

    camera: Cameras
    noisy: dict[str, Tensor]  # task -> [1, (H W), c]
    canonical: Canonical | None = None
    keys: list[SceneKeys] = field(default_factory=list)
    rays: Tensor | None = None  # [1, (H W), 6]
    latents: Tensor | None = None
    clean: dict[str, Tensor] = field(default_factory=dict)

    def picture(self) -> Tensor:
        """The present colours, [1, 3, H, W] in 0..1."""
        return ((self.clean["rgb"] + 1) / 2).mT.unflatten(-1, (self.camera.height, self.camera.width))


@torch.no_grad()
def render_views(
    model: MVGD,
    images: Tensor,  # [N, 3, H, W]
    cameras: Cameras,
    targets: Cameras,
    settings: SamplingSettings,
    generator: torch.Generator,
    progress: Progress = ignore_progress,
) -> RenderedViews:
    """Sample views of target cameras.

    Args:
        images: in 0..1, on the network's device.
        cameras: N of the images.
        targets: V of the same image size.
        generator: on the CPU; draws the start noise of all targets, in their order.

    Raises:
        ValueError: for counts or sizes that do not fit, or a target whose depth has no unit: no picture was taken from another place.
    """
    sizes = check_shape(images, "N 3 H W")
    _check_sizes(sizes, cameras, targets)
    return _Sampler(model, settings, generator, progress).run(images, cameras, targets)


class _Sampler:
    """The parts of one call of `render_views`."""

    def __init__(self, model: MVGD, settings: SamplingSettings, generator: torch.Generator, progress: Progress) -> None:
        self.model, self.settings, self.generator, self.progress = model, settings, generator, progress

    def run(self, images: Tensor, cameras: Cameras, targets: Cameras) -> RenderedViews:
        given = Pictures(self.model.encode(images), cameras)
        runs = [_Target(targets[k], self._draw_noise(images)) for k in range(len(targets))]
        for number, run in enumerate(runs):  # what cannot be done is said before the first step
            self._canonicalise(run, given, number)
        {"independent": self._independent, "incremental": self._incremental, "mutual": self._mutual}[self.settings.order](runs, given)
        return self._collect(runs)

    def _independent(self, runs: list[_Target], given: Pictures) -> None:
        for number, run in enumerate(runs):
            self._place(run, given)
            self._finish(run, number, len(runs))

    def _incremental(self, runs: list[_Target], given: Pictures) -> None:
        made: Pictures | None = None
        order = sorted(range(len(runs)), key=lambda k: float(given.distances(runs[k].camera).min()))
        for number, k in enumerate(order):
            self._place(runs[k], self._add(given, made, runs[k]))
            self._finish(runs[k], number, len(runs))
            new = Pictures(self.model.encode(runs[k].picture()), runs[k].camera)
            made = new if made is None else made.join(new)

    def _mutual(self, runs: list[_Target], given: Pictures) -> None:
        for number in range(self.settings.steps):
            made = [] if number == 0 else [Pictures(self.model.encode(run.picture()), run.camera) for run in runs]
            for k, run in enumerate(runs):
                self.progress((number + k / len(runs)) / self.settings.steps)
                others = made[:k] + made[k + 1 :]
                joined = others[0] if others else None
                for other in others[1:]:
                    joined = joined.join(other)
                if number == 0 or joined is not None:
                    self._place(run, self._add(given, joined, run), number)
                self._step(run, number)

    def _add(self, given: Pictures, made: Pictures | None, run: _Target) -> Pictures:
        if made is None or self.settings.generated == 0:
            return given
        return given.join(made.pick_nearest(run.camera, self.settings.generated))

    def _canonicalise(self, run: _Target, pictures: Pictures, number: int) -> None:
        run.canonical = canonicalise(pictures.cameras, run.camera)
        if self.settings.depth and not run.canonical.has_baseline:
            raise ValueError(
                f"targets: wanted a picture from another place than target {number}'s, which gives depth its unit, got "
                f"{len(pictures.cameras)} from the same place; add a picture from elsewhere, or sample colour alone"
            )

    def _place(self, run: _Target, pictures: Pictures, number: int = 0) -> None:
        """Show a target its pictures. Depth that is on its way keeps its place when the unit changes."""
        before, run.canonical = run.canonical, canonicalise(pictures.cameras, run.camera)
        model, device, dtype = self.model, pictures.features.device, pictures.features.dtype
        if "depth" in run.noisy and number:
            share = signal(self._level(number)).sqrt()
            run.noisy["depth"] = shift_depth_code(run.noisy["depth"], share, before.scale, run.canonical.scale, model.settings)
        H, W = run.camera.height, run.camera.width
        cells = STRIDE * cell_centers(H // STRIDE, W // STRIDE, dtype=torch.float64)
        rays = map_rays(run.canonical, pictures.cameras.K.cpu(), cells).to(device, dtype)  # [N, R, 6]
        scene = model.embed_scene(pictures.features, rays)  # [N, R, D], each token by itself
        near = scene
        if len(scene) > self.settings.nearest:
            near = scene[pictures.distances(run.camera).argsort(stable=True)[: self.settings.nearest].to(device)]
        run.keys = model.read_scene(scene.flatten(0, 1)[None], near.flatten(0, 1)[None])
        own = map_rays(run.canonical.target, run.camera.K.cpu(), cell_centers(H, W, dtype=torch.float64))
        run.rays = own.to(device, dtype)

    def _finish(self, run: _Target, number: int, count: int) -> None:
        for place in range(self.settings.steps):
            self.progress((number + place / self.settings.steps) / count)
            self._step(run, place)

    def _step(self, run: _Target, number: int) -> None:
        noisy = run.noisy
        u, following = (self._level(place).to(run.rays)[None] for place in (number, number + 1))
        groups = [Group(task, values, run.rays) for task, values in noisy.items()]
        predicted, run.latents = self.model(groups, u, run.keys, run.latents)
        clean = {task: to_x0(noisy[task], v, u) for task, v in zip(noisy, predicted, strict=True)}
        run.clean = {task: clamp_code(task, code, self.model.settings) for task, code in clean.items()}
        run.noisy = {task: step(noisy[task], clean, u, following) for task, clean in run.clean.items()}

    def _level(self, place: int) -> Tensor:
        return torch.tensor(1 - place / self.settings.steps, dtype=torch.float64)

    def _draw_noise(self, images: Tensor) -> dict[str, Tensor]:
        """Start noise by task; colour's does not depend on whether depth is sampled."""
        pixels = images.shape[-2] * images.shape[-1]
        noise = {task: torch.randn(1, pixels, channels, generator=self.generator).to(images) for task, channels in CHANNELS.items()}
        return noise if self.settings.depth else {"rgb": noise["rgb"]}

    def _collect(self, runs: list[_Target]) -> RenderedViews:
        rgb = torch.cat([run.picture() for run in runs])
        scales = torch.tensor([run.canonical.scale for run in runs], dtype=torch.float64)
        if not self.settings.depth:
            empty = rgb.new_zeros(len(runs), *rgb.shape[-2:])
            return RenderedViews(rgb, empty, empty.bool(), scales)
        codes = torch.cat([run.clean["depth"] for run in runs]).squeeze(-1)  # [V, (H W)]
        depth, valid = decode_depth(codes, scales[:, None].to(codes), self.model.settings)
        return RenderedViews(rgb, *(x.unflatten(1, rgb.shape[-2:]) for x in (depth, valid)), scales)


def _check_sizes(sizes: dict[str, int], cameras: Cameras, targets: Cameras) -> None:
    counts = (sizes["N"], len(cameras), len(targets))
    if counts[0] != counts[1] or min(counts) < 1:
        got = "{} images, {} cameras, {} targets".format(*counts)
        raise ValueError(f"images: wanted at least one, with a camera each, and at least one target, got {got}")
    given = {(each.width, each.height) for each in (cameras, targets)} | {(sizes["W"], sizes["H"])}
    if len(given) != 1:
        raise ValueError(f"images: wanted one size for images, cameras and targets, got {sorted(given)}; resize them to one size")
