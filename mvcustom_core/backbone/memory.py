"""Estimates the memory that motion modules need in addition to the U-Net, from tensor shapes alone.

A U-Net runs one module at a time, so the largest one counts. Each estimate is the largest sum of tensors that exist at the same time in a
module's forward pass. Attention kernels that stream their scores add next to nothing; kernels that store them add all scores.
"""

from __future__ import annotations

from dataclasses import dataclass

from .attention import MAX_HALO_ELEMENTS, Scope, TokenGrid, split_evenly
from .feed_forward import count_hidden_tokens
from .motion import MotionSettings


@dataclass(frozen=True, slots=True)
class Workload:
    """The sizes of one U-Net call.

    Attributes:
        clips: number of clips B, one for each condition in the same call.
        frames: number of frames F in each clip.
        height, width: size of the latents in cells.
        element_bytes: bytes per element of the dtype that the U-Net computes in.
        stores_scores: whether the attention kernel keeps a score for every pair of tokens (a kernel without streaming).
        device_type: torch's word for the kind of device.
    """

    clips: int
    frames: int
    height: int
    width: int
    element_bytes: int
    stores_scores: bool = False
    device_type: str = "cuda"


def estimate_memory(settings: MotionSettings, workload: Workload) -> int:
    """Peak bytes in addition to the U-Net's, over all levels."""
    return max(estimate_level_memory(settings, level, workload) for level in range(len(settings.channels)))


def estimate_level_memory(settings: MotionSettings, level: int, workload: Workload) -> int:
    """Peak bytes of one module at a level, including its input and output."""
    if workload.frames == 1:
        return 0
    height, width = (-(-side // 2**level) for side in (workload.height, workload.width))  # strided convolutions round up
    grid = TokenGrid(workload.frames, height, width)
    images, tokens, channels = workload.clips * workload.frames, height * width, settings.channels[level]
    whole = images * tokens * channels  # elements of one feature map of the batch
    attention = _attention_elements(settings, level, grid, whole, workload)
    return max(attention, _feed_forward_elements(images, tokens, channels, workload.device_type)) * workload.element_bytes


def _feed_forward_elements(images: int, tokens: int, channels: int, device_type: str) -> int:
    part = min(images * tokens, count_hidden_tokens(channels, device_type))
    # input, tokens and the output; of some tokens the norm, 8 C of hidden layer and 4 C of gate
    return (3 * images * tokens + 13 * part) * channels


def _attention_elements(settings: MotionSettings, level: int, grid: TokenGrid, whole: int, workload: Workload) -> int:
    scope = settings.scopes[level]
    halo = grid.find_halo(scope)
    if scope.trajectory:
        clip = whole // workload.clips
        sampled = 2 * clip * min(grid.frames, max(1, MAX_HALO_ELEMENTS // clip))  # keys and values of some frames' queries
        elements = 8 * whole + sampled  # input, tokens, q, k, v, the result in parts and joined
        elements += 3 * 4 * grid.frames**2 * grid.height * grid.width * 4 // workload.element_bytes  # where to sample, in 32 bits
    elif scope.window == 1:
        # input, tokens before the block and now, q, k, v; beside them a positioned copy, or the result with a clip that is on its way
        on_its_way = 0 if workload.clips == 1 else whole // workload.clips
        elements = 7 * whole + max(settings.spatial_position * whole, on_its_way)
    elif halo == (grid.height, grid.width):
        elements = (8 + settings.spatial_position) * whole  # as above; the positioned tokens beside q, k and v
    else:
        elements = 6 * whole + _tile_elements(grid, scope, whole)
    if workload.stores_scores:
        keys = grid.frames * halo[0] * halo[1]
        elements += 2 * workload.clips * settings.heads * grid.frames * grid.height * grid.width * keys  # scores and their softmax
    return elements


def _tile_elements(grid: TokenGrid, scope: Scope, whole: int) -> int:
    """Elements of the results of all tiles, and of the queries, keys and values that some of them copy at a time."""
    height, width = grid.find_halo(scope)
    tiles = -(-grid.height // scope.tile) * -(-grid.width // scope.tile)
    cell = whole // (grid.height * grid.width)  # of all frames
    halo, queries = cell * height * width, cell * scope.tile**2
    part = split_evenly(tiles, max(1, MAX_HALO_ELEMENTS // halo))[-1]
    # the results are joined, then put in order
    return tiles * queries + max(tiles * queries, (part.stop - part.start) * (queries + 2 * halo))
