"""Learning on a toy backbone: the loss falls, a run continues to the same bits, and a run that cannot succeed does not start."""

from __future__ import annotations

import errno
import math
import os
import random
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from mvcustom.mvcustom_core.camera.cameras import Cameras, look_at
from mvcustom.mvcustom_core.concept.concept import choose_references, load_concept, save_concept
from mvcustom.mvcustom_core.concept.denoiser import PoseHook, Prompt
from mvcustom.mvcustom_core.concept.learning import learner as learning
from mvcustom.mvcustom_core.concept.learning.features import ReferenceFeatures
from mvcustom.mvcustom_core.concept.learning.held_out import judge, look, measure_loss
from mvcustom.mvcustom_core.concept.learning.learner import Learner
from mvcustom.mvcustom_core.concept.learning.photographs import Photographs
from mvcustom.mvcustom_core.concept.learning.plan import LearningSettings, draw_update, is_plateau, scale_rate, seed_step, split_views
from mvcustom.mvcustom_core.concept.learning.state import load_learning, save_learning
from mvcustom.mvcustom_core.concept.pose_block import PoseBlocks, PoseLayout, PoseSite
from mvcustom.mvcustom_core.concept.ray_samples import NerfSettings
from mvcustom.mvcustom_core.concept.subject import Subject, generate_views

LAYOUT = PoseLayout(sites=(PoseSite(0, 8, 0), PoseSite(1, 8, 1)), text_width=6)
SETTINGS = LearningSettings(steps=6, frames=2, references=3, pose_rate=1e-2, token_rate=1e-2, nerf=NerfSettings(samples=6), seed=3)


class ToyDenoiser:
    """A frozen linear network with one pose block per resolution and a text attention that adds the token."""

    def __init__(self) -> None:
        generator = torch.Generator().manual_seed(0)
        self.sigmas = torch.linspace(0.1, 2, 100)
        self.loss_scale = 1.0
        self.lift = torch.randn(8, 4, generator=generator) / 2
        self.drop = torch.linalg.pinv(self.lift)
        self.text = torch.randn(8, 6, generator=generator) / 4
        self.seen: list[tuple[float, Prompt]] = []

    def features(self, latents: Tensor, level: int) -> Tensor:
        return torch.einsum("cd,ndhw->nchw", self.lift, nn.functional.avg_pool2d(latents, 2**level))

    def reference_features(self, latents: Tensor) -> dict[int, Tensor]:
        return {site.number: self.features(latents, site.level) for site in LAYOUT.sites}

    def predict(self, noisy: Tensor, sigma: Tensor, token: Tensor, prompt: Prompt, hook: PoseHook) -> Tensor:
        self.seen.append((float(sigma[0]), prompt))
        size = noisy.shape[-1]
        skip = 1 / (1 + sigma[:, None, None, None] ** 2)  # the best guess for unit variance data
        predicted = skip * noisy
        for site in LAYOUT.sites:
            features = self.features(skip * noisy, site.level)
            increment = (self.text @ token[0]) * (prompt == "subject")
            tokens = hook(site.number, features.flatten(2).mT, lambda tokens, increment=increment: increment.expand_as(tokens))
            merged = torch.einsum("dc,npc->ndp", self.drop, tokens).unflatten(2, features.shape[-2:])
            predicted = predicted + (1 - skip) * nn.functional.interpolate(merged, size=size) / len(LAYOUT.sites)
        return predicted

    def output_scale(self, sigma: Tensor) -> Tensor:
        return sigma


def take_photographs(count: int = 7) -> Photographs:
    """Views of a ball with a bright half, by projecting its points."""
    azimuth = torch.linspace(-1.2, 1.2, count)
    eye = torch.stack([azimuth.sin(), 0.2 * torch.ones(count), azimuth.cos()], -1)
    up = torch.tensor([[0.0, 1.0, 0.0]]).expand(count, 3)
    K = torch.tensor([[20.0, 0, 8], [0, 20, 8], [0, 0, 1]]).expand(count, 3, 3)
    cameras = Cameras(w2c=look_at(eye, torch.zeros(count, 3), up), K=K, width=16, height=16)
    y, x = torch.meshgrid(torch.arange(16.0) - 7.5, torch.arange(16.0) - 7.5, indexing="ij")
    masks = ((x**2 + y**2).sqrt() < 5).float().expand(count, 1, 16, 16)
    bright = torch.where(x > (azimuth * 4)[:, None, None], 0.9, 0.2)[:, None]  # [N, 1, H, W]
    images = (bright * masks).expand(count, 3, 16, 16).clone()
    latents = torch.cat([images * 2 - 1, masks * 2 - 1], dim=1)
    return Photographs(latents=nn.functional.avg_pool2d(latents, 2), images=images, masks=masks, cameras=cameras)


@pytest.fixture
def photographs() -> Photographs:
    return take_photographs()


Start = Callable[..., Learner]


@pytest.fixture
def start(photographs: Photographs) -> Start:
    def build(
        settings: LearningSettings = SETTINGS, photographs: Photographs = photographs, denoiser=None, state=None, class_latents=None
    ) -> Learner:
        learner = Learner(photographs, denoiser or ToyDenoiser(), LAYOUT, torch.zeros(1, 6), settings, class_latents)
        if state is not None:
            learner.restore(state)
        return learner

    return build


def test_loss_falls_and_pieces_are_learned(start: Start):
    published = replace(SETTINGS, steps=40, weights=replace(SETTINGS.weights, surroundings=0.0))
    learner = start(published)
    initial = learner.state
    reports = list(learner.run())
    assert [report.step for report in reports] == list(range(1, 41)) and learner.state.history == tuple(reports)
    assert set(reports[0].losses) == {"denoising", "surroundings", "foreground", "background", "rgb"}
    frozen = list(start(replace(published, pose_rate=0.0, token_rate=0.0)).run())  # the same draws, unlearned
    for name, share in {"denoising": 0.9, "foreground": 0.5, "background": 0.5, "rgb": 0.8}.items():
        learned, unlearned = (sum(report.losses[name] for report in part[-15:]) for part in (reports, frozen))
        assert learned < share * unlearned, name
    final = learner.state
    assert not torch.equal(initial.token, final.token)
    assert all(not torch.equal(initial.pose[name], final.pose[name]) for name in initial.pose)
    assert all(report.seconds > 0 for report in reports)


def test_total_is_the_weighted_sum(start: Start):
    report = next(start().run())
    weights = SETTINGS.weights
    assert report.total == pytest.approx(sum(getattr(weights, name) * loss for name, loss in report.losses.items()))


def _equal(one, other) -> bool:
    same = all(torch.equal(a[name], b[name]) for a, b in ((one.pose, other.pose), (one.moments, other.moments)) for name in a)
    losses = [[(report.step, report.total, report.losses, report.sigma) for report in state.history] for state in (one, other)]
    return same and one.moments.keys() == other.moments.keys() and torch.equal(one.token, other.token) and losses[0] == losses[1]


RUNS = {
    "published": SETTINGS,
    "all that may vary": replace(
        SETTINGS,
        rendering_steps=2,
        schedule="cosine",
        held_out=2,
        patience=3,
        prior_share=0.5,
        nerf=NerfSettings(samples=4, importance=4),
    ),
}


@pytest.mark.parametrize("settings", RUNS.values(), ids=RUNS)
def test_a_saved_run_continues_to_the_same_bits(start: Start, tmp_path, settings: LearningSettings, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(learning, "MEASURE_EVERY", 2)
    class_latents = torch.randn(3, 4, 8, 8, generator=torch.Generator().manual_seed(8))
    whole, half = (start(settings, class_latents=class_latents) for _ in range(2))
    list(whole.run())
    stop = random.randrange(1, 6)
    run = half.run()
    for _ in range(stop):
        next(run)
    run.close()
    assert half.state.step == stop
    save_learning(tmp_path / "run.safetensors", half.state)
    loaded = load_learning(tmp_path / "run.safetensors")
    assert loaded.history == half.state.history and _equal(loaded, half.state)
    resumed = start(settings, state=loaded, class_latents=class_latents)
    assert [report.step for report in resumed.run()] == list(range(stop + 1, 7)), f"stopped after {stop}"
    assert _equal(resumed.state, whole.state), f"stopped after {stop}"
    other = start(replace(settings, seed=4), class_latents=class_latents)
    list(other.run())
    assert not _equal(other.state, whole.state), "the comparison must be able to fail"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_killed_while_saving_the_previous_state_is_whole(start: Start, tmp_path):
    path, state = tmp_path / "run.safetensors", start().state
    big = replace(state, moments={"0.exp_avg": torch.zeros(4_000_000)})  # long enough to be caught at
    save_learning(path, replace(big, token=torch.zeros(1, 6)))
    for _ in range(3):
        child = os.fork()
        if not child:
            for count in range(1, 1000):
                save_learning(path, replace(big, token=torch.full((1, 6), float(count))))
            os._exit(1)
        while not list(tmp_path.glob(".*.part")):
            time.sleep(0.0005)
        os.kill(child, signal.SIGKILL)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
        loaded = load_learning(path)
        assert loaded.moments["0.exp_avg"].shape == (4_000_000,) and loaded.token.unique().numel() == 1
        [part.unlink() for part in tmp_path.glob(".*.part")]


def test_a_full_disk_keeps_the_previous_state(start: Start, tmp_path, monkeypatch: pytest.MonkeyPatch):
    path, state = tmp_path / "run.safetensors", start().state
    save_learning(path, state)
    before = path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space left on device"):
        save_learning(path, replace(state, token=state.token + 1))
    assert path.read_bytes() == before and [entry.name for entry in tmp_path.iterdir()] == ["run.safetensors"]


def test_an_interrupted_update_leaves_the_last_whole_one(start: Start):
    class Interrupting(ToyDenoiser):
        calls = 0

        def predict(self, *inputs):
            self.calls += 1
            predicted = super().predict(*inputs)
            if self.calls == 6:  # two an update: with the subject and without it
                raise KeyboardInterrupt
            return predicted

    interrupted, whole = start(denoiser=Interrupting()), start()
    with pytest.raises(KeyboardInterrupt):
        list(interrupted.run())
    assert interrupted.state.step == 2
    list(interrupted.run())  # runs on in the same object
    list(whole.run())
    assert _equal(interrupted.state, whole.state)


def test_states_and_concepts_are_copies(start: Start):
    learner = start()
    run = learner.run()
    next(run)
    state, concept = learner.state, learner.concept("<v*>", "ball", "photo of a ball")
    kept = state.token.clone(), {name: tensor.clone() for name, tensor in concept.pose.items()}
    next(run)
    assert torch.equal(state.token, kept[0]) and all(torch.equal(concept.pose[name], kept[1][name]) for name in kept[1])


def test_concept_of_a_run(start: Start, photographs: Photographs, tmp_path):
    learner = start(replace(SETTINGS, steps=2))
    *_, last = learner.run()
    concept = learner.concept("<v*>", "ball", "photo of a ball", licence="CC0", references=3)
    assert torch.equal(concept.latents, photographs.latents[[0, 2, 4]]) and torch.equal(
        concept.cameras.w2c, photographs.cameras.w2c[[0, 2, 4]]
    )
    assert concept.metadata == {"steps": 2, "losses": last.losses, "licence": "CC0"}
    save_concept(tmp_path / "ball.safetensors", concept)
    assert torch.equal(load_concept(tmp_path / "ball.safetensors").token, learner.state.token)


def test_runs_inside_inference_mode(start: Start, photographs: Photographs):
    """Nodes are executed in inference mode, and so are the tensors they hand over."""
    outside = start()
    list(outside.run())
    denoiser = ToyDenoiser()
    with torch.inference_mode():
        fields = (photographs.latents.clone(), photographs.images.clone(), photographs.masks.clone())
        cameras = replace(photographs.cameras, w2c=photographs.cameras.w2c.clone(), K=photographs.cameras.K.clone())
        inside = start(photographs=Photographs(*fields, cameras), denoiser=denoiser)
        for _ in zip(range(3), inside.run(), strict=False):
            pass
        resumed = start(photographs=Photographs(*fields, cameras), denoiser=denoiser, state=inside.state)
        list(resumed.run())
        assert _equal(resumed.state, outside.state)


def test_without_masks_only_colour_and_noise_are_learned_from(start: Start, photographs: Photographs):
    report = next(start(photographs=replace(photographs, masks=None)).run())
    assert set(report.losses) == {"denoising", "rgb"}


def test_text_is_dropped_and_noise_levels_follow_the_table(start: Start):
    denoiser = ToyDenoiser()
    list(start(replace(SETTINGS, steps=16, text_drop=0.5), denoiser=denoiser).run())
    assert {sigma in [float(s) for s in denoiser.sigmas] for sigma, _ in denoiser.seen} == {True}
    assert 2 <= sum(prompt == "subject" for _, prompt in denoiser.seen) <= 14


def test_draws(photographs: Photographs):
    settings = replace(SETTINGS, frames=3, references=3, text_drop=0.1)
    sigmas = torch.arange(1000.0)
    draws = [draw_update(photographs, 0, sigmas, settings, seed_step(settings, step)) for step in range(2000)]
    levels = torch.tensor([draw.sigma for draw in draws])
    assert levels.mean().item() == pytest.approx(999 * 0.75, abs=20)  # the mean of 1 - u^3
    assert (levels > 800).float().mean().item() == pytest.approx((199 / 999) ** (1 / 3), abs=0.04)
    assert sum(draw.prompt == "empty" for draw in draws) / 2000 == pytest.approx(0.1, abs=0.03)
    assert {tuple(draw.targets) for draw in draws} == {(s, s + d, s + 2 * d) for d in (1, 2, 3) for s in range(7 - 2 * d)}
    assert {tuple(draw.references) for draw in draws} == {(0, 2, 4), (1, 3, 5)}
    for draw in draws[:50]:
        assert draw.allowed.tolist() == [[target != reference for reference in draw.references] for target in draw.targets]
    again = draw_update(photographs, 0, sigmas, settings, seed_step(settings, 7))
    assert torch.equal(again.noise, draws[7].noise) and again.targets == draws[7].targets
    assert not torch.equal(draws[7].noise, draws[8].noise)


def test_noise_levels_weigh_as_the_network_was_trained(start: Start):
    class Velocity(ToyDenoiser):
        def output_scale(self, sigma: Tensor) -> Tensor:
            return sigma / (1 + sigma.square()).sqrt()

    of_noise, of_velocity = (next(start(denoiser=kind()).run()) for kind in (ToyDenoiser, Velocity))
    assert of_noise.sigma == of_velocity.sigma
    ratio = of_velocity.losses["denoising"] / of_noise.losses["denoising"]
    assert ratio == pytest.approx(1 + of_noise.sigma**2, rel=1e-5)


def test_surroundings_are_held_to_what_the_backbone_predicts_without_the_subject(start: Start):
    first, later = list(start(replace(SETTINGS, steps=2)).run())
    assert first.losses["surroundings"] == 0  # pose blocks that have learned nothing change nothing, and the token starts at zero
    assert later.losses["surroundings"] > 0
    without = replace(SETTINGS, steps=40, weights=replace(SETTINGS.weights, surroundings=0.0))
    kept, free = (list(start(settings).run())[-15:] for settings in (replace(SETTINGS, steps=40), without))
    assert sum(report.losses["surroundings"] for report in kept) < 0.8 * sum(report.losses["surroundings"] for report in free)


def test_a_target_does_not_see_itself(start: Start, photographs: Photographs):
    """With every photograph a reference, the pose loss of a view does not change with that view's own features."""

    class Spoiled(ToyDenoiser):
        def reference_features(self, latents):
            features = super().reference_features(latents)
            draw = draw_update(photographs, 0, self.sigmas, settings, seed_step(settings, 1))
            for each in features.values():
                each[draw.targets] += 100
            return features

    settings = replace(SETTINGS, steps=1, frames=1, references=7)
    plain, spoiled = next(start(settings).run()), next(start(settings, denoiser=Spoiled()).run())
    assert plain.losses == spoiled.losses


def test_rendering_steps_learn_shape_and_colour_without_the_backbone(start: Start):
    denoiser = ToyDenoiser()
    learner = start(replace(SETTINGS, steps=42, rendering_steps=40), denoiser=denoiser)
    before, run = learner.state, learner.run()
    reports = [next(run) for _ in range(40)]
    assert not denoiser.seen
    assert {frozenset(report.losses) for report in reports} == {frozenset({"foreground", "background", "rgb"})}
    for name in ("foreground", "background", "rgb"):
        first, last = (sum(report.losses[name] for report in part) for part in (reports[:10], reports[-10:]))
        assert last < 0.8 * first, name
    after = learner.state
    changed = {name for name in before.pose if not torch.equal(before.pose[name], after.pose[name])}
    assert changed == {name for name in before.pose if ".nerf." in name} and torch.equal(before.token, after.token)
    assert [set(report.losses) for report in run] == [{"denoising", "surroundings", "foreground", "background", "rgb"}] * 2
    assert len(denoiser.seen) == 4 and not torch.equal(learner.state.token, after.token)


def test_rates_fall_in_each_part_of_a_run():
    settings = replace(SETTINGS, steps=10, rendering_steps=4, schedule="cosine")
    rates = [scale_rate(step, settings) for step in range(10)]
    assert rates[0] == rates[4] == 1 and rates[2] == pytest.approx(0.5) and rates[7] == pytest.approx(0.5)
    assert all(high > low for part in (rates[:4], rates[4:]) for high, low in zip(part, part[1:], strict=False))
    assert {scale_rate(step, replace(settings, schedule="constant")) for step in range(10)} == {1.0}


# Held-out photographs, pictures of the class, and what a run shows.


def test_held_out_photographs_are_not_learned_from(start: Start, photographs: Photographs):
    assert split_views(12, 3) == ([0, 1, 3, 4, 5, 7, 8, 9, 11], [2, 6, 10])
    assert split_views(7, 1) == ([0, 1, 2, 4, 5, 6], [3]) and split_views(5, 0) == ([0, 1, 2, 3, 4], [])
    images, latents = photographs.images.clone(), photographs.latents.clone()
    images[3], latents[3] = 0.3, 9.0
    settings = replace(SETTINGS, held_out=1)
    one, other = start(settings), start(settings, replace(photographs, images=images, latents=latents))
    assert [report.losses for report in one.run()] == [report.losses for report in other.run()]
    assert _equal(one.state, other.state)
    with pytest.raises(AssertionError):
        assert _equal(one.state, start(SETTINGS).state)
    assert torch.equal(one.show()[0].images, photographs.images[[3]])
    assert torch.equal(start().show()[0].images, photographs.images[[0]])


def test_learning_stops_when_the_held_out_photographs_say_so(start: Start, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(learning, "MEASURE_EVERY", 2)
    still = start(replace(SETTINGS, steps=40, held_out=1, patience=3, pose_rate=0.0))  # nothing is learned, so nothing gets better
    reports = list(still.run())
    assert [report.step for report in reports if report.held_out is not None] == [2, 4, 6, 8] and len(reports) == 8
    moving = list(start(replace(SETTINGS, steps=20, held_out=1, patience=9)).run())
    measured = [report.held_out for report in moving if report.held_out is not None]
    assert len(moving) == 20 and min(measured) < 0.8 * measured[0]


def test_plateau():
    assert not is_plateau([1.0, 1.0, 1.0], 0) and not is_plateau([1.0, 1.0], 2)
    assert is_plateau([1.0, 1.0, 1.0], 2) and is_plateau([0.5, 1.0, 0.496], 2)
    assert not is_plateau([1.0, 1.2, 0.98], 2)


def test_class_pictures_are_denoised_without_the_subject(start: Start, photographs: Photographs):
    denoiser, latents = ToyDenoiser(), torch.randn(3, 4, 8, 8, generator=torch.Generator().manual_seed(8))
    settings = replace(SETTINGS, prior_share=1.0, text_drop=0.0)
    learner = start(settings, denoiser=denoiser, class_latents=latents)
    before = learner.state
    reports = list(learner.run())
    assert {prompt for _, prompt in denoiser.seen} == {"class"} and all(set(report.losses) == {"denoising"} for report in reports)
    assert torch.equal(before.token, learner.state.token) and not torch.equal(
        before.pose["blocks.0.change"], learner.state.pose["blocks.0.change"]
    )
    elsewhere = replace(photographs, images=photographs.images * 0.5, latents=photographs.latents + 1)
    again = start(settings, elsewhere, class_latents=latents)
    assert [report.losses for report in again.run()] == [report.losses for report in reports], "the photographs must not be seen"
    settings = replace(SETTINGS, prior_share=0.25, text_drop=0.1)
    draws = [draw_update(photographs, 3, torch.arange(1000.0), settings, seed_step(settings, step)) for step in range(2000)]
    of_class = [draw for draw in draws if draw.class_picture is not None]
    assert len(of_class) / 2000 == pytest.approx(0.25, abs=0.04) and {draw.class_picture for draw in of_class} == {0, 1, 2}
    assert all(len(draw.targets) == len(draw.noise) == 1 for draw in of_class)
    assert sum(draw.prompt == "empty" for draw in of_class) / len(of_class) == pytest.approx(0.1, abs=0.05)


def test_a_look_renders_and_generates_the_held_out_view(start: Start, photographs: Photographs):
    denoiser = ToyDenoiser()
    learner = start(replace(SETTINGS, steps=60, held_out=1), denoiser=denoiser)
    photograph, subject = learner.show()
    before, _ = look(subject, photograph, denoiser, learner.token, seed_step(SETTINGS, 0))
    list(learner.run())
    rendered, latents = look(learner.show()[1], photograph, denoiser, learner.token, seed_step(SETTINGS, 0))
    assert rendered.size == (8, 8) and latents.shape == (1, 4, 8, 8) and torch.isfinite(latents).all()

    def error(rendered) -> float:
        wanted = nn.functional.avg_pool2d(photograph.masks, 2)
        return (rendered.opacity.mT.view(1, 1, 8, 8) - wanted).square().mean().item()

    assert error(rendered) < 0.5 * error(before)


# Memory.


class Spoiling(ToyDenoiser):
    """Adds to the features of some photographs, and counts how many it is given at a time."""

    def __init__(self, spoiled: Sequence[int] = (), by: float = 50.0) -> None:
        super().__init__()
        self.spoiled, self.by, self.given = spoiled, by, []

    def reference_features(self, latents: Tensor) -> dict[int, Tensor]:
        first = sum(self.given)
        self.given.append(len(latents))
        features = super().reference_features(latents)
        for each in features.values():
            each[[index - first for index in self.spoiled if first <= index < first + len(latents)]] += self.by
        return features


def test_features_are_kept_on_the_cpu_in_half_precision(photographs: Photographs):
    denoiser = Spoiling()
    latents = take_photographs(21).latents
    features = ReferenceFeatures(denoiser, LAYOUT, latents)
    whole = ToyDenoiser().reference_features(torch.cat([latents, torch.zeros(1, 4, 8, 8)]))
    assert denoiser.given == [8, 8, 6]  # no more of them on the device at a time
    for number, kept in features.kept.items():
        assert kept.device.type == "cpu" and kept.dtype == torch.float16 and kept.shape == whole[number].shape
        torch.testing.assert_close(kept.float(), whole[number], rtol=1e-3, atol=1e-6)
        assert torch.equal(features.select([3, 20])[number], kept[[3, 20]])
        assert torch.equal(features.select_nothing(2)[number], kept[[21, 21]])


def test_features_that_half_precision_cannot_hold_are_refused():
    with pytest.raises(ValueError, match=r"wanted features of transformer 0 within 65504, got 7e\+04"):
        ReferenceFeatures(Spoiling([2], by=7e4), LAYOUT, torch.zeros(3, 4, 8, 8))


def test_measuring_and_judging_use_the_references_of_sampling(monkeypatch: pytest.MonkeyPatch):
    """Eight of them, equally spaced: what the others look like does not count."""
    monkeypatch.setattr(learning, "MEASURE_EVERY", 1)
    settings = replace(SETTINGS, steps=1, held_out=1, pose_rate=0.0)
    taken = take_photographs(20)
    learned, (held,) = split_views(20, 1)
    used = [learned[index] for index in choose_references(learned, 8)]
    found = []
    for spoiled in ([], [index for index in range(19) if learned[index] not in used], [choose_references(learned, 8)[3]]):
        learner = Learner(taken, Spoiling(spoiled), LAYOUT, torch.zeros(1, 6), settings)
        learner.restore(replace(learner.state, pose=decode_something(learner.state.pose)))
        photographs, subject = learner.show()
        assert len(subject.cameras) == 8 and torch.equal(photographs.images, taken.images[[held]])
        found.append((next(learner.run()).held_out, judge(subject, photographs)[2]))
    assert found[0] == found[1] != found[2]


def decode_something(pose: dict[str, Tensor]) -> dict[str, Tensor]:
    """A decoder that is not zero, as it is at first."""
    generator = torch.Generator().manual_seed(2)
    return {name: torch.randn(x.shape, generator=generator) if name.endswith("decoder.weight") else x for name, x in pose.items()}


class LargestTensor(TorchDispatchMode):
    """Bytes of the largest tensor that any operation makes."""

    largest = 0

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = function(*args, **(kwargs or {}))
        for tensor in result if isinstance(result, tuple | list) else [result]:
            if isinstance(tensor, Tensor):
                self.largest = max(self.largest, tensor.untyped_storage().nbytes())
        return result


@pytest.mark.parametrize("importance", [0, 3])
def test_judging_and_measuring_stay_within_the_memory_limit(photographs: Photographs, importance: int):
    """A whole view of 32x32 rays would take 16 times as much for the codes of its points alone."""
    limit = 40_000
    settings = replace(SETTINGS, held_out=2, nerf=NerfSettings(samples=3, importance=importance, piece_bytes=limit))
    learner = Learner(photographs, ToyDenoiser(), LAYOUT, torch.zeros(1, 6), settings)
    held, subject = learner.show(references=4)
    free = Subject(PoseBlocks(LAYOUT, replace(settings.nerf, piece_bytes=2**27)), subject.features, subject.cameras)
    free.pose.load_state_dict(subject.pose.state_dict())
    with LargestTensor() as bounded:
        rgb, opacity, figures = judge(subject, held)
        loss = measure_loss(subject, held, settings.weights)
    with LargestTensor() as unbounded:
        whole = judge(free, held)
        measure_loss(free, held, settings.weights)
    assert bounded.largest <= limit < 16 * limit < unbounded.largest
    torch.testing.assert_close((rgb, opacity), whole[:2])
    assert loss == pytest.approx(measure_loss(free, held, settings.weights), rel=1e-5) and len(figures) == 2


def test_pictures_in_bands_are_the_whole_picture(photographs: Photographs):
    features = {site.number: torch.randn(7, 8, 8 >> site.level, 8 >> site.level) for site in LAYOUT.sites}
    for limit in (2**27, 4 * 20 * 8 * 4):  # all; four rows of 20 rays with 8 channels of 4 bytes
        pose = PoseBlocks(LAYOUT, NerfSettings(samples=3, piece_bytes=limit), torch.Generator().manual_seed(1))
        pose.load_state_dict(decode_something(pose.state_dict()))
        subject, targets = Subject(pose, features, photographs.cameras), photographs.cameras[[1, 2]]
        rgb, opacity = subject.render_pictures(0, targets, (12, 20))
        whole = subject.render(0, targets, (12, 20))
        assert rgb.shape == (2, 3, 12, 20) and opacity.shape == (2, 1, 12, 20)
        torch.testing.assert_close(rgb, whole.rgb.mT.unflatten(2, (12, 20)), rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(opacity, whole.opacity.mT.unflatten(2, (12, 20)), rtol=1e-4, atol=1e-5)


def test_generation_ends_at_what_is_predicted(start: Start, photographs: Photographs):
    calls: list[float] = []
    goal = torch.randn(2, 4, 8, 8, generator=torch.Generator().manual_seed(9))
    pose = PoseBlocks(LAYOUT, SETTINGS.nerf)
    features = {site.number: torch.randn(7, 8, 8 >> site.level, 8 >> site.level) for site in LAYOUT.sites}

    def predict(noisy, sigma, token, prompt, hook):
        calls.append(float(sigma[0]))
        assert prompt == "subject" and torch.equal(hook(0, torch.ones(2, 64, 8), None), torch.ones(2, 64, 8))
        return goal

    sigmas = torch.tensor([2.0, 1.0, 0.5, 0.0])
    found = generate_views(
        predict,
        Subject(pose, features, photographs.cameras),
        photographs.cameras[[1, 2]],
        torch.randn(2, 4, 8, 8),
        sigmas,
        torch.zeros(1, 6),
    )
    assert torch.equal(found, goal) and calls == [2.0, 1.0, 0.5]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"held_out": 5}, "held_out: wanted 0 to 4, so that 3 of the 7 photographs are left to learn from, got 5"),
        ({"held_out": -1}, "held_out: wanted 0 to 4"),
        ({"patience": 2}, "patience: wanted held-out photographs to judge by, got patience 2 and none"),
        ({"held_out": 2, "references": 6}, "references: wanted 2 .* to 5 .* got 6"),
        ({"steps": 0}, "steps: wanted at least 1, got 0"),
        ({"rendering_steps": 7}, "rendering_steps: wanted 0 to 6, a part of the steps, got 7; lower it or raise steps"),
        ({"frames": 0}, "frames: wanted 1 to 7 as there are photographs to learn from, got 0"),
        ({"frames": 8}, "frames: wanted 1 to 7 as there are photographs to learn from, got 8"),
        ({"references": 1}, "references: wanted 2 .* to 7 .* got 1"),
        ({"references": 8}, "references: wanted 2 .* to 7 .* got 8"),
        ({"nerf": NerfSettings(far=1.01)}, "cameras: wanted all within 1.01 of the subject at the origin, got one at 1.02; normalise"),
    ],
)
def test_refuses_settings(start: Start, change: dict, message: str):
    with pytest.raises(ValueError, match=message):
        start(replace(SETTINGS, **change))


def test_refuses_fewer_than_three_photographs(start: Start, photographs: Photographs):
    with pytest.raises(ValueError, match="photographs: wanted at least 3 from different sides, got 2; add photographs"):
        start(photographs=photographs[[0, 1]])


def test_refuses_a_token_or_state_of_another_backbone(start: Start, photographs: Photographs):
    with pytest.raises(ValueError, match=r"token: wanted \[1, 6\].*got \[1, 5\]"):
        Learner(photographs, ToyDenoiser(), LAYOUT, torch.zeros(1, 5), SETTINGS)
    state = start().state
    with pytest.raises(ValueError, match="pose weights: wanted blocks.1.change .*got none"):
        start(state=replace(state, pose={name: tensor for name, tensor in state.pose.items() if not name.startswith("blocks.1")}))
    with pytest.raises(ValueError, match=r"wanted a tensor of shape \[1 D\]"):
        start(state=replace(state, token=torch.zeros(1, 5)))


def test_photographs_refuse_what_does_not_match(photographs: Photographs):
    with pytest.raises(ValueError, match="'latents': 7, 'images': 6, 'cameras': 7, 'masks': 7"):
        replace(photographs, images=photographs.images[:6])
    with pytest.raises(ValueError, match="'cameras': 5"):
        replace(photographs, cameras=photographs.cameras[:5])
    with pytest.raises(ValueError, match="'masks': 6"):
        replace(photographs, masks=photographs.masks[:6])
    with pytest.raises(ValueError, match="cameras of the images' size 16x16, got 32x16"):
        replace(photographs, cameras=photographs.cameras.resize(32, 16))
    with pytest.raises(ValueError, match="aspect 16x16, got 8x4 cells"):
        replace(photographs, latents=photographs.latents[:, :, :4])
    with pytest.raises(ValueError, match="wanted masks of 16x16, got 8x16"):
        replace(photographs, masks=photographs.masks[..., :8])
    masks = photographs.masks.clone()
    masks[[2, 5]] = 0
    with pytest.raises(ValueError, match=r"the subject in every mask, got empty masks at \[2, 5\]"):
        replace(photographs, masks=masks)


def test_refuses_a_denoiser_that_breaks_the_contract(start: Start):
    class Silent(ToyDenoiser):
        def predict(self, noisy, *_):
            return noisy

    class Narrow(ToyDenoiser):
        def reference_features(self, latents):
            return {0: self.features(latents, 0)[:, :7], 1: self.features(latents, 1)}

    with pytest.raises(ValueError, match=r"call of the hook in pose blocks \[0, 1\], got \[\]"):
        next(start(denoiser=Silent()).run())
    with pytest.raises(ValueError, match=r"wanted features \[8, 8, h, w\] of transformer 0, got \(8, 7, 8, 8\)"):
        next(start(denoiser=Narrow()).run())


def test_a_loss_that_is_not_finite_stops_before_the_update(start: Start):
    class Broken(ToyDenoiser):
        def predict(self, *inputs):
            return super().predict(*inputs) * math.nan

    learner = start(denoiser=Broken())
    before = learner.state
    with pytest.raises(ValueError, match="finite loss at step 1, got nan; lower the learning rates"):
        next(learner.run())
    assert _equal(learner.state, before)


class Scaled(ToyDenoiser):
    """A toy whose gradients are beyond `limit` where the loss is scaled too much, as those of half precision are."""

    def __init__(self, loss_scale: float, limit: float) -> None:
        super().__init__()
        self.loss_scale, self.limit = loss_scale, limit

    def predict(self, *inputs):
        predicted = super().predict(*inputs)
        if predicted.requires_grad:
            predicted.register_hook(lambda gradient: torch.where(gradient.abs() > self.limit, math.inf, gradient))
        return predicted


def test_a_scaled_loss_learns_the_same(start: Start):
    plain = start()
    list(plain.run())
    for scaled in (start(denoiser=Scaled(2.0**14, math.inf)), start(denoiser=Scaled(2.0**14, 20.0))):
        list(scaled.run())  # a power of two changes no bit
        assert _equal(scaled.state, plain.state)


def test_gradients_that_are_not_finite_stop_before_the_update(start: Start):
    learner = start(denoiser=Scaled(2.0**14, 0.0))
    before = learner.state
    with pytest.raises(ValueError, match="wanted finite gradients at step 1, got (nan|inf); lower the learning rates"):
        next(learner.run())
    assert _equal(learner.state, before)


def test_the_loss_that_is_not_finite_is_named(start: Start):
    class Broken(ToyDenoiser):
        def output_scale(self, sigma: Tensor) -> Tensor:
            return 0 * sigma

    with pytest.raises(ValueError, match="^learning, denoising, surroundings: wanted a finite loss at step 1"):
        next(start(denoiser=Broken()).run())


def test_state_and_concept_are_copies_to_keep(start: Start):
    learner = start()
    with torch.inference_mode():
        state, concept = learner.state, learner.concept("<v*>", "ball", "a ball")
    kept = (*state.pose.values(), state.token, *concept.pose.values(), concept.token, concept.latents, concept.cameras.w2c)
    assert not any(tensor.is_inference() or tensor.requires_grad for tensor in kept)
    assert all(tensor.device.type == "cpu" for tensor in kept)
