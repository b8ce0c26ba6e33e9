"""Sampling previews that show all views as a contact sheet.

ComfyUI's own preview shows only the first picture of a batch. Its callback also stores the predicted clean latents for `denoised_output`,
so its arguments must not be changed. The sheet is therefore a second preview after the first, like core's TripoSplat preview. It costs
about as much: the views' latents are arranged as one large latent, no finer than the sheet will be shown, and decoded at once.
"""

from __future__ import annotations

import inspect
import math
import time
from collections.abc import Callable
from typing import Any

import latent_preview
import torch
from comfy.samplers import CFGGuider
from comfy.utils import ProgressBar
from latent_preview import Latent2RGBPreviewer, LatentPreviewer
from PIL import Image
from torch import Tensor

Callback = Callable[[int, Tensor, Tensor, int], None]

PIXELS_PER_CELL = 8  # of what a small decoder such as TAESD paints
INTERVAL = 0.25  # seconds between two sheets that are decoded; in between the last one is shown again


def show_all_views(
    executor: Callable[..., Any], guider: CFGGuider, sigmas: Tensor, extra_args: dict[str, Any], callback: Callback | None, *args: Any
) -> Any:
    """A SAMPLER_SAMPLE wrapper: with any sampler, the sampling node shows a contact sheet of its batch after every step."""
    return executor(guider, sigmas, extra_args, callback and _with_sheet(callback, guider, len(sigmas) - 1), *args)


def arrange_latents(latents: Tensor, most: int) -> Tensor:
    """Lay V latents out in rows, with as many columns as rows, or up to one more.

    Args:
        latents: [V, C, h, w]; they are made smaller where the sheet would have a side longer than `most` cells.

    Returns:
        [1, C, rows h', columns w'], zero where no view is left.
    """
    views, channels, height, width = latents.shape
    columns = math.ceil(math.sqrt(views))
    rows = math.ceil(views / columns)
    scale = min(1.0, most / (rows * height), most / (columns * width))
    if scale < 1:
        height, width = max(int(height * scale), 1), max(int(width * scale), 1)
        latents = torch.nn.functional.interpolate(latents, (height, width), mode="area")
    sheet = latents.new_zeros(rows * columns, channels, height, width)
    sheet[:views] = latents
    return sheet.unflatten(0, (rows, columns)).permute(2, 0, 3, 1, 4).reshape(1, channels, rows * height, columns * width)


def _with_sheet(callback: Callback, guider: CFGGuider, steps: int) -> Callback:
    bar = ProgressBar(steps)
    previewer = _find_previewer(callback, guider) if bar.hook is not None else None
    if previewer is None:  # previews are off, or nobody would see them
        return callback
    most = latent_preview.MAX_PREVIEW_RESOLUTION
    cells = most if isinstance(previewer, Latent2RGBPreviewer) else most // PIXELS_PER_CELL
    shown: Image.Image | None = None
    next_at = -math.inf

    def show(step: int, x0: Tensor, x: Tensor, total: int) -> None:
        nonlocal shown, next_at
        callback(step, x0, x, total)
        if len(x0) == 1:
            return
        if shown is None or step + 1 == total or time.monotonic() >= next_at:
            shown = previewer.decode_latent_to_preview(arrange_latents(x0, cells))
            next_at = time.monotonic() + INTERVAL
        bar.update_absolute(step + 1, total, ("JPEG", shown, most))

    return show


def _find_previewer(callback: Callback, guider: CFGGuider) -> LatentPreviewer | None:
    """The previewer of ComfyUI's own callback, which holds it in its closure, so that TAESD is not loaded twice; else one more."""
    if inspect.isfunction(callback):
        own = inspect.getclosurevars(callback).nonlocals
        if "previewer" in own and isinstance(own["previewer"], LatentPreviewer | None):
            return own["previewer"]
    return latent_preview.get_previewer(guider.model_patcher.load_device, guider.model_patcher.model.latent_format)
