"""How the denoisers see cameras: a picture of rays in the last view's frame, and scaled poses for the attention.

The published weights learned two habits of their training code, which are kept: the world's scale follows the largest *coordinate* of a
camera centre, not its distance, and the ray of pixel (row i, column j) goes through the image point (j - 0.5, i + 0.5), a pixel to the
left of the pixel's centre.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from einops import rearrange
from torch import Tensor

from ..camera.cameras import Cameras
from ..camera.rays import cell_centers, pixel_rays
from ..camera.rigid import relative_to
from ..shapes import check_shape

SCALE_EPSILON = 1e-8
COLUMN_OFFSET = -1.0  # pixels; see the module's docstring
SOURCE, TARGET = 0.0, 1.0


@dataclass(frozen=True, eq=False)
class PosedViews:
    """V views, the first of them sources, as a denoiser is told of them.

    Attributes:
        picture: [V, 7, H, W] 0 for a source and 1 for a target, the unit ray direction d, and the moment o x d.
        w2c: [V, 4, 4] camera-from-world in the scaled world.
        K: [V, 3, 3] intrinsics in pixels of the picture.
        sources: number N of sources.
    """

    picture: Tensor  # [V, 7, H, W]
    w2c: Tensor  # [V, 4, 4]
    K: Tensor  # [V, 3, 3]
    sources: int

    def __post_init__(self) -> None:
        sizes = check_shape(self.picture, "V 7 H W", self.w2c, "V 4 4", self.K, "V 3 3")
        if not 0 < self.sources < sizes["V"]:
            raise ValueError(f"sources: wanted from 1 to {sizes['V'] - 1} of {sizes['V']} views as sources, got {self.sources}")

    def __len__(self) -> int:
        return len(self.w2c)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the pictures in pixels."""
        return self.picture.shape[-1], self.picture.shape[-2]

    def to(self, device: torch.device | str | None = None, dtype: torch.dtype | None = None) -> PosedViews:
        picture, w2c, K = (values.to(device=device, dtype=dtype) for values in (self.picture, self.w2c, self.K))
        return PosedViews(picture, w2c, K, self.sources)


def pose_views(cameras: Cameras, sources: int) -> PosedViews:
    """The views of cameras, the first `sources` of which are of photographs.

    Raises:
        ValueError: if there is no source, or no target.
    """
    picture, scale = camera_picture(cameras, sources)
    w2c = cameras.w2c.clone()
    w2c[:, :3, 3] *= scale
    return PosedViews(picture, w2c.float(), cameras.K.float(), sources)


def camera_picture(cameras: Cameras, sources: int) -> tuple[Tensor, float]:
    """The rays of each pixel in the last view's frame, and the scale of the world.

    Returns:
        [V, 7, H, W] float32 with the channels of `PosedViews`, and the factor by which translations are scaled.
    """
    placed = relative_to(cameras.to("cpu", torch.float64), -1)
    scale = 1 / (float(placed.centers.abs().max()) + SCALE_EPSILON)
    pixels = cell_centers(cameras.height, cameras.width, dtype=torch.float64) + torch.tensor([COLUMN_OFFSET, 0.0], dtype=torch.float64)
    origins, directions = pixel_rays(placed, pixels)  # [V, 3], [V, (H W), 3]
    moments = torch.linalg.cross((scale * origins)[:, None].expand_as(directions), directions)
    marks = torch.full_like(directions[..., :1], TARGET)
    marks[:sources] = SOURCE
    picture = rearrange(torch.cat([marks, directions, moments], dim=-1), "V (H W) C -> V C H W", H=cameras.height)
    return picture.to(cameras.w2c.device, torch.float32), scale


def remove_cameras(views: PosedViews, keep_intrinsics: bool) -> PosedViews:
    """The views of the branch without cameras: rays of zero and no poses; which views are sources stays known.

    Args:
        keep_intrinsics: keep K, as the cascade learned it; else K is the identity, in pixels.
    """
    picture = torch.cat([views.picture[:, :1], torch.zeros_like(views.picture[:, 1:])], dim=1)
    w2c, K = (torch.eye(side).to(values).expand_as(values) for side, values in ((4, views.w2c), (3, views.K)))
    return replace(views, picture=picture, w2c=w2c, K=views.K if keep_intrinsics else K)
