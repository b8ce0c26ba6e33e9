"""The camera type of this project: pinhole, OpenCV axes (x right, y down, z forward), any world units.

A pixel centre (column j, row i) lies at (j + 0.5, i + 0.5); the image spans [0, width] x [0, height].
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn.functional import normalize, pad

from ..shapes import check_shape

RIGID_TOLERANCE = 1e-3  # files keep six digits or so; anything worse is no rotation


@dataclass(frozen=True, eq=False)
class Cameras:
    """V posed pinhole cameras that share one image size.

    Only shapes are checked, because reading the numbers makes the host wait for the device. Numbers from outside come in by `checked`;
    cameras that are made of checked ones need no check.

    Attributes:
        w2c: [V, 4, 4] camera-from-world, column vectors.
        K: [V, 3, 3] intrinsics in pixels, without skew.
        width, height: image size in pixels.
    """

    w2c: Tensor  # [V, 4, 4]
    K: Tensor  # [V, 3, 3]
    width: int
    height: int

    def __post_init__(self) -> None:
        check_shape(self.w2c, "V 4 4", self.K, "V 3 3")
        if self.width < 1 or self.height < 1:
            raise ValueError(f"cameras: wanted a positive image size, got {self.width}x{self.height}")

    @classmethod
    def checked(
        cls,
        w2c: Tensor,  # [V, 4, 4]
        K: Tensor,  # [V, 3, 3]
        width: int,
        height: int,
    ) -> Cameras:
        """Cameras of numbers from outside: a file, another library, another package.

        Raises:
            ValueError: for NaN or infinity, a matrix that is no rigid motion, or a focal length that is not positive.
        """
        cameras = cls(w2c, K, width, height)
        _check_numbers(cameras.to("cpu", torch.float64))
        return cameras

    @classmethod
    def from_centers(
        cls,
        rotation: Tensor,  # [V, 3, 3]
        centers: Tensor,  # [V, 3]
        K: Tensor,  # [V or 1, 3, 3]
        width: int,
        height: int,
    ) -> Cameras:
        """Cameras that stand at `centers` in the world and are turned by camera-from-world rotations; one K serves all."""
        sizes = check_shape(rotation, "V 3 3", centers, "V 3")
        return cls(rigid_about(rotation, centers), K.expand(sizes["V"], 3, 3).contiguous(), width, height)

    def __len__(self) -> int:
        return self.w2c.shape[0]

    def __getitem__(self, index: int | slice | list[int] | Tensor) -> Cameras:
        """Select cameras; an integer gives one camera, still with its view axis."""
        if isinstance(index, int):
            index = [index]
        if isinstance(index, list):
            index = torch.tensor(index, dtype=torch.long)
        return replace(self, w2c=self.w2c[index], K=self.K[index])

    @property
    def c2w(self) -> Tensor:
        """World-from-camera, [V, 4, 4]."""
        return rigid_about(self.w2c[:, :3, :3].mT, self.w2c[:, :3, 3])

    @property
    def centers(self) -> Tensor:
        """Camera centres in the world, [V, 3]."""
        return self.c2w[:, :3, 3]

    @property
    def forward(self) -> Tensor:
        """Unit optical axes in the world, [V, 3]."""
        return self.w2c[:, 2, :3]

    def directions(self, pixels: Tensor) -> Tensor:
        """Rays of unit z-depth in the world: at z-depth d an image point shows centre + d * direction.

        Args:
            pixels: [R, 2] or [V, R, 2] image points (x, y) in pixels.

        Returns:
            [V, R, 3].
        """
        pixels = pixels.to(self.K).expand(len(self), -1, 2)
        return unit_depth_rays(self.K, pixels) @ self.w2c[:, :3, :3]  # R^T d as row vectors

    def transform(
        self,
        rotation: Tensor,  # [3, 3]
        translation: Tensor,  # [3]
        scale: float = 1.0,
    ) -> Cameras:
        """The same cameras in the world of x_new = scale * rotation @ x + translation. Their pictures stay, depths grow by `scale`."""
        exact = self.to("cpu", torch.float64)
        rotation, translation = (part.cpu().double() for part in (rotation, translation))
        centers = scale * exact.centers @ rotation.mT + translation  # [V, 3]
        moved = Cameras.from_centers(exact.w2c[:, :3, :3] @ rotation.mT, centers, exact.K, self.width, self.height)
        return replace(self, w2c=moved.w2c.to(self.w2c))

    def to(self, device: torch.device | str | None = None, dtype: torch.dtype | None = None) -> Cameras:
        """The cameras on another device or in another dtype. On their way to the CPU they are converted there: others may lack float64."""
        first = device if device is not None and torch.device(device).type == "cpu" else None
        w2c, K = (tensor.to(device=first).to(dtype=dtype).to(device=device) for tensor in (self.w2c, self.K))
        return replace(self, w2c=w2c, K=K)

    def resize(self, width: int, height: int) -> Cameras:
        """The same cameras for images resampled to another size (the two axes scale on their own)."""
        K = self.K.clone()
        K[:, 0] *= width / self.width
        K[:, 1] *= height / self.height
        return replace(self, K=K, width=width, height=height)

    def crop(self, left: float, top: float, width: int, height: int) -> Cameras:
        """The same cameras for images cropped to a box, which may reach outside the image."""
        K = self.K.clone()
        K[:, 0, 2] -= left
        K[:, 1, 2] -= top
        return replace(self, K=K, width=width, height=height)


def rigid_about(rotation: Tensor, centers: Tensor) -> Tensor:
    """Matrices [V, 4, 4] of x -> rotation @ (x - center), from [V, 3, 3] and [V, 3]: camera-from-world of cameras at the centres."""
    matrix = torch.eye(4, dtype=rotation.dtype, device=rotation.device).repeat(len(rotation), 1, 1)
    matrix[:, :3, :3] = rotation
    matrix[:, :3, 3] = -(rotation @ centers[..., None]).squeeze(-1)
    return matrix


def unit_depth_rays(K: Tensor, pixels: Tensor) -> Tensor:
    """Rays [..., R, 3] of z-depth 1 in the camera's axes through image points [..., R, 2] in pixels, by intrinsics [..., 3, 3]."""
    focal = K.diagonal(dim1=-2, dim2=-1)[..., None, :2]  # [..., 1, 2]
    return pad((pixels - K[..., None, :2, 2]) / focal, (0, 1), value=1.0)


def make_intrinsics(focal: Tensor, middle: Tensor) -> Tensor:
    """K [V, 3, 3] of focal lengths and principal points (x, y), [V, 2] each, in pixels."""
    check_shape(focal, "V 2", middle, "V 2")
    K = torch.diag_embed(pad(focal, (0, 1), value=1.0))
    K[:, :2, 2] = middle
    return K


def _check_numbers(cameras: Cameras) -> None:
    """Check float64 cameras on the CPU."""
    if not (torch.isfinite(cameras.w2c).all() and torch.isfinite(cameras.K).all()):
        raise ValueError("cameras: wanted finite matrices, got NaN or infinity; check the pose file")
    rotation, last = cameras.w2c[:, :3, :3], cameras.w2c[:, 3]
    skew = (rotation @ rotation.mT - torch.eye(3, dtype=torch.float64)).abs().amax((1, 2))  # [V]
    error = torch.maximum(skew, (last - last.new_tensor([0, 0, 0, 1])).abs().amax(1))
    bad = (error > RIGID_TOLERANCE) | (torch.linalg.det(rotation) < 0)
    if bad.any():
        first = int(bad.nonzero()[0])
        raise ValueError(
            f"cameras: wanted rigid camera-from-world matrices, got one at index {first} whose rotation is not orthonormal and "
            f"right-handed or whose last row is not 0 0 0 1 (error {float(error[first]):.3g}); remove scale or reflection from the pose"
        )
    focal = cameras.K[:, (0, 1), (0, 1)]  # [V, 2]
    if (focal <= 0).any():
        first = int((focal <= 0).any(1).nonzero()[0])
        raise ValueError(f"cameras: wanted positive focal lengths in pixels, got {focal[first].tolist()} at index {first}")


def concatenate_cameras(*parts: Cameras) -> Cameras:
    """Join camera sets of one image size in order.

    Raises:
        ValueError: if the image sizes differ.
    """
    sizes = {(part.width, part.height) for part in parts}
    if len(sizes) != 1:
        raise ValueError(f"cameras: wanted one image size to join, got {sorted(sizes)}; resize them first")
    return replace(parts[0], w2c=torch.cat([part.w2c for part in parts]), K=torch.cat([part.K for part in parts]))


def fit_cameras(cameras: Cameras, width: int, height: int) -> Cameras:
    """The cameras for pictures of another size with square pixels kept: as much of the field of view as the new aspect holds, centred."""
    scale = max(width / cameras.width, height / cameras.height)
    K = cameras.K.clone()
    K[:, :2] *= scale
    K[:, 0, 2] -= (cameras.width * scale - width) / 2
    K[:, 1, 2] -= (cameras.height * scale - height) / 2
    return replace(cameras, K=K, width=width, height=height)


def square_intrinsics(views: int, size: int, fov_deg: float) -> Tensor:
    """K [V, 3, 3] of square images with the principal point in the middle."""
    focal = 0.5 * size / math.tan(math.radians(fov_deg) / 2)
    return make_intrinsics(torch.full((views, 2), focal), torch.full((views, 2), size / 2))


def look_at(eye: Tensor, target: Tensor, up: Tensor) -> Tensor:
    """Camera-from-world matrices that look from `eye` to `target` with world direction `up` upward in the image.

    Args:
        eye, target, up: [V, 3] in world units; `up` need not be unit or orthogonal.

    Returns:
        w2c [V, 4, 4].

    Raises:
        ValueError: if eye and target coincide or the view is along `up`.
    """
    check_shape(eye, "V 3", target, "V 3", up, "V 3")
    forward = target - eye
    right = torch.linalg.cross(forward, up)  # y points down, so x = z cross up
    if (forward.norm(dim=-1) < 1e-8).any() or (right.norm(dim=-1) < 1e-8 * forward.norm(dim=-1)).any():
        raise ValueError("look_at: wanted eye and target apart and a view that is not along `up`")
    forward = normalize(forward, dim=-1)
    right = normalize(right, dim=-1)
    down = torch.linalg.cross(forward, right)
    rotation = torch.stack([right, down, forward], dim=1)  # [V, 3, 3], rows are camera axes in the world
    return rigid_about(rotation, eye)
