"""Attention that knows where its tokens' cameras stand: projective positional encoding (PRoPE, arXiv 2507.10496) as GLD has it.

With normalised intrinsics K~ and camera-from-world w2c, lifted to 4 x 4, P = K~ w2c and Q = w2c^-1 K~. Half of the channels of a head, in
consecutive fours, become P^T q, Q k and Q v, and the result of the attention P out, each by its own view's matrices; a quarter turns by the
column of the token and a quarter by its row. PRoPE itself has K~^-1 in Q, so that a view's own camera cancels. GLD's code leaves the
inverse out, and its weights learned that.
"""

from __future__ import annotations

import torch
from einops import einsum, rearrange
from torch import Tensor
from torch.nn import functional as F

from ..shapes import check_shape
from .features import Grid

ROTARY_BASE = 100.0


class ViewRotation:
    """The encoding of V views of h x w tokens for one width of heads."""

    def __init__(
        self,
        w2c: Tensor,  # [V, 4, 4]
        K: Tensor,  # [V, 3, 3]
        size: tuple[int, int],
        grid: Grid,
        head_dim: int,
        invert_k: bool = False,
    ) -> None:
        """Prepare the matrices and angles.

        Args:
            w2c: camera-from-world; only their differences count.
            K: intrinsics in pixels.
            size: width and height that normalise K, in pixels.
            grid: rows and columns of tokens.
            head_dim: channels of a head, divisible by 8.
            invert_k: PRoPE as published, with K~^-1 in Q.
        """
        check_shape(w2c, "V 4 4", K, "V 3 3")
        if head_dim % 8:
            raise ValueError(f"attention: wanted heads of a width divisible by 8, got {head_dim}")
        self.parts = (head_dim // 2, head_dim // 4, head_dim // 4)
        lifted = normalise_intrinsics(K.float(), size)  # [V, 4, 4]
        self.project = lifted @ w2c.float()  # P
        self.unproject = torch.linalg.inv(w2c.float()) @ (torch.linalg.inv(lifted) if invert_k else lifted)  # Q
        rows, columns = (torch.arange(count, device=w2c.device) for count in grid)
        places = torch.cartesian_prod(rows, columns).float()  # [T, 2]
        frequencies = ROTARY_BASE ** -(torch.arange(head_dim // 8, device=w2c.device) / (head_dim // 8))
        self.by_row, self.by_column = (places[:, axis, None] * frequencies for axis in (0, 1))  # [T, head_dim / 8]

    def attend(
        self,
        q: Tensor,  # [heads, V, T, d]
        k: Tensor,  # [heads, V, T, d]
        v: Tensor,  # [heads, V, T, d]
    ) -> Tensor:
        """Attention of all tokens of all views, [heads, V, T, d]."""
        views = check_shape(q, "N V T d", k, "N V T d", v, "N V T d")["V"]
        q = self._encode(q, self.project.mT)
        k, v = self._encode(k, self.unproject), self._encode(v, self.unproject)
        joint = (rearrange(x, "N V T d -> 1 N (V T) d") for x in (q, k, v))
        out = rearrange(F.scaled_dot_product_attention(*joint), "1 N (V T) d -> N V T d", V=views)
        return self._encode(out, self.project, inverse=True)

    def _encode(self, x: Tensor, matrices: Tensor, inverse: bool = False) -> Tensor:
        fours, by_column, by_row = x.split(self.parts, dim=-1)
        fours = rearrange(fours, "N V T (n j) -> N V T n j", j=4)
        fours = rearrange(einsum(matrices.to(x), fours, "V i j, N V T n j -> N V T n i"), "N V T n i -> N V T (n i)")
        turn = -1 if inverse else 1
        return torch.cat([fours, _rotate(by_column, turn * self.by_column), _rotate(by_row, turn * self.by_row)], dim=-1)


def normalise_intrinsics(K: Tensor, size: tuple[int, int]) -> Tensor:
    """K~ [V, 4, 4]: intrinsics [V, 3, 3] in shares of the picture's width and height from its centre, lifted to four dimensions."""
    lifted = torch.eye(4).to(K).repeat(len(K), 1, 1)
    lifted[:, :3, :3] = K
    lifted[:, 0] /= size[0]
    lifted[:, 1] /= size[1]
    lifted[:, :2, 2] -= 0.5
    return lifted


def _rotate(x: Tensor, angles: Tensor) -> Tensor:
    """Halves (u, v) of [..., T, d] to (u cos + v sin, -u sin + v cos), with angles [T, d/2]."""
    u, v = x.chunk(2, dim=-1)
    cos, sin = angles.cos().to(x), angles.sin().to(x)
    return torch.cat([u * cos + v * sin, v * cos - u * sin], dim=-1)
