"""The completion sampler among ComfyUI's own: the wrapped sampler where all is seen, fresh noise from the seed where it is not."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import comfy.model_management
import comfy.model_sampling
import pytest
import torch
from comfy.sample import prepare_noise
from comfy.samplers import KSAMPLER, SAMPLER_NAMES, Sampler, calculate_sigmas, sampler_object
from torch import Tensor

from mvcustom.mvcustom_core.rendering import completion
from mvcustom.mvcustom_core.rendering.completion import CompletionSettings
from mvcustom.nodes.bridge.concept.tokens import encode_caption
from mvcustom.nodes.bridge.rendering.completion import build_completion_sampler
from mvcustom.nodes.sampling.latent_completion_sampler import MVCustomLatentCompletionSampler
from mvcustom.tests.host.embedded import count_calls, load_once, make_cameras, sample
from mvcustom.tests.host.in_process import ComfyInProcess

HALF = CompletionSettings(until=0.5)
MANY = CompletionSettings(until=1.0, repeats=2)
SIGMAS = calculate_sigmas(comfy.model_sampling.ModelSamplingDiscrete(), "simple", 24)
NAMES = [name for name in SAMPLER_NAMES if not name.endswith("_gpu")]  # which on a CPU are the same
KINDS = ["ddim", "euler_ancestral", "heun", "lms", "dpmpp_2m", "dpmpp_2m_cfg_pp", "dpmpp_2m_sde", "lcm", "deis", "sa_solver", "uni_pc"]


def half_seen(views: int = 3, side: int = 64) -> Tensor:
    """The left half is black in all views but the first."""
    mask = torch.ones(views, 1, side, side)
    mask[1:, :, :, : side // 2] = 0
    return mask


def complete(mask: Tensor, settings: CompletionSettings = HALF, steps: int = 2, seed: int = 5, **changes: Any) -> Tensor:
    return sample(load_once()[0], sampler=build_completion_sampler(mask, settings), steps=steps, seed=seed, **changes)


class GaussianModel:
    """What a sampler sees of a run on data drawn from N(2, 1): the exact x0, and the attributes that samplers ask for."""

    def __init__(self) -> None:
        sampling = type("Sampling", (comfy.model_sampling.ModelSamplingDiscrete, comfy.model_sampling.EPS), {})()
        patcher = SimpleNamespace(get_model_object=lambda name: sampling)
        self.inner_model = SimpleNamespace(inner_model=SimpleNamespace(model_sampling=sampling), model_patcher=patcher)
        self.calls = 0

    def __call__(self, x: Tensor, sigma: Tensor, model_options: dict[str, Any], seed: int) -> Tensor:
        self.calls += 1
        variance = sigma.reshape(-1, 1, 1, 1).square()
        denoised = (x + variance * 2.0) / (1 + variance)
        for function in model_options.get("sampler_post_cfg_function", []):  # by which the CFG++ samplers get the unguided estimate
            function({"denoised": denoised, "uncond_denoised": denoised, "model": self, "sigma": sigma, "input": x})
        return denoised


def run(sampler: KSAMPLER, x: Tensor, sigmas: Tensor = SIGMAS, callback: Any = None, model: GaussianModel | None = None) -> Tensor:
    extra = {"model_options": {}, "seed": 3}
    call = {"extra_args": extra, "callback": callback, "disable": True, **sampler.extra_options}
    return sampler.sampler_function(model or GaussianModel(), x, sigmas, **call)


def start(views: int = 1, channels: int = 4, side: int = 8) -> Tensor:
    """Data at the schedule's first level."""
    noise = torch.randn(views, channels, side, side, generator=torch.Generator().manual_seed(1))
    return 2 + noise * (1 + SIGMAS[0] ** 2).sqrt()


@pytest.mark.parametrize("name", NAMES)
def test_where_nothing_is_to_complete_it_is_the_wrapped_sampler(name: str):
    x, (white, black) = start(2), (torch.full((2, 1, 8, 8), value) for value in (1.0, 0.0))
    wrapped, sigmas = sampler_object(name), SIGMAS[::4]
    plain = run(wrapped, x, sigmas)
    for mask, settings in ((white, MANY), (black, CompletionSettings(until=1.0, repeats=0)), (black, CompletionSettings(until=0.0))):
        assert torch.equal(run(build_completion_sampler(mask, settings, wrapped), x, sigmas), plain)


@pytest.mark.parametrize("name", [pytest.param(name, marks=[] if name in KINDS else pytest.mark.slow) for name in NAMES])
def test_completed_data_has_its_distribution_under_every_sampler(name: str):
    """Seen, blended and unseen data come out as the plain sampler leaves all of it: nothing is noised twice, or not enough."""
    x, wrapped = start(channels=32, side=16), sampler_object(name)
    plain = run(wrapped, x)
    completed = run(build_completion_sampler(half_seen(2, 16)[1:], CompletionSettings(), wrapped), x)
    for columns in (slice(0, 6), slice(7, 10), slice(11, 16)):
        assert completed[..., columns].mean() == pytest.approx(2.0, abs=0.2)
        assert completed[..., columns].std() == pytest.approx(float(plain[..., columns].std()), rel=0.08)


@pytest.mark.parametrize("name", ["euler", "dpmpp_2m", "euler_ancestral", "uni_pc"])
@pytest.mark.parametrize(("until", "completed"), [(0.5, 12), (0.95, 23), (1.0, 24)])
def test_steps_are_counted_through(name: str, until: float, completed: int):
    seen: list[dict[str, Any]] = []
    model = GaussianModel()
    sampler = build_completion_sampler(half_seen(2, 8), CompletionSettings(until), sampler_object(name))
    result = run(sampler, start(2), callback=seen.append, model=model)
    assert [step["i"] for step in seen] == list(range(24))
    assert model.calls == 24 + completed
    assert result.mean() == pytest.approx(2.0, abs=0.2) and result.std() == pytest.approx(1.0, abs=0.2)


@pytest.mark.parametrize("ends", [(3,), (12,), (5, 17)])
@pytest.mark.parametrize("cameras", [None, make_cameras(2)])
def test_a_denoising_in_parts_completes_as_a_whole_one_does(ends: tuple[int, ...], cameras: Any):
    """Bit for bit: how far a step completes and what it draws follow from its noise level alone."""
    sampler = build_completion_sampler(half_seen(2, 8), CompletionSettings(0.5, repeats=2), sampler_object("ddim"), cameras)
    x = whole = start(2)
    whole = run(sampler, whole)
    for begin, end in zip((0, *ends), (*ends, 24), strict=True):
        x = run(sampler, x, SIGMAS[begin : end + 1])
    assert torch.equal(x, whole)


@pytest.mark.parametrize("until", [0.0, 0.5])
def test_noise_levels_stay_as_they_were_given(until: float):
    """Core's UniPC writes its own last level into them, and ComfyUI keeps them for the next run."""
    given = calculate_sigmas(comfy.model_sampling.ModelSamplingDiscrete(), "simple", 24)
    sigmas = given.clone()
    run(build_completion_sampler(half_seen(2), CompletionSettings(until), sampler_object("uni_pc")), start(2), sigmas)
    assert torch.equal(sigmas, given)


@pytest.mark.parametrize(("scheduler", "completed"), [("simple", 4), ("karras", 5), ("normal", 4), ("sgm_uniform", 4), ("beta", 6)])
def test_other_schedulers_complete_down_to_the_same_noise_level(scheduler: str, completed: int):
    model = GaussianModel()
    sigmas = calculate_sigmas(comfy.model_sampling.ModelSamplingDiscrete(), scheduler, 20)
    run(build_completion_sampler(half_seen(2, 8), CompletionSettings()), start(2), sigmas, model=model)
    assert model.calls == 20 + completed


def test_white_masks_give_cores_euler(comfy: ComfyInProcess):
    model, clip, _ = load_once()
    nodes = comfy.nodes.NODE_CLASS_MAPPINGS
    with torch.inference_mode():
        conditions = {name: [[encode_caption(clip, text), {}]] for name, text in (("positive", "a box"), ("negative", ""))}
        sigmas = calculate_sigmas(model.get_model_object("model_sampling"), "simple", 2)
        samplers = sampler_object("euler"), build_completion_sampler(torch.ones(3, 1, 64, 64), MANY)
        common = {"model": model, "add_noise": True, "noise_seed": 7, "cfg": 4.0, "sigmas": sigmas, **conditions}
        kept = torch.ones(3, 64, 64)
        kept[:, :32] = 0
        latent = {"samples": torch.full((3, 4, 8, 8), 0.5), "noise_mask": kept}
        plain, same = (nodes["SamplerCustom"].execute(**common, sampler=sampler, latent_image=latent).result for sampler in samplers)
        assert torch.equal(plain[0]["samples"], same[0]["samples"]) and torch.equal(plain[1]["samples"], same[1]["samples"])


def test_kept_latents_are_kept_and_denoising_may_start_in_the_middle():
    """As with any sampler, what a latent noise mask keeps comes out as it came in."""
    model, clip, _ = load_once()
    kept = torch.ones(3, 1, 8, 8)
    kept[:, :, :4] = 0
    latents = torch.full((3, 4, 8, 8), 0.5)
    sigmas = calculate_sigmas(model.get_model_object("model_sampling"), "simple", 8)[-3:]
    conditions = [[encode_caption(clip, ""), {}]]
    with torch.inference_mode():
        views = comfy.sample.sample_custom(
            model, prepare_noise(latents, 3), 1.0, build_completion_sampler(half_seen(), MANY, sampler_object("dpmpp_2m")), sigmas,
            conditions, conditions, latents, noise_mask=kept, disable_pbar=True, seed=3,
        )  # fmt: skip
    torch.testing.assert_close(views[:, :, :4], latents[:, :, :4], rtol=0, atol=1e-4)
    assert (views[:, :, 4:] - 0.5).abs().max() > 0.01


def test_seed_decides_what_is_drawn():
    first = complete(half_seen())
    assert torch.equal(complete(half_seen()), first)
    other = complete(half_seen(), seed=6)  # of the same start noise
    assert (first - other)[1:, :, :, :3].abs().max() > 1e-3


def watch_noise(monkeypatch: pytest.MonkeyPatch) -> list[Tensor]:
    drawn: list[Tensor] = []
    perturb = completion.perturb_latents

    def look(x: Tensor, denoised: Tensor, noise: Tensor, *args: Tensor) -> Tensor:
        drawn.append(noise)
        return perturb(x, denoised, noise, *args)

    monkeypatch.setattr(completion, "perturb_latents", look)
    return drawn


@pytest.mark.parametrize("seed", [5, 2**32 - 1, 2**64 - 1])
def test_noise_of_others_is_not_drawn_again(seed: int, monkeypatch: pytest.MonkeyPatch):
    """The start noise comes from the seed, that of ancestral steps and of inpainting from the next; torch looks at 32 bits."""
    drawn = watch_noise(monkeypatch)
    complete(half_seen(), seed=seed, noise=prepare_noise(torch.zeros(3, 4, 8, 8), seed))
    for other in (seed, seed + 1):
        theirs = torch.randn(3, 4, 8, 8, generator=torch.Generator().manual_seed(other % 2**64))
        assert (drawn[0] * theirs).mean().abs() < 0.2  # 1 if it were the same


def test_shared_noise_is_the_same_in_views_that_look_the_same_way(monkeypatch: pytest.MonkeyPatch):
    drawn = watch_noise(monkeypatch)
    still = make_cameras(reach_deg=0.0)
    for cameras in (still, None):
        sample(load_once()[0], sampler=build_completion_sampler(half_seen(), HALF, cameras=cameras))
    shared, independent = drawn
    assert torch.equal(shared[1], shared[0]) and torch.equal(shared[2], shared[0])
    assert torch.equal(independent[0], shared[0]) and not torch.equal(independent[1], independent[0])


def test_repeats_cost_one_call_each_in_the_early_steps():
    model = load_once()[0].clone()
    calls = count_calls(model)
    sample(model, sampler=build_completion_sampler(half_seen(), CompletionSettings(0.65, 2)), steps=3)
    assert len(calls) == 3 + 2 * 2


def test_cancel_takes_effect_within_a_step():
    model = load_once()[0].clone()
    calls: list[int] = []

    def cancel(executor: Any, *args: Any, **kwargs: Any) -> Tensor:
        calls.append(len(calls))
        comfy.model_management.interrupt_current_processing(len(calls) == 3)
        return executor(*args, **kwargs)

    model.add_wrapper_with_key("diffusion_model", "test", cancel)
    with pytest.raises(comfy.model_management.InterruptProcessingException):
        sample(model, sampler=build_completion_sampler(half_seen(), CompletionSettings(0.5, 10)), steps=2)
    assert len(calls) == 3


@pytest.mark.parametrize(
    ("mask", "cameras", "message"),
    [
        (half_seen(2), None, "wanted a mask for each of the 3 latents, got 2; use the masks of these views"),
        (half_seen()[..., :32], None, "wanted masks of the latents' aspect 8x8, got 32x64"),
        (half_seen(), make_cameras(2), "wanted a camera for each of the 3 latents, got 2; connect this trajectory's cameras"),
        (half_seen(), make_cameras().crop(0, 0, 64, 32), "wanted cameras of the latents' aspect 8x8, got 64x32"),
    ],
)
def test_masks_and_cameras_of_other_views_are_refused_before_sampling(mask: Tensor, cameras: Any, message: str):
    model = load_once()[0].clone()
    calls = count_calls(model)
    with pytest.raises(ValueError, match=message):
        sample(model, sampler=build_completion_sampler(mask, HALF, cameras=cameras))
    assert not calls


@pytest.mark.parametrize("value", [torch.nan, torch.inf, 1.5, -0.5])
def test_masks_that_are_none(value: float):
    with pytest.raises(ValueError, match=r"masks: wanted values from 0 to 1, got .*; connect the render hook's masks"):
        build_completion_sampler(torch.full((3, 1, 8, 8), value), HALF)


def test_samplers_that_cannot_be_wrapped():
    with pytest.raises(ValueError, match="wanted one as from KSamplerSelect, got Sampler; connect another or none"):
        build_completion_sampler(half_seen(), HALF, Sampler())
    with pytest.raises(ValueError, match="got another Latent Completion Sampler; connect that sampler's own"):
        build_completion_sampler(half_seen(), HALF, build_completion_sampler(half_seen(), HALF))


def test_models_that_it_is_not_for():
    flow = GaussianModel()
    flow.inner_model.inner_model.model_sampling = comfy.model_sampling.CONST()
    for model, x, message in ((flow, start(), "got a flow model"), (GaussianModel(), start()[:, :, None], r"got \[1, 4, 1, 8, 8\]")):
        with pytest.raises(ValueError, match=message):
            run(build_completion_sampler(half_seen(1, 8), HALF), x, model=model)
        assert not model.calls


def test_node_hands_its_inputs_on():
    wrapped, cameras = sampler_object("ddim"), make_cameras()
    inputs = {"masks": half_seen()[:, 0], "until": 0.3, "repeats": 2, "feather": 3, "sampler": wrapped, "cameras": cameras}
    for noise, shared in (("independent", None), ("shared by infinite homography", cameras)):
        (sampler,) = MVCustomLatentCompletionSampler.execute(noise=noise, **inputs).result
        made = sampler.sampler_function
        assert torch.equal(made.masks, half_seen()) and made.settings == CompletionSettings(0.3, 2, feather_px=3)
        assert made.sampler is wrapped and made.cameras is shared
        assert sampler.inpaint_options == {"random": True}
    (sampler,) = MVCustomLatentCompletionSampler.execute(half_seen()[:, 0], 0.2, 1, 1, "independent").result
    assert sampler.sampler_function.settings == CompletionSettings()


def test_widgets_start_where_the_settings_do():
    widgets = {entry.id: entry.default for entry in MVCustomLatentCompletionSampler.define_schema().inputs if hasattr(entry, "default")}
    settings = CompletionSettings()
    assert (widgets["until"], widgets["repeats"], widgets["feather"]) == (settings.until, settings.repeats, settings.feather_px)
