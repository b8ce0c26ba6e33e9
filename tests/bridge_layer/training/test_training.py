"""The embedded backbone's training: what the motion modules go through, and what the denoiser is held against."""

from __future__ import annotations

import torch

from mvcustom.mvcustom_core.backbone.attention import Scope
from mvcustom.mvcustom_core.backbone.motion import MotionModules
from mvcustom.nodes.bridge.backbone.embedded import MOTION
from mvcustom.training.image import alphas_cumprod, v_errors, v_loss
from mvcustom.training.motion import DENSE_SETTINGS, plan_widening


def test_scopes_widen_from_narrow_ones_to_the_dense_ones():
    widening = plan_widening(900)
    assert [widening.scopes_at(update) for update in (0, 299)] == [(Scope(3),) * 4] * 2
    assert [widening.scopes_at(update) for update in (300, 599)] == [(Scope(5),) * 4] * 2
    assert widening.scopes_at(600) == DENSE_SETTINGS.scopes == (Scope(5), *[Scope(None)] * 3)


def test_wide_modules_take_over_all_of_the_narrow_ones():
    taken = MotionModules(DENSE_SETTINGS).load_state_dict(MotionModules(MOTION).state_dict(), strict=False)
    assert not taken.unexpected_keys
    assert taken.missing_keys and all(name.endswith(".g") for name in taken.missing_keys)  # the gates of the 2-D position, at zero


def test_velocity_of_a_known_picture_has_no_error():
    generator = torch.Generator().manual_seed(0)
    x0, noise = (torch.randn(3, 4, 8, 8, generator=generator) for _ in range(2))
    alpha = alphas_cumprod()[torch.tensor([50, 500, 950])]
    a, s = alpha.sqrt().view(-1, 1, 1, 1), (1 - alpha).sqrt().view(-1, 1, 1, 1)

    def know(x: torch.Tensor) -> torch.Tensor:
        torch.testing.assert_close(x, a * x0 + s * noise)
        return (a * x - x0) / s  # of x and x0 alone

    torch.testing.assert_close(v_errors(alpha, x0, noise, know), torch.zeros(3), rtol=0, atol=1e-3)
    off = v_errors(alpha, x0, noise, lambda x: know(x) + 2)
    torch.testing.assert_close(off, torch.full((3,), 4.0), rtol=1e-2, atol=0)
    assert 0 < float(v_loss(alpha, x0, noise, lambda x: know(x) + 2)) < 8
