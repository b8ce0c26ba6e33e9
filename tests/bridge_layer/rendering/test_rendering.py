"""The render hook in ComfyUI runs: off means off, the anchor leads and is not touched, and runs that it cannot serve are refused."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import FrozenInstanceError, replace
from functools import lru_cache
from typing import Any

import comfy.context_windows
import comfy.samplers
import pytest
import torch
from comfy.model_patcher import ModelPatcher
from comfy.patcher_extension import WrappersMP
from comfy.samplers import sampler_object
from torch import Tensor

from mvcustom.mvcustom_core.backbone.attention import Scope
from mvcustom.mvcustom_core.rendering.levels import NoiseLevels
from mvcustom.mvcustom_core.rendering.operator import RenderOperator
from mvcustom.mvcustom_core.rendering.rendering import RenderingSettings
from mvcustom.nodes.bridge.backbone.spec import SD15_SPEC
from mvcustom.nodes.bridge.concept.application import render_depth, render_opacity
from mvcustom.nodes.bridge.host.call import KEY
from mvcustom.nodes.bridge.rendering import hook as rendering
from mvcustom.nodes.bridge.rendering import run as rendering_run
from mvcustom.nodes.bridge.rendering.hook import SITES, HookOptions, apply_rendering, report_rendering
from mvcustom.nodes.bridge.rendering.run import RENDERING_ATTACHMENT, RenderRun
from mvcustom.nodes.bridge.rendering.session import RenderSession
from mvcustom.tests.host.embedded import (
    apply_once,
    count_calls,
    load_once,
    load_still,
    make_cameras,
    make_concept,
    make_depth,
    make_scoped,
    sample,
    sample_schedule,
)

ANCHOR, VIEWS = 1, 3
FULL = RenderingSettings(strength=1.0, until=1.0, fade=0.0)


def hook_model(settings: RenderingSettings = FULL, shared_noise: bool = True, **changes: Any) -> ModelPatcher:
    model, cameras, anchor = (
        changes.pop(name, default) for name, default in (("model", load_once()[0]), ("cameras", make_cameras()), ("anchor", ANCHOR))
    )
    with torch.inference_mode():
        return apply_rendering(model, make_depth(anchor), cameras, HookOptions(settings, shared_noise=shared_noise, **changes))[0]


@lru_cache(maxsize=1)
def sample_plain() -> Tensor:
    return sample(load_once()[0])


def find_applied_concept(model: ModelPatcher) -> RenderSession:
    return model.get_attachment(RENDERING_ATTACHMENT)


def make_run(model: ModelPatcher, **changes: Any) -> RenderRun:
    """A run such as sampling makes."""
    session = find_applied_concept(model)
    levels = NoiseLevels.of(model.get_model_object("model_sampling").sigmas)
    return RenderRun(**{"plan": session.plan, "keep": session.keep, "levels": levels, "geometry": session.geometry, **changes})


@pytest.mark.parametrize("settings", [RenderingSettings(strength=0.0), RenderingSettings(until=0.0, fade=0.0)])
def test_no_strength_changes_no_bit(settings: RenderingSettings):
    assert torch.equal(sample(hook_model(settings, shared_noise=False)), sample_plain())


def test_features_and_noise_each_change_the_views():
    for settings, shared_noise in ((FULL, False), (RenderingSettings(strength=0.0), True)):
        assert (sample(hook_model(settings, shared_noise)) - sample_plain()).abs().max() > 1e-3


def test_anchor_is_seen_whole_by_itself():
    with torch.inference_mode():
        _, operator = apply_rendering(load_once()[0], make_depth(ANCHOR), make_cameras())
    assert operator.mask.shape == (VIEWS, 1, 8, 8)
    assert (operator.mask[ANCHOR] == 1).all()
    others = operator.mask[[0, 2]]
    assert (others < 1).any() and (others > 0.9).any()


COARSE, MIDDLE, FINE = ({("output", i): level for i in blocks} for level, blocks in ((2, (3, 4, 5)), (1, (6, 7, 8)), (0, (9, 10, 11))))


@pytest.mark.parametrize(
    ("sites", "blocks"),
    [
        ("as the backbone asks", MIDDLE | FINE),  # the embedded one's; of the levels, 0 is the latents' own
        ("decoder 16", COARSE),
        ("decoder 16 + 32", COARSE | MIDDLE),
        ("decoder 16 + 32 + 64", COARSE | MIDDLE | FINE),
    ],
)
def test_sites(sites: str, blocks: dict[tuple[str, int], int]):
    session = find_applied_concept(model := hook_model(sites=sites))
    assert session.plan.sites == blocks
    sizes = {level: tuple(operator.mask.shape[-2:]) for level, operator in session.geometry.operators.items()}
    assert sizes == {level: (8 >> level, 8 >> level) for level in {0, *blocks.values()}}
    x = torch.randn(VIEWS, 5, 2, 2)
    assert torch.equal(call_renderer(make_run(model), x, branches=1, block=("output", 3)), x) == (("output", 3) not in blocks)
    assert [*SITES][0] == HookOptions().sites == "as the backbone asks" and SD15_SPEC.rendering_levels == SITES["decoder 16 + 32"]


def call_renderer(run: RenderRun, x: Tensor, branches: int = 2, block: tuple[str, int] = ("output", 9), **entries: Any) -> Tensor:
    options = {"cond_or_uncond": list(range(branches)), KEY: {"rendering_strength": 1.0, **entries}}
    return run.render(x, block, options)


def test_features_of_the_anchor_are_not_touched():
    x = torch.randn(2 * VIEWS, 5, 8, 8, generator=torch.Generator().manual_seed(0))
    run = make_run(hook_model())
    rendered = call_renderer(run, x).unflatten(0, (2, VIEWS))
    before = x.unflatten(0, (2, VIEWS))
    assert torch.equal(rendered[:, ANCHOR], before[:, ANCHOR])
    for branch in range(2):  # each follows its own anchor: where it is seen whole, the view's own features are gone
        alone = call_renderer(run, x.unflatten(0, (2, VIEWS))[branch], branches=1)
        assert torch.equal(rendered[branch], alone)
    whole = (run.geometry.operators[0].mask[0] == 1).expand(5, -1, -1)
    assert whole.any()
    other = before.clone()
    other[:, 0] += 1
    torch.testing.assert_close(call_renderer(run, other.flatten(0, 1)).unflatten(0, (2, VIEWS))[0, 0][whole], rendered[0, 0][whole])


def test_references_and_other_blocks_are_left_alone():
    x = torch.randn(VIEWS, 5, 8, 8, generator=torch.Generator().manual_seed(0))
    run = make_run(hook_model())
    assert call_renderer(run, x, branches=1, bypass_motion=True) is x
    assert call_renderer(run, x, branches=1, rendering_strength=0.0) is x
    assert run.render(x, ("output", 9), {}) is x and call_renderer(run, x, branches=1, block=("input", 1)) is x


def spy_strengths(model: ModelPatcher) -> list[float]:
    """A list that grows by one entry, the strength, with each call of this MODEL's U-Net."""
    strengths: list[float] = []

    def look(executor: Callable[..., Tensor], *args: Any, **kwargs: Any) -> Tensor:
        strengths.append(args[5][KEY]["rendering_strength"])
        return executor(*args, **kwargs)

    model.add_wrapper_with_key(WrappersMP.DIFFUSION_MODEL, "test", look)
    return strengths


def test_rendering_ends_with_its_share_of_the_denoising():
    for settings, expected in (
        (RenderingSettings(until=0.5, fade=0.0), [1, 1, 0, 0]),
        (RenderingSettings(until=1.0, fade=0.5, strength=0.8), [0.8, 0.8, 0.8, 0.4]),
    ):
        model = hook_model(settings)
        strengths = spy_strengths(model)
        sample(model, steps=4)
        assert strengths == pytest.approx(expected)


def test_a_noise_level_is_read_once_for_all_blocks(monkeypatch: pytest.MonkeyPatch):
    """Reading it waits for the device, so it must not be done in each block or for each condition."""
    read: list[float] = []
    find = NoiseLevels.find_progress
    monkeypatch.setattr(NoiseLevels, "find_progress", lambda self, sigma: (read.append(sigma), find(self, sigma))[1])
    monkeypatch.setattr(ModelPatcher, "get_free_memory", lambda *_: 0)  # each condition in a call of its own
    model = hook_model()
    calls = count_calls(model)
    sample(model, steps=2)
    assert calls == [VIEWS] * 4 and len(read) == 2


def test_what_is_constant_in_a_run_is_computed_once(monkeypatch: pytest.MonkeyPatch):
    """Strength, mask and what is kept are multiplied for each level and strength, not in each block and step."""
    made: list[int] = []
    find = rendering_run.find_shares

    def count(operator: RenderOperator, keep: Tensor | None) -> Tensor:
        made.append(operator.mask.shape[-1])
        return find(operator, keep)

    monkeypatch.setattr(rendering_run, "find_shares", count)
    sample(hook_model(prediction=True), steps=4)
    assert sorted(made) == [4, 8]


@pytest.mark.parametrize("name", ["euler_ancestral", "heun"])  # noise in every step, and two calls in a step
def test_any_sampler(name: str):
    results = [sample(model, sampler=sampler_object(name)) for model in (hook_model(shared_noise=False), load_once()[0])]
    assert torch.isfinite(results[0]).all() and (results[0] - results[1])[[0, 2]].abs().max() > 1e-3


def test_without_guidance_and_with_several_prompts():
    """One branch, and four: what the model is told of each is what it would be told of it alone."""
    model = hook_model(shared_noise=False)
    strengths = spy_strengths(model)
    one = sample(model, cfg=1.0, steps=1)
    assert (one - sample(load_once()[0], cfg=1.0, steps=1)).abs().max() > 1e-3
    twice = sample(model, cfg=1.0, steps=1, copies=2)  # the same prompt, which ComfyUI averages with itself
    assert (twice - one).abs().max() < 1e-3 * one.abs().max()
    assert strengths == [1.0, 1.0]


def test_prompts_with_an_area_are_refused():
    with pytest.raises(ValueError, match="wanted 3 whole views of 4x4 cells in one batch, got 3 of 2x4; sample all views"):
        sample(hook_model(), area=(8, 4, 0, 4))


def test_shared_noise_keeps_the_anchors():
    anchor = {}
    for name, model in (("plain", load_once()[0].clone()), ("shared", hook_model(RenderingSettings(strength=0.0), shared_noise=True))):

        def look(executor: Any, x: Tensor, *args: Any, name: str = name, **kwargs: Any) -> Tensor:
            anchor.setdefault(name, x[:VIEWS].clone())
            return executor(x, *args, **kwargs)

        model.add_wrapper_with_key("diffusion_model", "test", look)
        sample(model, steps=1)
    assert torch.equal(anchor["plain"][ANCHOR], anchor["shared"][ANCHOR])
    assert not torch.equal(anchor["plain"][0], anchor["shared"][0])


# The prediction


def test_rendered_predictions_lead_the_views_to_the_anchor():
    """Rendered to the last step, latents are the anchor's wherever it sees them whole; by features alone they are not."""
    for prediction in (True, False):
        model = hook_model(prediction=prediction)
        latents, operator = sample(model, steps=3), find_applied_concept(model).geometry.operators[0]
        whole = (operator.mask == 1).repeat(1, latents.shape[1], 1, 1)
        whole[ANCHOR] = False  # it leads
        away = (latents - operator.apply(latents[[ANCHOR]]))[whole].abs().max() / latents[whole].abs().max()
        assert whole.any() and bool(away < 1e-5) is prediction


def predict_as(run: RenderRun, model: ModelPatcher, given: Tensor, sigma: float) -> Tensor:
    options = {"transformer_options": {**model.model_options["transformer_options"]}}
    return run.predict(lambda *_: given, given, torch.tensor([sigma]), options)


def test_predictions_are_rendered_as_strongly_as_features():
    """Anchors are left alone, and so is what the anchors do not see, a step without rendering, and the share that is kept."""
    model = hook_model(RenderingSettings(until=0.5, fade=0.0), sites="decoder 16 + 32", prediction=True)
    run, given = make_run(model), torch.randn(VIEWS, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    early, late = (predict_as(run, model, given, sigma) for sigma in (4.0, 0.1))
    operator = run.geometry.operators[0]
    assert torch.equal(late, given) and torch.equal(early[ANCHOR], given[ANCHOR])
    expected = torch.lerp(given, operator.apply(given[[ANCHOR]]), operator.mask.expand_as(given))
    torch.testing.assert_close(early[[0, 2]], expected[[0, 2]])
    kept = make_run(model, keep={0: torch.ones(VIEWS, 1, 8, 8)})
    assert torch.equal(predict_as(kept, model, given, 4.0), given)


def test_the_subject_is_kept_from_predictions_at_the_latents_level(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(rendering, "render_opacity", lambda *_: torch.ones(VIEWS, 1, 8, 8))
    levels = {p: {*find_applied_concept(hook_model(sites="decoder 16", spare_subject=1.0, prediction=p)).keep} for p in (False, True)}
    assert levels == {False: {2}, True: {0, 2}}


def test_without_geometry_predictions_are_as_they_are():
    model, given = hook_model(prediction=True), torch.randn(VIEWS, 4, 8, 8)
    assert predict_as(make_run(model, geometry=None), model, given, 4.0) is given


# The state of a run


def watch_runs(monkeypatch: pytest.MonkeyPatch) -> list[weakref.ref[RenderRun]]:
    """A list that grows by one entry with each run, as it ends."""
    ended: list[weakref.ref[RenderRun]] = []
    enter = rendering_run.running

    @contextmanager
    def watch(run: RenderRun, *args: Any) -> Iterator[None]:
        with enter(run, *args):
            yield
            assert {*run.placed} == {torch.device("cpu")} and not run.placed[torch.device("cpu")].geometry.correspondences
        assert not run.placed
        ended.append(weakref.ref(run))

    monkeypatch.setattr(rendering_run, "running", watch)
    return ended


@pytest.mark.usefixtures("quick_collection")
def test_nothing_stays_of_a_run(monkeypatch: pytest.MonkeyPatch):
    model, ended = hook_model(), watch_runs(monkeypatch)
    before = dict(model.model_options["transformer_options"][KEY])
    sample(model)
    gc.collect()
    assert len(ended) == 1 and ended[0]() is None
    assert model.model_options["transformer_options"][KEY] == before and [*model.wrappers] == [*hook_model().wrappers]
    with pytest.raises(FrozenInstanceError):
        find_applied_concept(model).geometry = None


def sample_parts(model: ModelPatcher, ends: tuple[int, ...], steps: int = 5, **changes: Any) -> Tensor:
    """The same denoising in several runs, which SplitSigmas or KSampler Advanced divide at these steps."""
    sigmas = comfy.samplers.calculate_sigmas(model.get_model_object("model_sampling"), changes.pop("scheduler", "simple"), steps)
    return sample_schedule(model, [sigmas[begin : end + 1] for begin, end in zip((0, *ends), (*ends, steps), strict=True)], **changes)


@pytest.mark.parametrize(("scheduler", "sampler", "prediction"), [("simple", "euler", True), ("karras", "ddim", False)])
@pytest.mark.usefixtures("exact_latents")
def test_a_denoising_in_two_runs_renders_as_one_does(scheduler: str, sampler: str, prediction: bool):
    """Bit for bit, since these samplers remember nothing. The parts hand on latents, whose scale rounds unless it is a power of two."""
    model = hook_model(RenderingSettings(until=0.6, fade=0.3), shared_noise=False, prediction=prediction)
    strengths = spy_strengths(model)
    chosen = {"scheduler": scheduler, "sampler": sampler_object(sampler)}
    whole = sample_parts(model, (), **chosen)
    rendered, strengths[:] = list(strengths), []
    assert 0 < min(filter(None, rendered)) < 1 and rendered[-1] == 0
    parts = sample_parts(model, (2,), **chosen)
    assert strengths == rendered and torch.equal(parts, whole)


def test_a_partial_denoising_renders_what_is_left_to_render():
    """The last 4 of 8 steps, as `denoise` at 0.5 leaves: half of the rendering lies behind them."""
    model = hook_model(RenderingSettings(until=0.75, fade=0.0), shared_noise=False)
    strengths = spy_strengths(model)
    sigmas = comfy.samplers.calculate_sigmas(model.get_model_object("model_sampling"), "simple", 8)
    sample_schedule(model, [sigmas[-5:]])
    assert strengths == [1.0, 1.0, 0.0, 0.0]


# Inside the subject


def test_the_subject_is_left_to_the_concept(monkeypatch: pytest.MonkeyPatch):
    opacity = torch.zeros(VIEWS, 1, 4, 4)
    opacity[:, :, 1:3, 1:3] = 1.0
    monkeypatch.setattr(rendering, "render_opacity", lambda model, cameras: opacity)
    x = torch.randn(VIEWS, 5, 4, 4, generator=torch.Generator().manual_seed(0))
    everywhere, half, background = (
        call_renderer(make_run(hook_model(spare_subject=share)), x, branches=1, block=("output", 6)) for share in (0.0, 0.5, 1.0)
    )
    inside = opacity.expand_as(x) == 1
    assert (everywhere - x)[[0, 2]][inside[[0, 2]]].abs().max() > 0.1
    assert torch.equal(background[inside], x[inside]) and torch.equal(background[~inside], everywhere[~inside])
    torch.testing.assert_close(half[inside], (everywhere[inside] + x[inside]) / 2)


def test_the_subjects_opacity_is_rendered_once_and_before_sampling():
    concept = apply_once(load_once()[0], make_concept(0.05))
    with torch.inference_mode():
        opacity = render_opacity(concept, make_cameras())
        depth = render_depth(concept, make_cameras(), 2)
    assert opacity.shape == (VIEWS, 1, 8, 8) and torch.equal(depth.opacity, opacity[2, 0]) and depth.distance.shape == (8, 8)
    keep = find_applied_concept(hook_model(model=concept, spare_subject=0.5)).keep
    assert {level: tuple(share.shape) for level, share in keep.items()} == {0: (VIEWS, 1, 8, 8), 1: (VIEWS, 1, 4, 4)}
    torch.testing.assert_close(keep[0], opacity / 2)
    assert float(keep[1].mean()) == pytest.approx(float(opacity.mean()) / 2, abs=0.02)


def test_report(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture):
    report = report_rendering(hook_model(RenderingSettings()))
    assert report.startswith("anchor view 1; the other 2 on average: ") and "view 2: " in report
    assert report.endswith("rendered up to 70% of the denoising, fading from 60%") and not caplog.records
    assert report_rendering(hook_model(RenderingSettings(), prediction=True)).endswith("fading from 60%; the prediction, too")
    whole = torch.ones(VIEWS, 1, 8, 8)
    monkeypatch.setattr(rendering, "render_opacity", lambda model, cameras: whole)
    assert report_rendering(hook_model(spare_subject=0.25)).endswith("; 25% of it is free for the concept")
    session = find_applied_concept(model := hook_model())
    mask = torch.zeros_like(session.geometry.operators[0].mask)
    mask[ANCHOR] = 1
    geometry = replace(session.geometry, operators={0: replace(session.geometry.operators[0], mask=mask)})
    model.set_attachments(RENDERING_ATTACHMENT, replace(session, geometry=geometry))
    assert "warning: the anchors show 0% of the other views" in report_rendering(model)
    assert "the anchors show 0% of the other views on average" in caplog.text


def test_background_only_wants_a_concept():
    with pytest.raises(ValueError, match="wanted one with a concept, got one without; connect the MODEL of Apply Concept"):
        hook_model(spare_subject=1.0)
    with pytest.raises(ValueError, match="cameras: wanted the 3 of the model's Apply Concept"):
        hook_model(model=apply_once(load_once()[0], make_concept(), views=3), cameras=make_cameras(reach_deg=10.0), spare_subject=1.0)


def test_options_must_make_sense():
    for changes, message in (
        ({"sites": "encoder"}, "sites: wanted one of as the backbone asks, .*got 'encoder'"),
        ({"spare_subject": 2.0}, "0 to 1, got 2.0"),
    ):
        with pytest.raises(ValueError, match=message):
            HookOptions(**changes)


# The trajectory scope


ALONG = Scope(1, trajectory=True)


def test_trajectories_need_geometry():
    model = make_scoped(ALONG)
    calls = count_calls(model)
    with pytest.raises(
        ValueError, match="trajectory scope: wanted a model whose depth and cameras are known.*connect the Depth-Aware Render Hook"
    ):
        sample(model)
    assert not calls


def test_the_scope_of_the_loader_and_of_the_hook_are_one():
    """With features left alone, what differs is the attention; the hook's choice overrules whatever the modules were loaded with."""
    off = RenderingSettings(strength=0.0)
    narrow = sample(make_scoped(Scope(1)), steps=1)
    loaded, chosen = (
        sample(hook_model(off, False, model=make_scoped(scope), follow_surface=follow), steps=1)
        for scope, follow in ((ALONG, False), (Scope(None), True))
    )
    assert torch.equal(loaded, chosen)
    assert (loaded - narrow).abs().max() > 1e-2
    plain = sample(hook_model(off, False, model=make_scoped(Scope(1))), steps=1)
    assert torch.equal(plain, narrow)


def test_coinciding_cameras_make_the_trajectory_scope_scope_one():
    """Of 16 cells a side: of 8, the deepest level is one cell, and its norms over two values make much of any rounding."""
    size = 128
    still = make_cameras(size=size)[[1, 1, 1]]
    along = sample(hook_model(RenderingSettings(strength=0.0), False, model=make_scoped(ALONG), cameras=still), steps=1, size=size)
    narrow = sample(make_scoped(Scope(1)), steps=1, size=size)
    assert (along - narrow).abs().max() <= 2e-5 * narrow.abs().max()  # 1e-6 in each of 21 modules


def test_correspondences_are_built_where_a_scope_asks_for_them():
    geometry = find_applied_concept(hook_model(follow_surface=True)).geometry
    assert {level: (found.height, found.width) for level, found in geometry.correspondences.items()} == {
        0: (8, 8),
        1: (4, 4),
        2: (2, 2),
        3: (1, 1),
    }
    assert not find_applied_concept(hook_model()).geometry.correspondences


def test_trajectories_refuse_prompts_with_an_area():
    model = hook_model(RenderingSettings(strength=0.0), follow_surface=True)
    with pytest.raises(ValueError, match="trajectory scope: wanted 3 whole views of 8x8 cells in one batch, got 3 of 4x8"):
        sample(model, area=(8, 4, 0, 4))


# Refusals


@pytest.mark.parametrize("shared_noise", [True, False])
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"views": 4}, "wanted 3, one for each camera, got 4; set the batch size"),
        ({"size": 128}, "wanted 64x64 pixels .*, got 128x128; give"),
    ],
)
def test_wrong_latents_are_refused_before_sampling(changes: dict[str, int], message: str, shared_noise: bool):
    model = hook_model(shared_noise=shared_noise)
    calls = count_calls(model)
    with pytest.raises(ValueError, match=message):
        sample(model, **changes)
    assert not calls


def test_context_windows_are_refused_before_sampling():
    model = hook_model()
    windows = comfy.context_windows
    handler = windows.IndexListContextHandler(
        windows.get_matching_context_schedule("standard_static"), windows.get_matching_fuse_method("pyramid"), context_length=2, dim=0
    )
    model.model_options["context_handler"] = handler
    windows.create_prepare_sampling_wrapper(model)
    calls = count_calls(model)
    with pytest.raises(ValueError, match="wanted all views in one batch, got context windows; disconnect"):
        sample(model)
    assert not calls


def test_model_cameras_and_anchor_must_fit():
    with pytest.raises(ValueError, match="connect Load MVCustom Backbone"):
        hook_model(model=load_still())
    with pytest.raises(ValueError, match="already carries a hook; connect the model from before"):
        hook_model(model=hook_model())
    with pytest.raises(ValueError, match="anchor: wanted a view from 0 to 2, got 3"):
        hook_model(anchor=3)
    with pytest.raises(ValueError, match="wanted sides divisible by 16, got 72x72; change the trajectory's size"):
        hook_model(cameras=make_cameras(size=72))
