"""Square crops of pictures: their position, and their pixels at another size. Areas beyond the picture's border are black."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor
from torch.nn.functional import interpolate, pad

from ..shapes import check_shape
from .cameras import Cameras

SUBJECT_LEVEL = 0.5  # mask values above it are the subject


@dataclass(frozen=True)
class Square:
    """A square of a picture in pixels; left and top may be negative."""

    left: int
    top: int
    side: int

    def cut(self, picture: Tensor, size: int) -> Tensor:
        """The square [C, size, size] of a picture [C, H, W] in 0..1, black beyond its border."""
        check_shape(picture, "C H W")
        top, left = min(max(-self.top, 0), self.side), min(max(-self.left, 0), self.side)  # black before the picture begins
        part = picture[:, max(self.top, 0) : max(self.top + self.side, 0), max(self.left, 0) : max(self.left + self.side, 0)]
        part = pad(part, (left, self.side - left - part.shape[2], top, self.side - top - part.shape[1]))  # [C, side, side]
        return part if self.side == size else interpolate(part[None], (size, size), mode="bilinear", antialias=True)[0].clamp(0, 1)

    def cut_camera(self, camera: Cameras, size: int) -> Cameras:
        """The camera of the square."""
        return camera.crop(self.left, self.top, self.side, self.side).resize(size, size)


def central_square(cameras: Cameras) -> Square:
    """The largest square within the pictures that is as central about the mean principal point as the border allows."""
    side = min(cameras.width, cameras.height)
    x, y = cameras.K[:, :2, 2].mean(0).tolist()
    left, top = (min(max(round(at - side / 2), 0), extent - side) for at, extent in ((x, cameras.width), (y, cameras.height)))
    return Square(left, top, side)


def whole_square(width: int, height: int) -> Square:
    """The smallest square about a whole picture."""
    side = max(width, height)
    return Square(-((side - width) // 2), -((side - height) // 2), side)


def square_about_mask(mask: Tensor) -> Square:
    """The smallest square about the subject of a mask [1, H, W]; where its box has an odd rest, up to a pixel larger.

    Raises:
        ValueError: if the mask is empty.
    """
    check_shape(mask, "1 H W")
    box = find_box(mask[0] > SUBJECT_LEVEL)
    if box is None:
        raise ValueError("wanted the subject in the mask to cut the picture about it, got an empty mask")
    left, top, right, bottom = box
    side = 2 * -(-max(right - left, bottom - top) // 2)
    return Square((left + right) // 2 - side // 2, (top + bottom) // 2 - side // 2, side)


def find_box(inside: Tensor) -> tuple[int, int, int, int] | None:
    """Left, top, right and bottom of the smallest box about the true cells of [H, W], ends excluded; None if there are none."""
    check_shape(inside, "H W")
    columns, rows = (inside.any(axis).nonzero()[:, 0].tolist() for axis in (0, 1))
    return (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1) if rows else None
