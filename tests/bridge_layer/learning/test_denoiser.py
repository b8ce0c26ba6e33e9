"""The copies that a concept is learned through: as the workflow's networks compute, private, and gone afterwards."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import comfy.hooks
import comfy.ldm.modules.attention as comfy_attention
import comfy.model_management
import comfy.weight_adapter
import pytest
import torch
from comfy.model_patcher import ModelPatcher
from comfy.patcher_extension import PatcherInjection
from comfy.sd import CLIP
from safetensors.torch import save_file
from torch import Tensor, nn

from mvcustom.nodes.bridge.backbone.motion import MOTION_ATTACHMENT, find_modules
from mvcustom.nodes.bridge.concept import pose as pose_module
from mvcustom.nodes.bridge.concept.tokens import encode_caption
from mvcustom.nodes.bridge.host.training_copy import WholePatcher, bake_weights
from mvcustom.nodes.bridge.learning.denoiser import ComfyDenoiser, ConceptWords, Economy, token_row
from mvcustom.nodes.bridge.learning.network import LearningNetwork
from mvcustom.nodes.bridge.learning.text import TextCopy
from mvcustom.tests.bridge_layer.learning.runs import learn
from mvcustom.tests.host.embedded import SPEC, load_once, make_concept

WORDS = ConceptWords("<v*>", "teddy bear")
UNET_KEY, MOTION_KEY = "diffusion_model.input_blocks.0.0.weight", "down_blocks.0.motion_modules.0.temporal_transformer.proj_in.weight"


def make_denoiser(model: ModelPatcher | None = None, clip: CLIP | None = None, economy: Economy | None = None) -> ComfyDenoiser:
    return ComfyDenoiser(model or load_once()[0], clip or load_once()[1], SPEC.pose_layout, WORDS, economy)


def add_noise_to(patcher: ModelPatcher, key: str, seed: int = 1) -> ModelPatcher:
    patched = patcher.clone()
    weight = patcher.model.state_dict()[key]
    noise = weight.std() * torch.randn(weight.shape, generator=torch.Generator().manual_seed(seed))
    assert patched.add_patches({key: ("diff", (noise,))}, 0.7)
    return patched


def take_gradient(denoiser: ComfyDenoiser) -> Tensor:
    """Of a prediction, to the token."""
    token = make_concept().token.clone().requires_grad_()
    noisy = 3 * torch.randn(2, 4, 8, 8, generator=torch.Generator().manual_seed(4))
    predicted = denoiser.predict(noisy, torch.full((2,), 3.0), token, "subject", lambda number, tokens, attend: tokens + attend(tokens[:1]))
    return torch.autograd.grad(predicted.square().mean(), token)[0]


# Weights


def test_copy_has_the_weights_that_comfyui_loads():
    plain = load_once()[0]
    model = add_noise_to(plain, UNET_KEY)
    model.set_additional_models(MOTION_ATTACHMENT, [add_noise_to(plain.get_additional_models()[0], MOTION_KEY)])
    motion = model.get_additional_models()[0]
    for loaded in (True, False):  # whatever is loaded at the time
        comfy.model_management.load_models_gpu([model, motion] if loaded else [plain, *plain.get_additional_models()], force_full_load=True)
        denoiser = make_denoiser(model)
        baked = denoiser.network.unet.state_dict(), denoiser.network.motion.state_dict()
        comfy.model_management.load_models_gpu([model, motion], force_full_load=True)
        for found, module in zip(baked, (model.model.diffusion_model, motion.model), strict=True):
            wanted = module.state_dict()
            assert found.keys() == wanted.keys() and all(torch.equal(tensor, wanted[name]) for name, tensor in found.items())
    assert not torch.equal(baked[0][UNET_KEY.split(".", 1)[1]], bake_weights(plain, UNET_KEY, torch.float32)[""])


@pytest.mark.parametrize(
    "swapped", [nn.Conv2d(4, 64, 3, padding=1), nn.Sequential(nn.Conv2d(4, 64, 3, padding=1))], ids=["layer", "wrapped"]
)
def test_copy_has_its_own_layers_while_a_clone_with_others_is_loaded(swapped: nn.Module):
    model = add_noise_to(load_once()[0], UNET_KEY)
    wanted = bake_weights(model, "diffusion_model.", torch.float32)
    clone = model.clone()
    clone.add_object_patch(UNET_KEY.removesuffix(".weight"), swapped)
    comfy.model_management.load_models_gpu([clone], force_full_load=True)
    found = bake_weights(model, "diffusion_model.", torch.float32)
    comfy.model_management.unload_model_and_clones(clone)
    assert found.keys() == wanted.keys() and all(torch.equal(tensor, wanted[name]) for name, tensor in found.items())


def test_copy_is_ordinary_and_shares_nothing():
    model, clip, _ = load_once()
    with torch.inference_mode():
        network = make_denoiser(model, clip).network
    theirs = {
        tensor.data_ptr()
        for module in (model.model, find_modules(model.model_options["transformer_options"]))
        for tensor in module.parameters()
    }
    theirs |= {tensor.data_ptr() for tensor in clip.cond_stage_model.parameters()}
    for tensor in (*network.parameters(), *network.buffers(), *network.text.table):
        assert not tensor.is_inference() and not tensor.requires_grad and tensor.data_ptr() not in theirs
    assert all(type(parameter) is nn.Parameter for parameter in network.parameters())


# The text encoder


@pytest.mark.parametrize("normed", [True, False])
@pytest.mark.parametrize("layer", [None, -1, -2, -3, 0, -9])
def test_clip_set_last_layer_counts(layer: int | None, normed: bool, monkeypatch: pytest.MonkeyPatch):
    clip = load_once()[1].clone()
    clip.clip_layer(layer)
    monkeypatch.setattr(clip.cond_stage_model.clip_l, "layer_norm_hidden_state", normed)
    with torch.inference_mode():
        wanted = clip.encode_from_tokens(clip.tokenize(WORDS.caption)).clone()
        copied = TextCopy(clip)
        found = copied.encode(copied.look_up(clip.tokenize(WORDS.caption)["l"]))
    torch.testing.assert_close(found, wanted, rtol=0, atol=1e-5)


def write_embedding(folder: Path, width: int = 128) -> Tensor:
    rows = torch.randn(2, width, generator=torch.Generator().manual_seed(1))
    save_file({"emb_params": rows}, folder / "fuzzy.safetensors")
    return rows


@pytest.mark.parametrize("text", ["a embedding:fuzzy bear", "a (teddy:1.3) [bear] embedding:fuzzy", "a red box on snowy ground, " * 14])
def test_embeddings_weights_and_long_prompts_are_encoded_as_comfyui_does(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    clip = load_once()[1]
    write_embedding(tmp_path)
    monkeypatch.setattr(clip.tokenizer.clip_l, "embedding_directory", [str(tmp_path)])
    with torch.inference_mode():
        wanted = encode_caption(clip, text).clone()
    copied = TextCopy(clip)
    torch.testing.assert_close(copied.encode(copied.look_up(clip.tokenize(text)["l"])), wanted, rtol=0, atol=1e-5)


def test_learning_may_start_from_a_textual_embedding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    clip = load_once()[1]
    rows = write_embedding(tmp_path)
    monkeypatch.setattr(clip.tokenizer.clip_l, "embedding_directory", [str(tmp_path)])
    assert torch.equal(token_row(clip, "embedding:fuzzy"), rows[:1])


def test_an_embedding_of_another_text_encoder_is_named():
    copied = TextCopy(load_once()[1])
    with pytest.raises(ValueError, match="embedding: wanted width 128 as the text encoder has, got 768"):
        copied.look_up([[(torch.zeros(768), 1.0)]])


# Attention


def test_attention_has_a_backward_pass_whatever_the_flag_says(monkeypatch: pytest.MonkeyPatch):
    wanted = take_gradient(make_denoiser())

    @comfy_attention.wrap_attn
    def forward_only(*_: Any, **__: Any) -> Tensor:
        raise RuntimeError("this kernel has no backward pass")

    for name in ("optimized_attention", "optimized_attention_masked", "attention_basic"):
        monkeypatch.setattr(comfy_attention, name, forward_only)
    model = load_once()[0].clone()
    model.model_options["transformer_options"]["optimized_attention_override"] = forward_only
    torch.testing.assert_close(take_gradient(make_denoiser(model)), wanted)


# What cannot be copied


def bypass(model: ModelPatcher, clip: CLIP) -> tuple[ModelPatcher, CLIP]:
    model.set_injections("bypass_lora", [PatcherInjection(lambda patcher: None, lambda patcher: None)])
    return model, clip


def hook_clip(model: ModelPatcher, clip: CLIP) -> tuple[ModelPatcher, CLIP]:
    clip.patcher.forced_hooks = comfy.hooks.HookGroup()
    return model, clip


def replace_layer(model: ModelPatcher, clip: CLIP) -> tuple[ModelPatcher, CLIP]:
    model.add_object_patch("diffusion_model.out", nn.Identity())
    return model, clip


def add_model(model: ModelPatcher, clip: CLIP) -> tuple[ModelPatcher, CLIP]:
    model.set_additional_models("other_pack", [load_once()[0].get_additional_models()[0]])
    return model, clip


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (bypass, r"model: wanted patches of weights, got layers .*\(bypass_lora\).*use Load LoRA in place of a bypass LoRA"),
        (hook_clip, "clip: wanted one without hooks, .*connect what comes before Set CLIP Hooks"),
        (replace_layer, "model: wanted the checkpoint's own layers, got diffusion_model.out replaced by another node"),
        (add_model, r"model: wanted a U-Net with motion modules, got one with another node's model beside it \(other_pack\)"),
    ],
)
def test_what_no_copy_can_hold_is_refused_by_name(change: Callable[..., tuple[ModelPatcher, CLIP]], message: str):
    model, clip, _ = load_once()
    with pytest.raises(ValueError, match=message):
        make_denoiser(*change(model.clone(), clip.clone()))


# Precision


@pytest.mark.parametrize(
    ("computes_in", "has_bfloat16", "wish", "wanted"),
    [
        (torch.float16, True, False, "bfloat16"),
        (torch.float16, False, False, "float32"),
        (torch.float32, True, False, "float32"),
        (torch.float32, False, True, "bfloat16"),
    ],
)
def test_precision_is_never_plain_half(
    computes_in: torch.dtype, has_bfloat16: bool, wish: bool, wanted: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(comfy.model_management, "should_use_bf16", lambda *_, **__: has_bfloat16)
    monkeypatch.setattr(load_once()[0].model, "get_dtype_inference", lambda: computes_in)
    denoiser = make_denoiser(economy=Economy(bfloat16=wish))
    assert denoiser.network.unet.out[2].weight.dtype == denoiser.network.dtype == getattr(torch, wanted)
    assert denoiser.loss_scale == 1 and denoiser.describe().startswith(f"The backbone was computed in {wanted} on cpu, without gradient")
    assert {parameter.dtype for parameter in denoiser.network.text.parameters()} == {torch.float32}


def test_float16_scales_the_loss():
    denoiser = make_denoiser()
    with torch.inference_mode():  # as nodes run
        denoiser.network.cast(torch.float16)
    assert not any(parameter.is_inference() for parameter in denoiser.network.parameters())
    assert denoiser.loss_scale == 2**14 and "float16 with a scaled loss" in denoiser.describe()
    assert denoiser.network.unet.out[2].weight.dtype == torch.float16


# While learning and after


def test_blocks_are_found_once(monkeypatch: pytest.MonkeyPatch):
    denoiser = make_denoiser()

    def forbid(*_: Any) -> None:
        raise AssertionError("walked the U-Net in an update")

    monkeypatch.setattr(pose_module, "find_blocks", forbid)
    monkeypatch.setattr(type(denoiser.network.unet), "modules", forbid)
    take_gradient(denoiser)
    denoiser.reference_features(torch.zeros(1, 4, 8, 8))


def list_ours() -> list[object]:
    return [patcher for patcher in comfy.model_management.loaded_models() if isinstance(patcher, WholePatcher)]


@pytest.mark.usefixtures("quick_collection")
@pytest.mark.usefixtures("quick_preview")
@pytest.mark.parametrize("error", [None, comfy.model_management.InterruptProcessingException])
def test_nothing_is_left_after_a_run(error: type[BaseException] | None, monkeypatch: pytest.MonkeyPatch):
    networks: list[weakref.ref[nn.Module]] = []
    predict = ComfyDenoiser.predict

    def fail(self: ComfyDenoiser, *args: Any) -> Tensor:
        networks.append(weakref.ref(self.network))
        assert list_ours() and isinstance(self.network, LearningNetwork)
        if error is not None:
            raise error
        return predict(self, *args)

    monkeypatch.setattr(ComfyDenoiser, "predict", fail)
    try:
        learn(load_once()[0], steps=1)
    except comfy.model_management.InterruptProcessingException:
        assert error is not None
    assert networks and not list_ours()
    gc.collect()
    assert networks[0]() is None


def test_a_copy_is_loaded_as_a_whole_or_not_at_all():
    denoiser = make_denoiser()
    (patcher,) = [patcher for patcher in list_ours() if patcher.model is denoiser.network]
    patcher.detach()
    assert patcher.partially_load(denoiser.device, 0.1) is not None and not denoiser.network.model_lowvram
    assert patcher.loaded_size() == patcher.model_size() and patcher.partially_unload(torch.device("cpu"), 10) == 0
    with denoiser:
        pass
    assert not [patcher for patcher in list_ours() if patcher.model is denoiser.network]
