"""Rendering in one pass: depth is estimated on the way, from what the anchor is about to become, and nothing else of a run changes."""

from __future__ import annotations

import gc
from functools import partial
from pathlib import Path
from typing import Any

import comfy.model_management
import folder_paths
import pytest
import torch
from comfy.model_patcher import ModelPatcher
from comfy.samplers import calculate_sigmas
from torch import Tensor

from mvcustom.mvcustom_core.backbone.attention import Scope
from mvcustom.mvcustom_core.rendering.rendering import RenderingSettings
from mvcustom.nodes.bridge.backbone.motion import MOTION_ATTACHMENT
from mvcustom.nodes.bridge.backbone.spec import BACKBONE_ATTACHMENT, SD15_SPEC
from mvcustom.nodes.bridge.depth.model import EMBEDDED
from mvcustom.nodes.bridge.host.call import KEY
from mvcustom.nodes.bridge.host.folders import DEPTH
from mvcustom.nodes.bridge.rendering import one_pass
from mvcustom.nodes.bridge.rendering.hook import HookOptions
from mvcustom.nodes.bridge.rendering.one_pass import Estimation, OnePassRun, apply_one_pass, read_moments
from mvcustom.nodes.bridge.rendering.run import RENDERING_ATTACHMENT
from mvcustom.nodes.bridge.rendering.session import RenderSession
from mvcustom.nodes.sampling.one_pass_render_hook import MVCustomOnePassRenderHook
from mvcustom.tests.bridge_layer.depth.test_depth_model import count_reads, save_depth_anything
from mvcustom.tests.host.embedded import apply_once, learned_once, load_once, load_still, make_cameras, make_scoped, sample, sample_schedule

pytestmark = pytest.mark.usefixtures("comfy")  # it registers the pack's model folders

ANCHOR, VIEWS = 1, 3
FULL = RenderingSettings(until=1.0, fade=0.0)


def hook(settings: RenderingSettings = FULL, moments: tuple[float, ...] = (0.5,), **changes: Any) -> ModelPatcher:
    estimation = Estimation(
        changes.pop("vae", load_once()[2]), changes.pop("depth_model", EMBEDDED), changes.pop("anchor", ANCHOR), moments
    )
    model, cameras = changes.pop("model", load_once()[0]), changes.pop("cameras", make_cameras())
    with torch.inference_mode():
        return apply_one_pass(model, cameras, HookOptions(settings, **changes), estimation)


def find_applied_concept(model: ModelPatcher) -> RenderSession:
    return model.get_attachment(RENDERING_ATTACHMENT)


def watch(model: ModelPatcher, steps: int, **changes: Any) -> tuple[list[Any], list[Tensor], Tensor]:
    """The geometry that each call of the U-Net finds, what each step promises, and the views."""
    found: list[Any] = []
    promised: list[Tensor] = []

    def look(executor: Any, *args: Any, **kwargs: Any) -> Any:
        found.append(args[5][KEY]["after_spatial"].__self__.geometry)
        return executor(*args, **kwargs)

    model = model.clone()
    model.add_wrapper_with_key("diffusion_model", "test", look)
    run = sample_schedule if "parts" in changes else partial(sample, steps=steps)
    views = run(model, callback=lambda step, x0, x, total: promised.append(x0.clone()), **changes)
    return found, promised, views


def test_rendering_begins_with_the_first_estimate_and_follows_the_later_ones():
    found, _, views = watch(hook(moments=(0.2, 0.4, 0.8)), steps=5)
    assert found[0] is None
    assert found[1] is not None and found[2] is found[3] is not found[1] and found[4] is not found[3]
    assert torch.isfinite(views).all()


def test_moments_of_few_steps_fall_together():
    found, _, _ = watch(hook(moments=(0.1, 0.2, 0.4)), steps=2)
    assert found[0] is None and found[1] is not None


def split(model: ModelPatcher, at: int, steps: int = 6) -> list[Tensor]:
    sigmas = calculate_sigmas(model.get_model_object("model_sampling"), "simple", steps)
    return [sigmas[: at + 1], sigmas[at:]]


@pytest.mark.usefixtures("exact_latents")
def test_moments_are_counted_in_the_whole_denoising():
    """In two runs, split before the first moment, depth is estimated at the same noise level as in one."""
    model = hook(moments=(0.5,))
    found, _, whole = watch(model, steps=4)
    again, _, parts = watch(model, steps=4, parts=split(model, 1, steps=4))
    assert [geometry is None for geometry in found] == [geometry is None for geometry in again] == [True, True, False, False]
    assert torch.equal(parts, whole)


def test_a_run_that_begins_after_a_moment_estimates_at_once_and_renders_all_its_steps():
    """It predicts its first step once more for it; later moments come as in a whole run."""
    model = hook(moments=(0.2, 0.8))
    parts = split(model, 3)
    found, _, views = watch(model, steps=6, parts=parts[1:])
    assert found[0] is None and found[1] is found[2] is not None and found[3] is not found[2] and len(found) == 4
    assert torch.isfinite(views).all()


def test_no_depth_is_estimated_where_nothing_is_rendered_any_more(monkeypatch: pytest.MonkeyPatch):
    model = hook(RenderingSettings(until=0.4, fade=0.0), moments=(0.2, 0.9))
    monkeypatch.setattr(OnePassRun, "_estimate", lambda *_: pytest.fail("estimated for nothing"))
    found, _, _ = watch(model, steps=6, parts=split(model, 3)[1:])
    assert found == [None] * 3


def test_depth_is_that_of_what_the_anchor_promises(monkeypatch: pytest.MonkeyPatch):
    decoded: list[Tensor] = []
    vae = load_once()[2]
    monkeypatch.setattr(vae, "decode", lambda latent, decode=vae.decode: (decoded.append(latent.clone()), decode(latent))[1])
    model = hook(moments=(0.5,), vae=vae)
    _, promised, _ = watch(model, steps=2)
    (latent,) = decoded
    torch.testing.assert_close(latent, model.model.process_latent_out(promised[0][ANCHOR : ANCHOR + 1]))


def test_a_picture_of_nan_is_the_vaes_and_not_the_depth_models(monkeypatch: pytest.MonkeyPatch):
    vae = load_once()[2]
    monkeypatch.setattr(vae, "decode", lambda latent, decode=vae.decode: decode(latent) * torch.nan)
    with pytest.raises(ValueError, match="^vae: wanted finite values, got NaN or infinity in 4096 of 4096 pixels .* VAE in half precision"):
        sample(hook(vae=vae))


def test_before_the_first_estimate_nothing_is_changed():
    """The first steps are the plain model's; the last ones are not."""
    _, promised, _ = watch(hook(moments=(0.5,)), steps=4)
    _, plain, _ = watch(hook(RenderingSettings(strength=0.0), moments=(0.5,)), steps=4)
    same = [torch.equal(a, b) for a, b in zip(promised, plain, strict=True)]
    assert same == [True, True, False, False]
    assert torch.equal(plain[3], sample_promises(load_once()[0], 4)[3])


def sample_promises(model: ModelPatcher, steps: int) -> list[Tensor]:
    promised: list[Tensor] = []
    sample(model, steps=steps, callback=lambda step, x0, x, total: promised.append(x0.clone()))
    return promised


def test_each_run_begins_anew_and_leaves_nothing():
    model = hook()
    first = sample(model)
    assert find_applied_concept(model).geometry is None
    assert torch.equal(sample(model), first)


def test_clones_that_sample_in_turns_do_not_disturb_each_other():
    """A whole run of one between any two steps of the other, at other noise levels; each has a U-Net of its own, as on several devices."""
    model = hook(moments=(0.3,), prediction=True, follow_surface=True)
    other = model.clone()
    other.model = load_still().model
    outer, inner = sample(model, steps=3), sample(other, steps=2, cfg=2.0)
    found: list[Tensor] = []
    again = sample(model, steps=3, callback=lambda *_: found.append(sample(other, steps=2, cfg=2.0)))
    assert torch.equal(again, outer) and len(found) == 3 and all(torch.equal(views, inner) for views in found)


def test_the_unet_is_back_right_after_the_estimate(monkeypatch: pytest.MonkeyPatch):
    events: list[str] = []
    load = comfy.model_management.load_models_gpu
    monkeypatch.setattr(one_pass, "estimate_depth", lambda *a, estimate=one_pass.estimate_depth: (events.append("depth"), estimate(*a))[1])
    model = hook()

    def spy(models: list[ModelPatcher], *args: Any, **kwargs: Any) -> Any:
        events.append("unet" if any(patcher.model is model.model for patcher in models) else "other")
        return load(models, *args, **kwargs)

    monkeypatch.setattr(comfy.model_management, "load_models_gpu", spy)
    sample(model)
    assert "unet" in events[:-2] and events[-2:] == ["depth", "unet"]


def test_a_model_that_nobody_holds_any_more_is_not_loaded_again(monkeypatch: pytest.MonkeyPatch):
    listed = comfy.model_management.loaded_models
    monkeypatch.setattr(comfy.model_management, "loaded_models", lambda **chosen: [None, *listed(**chosen)])
    sample(hook())


def test_cancelling_ends_the_run_at_once_and_leaves_nothing(monkeypatch: pytest.MonkeyPatch):
    """Before the depth model, which looks for it itself; nothing is built any more."""
    model = hook()
    monkeypatch.setattr(one_pass, "align_estimate", lambda *_: pytest.fail("went on after the cancel"))
    vae = load_once()[2]

    def decode(latent: Tensor, decode: Any = vae.decode) -> Tensor:
        comfy.model_management.interrupt_current_processing()
        return decode(latent)

    monkeypatch.setattr(vae, "decode", decode)
    with pytest.raises(comfy.model_management.InterruptProcessingException):
        sample(model)
    assert find_applied_concept(model).geometry is None


def test_a_depth_model_that_cannot_run_is_refused_before_sampling():
    with pytest.raises(ValueError, match="depth_model: wanted one of embedded depth head.*got 'zoe'"):
        hook(depth_model="zoe")


def test_the_embedded_head_is_refused_for_another_backbone():
    model = load_once()[0].clone()
    model.set_attachments(BACKBONE_ATTACHMENT, SD15_SPEC)
    with pytest.raises(
        ValueError, match=r"depth_model: the embedded depth head knows .* alone, got a model of another backbone .*; choose"
    ):
        hook(model=model)


@pytest.mark.usefixtures("quick_collection")
def test_a_depth_model_is_read_once_for_a_whole_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Also where ComfyUI unloads it after every estimate, to make room for the U-Net."""
    monkeypatch.setitem(folder_paths.folder_names_and_paths, DEPTH, ([str(tmp_path)], {".safetensors"}))
    save_depth_anything(tmp_path / "small")
    reads = count_reads(monkeypatch)
    monkeypatch.setattr(one_pass, "align_estimate", refuse)
    estimate = one_pass.estimate_depth
    monkeypatch.setattr(one_pass, "estimate_depth", lambda *a: (estimate(*a), comfy.model_management.unload_all_models(), gc.collect())[0])
    with pytest.raises(ValueError, match="one pass: wanted a depth of the anchor"):
        sample(hook(moments=(0.2, 0.4, 0.8), depth_model="small"), steps=5)
    assert reads == ["small"]


def refuse(*_: Any, **__: Any) -> Any:
    raise ValueError("depth: no estimator can be trusted")


def test_a_refused_estimate_is_left_out(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture):
    align, calls = one_pass.align_estimate, []

    def refuse_second(*args: Any, **kwargs: Any) -> Any:
        calls.append(1)
        return refuse() if len(calls) == 2 else align(*args, **kwargs)

    monkeypatch.setattr(one_pass, "align_estimate", refuse_second)
    found, _, _ = watch(hook(moments=(0.25, 0.5)), steps=4)
    assert found[0] is None and found[1] is found[2] is found[3] is not None
    assert "at 50% of the denoising: this depth is left out: depth: no estimator can be trusted" in caplog.text


def test_no_usable_estimate_at_all_is_an_error(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(one_pass, "align_estimate", refuse)
    with pytest.raises(
        ValueError, match="one pass: wanted a depth .* at 50% of the denoising: depth: no estimator can be trusted. Estimate later"
    ):
        sample(hook(moments=(0.25, 0.5)), steps=4)


def test_a_concept_fixes_the_scale(monkeypatch: pytest.MonkeyPatch):
    given: list[Any] = []
    monkeypatch.setattr(one_pass, "align_estimate", lambda *a, align=one_pass.align_estimate, **k: (given.append(a[3]), align(*a, **k))[1])
    sample(hook())
    sample(hook(model=apply_once(load_once()[0], learned_once())))
    assert given[0] is None and given[1].opacity.shape == (8, 8)


def test_modules_look_as_they_were_loaded_until_there_is_a_surface():
    """With features left alone, what differs is the attention."""
    off = RenderingSettings(strength=0.0)
    promised = watch(hook(off, model=make_scoped(Scope(None)), follow_surface=True), steps=2)[1]
    dense = sample_promises(make_scoped(Scope(None)), 2)
    assert torch.equal(promised[0], dense[0]) and not torch.equal(promised[1], dense[1])
    assert make_scoped(Scope(None)).get_attachment(MOTION_ATTACHMENT).scopes[0] == Scope(None)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"anchor": 3}, "anchor: wanted a view from 0 to 2, got 3"),
        ({"moments": (0.4, 0.2)}, r"ascending shares between 0 and 1, such as 0.1, 0.2, 0.4, got \(0.4, 0.2\)"),
        ({"moments": (0.0, 0.2)}, "ascending shares"),
        ({"moments": (0.5, 1.0)}, "ascending shares"),
        ({"moments": ()}, "ascending shares"),
        ({"settings": RenderingSettings(until=0.5), "moments": (0.5,)}, "before rendering ends at 0.5, got 0.5"),
        ({"model": None}, "connect Load MVCustom Backbone"),
    ],
)
def test_refusals_before_sampling(changes: dict[str, Any], message: str):
    if "model" in changes:
        changes = {"model": load_still()}
    with pytest.raises(ValueError, match=message):
        hook(**changes)


def test_moments_as_text():
    assert read_moments(" 0.1,0.2 , 0.4") == (0.1, 0.2, 0.4)
    with pytest.raises(ValueError, match='wanted shares of the denoising with commas between them, such as "0.1, 0.2, 0.4", got "early"'):
        read_moments("early")


@pytest.mark.parametrize(("choice", "anchor"), [("index", 0), ("max coverage", 1)])
def test_the_node(choice: str, anchor: int, monkeypatch: pytest.MonkeyPatch):
    decoded: list[Tensor] = []
    vae = load_once()[2]
    monkeypatch.setattr(vae, "decode", lambda latent, decode=vae.decode: (decoded.append(latent.clone()), decode(latent))[1])
    (model,) = MVCustomOnePassRenderHook.execute(
        load_once()[0],
        vae,
        make_cameras(),
        anchor=0,
        anchor_choice=choice,
        depth_model=EMBEDDED,
        estimate_at="0.5",
        strength=1.0,
        until=0.7,
    ).result
    assert find_applied_concept(model).geometry is None
    _, promised, views = watch(model, steps=2)
    torch.testing.assert_close(decoded[0], model.model.process_latent_out(promised[0][anchor : anchor + 1]))
    assert torch.isfinite(views).all()
