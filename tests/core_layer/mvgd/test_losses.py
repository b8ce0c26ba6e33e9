"""The training loss."""

from __future__ import annotations

from dataclasses import replace

import torch

from mvcustom.mvcustom_core.mvgd.losses import diffusion_loss, total_loss
from mvcustom.mvcustom_core.mvgd.model import MVGD
from mvcustom.mvcustom_core.mvgd.schedule import target_v
from mvcustom.tests.core_layer.mvgd.small import SETTINGS, make_batch, make_model


def test_an_untrained_network_has_the_loss_of_predicting_nothing() -> None:
    batch = make_batch()
    losses = diffusion_loss(MVGD(SETTINGS).double(), batch)
    v_rgb, v_depth = (target_v(pixels.values, pixels.noise, batch.u) for pixels in (batch.rgb, batch.depth))
    torch.testing.assert_close(losses["rgb"], v_rgb.square().mean((1, 2)))
    torch.testing.assert_close(losses["depth"], v_depth.abs().mean((1, 2)))
    torch.testing.assert_close(total_loss(losses), losses["rgb"] + 2 * losses["depth"])


def test_invalid_pixels_do_not_count_even_as_nan() -> None:
    model, batch = make_model(), make_batch()
    valid = torch.tensor([[True] * 4 + [False] * 2] * 2)
    losses = []
    for filler in (float("nan"), 7.0):
        values = torch.where(valid[..., None], batch.depth.values, filler)
        losses.append(total_loss(diffusion_loss(model, replace(batch, depth=replace(batch.depth, values=values, valid=valid)))))
    assert torch.isfinite(losses[0]).all()
    torch.testing.assert_close(*losses)
    losses[0].sum().backward()
    assert all(torch.isfinite(p.grad).all() for p in model.parameters() if p.grad is not None)


def test_colour_alone_teaches_the_weights_of_depth_nothing() -> None:
    model = make_model()
    total_loss(diffusion_loss(model, make_batch(depth=False))).sum().backward()
    of_depth = [p.grad for name, p in model.named_parameters() if "depth" in name.split(".")]
    assert len(of_depth) == 7 and all(gradient is None for gradient in of_depth)
    learned = [name for name, p in model.named_parameters() if p.grad is not None and p.grad.any()]
    assert {"pixel_in.rgb.weight", "task.rgb", "encoder.net.0.weight", "latents"} <= set(learned)


def test_a_first_pass_conditions_the_samples_that_ask_for_it() -> None:
    model, batch = make_model(), make_batch()
    once, mixed = (diffusion_loss(model, replace(batch, again=torch.tensor(again)))["rgb"] for again in ([False, False], [True, False]))
    assert float((mixed - once)[0].detach().abs()) > 1e-6
    torch.testing.assert_close(mixed[1], once[1])
