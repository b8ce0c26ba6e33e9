"""What matches of photographs ask of the pose blocks' rays, on rays whose samples are set by hand, and in whole updates."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from mvcustom.mvcustom_core.camera.cameras import Cameras, square_intrinsics
from mvcustom.mvcustom_core.camera.rays import cell_centers, project_points
from mvcustom.mvcustom_core.concept.feature_nerf import Rendered
from mvcustom.mvcustom_core.concept.learning.correspondence import DrawnMatches, correspondence_loss, draw_matches, select_photographs
from mvcustom.mvcustom_core.concept.learning.learner import Learner
from mvcustom.mvcustom_core.concept.learning.losses import LossWeights
from mvcustom.mvcustom_core.concept.learning.photographs import Photographs
from mvcustom.mvcustom_core.concept.learning.state import LearningState
from mvcustom.tests.core_layer.concept.test_learning import LAYOUT, SETTINGS, ToyDenoiser, take_photographs

SIDE, PIXELS, SAMPLES = 8, 64, 40
DEPTH = 2.0  # of the wall that the photographs show


def make_row(count: int = 3) -> Cameras:
    """Side by side, looking along z at a wall."""
    w2c = torch.eye(4).repeat(count, 1, 1)
    w2c[:, 0, 3] = -0.5 * torch.arange(count)
    return Cameras(w2c, square_intrinsics(count, PIXELS, 53.13), PIXELS, PIXELS)


def make_wall_matches(cameras: Cameras, target: int, reference: int) -> DrawnMatches:
    """Of the centres of the target's cells with the places of the wall behind them, where the reference sees these."""
    pixels = cell_centers(SIDE, SIDE) * (PIXELS / SIDE)
    there = project_points(cameras[[reference]], cameras.centers[target] + DEPTH * cameras[[target]].directions(pixels)[0])[0][0]
    kept = ((there >= 0) & (there <= PIXELS)).all(-1)
    index = torch.full((int(kept.sum()),), 0)
    return DrawnMatches(index, index, pixels[kept] / PIXELS, there[kept] / PIXELS)


def render(cameras: Cameras, target: int, depth: float, opacity: float = 1.0) -> Rendered:
    """A view all of whose rays end at one z-depth, where one sample has all the weight; the others are spread evenly."""
    pixels = cell_centers(SIDE, SIDE) * (PIXELS / SIDE)
    slant = cameras[[target]].directions(pixels)[0].norm(dim=-1, keepdim=True)  # [P, 1]
    distances = (torch.linspace(0.5, 4.0, SAMPLES) * slant).clone()
    distances[:, SAMPLES // 2] = depth * slant[:, 0]
    shares = torch.zeros(SIDE * SIDE, SAMPLES)
    shares[:, SAMPLES // 2] = opacity
    blank = torch.zeros(1, SIDE * SIDE, 1)
    places = (2 * pixels / PIXELS - 1)[None]
    return Rendered((SIDE, SIDE), places, blank, blank, blank, shares[None, ..., None], blank, ((shares[..., None], distances[..., None]),))


def move_samples(view: Rendered, samples: Tensor) -> Rendered:
    """The same with other shares and distances [1, P, S, 2]."""
    return replace(view, marched=(tuple(samples[0].split(1, dim=-1)),))


def measure(depth: float, opacity: float = 1.0) -> float:
    cameras = make_row()
    drawn = make_wall_matches(cameras, 1, 2)
    return float(correspondence_loss([render(cameras, 1, depth, opacity)], drawn, cameras[[1]], cameras[[2]]))


def test_rays_that_end_where_the_match_says_have_no_loss_and_others_that_of_a_blind_choice() -> None:
    cells = SIDE**2
    assert measure(DEPTH) == pytest.approx(-math.log(1 + 1 / cells), abs=1e-4)
    assert measure(DEPTH, opacity=0.5) == pytest.approx(-math.log(0.5 + 1 / cells), abs=1e-4)
    # 0.5 units of baseline and 8 cells of focal length: the wall moves 2 cells, what is at 1.2 moves 3.3
    assert measure(1.2) == pytest.approx(math.log(cells), abs=1e-4)


def test_a_ray_through_another_place_of_the_cell_looks_beside_the_match() -> None:
    """Rays are moved within their cells; so is the place that each has to look up."""
    cameras = make_row()
    drawn, view = make_wall_matches(cameras, 1, 2), render(cameras, 1, DEPTH)
    moved = view.places + 0.9 / SIDE  # nearly half a cell
    pixels = (moved[0] + 1) / 2 * PIXELS
    slant = cameras[[1]].directions(pixels)[0].norm(dim=-1)
    samples = view.samples.clone()
    samples[0, :, SAMPLES // 2, 1] = DEPTH * slant
    loss = correspondence_loss([move_samples(replace(view, places=moved), samples)], drawn, cameras[[1]], cameras[[2]])
    assert float(loss) == pytest.approx(-math.log(1 + 1 / SIDE**2), abs=1e-3)


def test_a_match_that_no_sample_comes_near_does_not_count() -> None:
    cameras = make_row()
    drawn, view = make_wall_matches(cameras, 1, 2), render(cameras, 1, DEPTH)
    far = view.samples.clone()
    far[..., 1] = far[..., 1].clamp(max=1.0)  # all samples end before the wall
    assert float(correspondence_loss([move_samples(view, far)], drawn, cameras[[1]], cameras[[2]])) == 0.0
    none = DrawnMatches(*(part[:0] for part in (drawn.targets, drawn.references, drawn.here, drawn.there)))
    assert float(correspondence_loss([view], none, cameras[[1]], cameras[[2]])) == 0.0


def test_gradient_draws_the_shares_to_the_match() -> None:
    cameras = make_row()
    view = render(cameras, 1, 1.2)
    shares = view.samples[..., 0].clone().requires_grad_()
    samples = torch.stack([shares, view.samples[..., 1]], -1)
    correspondence_loss([move_samples(view, samples)], make_wall_matches(cameras, 1, 2), cameras[[1]], cameras[[2]]).backward()
    steepest = shares.grad[0].argmin(-1)  # more of this share lowers the loss most
    slant = cameras[[1]].directions(cell_centers(SIDE, SIDE) * (PIXELS / SIDE))[0].norm(dim=-1)
    depth = view.samples[0, torch.arange(SIDE**2), steepest, 1] / slant
    asked = shares.grad[0].abs().sum(-1) > 0
    assert asked.sum() >= 6 * SIDE and ((depth - DEPTH).abs() < 0.06)[asked].all()  # the samples are 0.09 apart


def test_matches_follow_the_photographs() -> None:
    ends = torch.arange(8.0).reshape(2, 4)
    matches = {(1, 4): ends, (0, 2): 10 * ends}
    chosen = select_photographs(matches, [4, 3, 1])
    assert list(chosen) == [(0, 2)] and torch.equal(chosen[0, 2], ends[:, [2, 3, 0, 1]])
    drawn = draw_matches(matches, [4, 0], [1, 4, 2], (10, 20), torch.Generator().manual_seed(0))
    rows = {(int(t), int(r)): [] for t, r in zip(drawn.targets, drawn.references, strict=True)}
    assert set(rows) == {(0, 0), (1, 2)}  # photograph 4 is no reference of its own
    size = torch.tensor([10.0, 20.0])
    mine = torch.cat([drawn.here, drawn.there], 1)[(drawn.targets == 0)]
    wanted = ends[:, [2, 3, 0, 1]] / torch.cat([size, size])
    torch.testing.assert_close(mine[mine[:, 0].argsort()], wanted)
    assert len(draw_matches({}, [0], [1], (10, 20), torch.Generator()).here) == 0


def make_matches() -> dict[tuple[int, int], Tensor]:
    """Random ends: whether they are true plays no part in whether they are used."""
    generator = torch.Generator().manual_seed(8)
    return {(i, j): 16 * torch.rand(40, 4, generator=generator) for j in range(7) for i in range(j)}


def learn(weight: float, matches: dict[tuple[int, int], Tensor] | None, steps: int = 6, state: LearningState | None = None) -> Learner:
    photographs: Photographs = replace(take_photographs(), matches=matches)
    settings = replace(SETTINGS, steps=steps, rendering_steps=2, weights=LossWeights(correspondence=weight))
    learner = Learner(photographs, ToyDenoiser(), LAYOUT, torch.zeros(1, 6), settings)
    if state is not None:
        learner.restore(state)
    for _ in learner.run():
        pass
    return learner


def test_without_weight_nothing_changes_bit_for_bit() -> None:
    plain, unused = learn(0.0, None).state, learn(0.0, make_matches()).state
    assert all(torch.equal(tensor, unused.pose[name]) for name, tensor in plain.pose.items()) and torch.equal(plain.token, unused.token)
    assert [report.losses for report in plain.history] == [report.losses for report in unused.history]
    assert not any("correspondence" in report.losses for report in plain.history)


def test_with_weight_every_update_has_the_loss_and_all_else_is_drawn_alike() -> None:
    plain, used = learn(0.0, None, steps=2).state, learn(0.5, make_matches(), steps=6).state
    assert all(0 < report.losses["correspondence"] <= math.log(64) + 1e-3 for report in used.history)
    first = {name: loss for name, loss in used.history[0].losses.items() if name != "correspondence"}
    assert first == plain.history[0].losses  # the first update renders and jitters the same
    total = LossWeights(correspondence=0.5).add_up({name: torch.tensor(loss) for name, loss in used.history[0].losses.items()})
    assert used.history[0].total == pytest.approx(float(total), rel=1e-5)


def test_a_run_with_the_loss_goes_on_to_the_same_bits() -> None:
    whole, half = learn(0.5, make_matches()).state, learn(0.5, make_matches(), steps=3).state
    again = learn(0.5, make_matches(), state=half).state
    assert all(torch.equal(tensor, again.pose[name]) for name, tensor in whole.pose.items())


def test_weight_without_matches_is_refused() -> None:
    with pytest.raises(ValueError, match="correspondence: wanted matched places of the photographs for its loss, got none"):
        learn(0.5, None)


def test_the_weight_is_not_in_the_text_that_names_runs() -> None:
    assert repr(LossWeights(correspondence=0.5)) == "LossWeights(denoising=1.0, surroundings=1.0, foreground=2.5, background=2.5, rgb=3.75)"
