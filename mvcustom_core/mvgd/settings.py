"""The sizes of an MVGD network; `TINY` is what this project trains on a CPU, `LARGE` is of the paper's class."""

from __future__ import annotations

from dataclasses import dataclass

HEAD_WIDTH = 32
CONV = "conv"


@dataclass(frozen=True, slots=True)
class MVGDSettings:
    """Everything that decides the shapes of the weights and the meaning of the codes.

    Attributes:
        size: longest side of the pictures that it is trained on, in pixels; the highest frequency of ray codes follows from it.
        encoder: of the pictures, "conv" or the name of a timm model whose features start at stride 4.
        encoder_width: features of the "conv" encoder; of no effect otherwise.
        pixel_width, latent_width: features of pixel and scene tokens, and of latents; multiples of 32, the width of a head.
        latents: how many are learned.
        time_rows: equal latents that carry the noise level; as many as the latents were doubled by.
        blocks, process: blocks, and self-attentions of the latents in each.
        pixel_hidden, latent_hidden: hidden width of the feed-forwards over their width.
        bands: frequencies of the ray codes.
        direct: whether pixel tokens also look at the scene themselves, and not through the latents alone; False is the paper's network.
        task_width: features of a task's embedding.
        nearest, farthest: the z-depths over the scene's scale between which depth is coded.
        depth_middle, depth_gain: the paper's depth code, -1 at `nearest` and 1 at `farthest`, less the middle and times the gain. Within a
            picture that code hardly varies (by 0.16 in our scenes), so that noise of deviation 1 drowns it at all but the lowest levels.
    """

    size: int
    encoder: str
    encoder_width: int
    pixel_width: int
    latent_width: int
    latents: int
    blocks: int
    process: int
    pixel_hidden: int
    latent_hidden: int
    bands: int
    time_rows: int = 1
    direct: bool = True
    task_width: int = 16
    nearest: float = 0.1
    farthest: float = 200.0
    depth_middle: float = 0.0
    depth_gain: float = 1.0

    def __post_init__(self) -> None:
        for name in ("pixel_width", "latent_width"):
            if getattr(self, name) % HEAD_WIDTH:
                raise ValueError(f"{name}: wanted a multiple of {HEAD_WIDTH}, got {getattr(self, name)}")
        if not 0 < self.nearest < self.farthest or self.depth_gain <= 0:
            raise ValueError(
                f"depth range: wanted 0 < nearest < farthest and a gain above 0, got {self.nearest}, {self.farthest}, {self.depth_gain}"
            )

    @property
    def ray_width(self) -> int:
        """Numbers in the code of a ray."""
        return 6 * (1 + 2 * self.bands)


_QUIET = {"depth_middle": -0.15, "depth_gain": 4.0}  # in wide sectors a mean of 0 and a deviation of 0.9
TINY = MVGDSettings(32, CONV, 96, 128, 128, 64, 3, 1, 2, 4, 6, **_QUIET)
SMALL = MVGDSettings(64, CONV, 128, 192, 256, 128, 4, 2, 2, 4, 7, **_QUIET)
BASE = MVGDSettings(256, "efficientvit_b2", 0, 256, 512, 256, 4, 4, 4, 4, 10, **_QUIET)
LARGE = MVGDSettings(256, "efficientvit_l2", 0, 512, 1024, 256, 6, 4, 4, 4, 10, **_QUIET)
