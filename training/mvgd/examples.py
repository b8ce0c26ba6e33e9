"""What MVGD learns from: a target view of a scene, some other views of it, and the noise."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ...mvcustom_core.camera.cameras import Cameras
from ...mvcustom_core.camera.rays import cell_centers
from ...mvcustom_core.mvgd.codes import decode_depth, encode_depth, map_rays
from ...mvcustom_core.mvgd.encoder import STRIDE
from ...mvcustom_core.mvgd.gauge import Canonical, canonicalise
from ...mvcustom_core.mvgd.settings import MVGDSettings
from ..engine.stage import Example


@dataclass(frozen=True, slots=True)
class Drawing:
    """What is drawn of a scene.

    Attributes:
        views: most conditioning pictures; 1 to so many, all counts alike.
        pixels: of the target.
        own: chance that the target's own picture is among several conditioning pictures.
        alone: chance that only colour, or only depth, is learned; half of it each.
        again: chance that the latents of a first pass condition the second.
        clamped: a target with a larger share of depths out of range is learned without depth.
    """

    views: int = 3
    pixels: int = 128
    own: float = 0.15
    alone: float = 0.2
    again: float = 0.25
    clamped: float = 0.5


class Targets:
    """Every view of every scene, as a target."""

    def __init__(self, scenes: dict[str, Tensor], settings: MVGDSettings, drawing: Drawing) -> None:
        self.scenes, self.settings, self.drawing = scenes, settings, drawing
        self.views, self.size = scenes["images"].shape[1], scenes["images"].shape[-1]
        self.cells = STRIDE * cell_centers(self.size // STRIDE, self.size // STRIDE, dtype=torch.float64)  # [R, 2]
        self.pixels = cell_centers(self.size, self.size, dtype=torch.float64)

    def __len__(self) -> int:
        return self.scenes["images"].shape[0] * self.views

    def draw(self, index: int, generator: torch.Generator) -> Example:
        scene, target = divmod(index, self.views)
        chances = torch.rand(4, generator=generator)
        count = int(torch.randint(1, self.drawing.views + 1, (), generator=generator))
        others = torch.randperm(self.views - 1, generator=generator)[:count]
        views = others + (others >= target)  # all but the target
        if count > 1 and chances[0] < self.drawing.own:
            views[-1] = target
        sample = self.place(scene, target, views)
        chosen = torch.randperm(len(self.pixels), generator=generator)[: self.drawing.pixels]
        noise = torch.randn(self.drawing.pixels, 4, generator=generator)
        has_depth = sample["in_range"] >= 1 - self.drawing.clamped
        alone = chances[1] < self.drawing.alone
        return {
            "images": fill_up(sample["images"], self.drawing.views),
            "scene_rays": fill_up(sample["scene_rays"], self.drawing.views),
            "count": torch.tensor(count),
            "rays": sample["rays"][chosen],
            "rgb": sample["rgb"][chosen],
            "depth": sample["depth"][chosen],
            "noise": noise,
            "u": torch.rand((), generator=generator),
            "again": chances[2] < self.drawing.again,
            "uses_rgb": ~(alone & (chances[3] < 0.5) & has_depth),
            "uses_depth": ~(alone & (chances[3] >= 0.5)) & has_depth,
        }

    def cameras(self, scene: int, views: Tensor) -> Cameras:
        """Cameras of some views of a scene."""
        return Cameras(self.scenes["w2c"][scene, views], self.scenes["K"][scene, views], self.size, self.size)

    def place(self, scene: int, target: int, views: Tensor) -> dict[str, Tensor]:
        """A target and the pictures that condition it, in the target's axes.

        Returns:
            images [N, 3, H, W] uint8, scene_rays [N, R, 6], rays [(H W), 6], rgb [(H W), 3] and depth [(H W), 1] codes, scale [], and
            in_range [], the share of depths that the code holds, 0 without a baseline.
        """
        conditioning, own = self.cameras(scene, views), self.cameras(scene, torch.tensor([target]))
        canonical = canonicalise(conditioning, own)
        depth = encode_depth(self.scenes["depth"][scene, target].flatten()[:, None].double(), canonical.scale, self.settings)
        in_range = decode_depth(depth, canonical.scale, self.settings)[1].double().mean() * canonical.has_baseline
        return {
            "images": self.scenes["images"][scene, views],
            "scene_rays": self._rays(canonical, conditioning.K, self.cells),
            "rays": self._rays(canonical.target, own.K, self.pixels)[0],
            "rgb": self.scenes["images"][scene, target].flatten(1).mT / 127.5 - 1,
            "depth": depth.float(),
            "scale": torch.tensor(canonical.scale),
            "in_range": in_range,
        }

    def _rays(self, canonical: Canonical, K: Tensor, points: Tensor) -> Tensor:
        return map_rays(canonical, K, points).float()


def fill_up(x: Tensor, views: int) -> Tensor:
    """Zeros for the views [N, ...] that are missing: examples of a batch have the same shapes. They are cut off before the network."""
    return torch.cat([x, x.new_zeros(views - len(x), *x.shape[1:])])
