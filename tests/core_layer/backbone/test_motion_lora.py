"""Motion LoRAs of every published layout, made here from the published key lists, and the ones that must be refused."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from mvcustom.mvcustom_core.backbone.attention import Scope
from mvcustom.mvcustom_core.backbone.motion import MotionModules, MotionSettings
from mvcustom.mvcustom_core.backbone.motion_lora import read_motion_lora

SETTINGS = MotionSettings(channels=(32, 64), mid_block=True, scopes=(Scope(1), Scope(1)))
RANK = 3
WIDTHS = {
    key.removesuffix(".weight"): len(weight)
    for key, weight in MotionModules(SETTINGS, device="meta").state_dict().items()
    if ".attention_blocks." in key and key.endswith(".weight")
}
LAYERS = list(WIDTHS)
TO_DIFFUSERS = {".attention_blocks.0.": ".attn1.", ".attention_blocks.1.": ".attn2.", ".temporal_transformer": ""}


def make_factors(layer: str) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(LAYERS.index(layer))
    width = WIDTHS[layer]
    return torch.randn(width, RANK, generator=generator), torch.randn(RANK, width, generator=generator)


def name_original(layer: str) -> tuple[str, str]:
    stem = layer.removesuffix(".0") if layer.endswith(".to_out.0") else layer
    stem = stem.replace(".to_", ".processor.to_")
    return f"{stem}_lora.up.weight", f"{stem}_lora.down.weight"


def name_diffusers(layer: str, up: str, down: str) -> tuple[str, str]:
    for ours, theirs in TO_DIFFUSERS.items():
        layer = layer.replace(ours, theirs)
    return f"unet.{layer}.{up}.weight", f"unet.{layer}.{down}.weight"


def make_file(names: list[tuple[str, str]]) -> dict[str, Tensor]:
    return {key: factor for layer, pair in zip(LAYERS, names, strict=True) for key, factor in zip(pair, make_factors(layer), strict=True)}


LAYOUTS = {
    "AnimateDiff": [name_original(layer) for layer in LAYERS],
    "AnimateDiff, trained": [tuple(f"module.{key}" for key in name_original(layer)) for layer in LAYERS],
    "diffusers, converted": [tuple(f"unet.{key}" for key in name_original(layer)) for layer in LAYERS],
    "diffusers, saved": [name_diffusers(layer, "lora.up", "lora.down") for layer in LAYERS],
    "diffusers, peft": [name_diffusers(layer, "lora_B", "lora_A") for layer in LAYERS],
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout(layout: str) -> None:
    changes = read_motion_lora(make_file(LAYOUTS[layout]), SETTINGS)
    assert changes.keys() == {f"{layer}.weight" for layer in LAYERS} and len(LAYERS) == 11 * 2 * 4
    for layer in LAYERS:
        up, down = make_factors(layer)
        change = changes[f"{layer}.weight"]
        assert torch.equal(change.up, up) and torch.equal(change.down, down) and change.scale == 1


def test_alpha_scales() -> None:
    layer = LAYERS[0]
    up, down = name_diffusers(layer, "lora.up", "lora.down")
    file = make_file(LAYOUTS["diffusers, saved"]) | {up.replace("lora.up.weight", "alpha"): torch.tensor(1.5)}
    changes = read_motion_lora(file, SETTINGS)
    assert changes[f"{layer}.weight"].scale == pytest.approx(1.5 / RANK)
    assert changes[f"{LAYERS[1]}.weight"].scale == 1


def test_wrapped_by_a_trainer() -> None:
    assert len(read_motion_lora({"global_step": 3, "state_dict": make_file(LAYOUTS["AnimateDiff"])}, SETTINGS)) == len(LAYERS)


def test_other_files_are_named() -> None:
    image = {"lora_unet_down_blocks_0_attentions_0_proj_in.lora_up.weight": torch.zeros(2, 2)}
    with pytest.raises(ValueError, match="wanted changes of motion modules, got none; the file holds lora_unet_down_blocks_0"):
        read_motion_lora(image, SETTINGS)
    with pytest.raises(ValueError, match="no tensor at all"):
        read_motion_lora({}, SETTINGS)
    modules = {key: torch.zeros(value.shape) for key, value in MotionModules(SETTINGS, device="meta").state_dict().items()}
    with pytest.raises(ValueError, match="got whole motion modules; load the file as the motion file"):
        read_motion_lora(modules, SETTINGS)


def test_what_does_not_fit_is_listed() -> None:
    file = make_file(LAYOUTS["AnimateDiff"])
    with pytest.raises(ValueError, match=r"8 of its 88 changes do not fit .*no middle module.*first mid_block\.motion_modules"):
        read_motion_lora(file, replace(SETTINGS, mid_block=False))
    with pytest.raises(ValueError, match="channels 32, 32"):
        read_motion_lora(file, replace(SETTINGS, channels=(32, 32)))
    up, _ = name_original(LAYERS[0])
    del file[up]
    with pytest.raises(ValueError, match=f"1 of its 88 changes do not fit .*first {LAYERS[0]}.weight"):
        read_motion_lora(file, SETTINGS)
    strange = make_file(LAYOUTS["AnimateDiff"]) | {"time_embedding.lora.up.weight": torch.zeros(1)}
    with pytest.raises(ValueError, match="1 of its 89 .*first time_embedding"):
        read_motion_lora(strange, SETTINGS)
