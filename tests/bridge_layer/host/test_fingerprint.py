"""Fingerprints: equal for whatever computes the same, however it was made and wherever it lies; other for everything else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from types import SimpleNamespace
from typing import Any

import comfy.model_management
import comfy.model_sampling
import pytest
import torch
from comfy.model_patcher import ModelPatcher
from comfy.weight_adapter.bypass import create_bypass_injections_from_patches
from comfy.weight_adapter.lora import LoRAAdapter
from torch import Tensor

from mvcustom.mvcustom_core.backbone.attention import Scope
from mvcustom.mvcustom_core.backbone.presets import MotionChoices
from mvcustom.nodes.bridge.backbone.embedded import load_embedded
from mvcustom.nodes.bridge.backbone.motion import MOTION_ATTACHMENT
from mvcustom.nodes.bridge.backbone.spec import fingerprint_weights
from mvcustom.nodes.bridge.concept.tokens import add_token
from mvcustom.nodes.bridge.host.fingerprint import digest_parts, fingerprint_clip, fingerprint_model, fingerprint_vae, own_weights
from mvcustom.tests.host.embedded import load_once, make_concept, make_scoped, sample

WEIGHT = "diffusion_model.input_blocks.1.1.proj_in.weight"
ATTENTION = "diffusion_model.input_blocks.1.1.transformer_blocks.0.attn1.to_q"


def make_lora(fill: float = 0.1) -> LoRAAdapter:
    weight = load_once()[0].model.get_submodule(ATTENTION).weight
    rank = 2
    up, down = torch.full((weight.shape[0], rank), fill), torch.full((rank, weight.shape[1]), 0.1)
    return LoRAAdapter(set(), (up, down, float(rank), None, None, None))


def with_lora(strength: float = 1.0, fill: float = 0.1) -> ModelPatcher:
    model = load_once()[0].clone()
    assert model.add_patches({f"{ATTENTION}.weight": make_lora(fill)}, strength)
    return model


def with_bypass(strength: float) -> ModelPatcher:
    model = load_once()[0].clone()
    patches = {f"{ATTENTION}.weight": [(1.0, make_lora(), 1.0, None, None)]}
    model.set_injections("bypass", create_bypass_injections_from_patches(model.model, patches, strength))
    return model


def with_motion_patch(strength: float) -> ModelPatcher:
    model = load_once()[0].clone()
    motion = model.get_additional_models_with_key(MOTION_ATTACHMENT)[0].clone()
    name, weight = next((name, weight) for name, weight in motion.model.named_parameters() if weight.dim() == 2)
    assert motion.add_patches({name: ("diff", (torch.ones_like(weight),))}, strength)
    model.set_additional_models(MOTION_ATTACHMENT, [motion])
    return model


def with_schedule(schedule: str, kind: type = comfy.model_sampling.V_PREDICTION) -> ModelPatcher:
    model = load_once()[0].clone()
    sampling = type("Sampling", (comfy.model_sampling.ModelSamplingDiscrete, kind), {})
    model.add_object_patch("model_sampling", sampling(SimpleNamespace(sampling_settings={"beta_schedule": schedule})))
    return model


def with_attention(override: Callable[..., Any]) -> ModelPatcher:
    model = load_once()[0].clone()
    model.model_options["transformer_options"]["optimized_attention_override"] = override
    return model


def make_override(scale: float) -> Callable[..., Tensor]:
    return lambda function, *args, **kwargs: scale * function(*args, **kwargs)


@contextmanager
def changed(weight: Tensor, place: tuple[int, ...]) -> Iterator[None]:
    kept = weight[place].clone()
    with torch.inference_mode():  # the text encoder's weights are made in it
        weight[place] += 0.5
    yield
    with torch.inference_mode():
        weight[place] = kept


def test_the_same_files_have_the_same_fingerprints():
    pairs = []
    for _ in range(2):
        with torch.inference_mode():
            model, clip, vae, _ = load_embedded()
        pairs.append((fingerprint_model(model), fingerprint_clip(clip), fingerprint_vae(vae)))
    assert pairs[0] == pairs[1] and not any(found.unread for found in pairs[0])
    assert len({found.digest for found in pairs[0]}) == 3


def test_clones_and_use_change_nothing():
    for make in (lambda: load_once()[0], with_lora, lambda: with_bypass(0.5)):
        model = make()
        before = fingerprint_model(model)
        assert fingerprint_model(model.clone()) == before == fingerprint_model(make())
        with torch.inference_mode():
            sample(model)
        comfy.model_management.load_models_gpu([model, *model.get_nested_additional_models()], force_patch_weights=True)
        assert fingerprint_model(model) == before, "the patches are in the weights now"
        comfy.model_management.unload_all_models()
        assert fingerprint_model(model) == before


@pytest.mark.parametrize(
    "makers",
    [
        (lambda: load_once()[0], with_lora, partial(with_lora, 0.5), partial(with_lora, 1.0, 0.2)),
        (lambda: load_once()[0], partial(with_bypass, 0.5), partial(with_bypass, 0.25)),
        (lambda: load_once()[0], partial(with_motion_patch, 0.5), partial(with_motion_patch, 0.25)),
        (partial(make_scoped, Scope(1)), partial(make_scoped, Scope(3))),
        (
            partial(with_schedule, "linear"),
            partial(with_schedule, "sqrt_linear"),
            partial(with_schedule, "linear", comfy.model_sampling.EPS),
        ),
        (lambda: load_once()[0], lambda: with_attention(make_override(1.0)), lambda: with_attention(make_override(0.5))),
    ],
    ids=["lora", "bypass", "motion lora", "scopes", "schedule", "attention"],
)
def test_models_that_compute_other_things_differ(makers: tuple[Callable[[], ModelPatcher], ...]):
    found = [[fingerprint_model(make()) for make in makers] for _ in range(2)]
    assert len({each.digest for each in found[0]}) == len(makers)
    assert found[0] == found[1]


def test_other_weights_differ():
    model, clip, vae = load_once()
    before = fingerprint_model(model), fingerprint_clip(clip), fingerprint_vae(vae)
    with changed(model.model.get_parameter(WEIGHT), (3, 5)):
        assert fingerprint_model(model) != before[0]
    motion = model.get_additional_models_with_key(MOTION_ATTACHMENT)[0]
    with changed(next(motion.model.parameters()), (0,)):
        assert fingerprint_model(model) != before[0]
    table = clip.cond_stage_model.clip_l.transformer.text_model.embeddings.token_embedding.weight
    with changed(table, (40000, 7)):
        assert fingerprint_clip(clip) != before[1], "one row of the table of words"
    with changed(next(weight for weight in vae.first_stage_model.parameters() if weight.dim() == 4), (0, 0)):
        assert fingerprint_vae(vae) != before[2]
    assert before == (fingerprint_model(model), fingerprint_clip(clip), fingerprint_vae(vae))


def test_backbone_named_in_concept_files_ignores_patches_in_the_weights():
    model = load_once()[0].clone()
    before = fingerprint_weights(model)
    bias = next(name for name in own_weights(model) if name.endswith("proj_in.bias"))
    model.add_patches({bias: ("diff", (torch.ones_like(own_weights(model)[bias]),))})
    comfy.model_management.load_models_gpu([model], force_patch_weights=True)
    assert fingerprint_weights(model) == before
    comfy.model_management.unload_all_models()
    assert fingerprint_weights(model) == before


def test_a_lossless_copy_in_another_dtype_agrees():
    with torch.inference_mode():
        model = load_embedded()[0]
    model.model.diffusion_model.half()
    half = fingerprint_model(model)
    model.model.diffusion_model.float()
    assert fingerprint_model(model) == half


def test_weights_that_comfyui_moved_between_two_runs_are_read_as_before():
    """A node makes weights and moves them in inference mode. The button that unloads all models moves them outside of it, and leaves
    parameters of neither kind, of which torch refuses every view, in any mode."""
    with torch.inference_mode():
        _, clip, vae, _ = load_embedded()
        before = fingerprint_clip(clip), fingerprint_vae(vae)
    for network in (clip.patcher.model, vae.patcher.model):
        with torch.inference_mode():
            network.double()
        network.float()
    weight = next(vae.first_stage_model.parameters())
    with pytest.raises(RuntimeError, match="version counter"):
        weight.view(-1)
    for mode in (False, True):
        with torch.inference_mode(mode):
            assert (fingerprint_clip(clip), fingerprint_vae(vae)) == before
            assert digest_parts([weight]) == digest_parts([weight.clone()])
    network = ModelPatcher(torch.nn.ModuleDict({"diffusion_model": vae.first_stage_model}), weight.device, weight.device)
    assert fingerprint_weights(network) == fingerprint_weights(network), "the digest in concept files"


def test_text_encoders_that_encode_other_things_differ():
    clip = load_once()[1]
    layer = clip.clone()
    layer.clip_layer(-2)
    other = replace(make_concept(), token=torch.ones(1, make_concept().token.shape[1]))
    option = clip.clone()
    option.set_tokenizer_option("min_length", 8)
    found = [fingerprint_clip(each) for each in (clip, layer, add_token(clip, make_concept()), add_token(clip, other), option)]
    assert len({each.digest for each in found}) == 5
    assert fingerprint_clip(clip.clone()) == found[0] and fingerprint_clip(add_token(clip, make_concept())) == found[2]


@pytest.mark.parametrize("folder", ["/home/a/ComfyUI/custom_nodes/", "C:\\ComfyUI\\custom_nodes\\"])
def test_kinds_are_known_by_their_pack_and_not_by_the_folder_that_it_is_in(folder: str):
    def with_kind(module: str) -> ModelPatcher:
        model = load_once()[0].clone()
        model.model_options["transformer_options"]["other"] = type("Other", (), {"__module__": module})()
        return model

    here, moved, other = (
        fingerprint_model(with_kind(name)) for name in ("/srv/custom_nodes/Pack.nodes", f"{folder}Pack.nodes", "Pack2.nodes")
    )
    assert here == moved != other


def test_what_cannot_be_read_is_equal_to_itself_alone():
    first, second = (with_attention(partial(make_override(1.0), torch.Generator())) for _ in range(2))
    assert fingerprint_model(first) == fingerprint_model(first) == fingerprint_model(first.clone())
    assert fingerprint_model(first) != fingerprint_model(second)
    assert fingerprint_model(first).unread == ("torch._C.Generator",)


def test_what_refers_to_itself_is_read():
    def make(scale: float) -> ModelPatcher:
        state: dict[str, Any] = {"scale": scale}
        state["self"] = [state]
        return with_attention(lambda *args: state)

    assert fingerprint_model(make(1.0)) == fingerprint_model(make(1.0)) != fingerprint_model(make(2.0))


def test_digest_tells_parts_and_their_kinds_apart():
    parts: list[list[Tensor | str | float | None]] = [
        [torch.zeros(2)],
        [torch.zeros(2, 1)],
        [torch.zeros(2).int()],
        [torch.ones(2)],
        ["ab"],
        ["a", "b"],
        [None],
        ["None"],
        [1],
        [1.0],
    ]
    assert len({digest_parts(part) for part in parts}) == len(parts)
    assert len(digest_parts([])) == 16


def test_motion_choices_count():
    with torch.inference_mode():
        models = [load_embedded(choices)[0] for choices in (MotionChoices(), replace(MotionChoices(), norm_mode="cross_frame"))]
    assert len({fingerprint_model(model).digest for model in models}) == 2
