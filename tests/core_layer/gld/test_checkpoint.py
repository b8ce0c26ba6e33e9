"""Item 9 of the acceptance: the published layouts, written out here at their true sizes on the device `meta`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

from mvcustom.mvcustom_core.gld.checkpoint import (
    load_denoiser,
    read_denoiser,
    read_head,
    read_rgb_decoder,
    read_statistics,
    save_denoiser,
)
from mvcustom.mvcustom_core.gld.decoder import RgbDecoder
from mvcustom.mvcustom_core.gld.denoiser import Denoiser
from mvcustom.mvcustom_core.gld.settings import PUBLISHED
from mvcustom.tests.core_layer.gld.small import SMALL

State = dict[str, Tensor]


def linear(name: str, after: int, *before: int) -> State:
    return {f"{name}.weight": torch.empty(after, *before, device="meta"), f"{name}.bias": torch.empty(after, device="meta")}


def vector(name: str, *shape: int) -> State:
    return {name: torch.empty(*shape, device="meta")}


def published_block(index: int) -> State:
    width, inner = (768, 2048) if index < 28 else (2048, 5461)
    name = f"blocks.{index}"
    return (
        vector(f"{name}.norm1.weight", width)
        | vector(f"{name}.norm2.weight", width)
        | linear(f"{name}.attn.qkv", 3 * width, width)
        | linear(f"{name}.attn.proj", width, width)
        | linear(f"{name}.mlp.w12", 2 * inner, width)
        | linear(f"{name}.mlp.w3", width, inner)
        | linear(f"{name}.adaLN_modulation.1", 6 * width, width)
    )


def published_denoiser(cascade: bool) -> State:
    state = vector("t_embedder.W", 256) | linear("t_embedder.mlp.0", 768, 512) | linear("t_embedder.mlp.2", 768, 768)
    for kind in ("",) if cascade else ("_ref", "_tgt"):
        state |= linear(f"x_embedder{kind}.proj", 2048, 3072, 1, 1) | linear(f"s_embedder{kind}.proj", 768, 3072, 1, 1)
    state |= linear("s_projector", 2048, 768) | linear("camera_embedder.proj", 768, 7, 14, 14)
    for index in range(30 if cascade else 34):
        state |= published_block(index)
    state |= vector("final_layer.norm_final.weight", 2048) | linear("final_layer.linear", 1536, 2048)
    return state | linear("final_layer.adaLN_modulation.1", 4096, 2048)


def published_decoder() -> State:
    state = linear("decoder_embed", 1152, 6144) | vector("trainable_cls_token", 1, 1, 1152) | vector("decoder_pos_embed", 1, 1297, 1152)
    for index in range(28):
        name = f"decoder_layers.{index}"
        for part in ("attention.attention.query", "attention.attention.key", "attention.attention.value", "attention.output.dense"):
            state |= linear(f"{name}.{part}", 1152, 1152)
        state |= linear(f"{name}.layernorm_before", 1152) | linear(f"{name}.layernorm_after", 1152)
        state |= linear(f"{name}.intermediate.dense", 4096, 1152) | linear(f"{name}.output.dense", 1152, 4096)
    return state | linear("decoder_norm", 1152) | linear("decoder_pred", 588, 1152)


def millions(state: State) -> float:
    return round(sum(value.numel() for value in state.values()) / 1e6, 1)


@pytest.mark.parametrize("cascade", [False, True], ids=["level 1", "cascade"])
@pytest.mark.parametrize(
    "wrap",
    [
        dict,
        lambda state: {"ema": state, "model": {"other": torch.zeros(1)}, "step": 7},
        lambda state: {"model": {f"module.{key}": value for key, value in state.items()}},
    ],
    ids=["flat", "ema before model", "module."],
)
def test_item_9_published_denoisers_load_strictly(cascade: bool, wrap: Callable[[State], dict[str, object]]) -> None:
    state = published_denoiser(cascade)
    assert (len(state), millions(state)) == ((378, 472.5) if cascade else (430, 783.3))
    settings, found = read_denoiser(wrap(state))
    assert settings == (PUBLISHED.cascade if cascade else PUBLISHED.upper)
    with torch.device("meta"):
        Denoiser(settings).load_state_dict(found, strict=True)


def test_item_9_published_decoder_loads_strictly() -> None:
    state = published_decoder()
    assert (len(state), millions(state)) == (456, 422.5)
    content = {f"decoder.{key}": value for key, value in state.items()} | vector("encoder.embeddings.cls_token", 1, 1, 768)
    with torch.device("meta"):
        RgbDecoder(PUBLISHED.decoder).load_state_dict(read_rgb_decoder({"ema": content}), strict=True)


@pytest.mark.parametrize("cascade", [False, True], ids=["level 1", "cascade"])
def test_item_9_one_key_less_more_or_of_another_shape_is_named(cascade: bool) -> None:
    state = published_denoiser(cascade)
    key = "blocks.29.attn.qkv.bias"
    with pytest.raises(ValueError, match=r"missing \(1\): blocks\.29\.attn\.qkv\.bias \[6144\]"):
        read_denoiser({name: value for name, value in state.items() if name != key})
    with pytest.raises(ValueError, match=r"left over \(1\): blocks\.29\.attn\.q_norm\.weight \[128\]"):
        read_denoiser(state | vector("blocks.29.attn.q_norm.weight", 128))
    with pytest.raises(ValueError, match=r"of another shape \(1\): blocks\.29\.attn\.qkv\.bias \[7\], wanted \[6144\]"):
        read_denoiser(state | vector(key, 7))


def test_item_9_decoder_with_a_key_less_or_more_is_refused() -> None:
    state = {f"decoder.{key}": value for key, value in published_decoder().items()}
    with pytest.raises(ValueError, match=r"missing \(1\): decoder_pred\.bias"):
        read_rgb_decoder({key: value for key, value in state.items() if key != "decoder.decoder_pred.bias"})
    with pytest.raises(ValueError, match=r"left over \(2\): decoder_layers\.28\.layernorm_before\.weight"):
        read_rgb_decoder(state | linear("decoder.decoder_layers.28.layernorm_before", 1152))


def test_item_9_equal_aliases_of_a_cascade_are_dropped_and_others_named() -> None:
    small = {"s": torch.ones(2), "x": torch.zeros(3)}
    state = published_denoiser(cascade=True)
    aliases = {f"{part}_embedder_{kind}.proj.{of}": state[f"{part}_embedder.proj.{of}"] for part in small for kind in ("ref", "tgt")
               for of in ("weight", "bias")}  # fmt: skip
    settings, found = read_denoiser(state | aliases)
    assert settings.cascade and found.keys() == state.keys()
    own = Denoiser(SMALL.cascade).state_dict()
    with pytest.raises(ValueError, match=r"wanted s_embedder_tgt\.proj\.bias equal to s_embedder\.proj\.bias"):
        read_denoiser(own | {"s_embedder_tgt.proj.bias": own["s_embedder.proj.bias"] + 1}, SMALL)
    assert read_denoiser(own | {"s_embedder_tgt.proj.bias": own["s_embedder.proj.bias"].clone()}, SMALL)[1].keys() == own.keys()


def test_item_9_head_lies_under_one_of_two_names() -> None:
    expected = linear("scratch.refinenet1.out_conv", 8, 8, 1, 1) | vector("norm.weight", 8)
    for prefix in ("decoder.", "pred."):
        content = {f"{prefix}{key}": value for key, value in expected.items()} | vector("backbone.cls_token", 1)
        assert read_head({"model": content}, expected).keys() == expected.keys()
        with pytest.raises(ValueError, match=r"missing \(1\): norm\.weight \[8\]"):
            read_head({key: value for key, value in content.items() if not key.endswith("norm.weight")}, expected)


def test_statistics_come_as_four_axes() -> None:
    content = {name: torch.full((1, 1536, 1, 1), value) for name, value in (("mean", 2.0), ("var", 3.0), ("std", 5.0))}
    statistics = read_statistics(content)
    assert statistics.mean.shape == (1536,) and float(statistics.mean[0]) == 2 and float(statistics.var[0]) == 3
    with pytest.raises(ValueError, match="var of 1536 channels"):
        read_statistics({"mean": content["mean"]})


@pytest.mark.parametrize(
    ("read", "content", "message"),
    [
        (read_denoiser, {f"decoder.{key}": value for key, value in published_decoder().items()}, "the decoder of pictures"),
        (read_denoiser, {"mean": torch.zeros(1), "var": torch.zeros(1)}, "statistics of a feature level"),
        (read_denoiser, {"conv_in.weight": torch.zeros(1)}, "another kind that holds conv_in.weight"),
        (read_denoiser, {}, "no tensor"),
        (read_rgb_decoder, {"x_embedder_ref.proj.weight": torch.zeros(1)}, "the denoiser of level 1"),
        (lambda content: read_head(content, {}), {"model.backbone.pretrained.cls_token": torch.zeros(1)}, "Depth Anything 3"),
    ],
)
def test_files_of_another_kind_are_named(read: Callable[[State], object], content: State, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read(content)


def test_saved_denoiser_carries_its_settings(tmp_path: Path) -> None:
    state = Denoiser(SMALL.cascade).state_dict()
    save_denoiser(tmp_path / "small.safetensors", SMALL.cascade, state)
    settings, found = load_denoiser(tmp_path / "small.safetensors")
    assert settings == SMALL.cascade and all(torch.equal(found[key], value) for key, value in state.items())


def test_published_pt_is_read_without_running_code(tmp_path: Path) -> None:
    torch.save({"ema": Denoiser(SMALL.upper).state_dict(), "step": 3}, tmp_path / "whole.pt")
    with pytest.raises(ValueError, match="wanted 430 tensors, got"):  # a small one, told from the published size by its keys
        load_denoiser(tmp_path / "whole.pt")
    (tmp_path / "half.pt").write_bytes((tmp_path / "whole.pt").read_bytes()[:2000])
    with pytest.raises(ValueError, match="half.pt is truncated"):
        load_denoiser(tmp_path / "half.pt")
