"""A subject as its references show it: pose blocks on the references' features, rendered from any camera, in the U-Net or on their own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from ..camera.cameras import Cameras
from .denoiser import PoseHook, Prompt
from .feature_nerf import Rendered, TextAttention
from .pose_block import PoseBlocks
from .ray_samples import RaySamples, sample_rays

Predict = Callable[[Tensor, Tensor, Tensor, Prompt, PoseHook], Tensor]  # as `Denoiser.predict`


@dataclass(frozen=True, eq=False)
class Subject:
    """Pose blocks, and what they look up.

    Attributes:
        features: transformer number to the references' features [A, C, h, w].
        cameras: of the A references.
    """

    pose: PoseBlocks
    features: dict[int, Tensor]
    cameras: Cameras

    def make_hook(
        self,
        targets: Cameras,
        rendered: dict[int, Rendered],
        allowed: Tensor | None = None,  # [V, A] bool
        generator: torch.Generator | None = None,
    ) -> PoseHook:
        """A hook that shows the subject from the targets' cameras, and keeps in `rendered` what each block saw.

        Args:
            allowed, generator: as `sample_rays` takes them; blocks of one resolution share their samples.
        """
        sample = self._make_sampler(targets, allowed, generator)

        def hook(number: int, tokens: Tensor, text_attention: TextAttention | None) -> Tensor:
            block = self.pose[number]
            shown = rendered[number] = block.nerf(self.features[number], sample(number), text_attention)
            return block.merge(tokens, shown.features, shown.opacity)

        return hook

    def render_all(
        self,
        targets: Cameras,
        allowed: Tensor | None = None,  # [V, A] bool
        generator: torch.Generator | None = None,
    ) -> list[Rendered]:
        """What every block sees from the targets' cameras, on its own grid and without a prompt; arguments as of `make_hook`."""
        sample = self._make_sampler(targets, allowed, generator)
        return [self.pose[number].nerf(self.features[number], sample(number)) for number in self.pose]

    def _make_sampler(self, targets: Cameras, allowed: Tensor | None, generator: torch.Generator | None) -> Callable[[int], RaySamples]:
        shared: dict[tuple[int, ...], RaySamples] = {}

        def sample(number: int) -> RaySamples:
            size = tuple(self.features[number].shape[-2:])
            if size not in shared:
                shared[size] = sample_rays(targets, self.cameras, *size, self.pose.settings, allowed=allowed, generator=generator)
            return shared[size]

        return sample

    @torch.no_grad()
    def render(self, number: int, targets: Cameras, size: tuple[int, int] | None = None, allowed: Tensor | None = None) -> Rendered:
        """What one block sees from the targets' cameras, without a prompt, on its own grid or another (h, w)."""
        features = self.features[number]
        samples = sample_rays(targets, self.cameras, *(size or features.shape[-2:]), self.pose.settings, allowed=allowed)
        return self.pose[number].nerf(features, samples)

    @torch.no_grad()
    def render_pictures(self, number: int, targets: Cameras, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
        """Colour and opacity of one block, a view and a band of rows at a time.

        A band is as high as `NerfSettings.piece_bytes` admits for its features.

        Args:
            size: (h, w) of the pictures, which may have more rays than the block has cells.

        Returns:
            premultiplied colour [V, 3, h, w] and opacity [V, 1, h, w] in 0..1, on the CPU.
        """
        height, width = size
        grid = targets.resize(width, height)  # a ray for each of its pixels
        channels = self.features[number].shape[1]
        rows = max(1, self.pose.settings.piece_bytes // (width * channels * targets.K.element_size()))
        views = []
        for view in range(len(targets)):
            bands = []
            for top in range(0, height, rows):
                band = grid[[view]].crop(0, top, width, min(rows, height - top))
                rendered = self.render(number, band, (band.height, width))
                maps = torch.cat([rendered.rgb, rendered.opacity], dim=-1)  # [1, (rows w), 4]
                bands.append(maps.mT.unflatten(2, (band.height, width)).cpu())
            views.append(torch.cat(bands, dim=2))
        pictures = torch.cat(views)  # [V, 4, h, w]
        return pictures[:, :3], pictures[:, 3:]


@torch.no_grad()
def generate_views(predict: Predict, subject: Subject, targets: Cameras, noise: Tensor, sigmas: Tensor, token: Tensor) -> Tensor:
    """Denoise views of the subject from pure noise, without guidance (Euler's method on the probability flow).

    Args:
        noise: [V, 4, h, w] standard normal.
        sigmas: [K] noise levels, descending to zero.
        token: [1, D].

    Returns:
        [V, 4, h, w] clean latents.
    """
    samples = noise * sigmas[0]
    rendered: dict[int, Rendered] = {}
    first = subject.make_hook(targets, rendered)

    def hook(number: int, tokens: Tensor, text_attention: TextAttention | None) -> Tensor:
        if number in rendered:  # what is rendered does not depend on the noise level
            return subject.pose[number].merge(tokens, rendered[number].features, rendered[number].opacity)
        return first(number, tokens, text_attention)

    for sigma, lower in zip(sigmas[:-1], sigmas[1:], strict=True):
        clean = predict(samples, sigma.expand(len(noise)), token, "subject", hook)
        samples = clean + (samples - clean) * (lower / sigma)
    return samples
