"""The guider with two scales: its formula from its own branches, and CFG where one is off."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from comfy.patcher_extension import WrappersMP
from comfy.samplers import CFGGuider, calculate_sigmas, sampler_object
from torch import Tensor

from mvcustom.mvcustom_core.concept.concept import Concept
from mvcustom.mvcustom_core.rendering.completion import CompletionSettings
from mvcustom.nodes.bridge.concept.guidance import ConceptGuider
from mvcustom.nodes.bridge.concept.session import ConceptSession
from mvcustom.nodes.bridge.concept.tokens import encode_caption
from mvcustom.nodes.bridge.rendering.completion import build_completion_sampler
from mvcustom.nodes.bridge.rendering.hook import apply_rendering
from mvcustom.nodes.concept.concept_guider import MVCustomConceptGuider
from mvcustom.tests.host.embedded import (
    VIEWS,
    apply_once,
    count_calls,
    draw_noise,
    learned_once,
    load_once,
    make_cameras,
    make_concept,
    make_depth,
)


def prompts() -> tuple[list[Any], list[Any]]:
    clip = load_once()[1]
    return [[encode_caption(clip, "a red box on grass"), {}]], [[encode_caption(clip, ""), {}]]


@torch.inference_mode()
def sample_with(guider: CFGGuider, steps: int = 1, sampler: Any = None) -> Tensor:
    noise = draw_noise()
    sigmas = calculate_sigmas(guider.model_patcher.get_model_object("model_sampling"), "simple", steps)
    return guider.sample(noise, torch.zeros_like(noise), sampler or sampler_object("euler"), sigmas, disable_pbar=True, seed=1)


def spy(guider: CFGGuider) -> tuple[list[list[Tensor]], list[Tensor]]:
    """The branches' x0 of every step, and the guided x0."""
    branches: list[list[Tensor]] = []
    guided: list[Tensor] = []

    def note_branches(executor: Any, *args: Any) -> Any:
        branches.append(executor(*args))
        return branches[-1]

    def note_guided(executor: Any, *args: Any) -> Any:
        guided.append(executor(*args))
        return guided[-1]

    guider.model_patcher.add_wrapper_with_key(WrappersMP.CALC_COND_BATCH, "test", note_branches)
    guider.model_patcher.add_wrapper_with_key(WrappersMP.PREDICT_NOISE, "test", note_guided)
    return branches, guided


def make_guider(text: float, image: float, concept: Concept | None = None) -> ConceptGuider:
    return ConceptGuider(apply_once(load_once()[0], concept or learned_once()), *prompts(), text, image)


def test_three_branches_follow_the_formula():
    guider = make_guider(7.5, 3.5)
    branches, guided = spy(guider)
    sample_with(guider, steps=2)
    assert len(guided) == 2
    for (c, i, u), x0 in zip(branches, guided, strict=True):
        torch.testing.assert_close(x0, u + 3.5 * (i - u) + 7.5 * (c - i), rtol=1e-4, atol=1e-3)
        assert (i - u).abs().max() > 1e-2 and (c - i).abs().max() > 1e-3


def test_image_guidance_confined_to_the_subject_is_one_beside_it(monkeypatch: pytest.MonkeyPatch):
    model = apply_once(load_once()[0], learned_once())
    opacity = torch.zeros(VIEWS, 8, 8)
    opacity[:, :3] = 1  # widened by a cell at its border: rows 0 to 3
    guider = ConceptGuider(model, *prompts(), 7.5, 3.5, beside=0.0)
    branches, guided = spy(guider)
    monkeypatch.setattr(ConceptSession, "render_geometry", lambda session: (opacity, opacity))
    sample_with(guider)
    (c, i, u), x0 = branches[0], guided[0]
    everywhere, beside = u + 3.5 * (i - u) + 7.5 * (c - i), i + 7.5 * (c - i)
    torch.testing.assert_close(x0[..., :4, :], everywhere[..., :4, :], rtol=1e-4, atol=1e-3)
    torch.testing.assert_close(x0[..., 4:, :], beside[..., 4:, :], rtol=1e-4, atol=1e-3)
    assert (everywhere - beside).abs().max() > 1e-2


def test_an_unlearned_concept_leaves_the_subject_branch_plain():
    guider = make_guider(7.5, 3.5, make_concept())
    branches, _ = spy(guider)
    sample_with(guider)
    torch.testing.assert_close(branches[0][1], branches[0][2], rtol=0, atol=1e-5)


def test_without_image_guidance_it_is_cores_cfg():
    model = apply_once(load_once()[0], learned_once())
    cfg = CFGGuider(model)
    cfg.set_conds(*prompts())
    cfg.set_cfg(4.0)
    assert torch.equal(sample_with(ConceptGuider(model, *prompts(), 4.0, 0.0), steps=2), sample_with(cfg, steps=2))


def test_equal_scales_are_cfg_too():
    model = apply_once(load_once()[0], learned_once())
    two, three = (sample_with(ConceptGuider(model, *prompts(), 4.0, image)) for image in (0.0, 4.0))
    torch.testing.assert_close(three, two, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(("text", "image", "rows"), [(7.5, 3.5, 3), (7.5, 1.0, 2), (1.0, 1.0, 1), (7.5, 0.0, 2)])
def test_branches_that_cancel_out_are_left_out(text: float, image: float, rows: int):
    guider = make_guider(text, image)
    branches, guided = spy(guider)
    calls = count_calls(guider.model_patcher)
    sample_with(guider)
    assert sum(calls) == rows * VIEWS
    if (text, image) == (7.5, 1.0):
        c, i, _ = branches[0]
        torch.testing.assert_close(guided[0], i + 7.5 * (c - i), rtol=1e-4, atol=1e-3)
    if (text, image) == (1.0, 1.0):
        assert torch.equal(guided[0], branches[0][0])


def test_other_nodes_cfg_functions_are_called():
    model = apply_once(load_once()[0], learned_once())
    seen: list[dict[str, Any]] = []
    model.set_model_sampler_post_cfg_function(lambda args: [seen.append(args), args["denoised"]][1])
    guider = ConceptGuider(model, *prompts(), 7.5, 3.5)
    branches, _ = spy(guider)
    sample_with(guider)
    (c, i, _), (args,) = branches[0], seen
    assert torch.equal(args["cond_denoised"], c) and torch.equal(args["uncond_denoised"], i) and args["cond_scale"] == 7.5


def test_it_works_with_the_hook_and_the_completion_sampler():
    with torch.inference_mode():
        hooked, operator = apply_rendering(apply_once(load_once()[0], learned_once()), make_depth(), make_cameras())
    sampler = build_completion_sampler(operator.mask, CompletionSettings(0.5))
    views = sample_with(ConceptGuider(hooked, *prompts(), 7.5, 3.5), steps=2, sampler=sampler)
    assert views.shape == draw_noise().shape and torch.isfinite(views).all()


def test_a_model_without_a_concept_is_refused():
    with pytest.raises(ValueError, match="wanted one with a concept, got one without; connect the MODEL of Apply Concept"):
        MVCustomConceptGuider.execute(load_once()[0], *prompts(), 7.5, 3.5)
    (guider,) = MVCustomConceptGuider.execute(apply_once(load_once()[0], make_concept()), *prompts(), 7.5, 3.5).result
    assert (guider.cfg, guider.image) == (7.5, 3.5)
