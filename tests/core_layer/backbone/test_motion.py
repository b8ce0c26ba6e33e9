"""Motion modules against AnimateDiff's temporal transformer, written out here from its published state dict."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mvcustom.mvcustom_core.backbone.attention import Scope, attend
from mvcustom.mvcustom_core.backbone.motion import MotionModule, MotionModules, MotionSettings
from mvcustom.mvcustom_core.backbone.positions import make_cell_positions

TINY = MotionSettings(channels=(32, 64), heads=4, max_frames=16, scopes=(Scope(1), Scope(1)))


def randomize(module: nn.Module, seed: int = 0) -> nn.Module:
    """Weights of trained size; the output projection must not stay zero, or nothing is tested."""
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in module.named_parameters():
        noise = torch.randn(parameter.shape, generator=generator)
        scale = parameter.shape[-1] ** -0.5 if parameter.dim() > 1 else 0.1
        parameter.data = scale * noise + (1.0 if "norm" in name and name.endswith("weight") else 0.0)
    return module


def make_module(settings: MotionSettings = TINY) -> MotionModule:
    return randomize(MotionModule(settings, level=0)).eval()


def make_features(frames: int, height: int = 3, width: int = 5, clips: int = 2) -> Tensor:
    generator = torch.Generator().manual_seed(frames)
    return torch.randn(clips * frames, 32, height, width, generator=generator) + torch.linspace(0, 2, clips * frames)[:, None, None, None]


def run_animatediff(w: dict[str, Tensor], x: Tensor, frames: int, heads: int, cross_frame: bool) -> Tensor:
    """AnimateDiff's module, one clip and one cell at a time: x [(B F), C, h, w] with frame attention only."""
    channels = x.shape[1]
    out = torch.empty_like(x)
    position = torch.zeros(frames, channels)
    for f in range(frames):
        for i in range(channels // 2):
            angle = f * math.exp(-2 * i * math.log(10000) / channels)
            position[f, 2 * i], position[f, 2 * i + 1] = math.sin(angle), math.cos(angle)
    for start in range(0, len(x), frames):
        clip = x[start : start + frames]  # [F, C, h, w]
        if cross_frame:
            normed = F.group_norm(clip.transpose(0, 1)[None], 32, w["norm.weight"], w["norm.bias"], 1e-6)[0].transpose(0, 1)
        else:
            normed = F.group_norm(clip, 32, w["norm.weight"], w["norm.bias"], 1e-6)
        for row in range(x.shape[2]):
            for column in range(x.shape[3]):
                h = F.linear(normed[:, :, row, column], w["proj_in.weight"], w["proj_in.bias"])  # [F, C]
                for i in range(2):
                    block = f"transformer_blocks.0.attention_blocks.{i}."
                    n = F.layer_norm(h, (channels,), w[f"transformer_blocks.0.norms.{i}.weight"], w[f"transformer_blocks.0.norms.{i}.bias"])
                    n = n + position
                    q, k, v = (F.linear(n, w[f"{block}to_{letter}.weight"]) for letter in "qkv")
                    o = []
                    for a, b, c in zip(q.chunk(heads, 1), k.chunk(heads, 1), v.chunk(heads, 1), strict=True):
                        o.append((a @ b.T / math.sqrt(channels // heads)).softmax(1) @ c)
                    h = h + F.linear(torch.cat(o, 1), w[f"{block}to_out.0.weight"], w[f"{block}to_out.0.bias"])
                n = F.layer_norm(h, (channels,), w["transformer_blocks.0.ff_norm.weight"], w["transformer_blocks.0.ff_norm.bias"])
                hidden = F.linear(n, w["transformer_blocks.0.ff.net.0.proj.weight"], w["transformer_blocks.0.ff.net.0.proj.bias"])
                value, gate = hidden.chunk(2, 1)
                h = h + F.linear(value * F.gelu(gate), w["transformer_blocks.0.ff.net.2.weight"], w["transformer_blocks.0.ff.net.2.bias"])
                out[start : start + frames, :, row, column] = F.linear(h, w["proj_out.weight"], w["proj_out.bias"])
    return x + out


@pytest.mark.parametrize("norm_mode", ["per_frame", "cross_frame"])
@pytest.mark.parametrize("frames", [2, 5])
@torch.no_grad()
def test_scope_one_is_animatediff(frames: int, norm_mode: str) -> None:
    settings = replace(TINY, norm_mode=norm_mode)
    module, x = make_module(settings), make_features(frames)
    reference = run_animatediff(module.temporal_transformer.state_dict(), x, frames, 4, norm_mode == "cross_frame")
    change = (reference - x).norm()
    assert change > 0.1 * x.norm()
    assert (module(x, frames) - reference).norm() / change < 2e-6


@torch.no_grad()
def test_norm_modes_differ() -> None:
    module, x = make_module(), make_features(4)
    assert (module(x, 4) - module(x, 4, replace(TINY, norm_mode="cross_frame"))).norm() > 0.01 * x.norm()


@pytest.mark.parametrize("scope", [Scope(1), Scope(3), Scope(None)])
@torch.no_grad()
def test_memory_layout_is_kept(scope: Scope) -> None:
    """A U-Net whose features are channels-last keeps them so; a change of layout would cost a copy in every convolution that follows."""
    module, x = make_module(replace(TINY, scopes=(scope,) * 2)), make_features(4, 9, 6)
    last = module(x.contiguous(memory_format=torch.channels_last), 4)
    assert last.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(last, module(x, 4), atol=1e-5, rtol=0)
    assert module(x, 4).is_contiguous()


def test_fresh_modules_change_nothing() -> None:
    modules, x = MotionModules(replace(TINY, mid_block=True)), make_features(4)
    assert torch.equal(modules.down_blocks[0].motion_modules[1](x, 4), x)
    modules.down_blocks[0].motion_modules[1](x, 4).sum().backward()
    assert modules.down_blocks[0].motion_modules[1].temporal_transformer.proj_out.weight.grad.abs().max() > 0


def test_one_frame_passes_unchanged() -> None:
    x = make_features(1)
    assert make_module()(x, 1) is x


@torch.no_grad()
def test_clips_do_not_see_each_other() -> None:
    module, x = make_module(replace(TINY, scopes=(Scope(None), Scope(None)))), make_features(3)
    changed = x.clone()
    changed[3:] += 1
    torch.testing.assert_close(module(changed, 3)[:3], module(x, 3)[:3], atol=1e-5, rtol=0)


@pytest.mark.parametrize(("scope", "reach"), [(Scope(1), 0), (Scope(3), 5), (Scope(None), 11)])
@torch.no_grad()
def test_a_frame_reaches_as_far_as_the_scope(scope: Scope, reach: int) -> None:
    """A spike in one corner of frame 1 moves frame 0 inside the halo only; a second attention doubles the reach of tiles."""
    module = make_module(replace(TINY, scopes=(scope, Scope(1)), norm_mode="per_frame"))
    x = make_features(2, height=12, width=12, clips=1)
    x = x.repeat_interleave(2, 0)[:2]
    spiked = x.clone()
    spiked[1, :, 0, 0] += 3 * torch.randn(32, generator=torch.Generator().manual_seed(1))
    # the entry norm spreads the spike over its frame: hold its statistics by taking it out
    module.temporal_transformer.norm = nn.Identity()
    moved = (module(spiked, 2) - module(x, 2))[0].abs().amax(0) > 1e-6  # [h, w]
    assert moved[0, 0]
    assert int(moved.nonzero().max()) >= reach
    if scope.window == 1:
        assert moved.sum() == 1


@torch.no_grad()
def test_settings_of_a_call_override_the_stored_ones() -> None:
    module, x = make_module(), make_features(4)
    dense = replace(TINY, scopes=(Scope(None), Scope(None)))
    assert not torch.allclose(module(x, 4, dense), module(x, 4), atol=1e-3)
    sharpened = replace(dense, entropy_correction=True)
    assert not torch.allclose(module(x, 4, sharpened), module(x, 4, dense), atol=1e-4)
    assert torch.equal(module(x, 4, replace(TINY, entropy_correction=True)), module(x, 4))


@torch.no_grad()
def test_entropy_correction_scales_queries() -> None:
    scopes = (Scope(None), Scope(None))
    plain = make_module(replace(TINY, scopes=scopes))
    x, scale = make_features(4), math.sqrt(math.log(4 * 15) / math.log(4))
    corrected = plain(x, 4, replace(TINY, scopes=scopes, entropy_correction=True))
    for block in plain.temporal_transformer.transformer_blocks[0].attention_blocks:
        block.to_q.weight *= scale
    torch.testing.assert_close(plain(x, 4), corrected, atol=1e-5, rtol=0)


def test_spatial_position_is_gated_shut_at_first() -> None:
    dense = replace(TINY, scopes=(Scope(None), Scope(None)))
    plain, placed = MotionModule(dense, 0), MotionModule(replace(dense, spatial_position=True), 0)
    assert not any(key.endswith(".g") for key in plain.state_dict())
    gates = [key for key in placed.state_dict() if key.endswith(".g")]
    assert len(gates) == 2 and all(not placed.state_dict()[key].any() for key in gates)
    randomize(plain)
    placed.load_state_dict(plain.state_dict(), strict=False)
    x = make_features(4)
    assert torch.equal(placed(x, 4), plain(x, 4))
    placed(x, 4).square().sum().backward()
    assert all(placed.get_parameter(key).grad.abs().max() > 0 for key in gates)


@torch.no_grad()
def test_spatial_position_enters_queries_and_keys_only() -> None:
    """The kernel sees what it is given: values without the position, queries and keys with their projected share of it."""
    settings = replace(TINY, scopes=(Scope(None), Scope(None)), spatial_position=True)
    module, x = make_module(settings), make_features(2, clips=1)
    block = module.temporal_transformer.transformer_blocks[0].attention_blocks[0]
    given: list[tuple[Tensor, ...]] = []

    def record(q: Tensor, k: Tensor, v: Tensor, heads: int) -> Tensor:
        given.append((q, k, v))
        return attend(q, k, v, heads)

    module(x, 2, attention=record)
    gate = block.g.clone()
    block.g.zero_()
    module(x, 2, attention=record)
    placed, bare = given[0], given[2]  # the first of two attentions, before and after
    share = (gate * make_cell_positions(3, 5, 32)).repeat(2, 1)  # [(F p), C]
    for i, layer in enumerate((block.to_q, block.to_k)):
        torch.testing.assert_close(placed[i][0] - bare[i][0], layer(share), atol=1e-5, rtol=0)
    assert torch.equal(placed[2], bare[2])


@torch.no_grad()
def test_clips_longer_than_trained() -> None:
    module = make_module()
    out = module(make_features(33, clips=1), 33)
    assert out.isfinite().all() and out.shape == (33, 32, 3, 5)


@torch.no_grad()
def test_half_precision_follows_the_input() -> None:
    module, x = make_module(replace(TINY, spatial_position=True)), make_features(4)
    exact = module(x, 4)
    half = module.bfloat16()(x.bfloat16(), 4)
    assert half.dtype == torch.bfloat16
    assert (half.float() - exact).norm() < 0.05 * exact.norm()


def test_placement_in_the_unet() -> None:
    modules = MotionModules(MotionSettings(), device="meta")
    assert len(modules.state_dict()) == 520 and sum(p.numel() for p in modules.parameters()) == 417_137_600
    inputs = {index: modules.at(("input", index)) for index in range(12)}
    assert [index for index, module in inputs.items() if module is not None] == [1, 2, 4, 5, 7, 8, 10, 11]
    assert [inputs[index].level for index in (1, 2, 4, 5, 7, 8, 10, 11)] == [0, 0, 1, 1, 2, 2, 3, 3]
    assert inputs[5] is modules.down_blocks[1].motion_modules[1]
    outputs = [modules.at(("output", index)) for index in range(12)]
    assert [module.level for module in outputs] == [3] * 3 + [2] * 3 + [1] * 3 + [0] * 3
    assert outputs[7] is modules.up_blocks[2].motion_modules[1]
    assert modules.at(("middle", 0)) is None
    assert modules.at(("input", 13)) is None and modules.at(("output", 12)) is None


def test_middle_module() -> None:
    modules = MotionModules(MotionSettings(mid_block=True), device="meta")
    assert sum(p.numel() for p in modules.parameters()) == 453_209_280
    assert modules.at(("middle", 0)) is modules.mid_block.motion_modules[0]
    assert modules.at(("middle", 0)).level == 3


def test_state_dict_has_the_published_keys() -> None:
    block = "transformer_blocks.0."
    expected = {
        f"{block}{name}.{kind}" for name in ("norms.0", "norms.1", "ff_norm", "ff.net.0.proj", "ff.net.2") for kind in ("weight", "bias")
    }
    expected |= {f"{name}.{kind}" for name in ("norm", "proj_in", "proj_out") for kind in ("weight", "bias")}
    for i in range(2):
        expected |= {f"{block}attention_blocks.{i}.to_{letter}.weight" for letter in "qkv"}
        expected |= {f"{block}attention_blocks.{i}.to_out.0.{kind}" for kind in ("weight", "bias")}
    prefix = "up_blocks.1.motion_modules.2.temporal_transformer."
    keys = MotionModules(TINY, device="meta").state_dict()
    assert {key.removeprefix(prefix) for key in keys if key.startswith(prefix)} == expected


def test_module_refuses_other_batches() -> None:
    module = make_module()
    with pytest.raises(ValueError, match="clips of 5 frames, got a batch of 8"):
        module(make_features(4), 5)
    with pytest.raises(ValueError, match=r"\[B 32 h w\]"):
        module(torch.zeros(4, 64, 3, 5), 4)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"channels": (32, 48)}, "divisible by 32"),
        ({"heads": 5}, "by 5 heads"),
        ({"scopes": (Scope(1),)}, "one scope per level, got 1 for 2"),
        ({"channels": (), "scopes": ()}, "one scope per level"),
        ({"max_frames": 0}, "got 0"),
        ({"norm_mode": "across"}, "per_frame, cross_frame, got 'across'"),
        ({"beta_schedule": "sqrt_linear"}, "linear, scaled_linear, got 'sqrt_linear'"),
    ],
)
def test_settings_refuse_nonsense(change: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(TINY, **change)
