"""The pose-conditioned part of a transformer block, and the set of them that a backbone carries (arXiv 2404.12333, section 3.2).

After its text cross-attention a block continues with W [x ; y] in place of its tokens x, where y are the rendered features. W is kept as
[I + change | inject] with both parts zero at first, so that an unlearned block changes no bit of x. Ours: the change counts as far as the
subject covers a cell. Rendered features are zero beside the subject, but the change is not, and nothing that is learned keeps it from
drawing over the surroundings that the prompt asks for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..shapes import check_shape
from .feature_nerf import FeatureNerf
from .ray_samples import NerfSettings


class PoseSite(NamedTuple):
    """One spatial transformer that carries a pose block."""

    number: int  # among the U-Net's spatial transformers, counted from zero in forward order
    channels: int
    level: int  # halvings from the latent's resolution to the transformer's


@dataclass(frozen=True, slots=True)
class PoseLayout:
    """Which transformers of which backbone carry pose blocks; also the backbone's fingerprint.

    Raises:
        ValueError: if there is no site or a number comes twice.
    """

    sites: tuple[PoseSite, ...]
    text_width: int  # of the text encoder's token embedding

    def __post_init__(self) -> None:
        numbers = [site.number for site in self.sites]
        if not numbers or len(set(numbers)) != len(numbers):
            raise ValueError(f"pose layout: wanted at least one transformer and each one once, got {numbers}")

    @property
    def finest(self) -> int:
        """The last transformer among those of most cells."""
        return min(self.sites, key=lambda site: (site.level, -site.number)).number


# At 512 px: transformers 2, 10, 12 see 32x32 cells, the others 16x16. The 8x8 one in the middle carries too little geometry to be worth
# its size, and 64x64 would take four times the memory of 32x32.
SD15_LAYOUT = PoseLayout(
    sites=(
        PoseSite(2, 640, 1),
        PoseSite(4, 1280, 2),
        PoseSite(5, 1280, 2),
        PoseSite(7, 1280, 2),
        PoseSite(8, 1280, 2),
        PoseSite(9, 1280, 2),
        PoseSite(10, 640, 1),
        PoseSite(12, 640, 1),
    ),
    text_width=768,
)


class PoseBlock(nn.Module):
    """FeatureNeRF and the projection that merges what it renders into a block's tokens."""

    def __init__(self, channels: int, settings: NerfSettings, generator: torch.Generator | None = None) -> None:
        super().__init__()
        self.nerf = FeatureNerf(channels, settings, generator)
        self.change = nn.Parameter(torch.zeros(channels, channels))
        self.inject = nn.Parameter(torch.zeros(channels, channels))

    def merge(self, tokens: Tensor, rendered: Tensor, opacity: Tensor) -> Tensor:
        """Mix rendered features into the block's tokens; the arithmetic is in the parameters' precision.

        Args:
            tokens: [B, P, C] after the block's text cross-attention.
            rendered, opacity: [B, P, C] and [B, P, 1], `Rendered.features` and `Rendered.opacity` of the same views.

        Returns:
            [B, P, C] in the tokens' dtype.
        """
        check_shape(tokens, "B P C", rendered, "B P C", opacity, "B P 1")
        return tokens + self.find_change(tokens, self.project(rendered), opacity)

    def project(self, rendered: Tensor) -> Tensor:  # [B, P, C]
        """What rendered features add to any tokens, [B, P, C]: constant for as long as the features are."""
        with torch.autocast(rendered.device.type, enabled=False):
            return F.linear(rendered.to(self.inject.dtype), self.inject.to(rendered.device))

    def find_change(self, tokens: Tensor, projected: Tensor, opacity: Tensor) -> Tensor:
        """What `merge` adds to the tokens.

        Args:
            tokens: [B, P, C] after the block's text cross-attention.
            projected, opacity: [B, P, C] and [B, P, 1], from `project` and `Rendered.opacity`.

        Returns:
            [B, P, C] in the tokens' dtype.
        """
        with torch.autocast(tokens.device.type, enabled=False):
            change = F.linear(tokens.to(self.change.dtype), self.change.to(tokens.device))
            if not self.nerf.settings.parity:
                change = opacity.to(change) * change
            return (change + projected).to(tokens.dtype)


class PoseBlocks(nn.Module):
    """The pose blocks of a layout, by transformer number."""

    def __init__(self, layout: PoseLayout, settings: NerfSettings, generator: torch.Generator | None = None) -> None:
        super().__init__()
        self.layout = layout
        self.settings = settings
        self.blocks = nn.ModuleDict({str(site.number): PoseBlock(site.channels, settings, generator) for site in layout.sites})

    def __getitem__(self, number: int) -> PoseBlock:
        return self.blocks[str(number)]

    def __contains__(self, number: int) -> bool:
        return str(number) in self.blocks

    def __iter__(self) -> Iterator[int]:
        """Transformer numbers in forward order."""
        return iter(sorted(int(number) for number in self.blocks))
