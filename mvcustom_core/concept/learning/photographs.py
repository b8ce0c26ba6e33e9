"""The posed photographs that a concept is learned from."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ...camera.cameras import Cameras
from ...camera.matches import Matches
from ...shapes import check_shape
from ..transfer import lock_pages
from .correspondence import select_photographs


@dataclass(frozen=True, eq=False)
class Photographs:
    """N photographs of one subject.

    Attributes:
        latents: [N, 4, h, w] clean latents, in the scale the U-Net sees.
        images: [N, 3, H, W] in 0..1.
        masks: [N, 1, H, W] in 0..1, one on the subject; None if unknown.
        cameras: N cameras of the images' size, normalised: subject at the origin, farthest camera at distance 1.
        matches: where pairs of photographs show the same surface points; None if that has no part in learning.

    Raises:
        ValueError: if the counts, sizes or aspects differ, or a mask is empty.
    """

    latents: Tensor  # [N, 4, h, w]
    images: Tensor  # [N, 3, H, W]
    masks: Tensor | None  # [N, 1, H, W]
    cameras: Cameras
    matches: Matches | None = None

    def __post_init__(self) -> None:
        sizes = check_shape(self.latents, "N 4 h w", self.images, "n 3 H W")
        counts = {"latents": sizes["N"], "images": sizes["n"], "cameras": len(self.cameras)}
        if self.masks is not None:
            counts["masks"] = check_shape(self.masks, "N 1 H W")["N"]
        if len(set(counts.values())) != 1:
            raise ValueError(f"photographs: wanted one latent, image, mask and camera each, got {counts}; give the same ones")
        if (self.cameras.width, self.cameras.height) != (sizes["W"], sizes["H"]):
            raise ValueError(
                f"photographs: wanted cameras of the images' size {sizes['W']}x{sizes['H']}, "
                f"got {self.cameras.width}x{self.cameras.height}; resize the cameras with the images"
            )
        if sizes["h"] * sizes["W"] != sizes["w"] * sizes["H"]:
            raise ValueError(
                f"photographs: wanted latents of the images' aspect {sizes['W']}x{sizes['H']}, got {sizes['w']}x{sizes['h']} cells"
            )
        if self.masks is not None:
            self._check_masks(sizes["H"], sizes["W"])

    def __len__(self) -> int:
        return len(self.latents)

    def __getitem__(self, index: list[int]) -> Photographs:
        """Some of the photographs."""
        masks = None if self.masks is None else self.masks[index]
        matches = None if self.matches is None else select_photographs(self.matches, index)
        return Photographs(self.latents[index], self.images[index], masks, self.cameras[index], matches)

    def to(self, device: torch.device) -> Photographs:
        """The same, to be learned from on a device."""
        return replace(self, latents=self.latents.to(device))

    def detached_copy(self) -> Photographs:
        """Copies in float32: images and masks on the CPU, since an update uses few of them, the rest on the latents' device, to which they
        can be moved without waiting.

        Copies, because autograd refuses tensors made in inference mode.
        """

        def copy(tensor: Tensor, device: torch.device) -> Tensor:
            return tensor.detach().to(device, torch.float32, copy=True)

        here, cpu = self.latents.device, torch.device("cpu")
        cameras = replace(self.cameras, w2c=copy(self.cameras.w2c, here), K=copy(self.cameras.K, here))
        masks = None if self.masks is None else lock_pages(copy(self.masks, cpu), here)
        matches = None if self.matches is None else {pair: copy(ends, cpu) for pair, ends in self.matches.items()}
        return Photographs(copy(self.latents, here), lock_pages(copy(self.images, cpu), here), masks, cameras, matches)

    def _check_masks(self, height: int, width: int) -> None:
        if tuple(self.masks.shape[-2:]) != (height, width):
            raise ValueError(f"photographs: wanted masks of {width}x{height}, got {self.masks.shape[-1]}x{self.masks.shape[-2]}")
        empty = (self.masks.amax((1, 2, 3)) <= 0).nonzero().flatten().tolist()
        if empty:
            raise ValueError(f"photographs: wanted the subject in every mask, got empty masks at {empty}; remove those photographs")
