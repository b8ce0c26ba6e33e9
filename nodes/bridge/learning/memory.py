"""How much memory an update takes.

The estimate adds up what the layers keep for the backward pass, in elements for each channel of each cell: three for a norm, its
activation and a convolution on either side of a residual block, and as counted for a transformer and a motion module. FeatureNeRF cuts its
rays into pieces and keeps one of them at a time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from comfy.ldm.modules.attention import SpatialTransformer
from comfy.ldm.modules.diffusionmodules.openaimodel import Downsample, ResBlock, UNetModel, Upsample

from ....mvcustom_core.backbone.motion import MotionModules
from ....mvcustom_core.camera.codes import CODE_WIDTH
from ....mvcustom_core.concept.learning.plan import LearningSettings
from ....mvcustom_core.concept.pose_block import PoseLayout, PoseSite

RESIDUAL, TRANSFORMER, MOTION = 3, 25, 24  # elements kept for each channel and cell
TEXT_TOKENS = 77
NERF_TENSORS = 5  # of a piece's largest size, kept while it is rendered
NERF_WEIGHTS = 5  # matrices of a pose block, C x C or nearly
ADAM_COPIES = 4  # of a learned weight: itself, its gradient and two moments
FLOAT32 = 4  # bytes


@dataclass(frozen=True, slots=True)
class UpdateSize:
    """What the memory of an update depends on.

    Attributes:
        height, width: of the latents in cells.
        settings: of the run.
        layout: of the pose blocks.
    """

    height: int
    width: int
    settings: LearningSettings
    layout: PoseLayout

    def __str__(self) -> str:
        frames, references = self.settings.frames, self.settings.references
        return f"an update of {frames} photographs of {8 * self.width}x{8 * self.height} pixels with {references} references"


@dataclass(frozen=True, slots=True)
class LayerSize:
    """Elements of one frame at a layer: of its input, and of all that it keeps."""

    entered: int
    kept: int


def estimate_update(unet: UNetModel, motion: MotionModules, size: UpdateSize, element_bytes: int, recomputed: bool) -> int:
    """Bytes that an update takes beside the weights of the backbone.

    Args:
        element_bytes: of the dtype that the backbone computes in.
        recomputed: whether layers keep their input alone and are computed again in the backward pass.
    """
    layers = list(walk_layers(unet, motion if size.settings.frames > 1 else None, size.height, size.width))
    kept = sum(layer.entered if recomputed else layer.kept for layer in layers)
    largest = max(layer.kept for layer in layers)  # the layer whose gradient is being computed, once more
    return size.settings.frames * (kept + largest) * element_bytes + estimate_rendering(size)


def walk_layers(unet: UNetModel, motion: MotionModules | None, height: int, width: int) -> Iterator[LayerSize]:
    """The layers of the U-Net in forward order for latents of height x width cells; a motion module is a part of the layer before it.

    Without motion modules, as for a single frame, which they let pass, they are left out.
    """
    cells = height * width
    for side, blocks in (("input", unet.input_blocks), ("middle", [unet.middle_block]), ("output", unet.output_blocks)):
        for index, block in enumerate(blocks):
            host = SpatialTransformer if any(isinstance(layer, SpatialTransformer) for layer in block) else ResBlock
            moved = MOTION if motion is not None and motion.at((side, index)) is not None else 0
            for layer in block:
                added = moved if isinstance(layer, host) else 0
                if isinstance(layer, ResBlock):
                    own = RESIDUAL * (layer.channels + layer.out_channels) + added * layer.out_channels
                    yield LayerSize(layer.channels * cells, own * cells)
                elif isinstance(layer, SpatialTransformer):
                    own = (TRANSFORMER + added) * cells + 2 * TEXT_TOKENS
                    yield LayerSize(layer.in_channels * cells, own * layer.in_channels)
                elif isinstance(layer, Downsample | Upsample):
                    cells = cells // 4 if isinstance(layer, Downsample) else cells * 4
                    yield LayerSize(layer.channels * cells, layer.channels * cells)


def estimate_rendering(size: UpdateSize) -> int:
    """Bytes of what the pose blocks render, their weights and the optimiser."""
    limit = size.settings.nerf.piece_bytes
    whole, pieces, weights = 0, 0, 0
    for site in size.layout.sites:
        tensor = _count_rays(site, size) * size.settings.references * _samples(size) * max(site.channels, CODE_WIDTH) * FLOAT32
        whole += NERF_TENSORS * tensor if tensor <= limit else 0
        pieces = max(pieces, 2 * NERF_TENSORS * limit if tensor > limit else 0)  # and the gradients of a piece
        weights += ADAM_COPIES * NERF_WEIGHTS * site.channels**2 * FLOAT32
        whole += (_count_rays(site, size) + _count_cells(site, size) * size.settings.references) * site.channels * FLOAT32
    levels = {site.level: site for site in size.layout.sites}.values()  # blocks of one level share their samples
    samples = sum(min(limit, _count_rays(site, size) * size.settings.references * _samples(size) * CODE_WIDTH * FLOAT32) for site in levels)
    return whole + pieces + weights + samples


def _samples(size: UpdateSize) -> int:
    return max(size.settings.nerf.samples, size.settings.nerf.importance)


def _count_cells(site: PoseSite, size: UpdateSize) -> int:
    return (size.height >> site.level) * (size.width >> site.level)


def _count_rays(site: PoseSite, size: UpdateSize) -> int:
    return size.settings.frames * _count_cells(site, size)
