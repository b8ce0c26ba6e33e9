"""Pose blocks: what they change, and their layout."""

from __future__ import annotations

import pytest
import torch

from mvcustom.mvcustom_core.concept.pose_block import SD15_LAYOUT, PoseBlock, PoseBlocks, PoseLayout, PoseSite
from mvcustom.mvcustom_core.concept.ray_samples import NerfSettings


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_unlearned_block_changes_no_bit(dtype: torch.dtype):
    block = PoseBlock(8, NerfSettings())
    tokens = (100 * torch.randn(3, 5, 8)).to(dtype)
    merged = block.merge(tokens, 1e4 * torch.randn(3, 5, 8), torch.rand(3, 5, 1))
    assert merged.dtype == dtype and torch.equal(merged, tokens)


def test_where_the_subject_covers_a_cell_merge_is_one_projection_of_the_concatenation():
    block = PoseBlock(8, NerfSettings())
    torch.nn.init.normal_(block.change)
    torch.nn.init.normal_(block.inject)
    tokens, rendered = torch.randn(2, 5, 8), torch.randn(2, 5, 8)
    W = torch.cat([torch.eye(8) + block.change, block.inject], dim=1)  # [C, 2 C]
    expected = torch.cat([tokens, rendered], -1) @ W.mT
    covered = torch.ones(2, 5, 1)
    torch.testing.assert_close(block.merge(tokens, rendered, covered), expected)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        torch.testing.assert_close(block.merge(tokens, rendered, covered), expected)


@pytest.mark.parametrize("parity", [False, True])
def test_beside_the_subject_merge_changes_no_bit_but_in_parity(parity: bool):
    block = PoseBlock(8, NerfSettings(parity=parity))
    torch.nn.init.normal_(block.change)
    torch.nn.init.normal_(block.inject)
    tokens, opacity = torch.randn(2, 5, 8), torch.tensor([0.0, 0.5, 1.0, 0.0, 0.0])[None, :, None].expand(2, 5, 1)
    merged = block.merge(tokens, opacity * torch.randn(2, 5, 8), opacity)
    assert torch.equal(merged == tokens, ((opacity == 0) & (not parity)).expand(2, 5, 8))


def test_gradcheck_of_the_projection():
    block = PoseBlock(3, NerfSettings()).double()
    torch.nn.init.normal_(block.change)
    inputs = [torch.randn(2, 4, channels, dtype=torch.float64, requires_grad=True) for channels in (3, 3, 1)]

    def merge(tokens, rendered, opacity, change, inject):
        return torch.func.functional_call(_Merge(block), {"block.change": change, "block.inject": inject}, (tokens, rendered, opacity))

    weights = [block.change.detach().requires_grad_(), torch.randn(3, 3, dtype=torch.float64, requires_grad=True)]
    assert torch.autograd.gradcheck(merge, (*inputs, *weights))


class _Merge(torch.nn.Module):
    def __init__(self, block: PoseBlock) -> None:
        super().__init__()
        self.block = block

    def forward(self, tokens, rendered, opacity):
        return self.block.merge(tokens, rendered, opacity)


def test_merge_refuses_other_shapes():
    with pytest.raises(ValueError, match=r"wanted a tensor of shape \[B P C\]"):
        PoseBlock(8, NerfSettings()).merge(torch.zeros(2, 5, 8), torch.zeros(1, 5, 8), torch.zeros(2, 5, 1))
    with pytest.raises(ValueError, match=r"wanted a tensor of shape \[B P 1\]"):
        PoseBlock(8, NerfSettings()).merge(torch.zeros(2, 5, 8), torch.zeros(2, 5, 8), torch.zeros(2, 5, 8))


def test_blocks_are_found_by_transformer_number():
    layout = PoseLayout(sites=(PoseSite(12, 4, 1), PoseSite(2, 8, 2)), text_width=16)
    blocks = PoseBlocks(layout, NerfSettings())
    assert list(blocks) == [2, 12] and 2 in blocks and 3 not in blocks
    assert blocks[12].nerf.channels == 4 and blocks[2].nerf.channels == 8
    assert "blocks.2.nerf.inner.weight" in blocks.state_dict() and "blocks.12.change" in blocks.state_dict()


def test_initial_weights_follow_the_generator():
    layout = PoseLayout(sites=(PoseSite(0, 8, 0), PoseSite(1, 8, 0)), text_width=16)
    first, second = (PoseBlocks(layout, NerfSettings(), torch.Generator().manual_seed(7)).state_dict() for _ in range(2))
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert not torch.equal(first["blocks.0.nerf.inner.weight"], first["blocks.1.nerf.inner.weight"])
    bound = (8 + 198) ** -0.5
    assert 0.9 * bound < first["blocks.0.nerf.inner.weight"].abs().max() <= bound


def test_sd15_size():
    with torch.device("meta"):
        blocks = PoseBlocks(SD15_LAYOUT, NerfSettings())
    # Per block of C channels: inner C (C + 198) + C, outer C^2 + C, view C + 99, decoder 4 C, projection 2 C^2.
    size = {C: C * (C + 198) + C + C * C + C + C + 99 + 4 * C + 2 * C * C for C in (640, 1280)}
    assert sum(p.numel() for p in blocks.parameters()) == 3 * size[640] + 5 * size[1280]
    assert list(blocks) == [2, 4, 5, 7, 8, 9, 10, 12]


@pytest.mark.parametrize("sites", [(), (PoseSite(1, 8, 0), PoseSite(1, 8, 0))])
def test_layout_refuses_none_and_twice(sites: tuple[PoseSite, ...]):
    with pytest.raises(ValueError, match="at least one transformer and each one once"):
        PoseLayout(sites=sites, text_width=16)
