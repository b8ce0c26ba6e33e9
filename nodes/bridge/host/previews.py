"""Sampling previews that show all views as a contact sheet.

ComfyUI's own preview shows only the first picture of a batch. Its callback also stores the predicted clean latents for `denoised_output`,
so its arguments must not be changed. The sheet is therefore a second preview after the first, like core's TripoSplat preview.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import latent_preview
from comfy.samplers import CFGGuider
from comfy.utils import ProgressBar
from PIL import Image
from torch import Tensor

Callback = Callable[[int, Tensor, Tensor, int], None]


def show_all_views(
    executor: Callable[..., Any], guider: CFGGuider, sigmas: Tensor, extra_args: dict[str, Any], callback: Callback | None, *args: Any
) -> Any:
    """A SAMPLER_SAMPLE wrapper: with any sampler, the sampling node shows a contact sheet of its batch after every step."""
    return executor(guider, sigmas, extra_args, callback and _with_sheet(callback, guider, len(sigmas) - 1), *args)


def draw_sheet(pictures: Sequence[Image.Image]) -> Image.Image:
    """Arrange pictures of one size in rows, with as many columns as rows, or up to one more."""
    columns = math.ceil(math.sqrt(len(pictures)))
    width, height = pictures[0].size
    sheet = Image.new("RGB", (columns * width, math.ceil(len(pictures) / columns) * height))
    for number, picture in enumerate(pictures):
        sheet.paste(picture, (number % columns * width, number // columns * height))
    return sheet


def _with_sheet(callback: Callback, guider: CFGGuider, steps: int) -> Callback:
    bar = ProgressBar(steps)
    patcher = guider.model_patcher
    previewer = latent_preview.get_previewer(patcher.load_device, patcher.model.latent_format) if bar.hook is not None else None
    if previewer is None:  # previews are off, or nobody would see them
        return callback

    def show(step: int, x0: Tensor, x: Tensor, total: int) -> None:
        callback(step, x0, x, total)
        if len(x0) > 1:
            sheet = draw_sheet([previewer.decode_latent_to_preview(x0[view : view + 1]) for view in range(len(x0))])
            bar.update_absolute(step + 1, total, ("JPEG", sheet, latent_preview.MAX_PREVIEW_RESOLUTION))

    return show
