"""A denoiser against a second one, written out of plain tensor operations on the published key names."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn.functional import conv2d, linear, silu

from mvcustom.mvcustom_core.gld.denoiser import Denoiser
from mvcustom.mvcustom_core.gld.prope import ViewRotation
from mvcustom.tests.core_layer.gld.small import GRID, SMALL, SOURCES, VIEWS, difference, make_views, random_latents, randomise

TIME = torch.tensor(0.6)


class ByHand:
    """Two encoder blocks of 2 heads of 16, one decoder block of 2 heads of 24."""

    def __init__(self, state: dict[str, Tensor], views_size: tuple[int, int]) -> None:
        self.state, self.views, self.size = state, make_views(), views_size

    def apply(self, name: str, x: Tensor) -> Tensor:
        return linear(x, self.state[f"{name}.weight"], self.state[f"{name}.bias"])

    def norm(self, name: str, x: Tensor) -> Tensor:
        return x / (x.square().mean(-1, keepdim=True) + 1e-6).sqrt() * self.state[f"{name}.weight"]

    def embed(self, name: str, x: Tensor) -> Tensor:
        kinds = (
            [f"{name}_ref"] * SOURCES + [f"{name}_tgt"] * (VIEWS - SOURCES) if f"{name}_ref.proj.weight" in self.state else [name] * VIEWS
        )
        parts = [self.state[f"{kind}.proj.weight"][:, :, 0, 0] @ view.flatten(1) for kind, view in zip(kinds, x, strict=True)]
        biases = [self.state[f"{kind}.proj.bias"][:, None] for kind in kinds]
        return torch.stack([part + bias for part, bias in zip(parts, biases, strict=True)]).mT  # [V, T, D]

    def block(self, index: int, x: Tensor, modulation: Tensor) -> Tensor:
        name, width = f"blocks.{index}", x.shape[-1]
        parts = self.apply(f"{name}.adaLN_modulation.1", silu(modulation)).split(width, dim=-1)
        y = self.norm(f"{name}.norm1", x) * (1 + parts[1]) + parts[0]
        q, k, v = (z.unflatten(-1, (2, -1)).permute(2, 0, 1, 3) for z in self.apply(f"{name}.attn.qkv", y).split(width, dim=-1))
        out = ViewRotation(self.views.w2c, self.views.K, self.size, GRID, width // 2).attend(q, k, v)
        x = x + parts[2] * self.apply(f"{name}.attn.proj", out.permute(1, 2, 0, 3).flatten(2))
        y = self.norm(f"{name}.norm2", x) * (1 + parts[4]) + parts[3]
        a, b = self.apply(f"{name}.mlp.w12", y).split(int(2 / 3 * 4 * width), dim=-1)
        return x + parts[5] * self.apply(f"{name}.mlp.w3", silu(a) * b)

    def __call__(self, condition: Tensor, noisy: Tensor, upper: Tensor | None) -> Tensor:
        angles = 2 * torch.pi * TIME * self.state["t_embedder.W"]
        embedding = self.apply("t_embedder.mlp.0", torch.cat([angles.sin(), angles.cos()]))
        embedding = self.apply("t_embedder.mlp.2", silu(embedding))
        tokens = self.embed("s_embedder", torch.cat([condition, noisy if upper is None else upper], dim=1))
        cameras = conv2d(self.views.picture, self.state["camera_embedder.proj.weight"], self.state["camera_embedder.proj.bias"], stride=4)
        tokens = tokens + cameras.flatten(2).mT
        for index in (0, 1):
            tokens = self.block(index, tokens, silu(embedding))  # whose own SiLU is a second one
        modulation = self.apply("s_projector", silu(embedding + tokens))
        tokens = self.block(2, self.embed("x_embedder", torch.cat([condition, noisy], dim=1)), modulation)
        shift, scale = self.apply("final_layer.adaLN_modulation.1", silu(modulation)).chunk(2, dim=-1)
        velocity = self.apply("final_layer.linear", self.norm("final_layer.norm_final", tokens) * (1 + scale) + shift)
        return velocity.mT.unflatten(-1, GRID)


@pytest.mark.parametrize("cascade", [False, True], ids=["level 1", "cascade"])
def test_denoiser_by_hand(cascade: bool) -> None:
    denoiser = randomise(Denoiser(SMALL.cascade if cascade else SMALL.upper)).requires_grad_(False)
    given = (random_latents(1), random_latents(2), random_latents(3) if cascade else None)
    size = (20, 16) if cascade else (12, 8)  # the cascade's own size, in place of the pictures'
    wanted = ByHand(denoiser.state_dict(), size)(*given)
    assert difference(denoiser(given[0], given[1], TIME, make_views(), given[2]), wanted) < 1e-5
