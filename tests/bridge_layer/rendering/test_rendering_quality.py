"""Feature rendering and completion on scenes whose depth is known, with the embedded backbone's own weights.

One scene for each claim, ten in the slow test; `benchmarks/feature_rendering_quality.py` has the same measures on more.
"""

from __future__ import annotations

import pytest
import torch

from mvcustom.benchmarks import feature_rendering_quality as quality
from mvcustom.benchmarks import scope_agreement


def test_pixels_that_the_anchor_sees_agree_better_with_the_true_view():
    """A sphere: where it stands in the other views follows from the depth alone."""
    plain, features, hooked = quality.measure_seen(quality.draw_case(2, views=4), steps=6)
    assert features > plain + 1 and hooked > features + 1


def test_completed_pixels_do_not_repeat_the_anchor():
    plain, completed, plain_share, completed_share = quality.measure_copied(quality.draw_case(3, views=3), steps=4)
    assert completed < plain - 1
    assert completed_share < 0.7 * plain_share


def test_features_answer_the_noise_of_their_own_view():
    """Which is why views share start noise: rendered into a view with other noise, features leave the difference in the picture."""
    assert quality.measure_kept_noise(quality.draw_case(2, views=3), steps=4) > 0.7


def test_one_step_by_scope_and_features():
    """Rendered features bring the views to the anchor while noise is high, and keep them from it once it is low: they answer its noise."""
    found = dict(scope_agreement.measure(quality.draw_case(0, views=8), ["1x1", "trajectory"]))
    assert found[900, True, "1x1"] > found[900, False, "1x1"] + 3
    assert found[300, True, "1x1"] < found[300, False, "1x1"] - 3
    assert found[700, False, "trajectory"] > found[700, False, "1x1"]
    assert len(found) == 2 * 2 * len(scope_agreement.TIMESTEPS)


@pytest.mark.slow
def test_both_hold_on_nine_scenes_of_ten():
    cases = [quality.draw_case(number, 4) for number in range(10)]
    seen = [quality.measure_seen(case, steps=6) for case in cases]
    assert sum(features > plain for plain, features, _ in seen) >= 9
    copied = torch.tensor([quality.measure_copied(case, steps=6) for case in cases])
    assert (copied[:, 1] < copied[:, 0]).sum() >= 9
    assert copied[:, 3].mean() < 0.7 * copied[:, 2].mean()


@pytest.mark.slow
def test_rendered_predictions_hold_on_nine_scenes_of_ten():
    seen = [quality.measure_seen(quality.draw_case(number, 4), steps=6) for number in range(10)]
    assert sum(hooked > max(plain, features) for plain, features, hooked in seen) >= 9


def test_what_a_warp_without_regard_to_occlusion_copies():
    """The anchor's own view is itself; and what is hidden shows something nearer in its place."""
    case = quality.draw_case(3, views=3)
    copies, hidden = quality.copy_anchor(case)
    torch.testing.assert_close(copies[case.anchor], case.true.images[case.anchor], rtol=0, atol=2e-3)
    assert not hidden[case.anchor].any() and 0.01 < hidden[case.others].float().mean() < 0.2
    difference = (copies - case.true.images).abs().mean(1, keepdim=True)
    assert difference[hidden].mean() > 3 * difference[~hidden].mean()


def test_psnr():
    half = torch.zeros(1, 1, 2, 2, dtype=torch.bool)
    half[..., 0] = True
    given = torch.zeros(1, 3, 2, 2)
    given[..., 0], given[..., 1] = 0.1, 1.0
    assert quality.psnr(given, torch.zeros(1, 3, 2, 2), half) == pytest.approx(20.0, abs=1e-4)
