"""What a render hook adds to a MODEL: the plan of what is rendered, and what its node computed. Runs have a state of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import comfy.model_management
import torch
from comfy.samplers import CFGGuider
from torch import Tensor

from ....mvcustom_core.camera.cameras import Cameras
from ....mvcustom_core.progress import Progress, span_progress
from ....mvcustom_core.rendering.levels import NoiseLevels
from ....mvcustom_core.rendering.operator import RenderOperator, build_render_operators
from ....mvcustom_core.rendering.rendering import RenderingSettings, share_noise
from ....mvcustom_core.surface.correspondence import Correspondence, find_correspondences
from ....mvcustom_core.surface.depth import AnchorDepth
from ....mvcustom_core.surface.surface import DOUBLES, Surface, build_surfaces
from ..concept.application import check_latents

BUILD_BYTES, PIXEL_BYTES = 600 << 20, 1 << 10
"""Room for a look at a surface: the candidates of a z-buffer that are tested at a time, and the taps of a pixel of the depth map."""


@dataclass(frozen=True, eq=False)
class Geometry:
    """Render operators and correspondences from the anchors' depth, by U-Net level; level 0 has the latents' resolution."""

    operators: Mapping[int, RenderOperator]
    correspondences: Mapping[int, Correspondence]

    def to(self, device: torch.device | str) -> Geometry:
        return Geometry(*({level: part.to(device) for level, part in parts.items()} for parts in (self.operators, self.correspondences)))


@dataclass(frozen=True, slots=True)
class Plan:
    """What is rendered in a MODEL, and how far into the denoising.

    Attributes:
        cameras: the V cameras of all views.
        settings: up to which noise level features are replaced, and how strongly.
        sites: blocks whose features are replaced -> their U-Net levels.
        paths: levels whose motion modules attend along the surface.
        shared_noise: whether the initial noise is warped from the anchors.
        prediction: whether the predicted clean latents are rendered as well.
    """

    cameras: Cameras
    settings: RenderingSettings
    sites: Mapping[tuple[str, int], int]
    paths: tuple[int, ...]
    shared_noise: bool
    prediction: bool

    @property
    def rendered_levels(self) -> set[int]:
        """The levels at which features or predictions are replaced. The prediction has level 0."""
        return {*self.sites.values(), *([0] if self.prediction else [])}

    def size(self, level: int) -> tuple[int, int]:
        """Cells (h, w) of a level. Strided convolutions round up."""
        return -(-self.cameras.height // 8 >> level), -(-self.cameras.width // 8 >> level)

    def build_geometry(self, surfaces: Sequence[Surface], progress: Progress) -> Geometry:
        """Build the operators and correspondences of all levels that need them. They are kept on the CPU, wherever the surfaces lie."""
        levels = {level: self.size(level) for level in {0, *self.sites.values()}}
        followed = [self.size(level) for level in self.paths]
        share = 0.7 if followed else 1.0  # of the time, which the operators take
        operators = build_render_operators(surfaces, levels.values(), progress=span_progress(progress, 0.0, share))
        paths = find_correspondences(surfaces, followed, span_progress(progress, share, 1.0)) if followed else {}
        built = Geometry(
            {level: operators[size] for level, size in levels.items()}, {level: paths[self.size(level)] for level in self.paths}
        )
        return built.to("cpu")


@dataclass(frozen=True, eq=False)
class RenderSession:
    """The settings of a render hook, on a MODEL and its clones. A run changes nothing in it, so runs cannot disturb each other.

    Attributes:
        plan: what is rendered, and how far into the denoising.
        geometry: operators and correspondences; None where each run estimates its own depth.
        keep: level -> share [V, 1, h, w] of each cell that is not replaced.
    """

    plan: Plan
    geometry: Geometry | None
    keep: Mapping[int, Tensor]

    def prepare(self, guider: CFGGuider, noise: Tensor) -> tuple[Tensor, NoiseLevels]:
        """Check the latents of a run against the cameras, and share their initial noise [V, 4, h, w] if the plan says so.

        Returns:
            the noise, and the noise levels that the run's model was trained on.

        Raises:
            ValueError: if the latents do not fit the cameras.
        """
        check_latents(guider.model_patcher, self.plan.cameras, noise.shape)
        if self.plan.shared_noise and self.geometry is not None:
            noise = share_noise(noise, self.geometry.operators[0].to(noise.device))
        return noise, NoiseLevels.of(guider.model_patcher.get_model_object("model_sampling").sigmas)


def build_near_device(anchors: Sequence[AnchorDepth], cameras: Cameras, progress: Progress) -> tuple[Surface, ...]:
    """`build_surfaces` where the looks at them are fastest: on ComfyUI's device, if it has float64 and the room, else on the CPU.

    Nothing is unloaded for it, since a run may be under way.
    """
    device = comfy.model_management.get_torch_device()
    pixels = max(anchor.depth.depth.numel() for anchor in anchors) if anchors else 0
    wanted = BUILD_BYTES + PIXEL_BYTES * pixels
    if device.type not in DOUBLES or comfy.model_management.get_free_memory(device) < wanted:
        device = torch.device("cpu")
    return build_surfaces([AnchorDepth(anchor.view, anchor.depth.to(device)) for anchor in anchors], cameras, progress=progress)


def find_no_correspondences(device: torch.device) -> Mapping[int, Correspondence]:
    """What a MODEL with a hook knows of the surface outside of a run."""
    return {}
