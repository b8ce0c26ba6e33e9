"""The choice of the anchor on trajectories whose best view is plain, and the report on operators written by hand."""

from __future__ import annotations

import math

import pytest
import torch

from mvcustom.mvcustom_core.anchor.choice import choose_anchor, summarize_coverage
from mvcustom.mvcustom_core.camera.cameras import Cameras, look_at, square_intrinsics
from mvcustom.mvcustom_core.rendering.operator import RenderOperator

SIZE = 64


def make_ring(angles_deg, distance=1.0, size=(SIZE, SIZE)):
    angles = torch.tensor(angles_deg).deg2rad()
    eyes = distance * torch.stack([angles.sin(), torch.full_like(angles, -0.2), -angles.cos()], dim=-1)
    w2c = look_at(eyes, torch.zeros_like(eyes), torch.tensor([[0.0, -1.0, 0.0]]).expand_as(eyes))
    return Cameras(w2c, square_intrinsics(len(angles), SIZE, 50.0), *size)


def make_operator(masks, seen, anchors=(0,)):
    """Masks [V, h, w]; `seen` [V, h, w] tells which rows have weights."""
    masks, seen = torch.tensor(masks), torch.tensor(seen, dtype=torch.float32)
    cells = torch.zeros(*seen.flatten(1).shape, 2).int()
    weights = seen.flatten(1)[..., None] / 2 * torch.ones(2)
    return RenderOperator(cells, weights, seen.flatten(1) > 0, anchors, masks[:, None])


@pytest.mark.parametrize(
    ("angles", "best"),
    [([-30, -20, -10, 0, 10, 20, 30], 3), ([0, 10, 20, 30, 40], 2), ([-60, 0, 5, 10, 15], 2), ([40, 20, 0, -20, -40], 2), ([7.0], 0)],
)
def test_the_middle_of_a_sweep_covers_most(angles, best):
    assert choose_anchor(make_ring(angles)).view == best


def test_shares_fall_towards_the_ends_and_are_symmetric():
    choice = choose_anchor(make_ring([-40, -20, 0, 20, 40]))
    assert choice.shares[2] > choice.shares[1] > choice.shares[0]
    assert torch.allclose(choice.shares, choice.shares.flip(0), atol=0.03)
    assert choice.text.startswith(f"view 2 shows most of the others: {choice.shares[2]:.0%}; view ")


def test_coinciding_views_tie_in_the_middle():
    choice = choose_anchor(make_ring([5.0] * 5))
    assert choice.view == 2
    assert (choice.shares == 1).all()


def test_a_slide_before_a_wall_has_a_closed_form():
    """A ball too small for a pixel leaves the plane: a slide by s hides a share s f / (z W) of it."""
    w2c = torch.eye(4).repeat(3, 1, 1)
    w2c[:, 2, 3] = 1.0
    w2c[:, 0, 3] = torch.tensor([0.0, -0.25, -0.5])
    K = torch.tensor([[64.0, 0, 32], [0, 64, 32], [0, 0, 1]]).repeat(3, 1, 1)
    choice = choose_anchor(Cameras(w2c, K, SIZE, SIZE), subject_radius=1e-6)
    assert choice.shares.tolist() == pytest.approx([(0.75 + 0.5) / 2, 0.75, (0.75 + 0.5) / 2])
    assert choice.view == 1


def test_a_larger_subject_hides_more():
    ring = make_ring([-25, 0, 25])
    assert choose_anchor(ring, subject_radius=0.3).shares[1] < choose_anchor(ring, subject_radius=0.02).shares[1]


def test_views_from_behind_do_not_count_as_seen():
    choice = choose_anchor(make_ring([0, 180, 190, 170]))
    assert choice.view != 0
    assert choice.shares[0] < 0.2


def test_not_square_pictures_and_cameras_that_turn_away():
    ring = make_ring([-20, 0, 20], size=(SIZE, SIZE // 2))
    away = ring.w2c.clone()
    away[1] = torch.diag(torch.tensor([-1.0, 1.0, -1.0, 1.0])) @ away[1]
    choice = choose_anchor(Cameras(away, ring.K, ring.width, ring.height))
    assert choice.view != 1 and choice.shares[1] == 0
    with pytest.raises(ValueError, match="got none; name the anchor by hand"):
        choose_anchor(Cameras(away, ring.K, ring.width, ring.height)[1])
    with pytest.raises(ValueError, match="subject radius above 0, got 0"):
        choose_anchor(ring, subject_radius=0.0)


def test_long_trajectories_are_judged_by_some_of_their_views():
    assert choose_anchor(make_ring(torch.linspace(-30, 30, 19).tolist())).view == 9


def test_shares_of_each_view():
    operator = make_operator(
        [[[1.0, 1.0], [1.0, 1.0]], [[1.0, 0.5], [0.0, 0.0]], [[0.0, 0.0], [0.0, 0.0]]],
        [[[1, 1], [1, 1]], [[1, 1], [1, 0]], [[0, 0], [0, 0]]],
    )
    report = summarize_coverage(operator)
    assert report.rendered.tolist() == [1, 0.375, 0]
    assert report.partial.tolist() == [0, 0.375, 0]
    assert report.unseen.tolist() == [0, 0.25, 1]
    assert report.warning is None  # 19 % of the others
    assert report.text.splitlines() == [
        "anchor view 0; the other 2 on average: 19% rendered, 81% to be completed (62% never seen)",
        "view 1: 38% rendered, 62% to be completed (25% never seen)",
        "view 2: 0% rendered, 100% to be completed (100% never seen)",
    ]


def test_a_useless_anchor_is_warned_of():
    mask = torch.zeros(3, 4, 4)
    mask[0], mask[1, 0, :3] = 1, 1
    report = summarize_coverage(make_operator(mask.tolist(), mask.tolist()))
    assert math.isclose(float(report.rendered[1:].mean()), 3 / 32)
    assert "warning: the anchors show 9% of the other views" in report.text.splitlines()[-1]
    assert "add a second one" in report.warning


def test_anchors_alone_need_no_warning():
    ones = torch.ones(2, 2, 2).tolist()
    report = summarize_coverage(make_operator(ones, ones, anchors=(1, 0)))
    assert report.warning is None and report.text == "anchor views 1, 0"
