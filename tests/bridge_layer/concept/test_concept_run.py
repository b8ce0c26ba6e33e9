"""A run of a MODEL with a concept: its state is its own, other nodes may have changed the U-Net, and what cannot work is refused."""

from __future__ import annotations

import asyncio
import gc
from pathlib import Path
from typing import Any

import comfy.model_patcher
import comfy.sd
import pytest
import torch
from comfy.model_patcher import ModelPatcher
from torch import Tensor

from mvcustom.mvcustom_core.concept.concept import Concept
from mvcustom.mvcustom_core.surface.depth import RenderedDepth
from mvcustom.nodes.bridge.concept.application import CONCEPT_ATTACHMENT, find_applied_concept, render_depth
from mvcustom.nodes.bridge.concept.session import AppliedConcept, ConceptSession
from mvcustom.tests.host.embedded import SPEC, apply_once, count_calls, load_once, make_cameras, make_concept, sample
from mvcustom.tests.host.in_process import ComfyInProcess

LORA = "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k"


def one_step(model: ModelPatcher) -> Tensor:
    return sample(model, steps=1)


@pytest.mark.usefixtures("quick_collection")
def test_a_runs_state_ends_with_it_and_after_a_failure():
    patched, held = apply_once(load_once()[0], make_concept(0.05)), []

    def look(*_: Any) -> None:
        (session,) = find_sessions()
        held.append(sum(len(rendering.shown) for rendering in session.renderings.values()))
        if len(held) == 3:
            raise KeyError("stop")

    sample(patched, callback=look)
    assert not find_sessions()
    with pytest.raises(KeyError, match="stop"):
        sample(patched, callback=look)
    assert not find_sessions()
    assert held == [len(SPEC.pose_layout.sites)] * 3
    assert isinstance(find_applied_concept(patched), AppliedConcept) and AppliedConcept.__dataclass_params__.frozen


def find_sessions() -> list[ConceptSession]:
    gc.collect()
    return [found for found in gc.get_objects() if type(found) is ConceptSession]


def test_depth_that_is_rendered_during_a_run_does_not_disturb_it():
    patched = apply_once(load_once()[0], make_concept(0.05))
    alone, before = sample(patched), render_depth(patched, make_cameras(), 1)
    found: list[RenderedDepth] = []
    assert torch.equal(sample(patched, callback=lambda *_: found.append(render_depth(patched, make_cameras(), 1))), alone)
    assert all(torch.equal(depth.distance, before.distance) for depth in found) and len(found) == 2


def test_several_gpus_are_refused_before_sampling():
    patched = apply_once(load_once()[0], make_concept(0.05))
    calls = count_calls(patched)
    patched.set_additional_models("multigpu", [patched.clone()])
    with pytest.raises(ValueError, match="wanted a model on one GPU, got one split over several; remove MultiGPU CFG Split"):
        one_step(patched)
    assert not calls


def test_comfyui_rebuilds_the_pose_blocks():
    (blocks,) = apply_once(load_once()[0], make_concept(0.05)).get_additional_models_with_key(CONCEPT_ATTACHMENT)
    fresh = blocks.clone(force_deepcopy=True)
    assert fresh.model is not blocks.model
    for name, weight in blocks.model.state_dict().items():
        assert torch.equal(fresh.model.state_dict()[name], weight)


def deep_shrink(comfy: ComfyInProcess, model: ModelPatcher, block: int = 3) -> ModelPatcher:
    """Core's Deep Shrink from the first to the last step."""
    if "PatchModelAddDownscale" not in comfy.nodes.NODE_CLASS_MAPPINGS:
        path = Path(comfy.nodes.__file__).parent / "comfy_extras" / "nodes_model_downscale.py"
        assert asyncio.run(comfy.nodes.load_custom_node(str(path), module_parent="comfy_extras"))
    node = comfy.nodes.NODE_CLASS_MAPPINGS["PatchModelAddDownscale"]
    return node.execute(model, block, 2.0, 0.0, 1.0, True, "bicubic", "bicubic").result[0]


def test_features_that_another_node_shrinks_leave_the_next_run_as_it_was(comfy: ComfyInProcess):
    patched = apply_once(load_once()[0], make_concept(0.05))
    shrunk = deep_shrink(comfy, patched)
    first = one_step(shrunk)
    assert torch.isfinite(first).all()
    plain = one_step(patched)
    assert torch.equal(plain, one_step(apply_once(load_once()[0], make_concept(0.05))))
    assert torch.equal(one_step(shrunk), first) and not torch.equal(first, plain)


def test_a_shrunk_block_sees_the_whole_view():
    model = apply_once(load_once()[0], make_concept(0.05))
    session = ConceptSession(find_applied_concept(model), model.get_additional_models_with_key(CONCEPT_ATTACHMENT)[0].model, model)
    session.latent = (8, 12)
    coarse, fine = 3, 14
    assert (session.applied.levels[coarse], session.applied.levels[fine]) == (1, 0)
    assert [session._area(fine, cells) for cells in ((8, 12), (4, 6), (16, 24))] == [(8, 12)] * 3
    assert [session._area(coarse, cells) for cells in ((4, 6), (2, 3), (8, 12))] == [(8, 12)] * 3
    session.latent = (9, 9)
    assert session._area(coarse, (5, 5)) == (10, 10)  # its last cells reach beyond the latents


def with_bypass_lora(model: ModelPatcher, strength: float) -> ModelPatcher:
    """The MODEL of core's LoRA loader in bypass mode: the LoRA acts beside the layers, and no weight is patched."""
    weight = model.model.diffusion_model.input_blocks[1][1].transformer_blocks[0].attn2.to_k.weight
    generator = torch.Generator().manual_seed(7)
    lora = {
        f"{LORA}.lora_up.weight": torch.randn(weight.shape[0], 2, generator=generator),
        f"{LORA}.lora_down.weight": torch.randn(2, weight.shape[1], generator=generator),
    }
    return comfy.sd.load_bypass_lora_for_models(model, None, lora, strength, 0.0)[0]


def test_a_lora_in_bypass_mode_has_references_of_its_own():
    def run(strength: float, concept: Concept) -> Tensor:
        return one_step(with_bypass_lora(apply_once(load_once()[0], concept), strength))

    shared = make_concept(0.05)
    weak, strong = run(0.2, shared), run(1.0, shared)
    assert torch.equal(strong, run(1.0, make_concept(0.05))) and not torch.equal(strong, weak)
