"""Which branch shows the concept, whatever its place in the guider's list, and which part of the view it draws."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
import torch
from comfy.model_patcher import ModelPatcher
from comfy.patcher_extension import WrappersMP
from comfy.samplers import CFGGuider, calculate_sigmas, sampler_object
from torch import Tensor

from mvcustom.mvcustom_core.concept.feature_nerf import FeatureNerf
from mvcustom.nodes.bridge.concept.application import CONCEPT_ATTACHMENT, find_applied_concept
from mvcustom.nodes.bridge.concept.branches import Branch, find_branches, list_branches, with_branches
from mvcustom.nodes.bridge.concept.guidance import ConceptGuider
from mvcustom.nodes.bridge.concept.session import ConceptSession
from mvcustom.nodes.bridge.concept.tokens import encode_caption
from mvcustom.tests.host.embedded import SPEC, apply_once, draw_noise, learned_once, load_once, make_concept

BLOCKS = len(SPEC.pose_layout.sites)
LEFT, RIGHT = (8, 4, 0, 0), (8, 4, 0, 4)  # height, width, y, x in latent cells


def condition(**extra: Any) -> dict[str, Any]:
    return {"uuid": uuid4(), **extra}


def prompt(text: str, **extra: Any) -> list[Any]:
    return [[encode_caption(load_once()[1], text), extra]]


@torch.inference_mode()
def predict(guider: CFGGuider) -> list[dict[str, Tensor]]:
    """One step; for each call of `calc_cond_batch`, what came out, by the name of the list of conditions."""
    calls: list[dict[str, Tensor]] = []

    def note(executor: Any, model: Any, conditions: Any, *args: Any) -> Any:
        outputs = executor(model, conditions, *args)
        names = {id(own): name for name, own in guider.conds.items()}
        calls.append({names[id(own)]: output for own, output in zip(conditions, outputs, strict=True) if own is not None})
        return outputs

    guider.model_patcher.add_wrapper_with_key(WrappersMP.CALC_COND_BATCH, "test", note)
    noise = draw_noise()
    sigmas = calculate_sigmas(guider.model_patcher.get_model_object("model_sampling"), "simple", 1)
    guider.sample(noise, torch.zeros_like(noise), sampler_object("euler"), sigmas, disable_pbar=True, seed=1)
    return calls


def build(kind: type[CFGGuider], model: ModelPatcher, **conditions: list[Any]) -> CFGGuider:
    guider = kind(model.clone())
    guider.set_cfg(4.0)
    guider.inner_set_conds(conditions)
    return guider


class NegativeFirst(CFGGuider):
    """Calls in the order of core's dual CFG."""

    def predict_noise(self, x: Tensor, timestep: Tensor, model_options: Any = None, seed: Any = None) -> Tensor:
        import comfy.samplers

        names = ("negative", "middle", "positive")
        return comfy.samplers.calc_cond_batch(self.inner_model, [self.conds.get(name) for name in names], x, timestep, model_options)[2]


def test_a_branch_goes_by_its_guiders_name_for_it():
    positive, negative, copied = condition(), condition(), condition()
    copied["uuid"] = positive["uuid"]  # as ComfyUI adds for a prompt with an area
    guider = SimpleNamespace(conds={"positive": [positive], "negative": [negative, copied]})
    shown = {key: branch.shown for key, branch in find_branches(guider, [[negative, copied], None, [positive]]).items()}
    assert shown == {(0, negative["uuid"]): False, (0, positive["uuid"]): False, (2, positive["uuid"]): True}
    guider.concept_branches = frozenset({"negative"})
    assert [branch.shown for branch in find_branches(guider, [[positive], [negative]]).values()] == [False, True]


def test_conditions_that_are_not_the_guiders_own_go_by_uuid_or_are_not_shown():
    positive, negative, shared = condition(), condition(), condition()
    guider = SimpleNamespace(conds={"positive": [positive, shared], "negative": [negative, dict(shared)]})
    listed = [dict(positive), dict(negative), dict(shared), condition()]
    assert [branch.shown for branch in find_branches(guider, [listed]).values()] == [True, False, False, False]


def test_calls_list_their_branches_in_order():
    one, two = condition(area=(4, 3, 2, 1)), condition()
    guider = SimpleNamespace(conds={"positive": [one], "negative": [two]})
    options = with_branches({"transformer_options": {"mvcustom": {"a": 1}}}, find_branches(guider, [[one], [two]]))["transformer_options"]
    assert options["mvcustom"]["a"] == 1
    options |= {"cond_or_uncond": [1, 0], "uuids": [two["uuid"], one["uuid"]]}
    assert list_branches(options) == [Branch(1, two["uuid"], False, (0, 0)), Branch(0, one["uuid"], True, (2, 1))]
    assert list_branches({"cond_or_uncond": [0], "uuids": [one["uuid"]]}) == [Branch(0, one["uuid"], False, (0, 0))]
    assert list_branches({}) == []


def test_negative_first_is_no_positive():
    model, _, _ = load_once()
    texts = {"positive": prompt("a red box"), "negative": prompt(""), "middle": prompt("a box")}
    (with_concept,) = predict(build(NegativeFirst, apply_once(model, learned_once()), **texts))
    (plain,) = predict(build(NegativeFirst, model, **texts))
    for name in ("negative", "middle"):
        torch.testing.assert_close(with_concept[name], plain[name], rtol=0, atol=1e-5)
    assert (with_concept["positive"] - plain["positive"]).abs().max() > 1e-2


def test_areas_and_several_prompts_keep_their_branches(monkeypatch: pytest.MonkeyPatch):
    """ComfyUI copies conditions with areas into the other branches, uuid and all."""
    renderings: list[int] = []
    forward = FeatureNerf.forward
    monkeypatch.setattr(FeatureNerf, "forward", lambda self, *args: [renderings.append(id(self)), forward(self, *args)][1])
    model, _, _ = load_once()
    positive = [*prompt("a red box", area=LEFT), *prompt("a blue box", area=RIGHT)]
    (plain,) = predict(build(CFGGuider, model, positive=positive, negative=prompt("")))
    (three,) = predict(ConceptGuider(apply_once(model, make_concept(0.05)), positive, prompt(""), 7.5, 3.5))
    torch.testing.assert_close(three["negative"], plain["negative"], rtol=0, atol=1e-3)  # in batches of other sizes
    for name, other in (("subject", plain["negative"]), ("positive", plain["positive"])):
        for half in (slice(0, 4), slice(4, 8)):
            assert (three[name] - other)[..., half].abs().max() > 1e-2
    assert len(renderings) == BLOCKS * (2 + 3)  # two areas of the prompt; of the negative one the same, and the whole


def test_an_area_is_rendered_as_that_part_of_the_view():
    model = apply_once(load_once()[0], make_concept(0.05))
    session = ConceptSession(find_applied_concept(model), model.get_additional_models_with_key(CONCEPT_ATTACHMENT)[0].model, model)
    with torch.inference_mode():
        session.prepare(model.model.diffusion_model, (8, 8), torch.device("cpu"), torch.float32)
        for site in SPEC.pose_layout.sites:
            cells, at = 8 >> site.level, 4 >> site.level
            whole = session.render(site.number, (cells, cells)).features.unflatten(1, (cells, cells))
            part = session.render(site.number, (cells, cells - at), (0, 4)).features.unflatten(1, (cells, cells - at))
            torch.testing.assert_close(part, whole[:, :, at:], rtol=1e-4, atol=1e-5)
