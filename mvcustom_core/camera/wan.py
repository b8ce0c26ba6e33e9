"""Camera control of Wan's video models: the Pluecker coordinates of every pixel's ray, seen from the first camera, packed by four frames.

The coordinates are (moment, direction), six channels, of unit rays through pixel centres. The first frame counts four times, because the
video's latents hold it alone; so a video has 1 + 4k frames.
"""

from __future__ import annotations

import torch
from einops import rearrange
from torch import Tensor
from torch.nn.functional import normalize

from .cameras import Cameras
from .rays import cell_centers
from .rigid import relative_to

PACKED = 4  # frames to one latent


def embed_for_wan(cameras: Cameras) -> Tensor:
    """The embedding of V = 1 + 4k cameras, float32, [1, 24, k + 1, H, W].

    Raises:
        ValueError: for another number of cameras.
    """
    if len(cameras) % PACKED != 1:
        raise ValueError(f"frames: wanted 1 + 4k, such as 81, got {len(cameras)}")
    seen = relative_to(cameras, 0).to("cpu", torch.float32)
    pixels = cell_centers(cameras.height, cameras.width, dtype=torch.float32)  # [(H W), 2]
    rows = []
    for i in range(len(seen)):  # one by one: all together would take twice the room
        directions = normalize(seen[i].directions(pixels)[0], dim=-1)  # [(H W), 3]
        moments = torch.linalg.cross(seen[i].centers.expand_as(directions), directions)
        rows.append(rearrange(torch.cat([moments, directions], dim=-1), "(H W) C -> C H W", H=cameras.height))
    frames = torch.stack([*[rows[0]] * (PACKED - 1), *rows])  # [V + 3, 6, H, W]
    return rearrange(frames, "(F k) C H W -> 1 (C k) F H W", k=PACKED)
