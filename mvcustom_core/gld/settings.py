"""Sizes of the networks: those of the published weights, and those of a small set that a CPU can run."""

from __future__ import annotations

import math
from dataclasses import dataclass

UPPER_LEVEL, LOWER_LEVEL = 1, 0  # generated first, and generated given the first
LEVELS = 4


@dataclass(frozen=True, slots=True)
class BackboneShape:
    """The vision transformer of Depth Anything 3 (arXiv 2511.10647).

    Attributes:
        width, blocks, heads: of the transformer.
        patch: side of a patch in pixels.
        first_alternating: the first block with camera tokens, rotary positions and q/k norms; from here on odd blocks attend over all
            views.
        levels: the blocks after which the four feature levels are read, odd numbers.
        table: side of the table of learned positions, in patches.
    """

    width: int
    blocks: int
    heads: int
    patch: int
    first_alternating: int
    levels: tuple[int, int, int, int]
    table: int

    def __post_init__(self) -> None:
        if self.width % (4 * self.heads):
            raise ValueError(f"backbone: wanted a width divisible by 4 times {self.heads} heads, got {self.width}")
        rising = sorted(set(self.levels)) == list(self.levels) and self.levels[-1] < self.blocks
        if self.first_alternating % 2 or not rising or any(level % 2 == 0 or level < self.first_alternating for level in self.levels):
            raise ValueError(
                f"backbone: wanted four rising odd blocks from {self.first_alternating}, an even number, to {self.blocks - 1} as levels, "
                f"got {self.levels}"
            )

    @property
    def channels(self) -> int:
        """Channels C of a feature level: those of a block within each view, then those of the next block over all views."""
        return 2 * self.width


@dataclass(frozen=True, slots=True)
class DenoiserSettings:
    """A denoiser of one feature level: a deep narrow encoder, and a short wide decoder of the velocity.

    Attributes:
        channels: C of the features.
        patch: pixels of the camera picture for one feature cell.
        encoder_blocks, encoder_width, encoder_heads: of the encoder; likewise of the decoder.
        frequencies: random Fourier frequencies of the time.
        cascade: generates level 0 given level 1 of all views, with one patch embedding for sources and targets.
        rotation_size: width and height by which intrinsics are normalised in the attention; None for those of the pictures.
        shift_cells: feature cells by which the time grid is shifted, of a fixed size whatever the pictures' is.
    """

    channels: int
    patch: int
    encoder_blocks: int
    encoder_width: int
    encoder_heads: int
    decoder_blocks: int
    decoder_width: int
    decoder_heads: int
    frequencies: int
    cascade: bool
    rotation_size: tuple[int, int] | None
    shift_cells: int

    def __post_init__(self) -> None:
        for part, width, heads in (
            ("encoder", self.encoder_width, self.encoder_heads),
            ("decoder", self.decoder_width, self.decoder_heads),
        ):
            if width % (8 * heads):
                raise ValueError(f"denoiser: wanted a width of the {part} divisible by 8 times {heads} heads, got {width}")

    def time_shift(self, views: int) -> float:
        """The factor `shift` of the time grid for a number of views."""
        return math.sqrt(self.channels * self.shift_cells * views / 4096)


@dataclass(frozen=True, slots=True)
class DecoderSettings:
    """The transformer that decodes feature levels to pictures.

    Attributes:
        channels: C of one feature level.
        inner: width between the two layers of the feed-forward.
        patch: side of a patch in pixels.
        table: side of the table of learned positions, in patches.
    """

    channels: int
    width: int
    layers: int
    heads: int
    inner: int
    patch: int
    table: int


@dataclass(frozen=True, slots=True)
class GldSettings:
    """The sizes of all networks of one set."""

    backbone: BackboneShape
    upper: DenoiserSettings
    cascade: DenoiserSettings
    decoder: DecoderSettings


PUBLISHED = GldSettings(
    backbone=BackboneShape(width=768, blocks=12, heads=12, patch=14, first_alternating=4, levels=(5, 7, 9, 11), table=37),
    upper=DenoiserSettings(
        channels=1536, patch=14, encoder_blocks=28, encoder_width=768, encoder_heads=16, decoder_blocks=6, decoder_width=2048,
        decoder_heads=16, frequencies=256, cascade=False, rotation_size=None, shift_cells=18 * 18,
    ),
    cascade=DenoiserSettings(
        channels=1536, patch=14, encoder_blocks=28, encoder_width=768, encoder_heads=16, decoder_blocks=2, decoder_width=2048,
        decoder_heads=16, frequencies=256, cascade=True, rotation_size=(504, 504), shift_cells=18 * 18,
    ),
    decoder=DecoderSettings(channels=1536, width=1152, layers=28, heads=16, inner=4096, patch=14, table=36),
)  # fmt: skip
"""The published weights: Depth Anything 3 Base, pictures of 504 x 504, 378, 336 or 280, 8 views."""

MINI = GldSettings(
    backbone=BackboneShape(width=128, blocks=10, heads=4, patch=16, first_alternating=2, levels=(3, 5, 7, 9), table=8),
    upper=DenoiserSettings(
        channels=256, patch=16, encoder_blocks=6, encoder_width=192, encoder_heads=4, decoder_blocks=2, decoder_width=384,
        decoder_heads=4, frequencies=64, cascade=False, rotation_size=None, shift_cells=64,
    ),
    cascade=DenoiserSettings(
        channels=256, patch=16, encoder_blocks=6, encoder_width=192, encoder_heads=4, decoder_blocks=1, decoder_width=384,
        decoder_heads=4, frequencies=64, cascade=True, rotation_size=None, shift_cells=64,
    ),
    decoder=DecoderSettings(channels=256, width=192, layers=6, heads=4, inner=768, patch=16, table=8),
)  # fmt: skip
"""The small set: pictures of 128 x 128, 8 views of procedural scenes."""
