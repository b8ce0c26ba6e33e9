"""What the frozen backbone makes of the photographs, once and for all updates.

At 512 pixels the features of one photograph take 14 MB in 32 bits on Stable Diffusion 1.5: they are kept in memory of the CPU, in 16, and
moved to the device where an update uses them.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ..denoiser import Denoiser
from ..pose_block import PoseLayout
from ..transfer import lock_pages, send_rows

KEPT = torch.float16
BATCH = 8  # photographs that are on the device at a time


class ReferenceFeatures:
    """Features of N photographs and, as row N, of nothing.

    Args:
        latents: [N, 4, h, w] of the photographs, on the device to learn on.

    Raises:
        ValueError: if the denoiser's features are not those of the layout, or beyond half precision.
    """

    @torch.no_grad()
    def __init__(self, denoiser: Denoiser, layout: PoseLayout, latents: Tensor) -> None:
        self.count, self.device = len(latents), latents.device
        parts: dict[int, list[Tensor]] = {site.number: [] for site in layout.sites}
        for part in torch.cat([latents, torch.zeros_like(latents[:1])]).split(BATCH):
            features = denoiser.reference_features(part)
            for site in layout.sites:
                parts[site.number].append(_shrink(features.get(site.number), len(part), site.channels, site.number))
        self._kept = {number: lock_pages(torch.cat(each), self.device) for number, each in parts.items()}  # [N + 1, C, h, w]

    def select(self, photographs: list[int]) -> dict[int, Tensor]:
        """Transformer number to the features [A, C, h, w] of some photographs, on the device."""
        return {number: send_rows(kept, photographs, self.device) for number, kept in self._kept.items()}

    def select_nothing(self, count: int) -> dict[int, Tensor]:
        """The same of `count` pictures of nothing."""
        return self.select([self.count] * count)

    @property
    def kept(self) -> dict[int, Tensor]:
        """Transformer number to all features [N + 1, C, h, w] as they are kept."""
        return self._kept


def _shrink(features: Tensor | None, count: int, channels: int, number: int) -> Tensor:
    if features is None or tuple(features.shape[:2]) != (count, channels):
        got = None if features is None else tuple(features.shape)
        raise ValueError(f"denoiser: wanted features [{count}, {channels}, h, w] of transformer {number}, got {got}")
    kept = features.to(KEPT).cpu()
    if not torch.isfinite(kept).all():
        raise ValueError(
            f"denoiser: wanted features of transformer {number} within {torch.finfo(KEPT).max:g}, got {float(features.abs().max()):.3g}"
        )
    return kept
