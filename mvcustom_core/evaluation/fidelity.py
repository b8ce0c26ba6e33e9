"""Views against the true ones: PSNR, SSIM (Wang et al., 2004; window of 11 pixels, deviation 1.5), and sharpness, which needs no truth."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType

from torch import Tensor
from torch.nn import functional as F

from ..psnr import measure_psnr
from ..shapes import check_shape

LUMA = (0.299, 0.587, 0.114)
WINDOW = 11  # pixels


@dataclass(frozen=True, eq=False)
class Fidelity:
    """Figures of every view, each [V]; the last two None without masks.

    Attributes:
        psnr, ssim: of the whole picture.
        subject_psnr, background_psnr: inside and outside of the masks.
    """

    psnr: Tensor  # [V]
    ssim: Tensor  # [V]
    subject_psnr: Tensor | None  # [V]
    background_psnr: Tensor | None  # [V]


def measure_fidelity(images: Tensor, truth: Tensor, masks: Tensor | None) -> Fidelity:
    """Compare views with the true ones.

    Args:
        images, truth: [V, 3, H, W] in 0..1.
        masks: [V, 1, H, W] in 0..1, of the subject in the true views.
    """
    check_shape(images, "V 3 H W", truth, "V 3 H W", *(() if masks is None else (masks, "V 1 H W")))
    inside = None if masks is None else measure_psnr(images, truth, masks)
    outside = None if masks is None else measure_psnr(images, truth, 1 - masks)
    return Fidelity(measure_psnr(images, truth), measure_ssim(images, truth), inside, outside)


def measure_ssim(images: Tensor, truth: Tensor) -> Tensor:
    """Structural similarity [V], over the windows that lie inside the picture.

    Raises:
        ValueError: if the pictures are smaller than a window, or kornia is missing.
    """
    if min(images.shape[-2:]) < WINDOW:
        raise ValueError(f"true views: wanted pictures of at least {WINDOW} pixels, got {images.shape[-1]}x{images.shape[-2]}")
    return import_kornia("metrics", "SSIM").ssim(images, truth, WINDOW, padding="valid").mean((1, 2, 3))


def measure_sharpness(images: Tensor) -> Tensor:
    """Variance [V] of the Laplacian of the luminance in 0..1 (Pertuz et al., 2013); blur lowers it, noise raises it."""
    check_shape(images, "V 3 H W")
    luminance = (images * images.new_tensor(LUMA)[:, None, None]).sum(1, keepdim=True)
    laplacian = F.conv2d(luminance, luminance.new_tensor([[[[0, 1, 0], [1, -4, 1], [0, 1, 0]]]]))  # no border: it is no edge
    return laplacian.flatten(1).var(dim=1, correction=0)


def import_kornia(module: str, measure: str) -> ModuleType:
    """A module of kornia, such as "metrics". The package may be missing, and its import takes seconds.

    Args:
        measure: what it is needed for, for people to read.

    Raises:
        ValueError: if kornia is missing.
    """
    try:
        return import_module(f"kornia.{module}")
    except ImportError as missing:
        raise ValueError(
            f'{measure}: wanted the package kornia, got: {missing}; install it in this Python ("{sys.executable}" -m pip install kornia)'
        ) from missing
