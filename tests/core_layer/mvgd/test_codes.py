"""Codes of rays and of depth."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch

from mvcustom.mvcustom_core.camera.rays import pixel_rays
from mvcustom.mvcustom_core.mvgd.codes import clamp_code, code_rays, decode_depth, encode_depth, map_rays, shift_depth_code
from mvcustom.mvcustom_core.mvgd.gauge import canonicalise
from mvcustom.mvcustom_core.mvgd.schedule import add_noise, signal
from mvcustom.mvcustom_core.mvgd.settings import MVGDSettings
from mvcustom.tests.core_layer.mvgd.small import SETTINGS, draw, make_cameras

CENTRED = replace(SETTINGS, depth_middle=-0.2, depth_gain=4.0)
both_codes = pytest.mark.parametrize("settings", [SETTINGS, CENTRED], ids=["paper", "centred"])


def test_rays_are_those_of_the_world_seen_from_the_target() -> None:
    cameras = make_cameras(3)
    canonical, points = canonicalise(cameras[:2], cameras[2]), 8 * draw(5, 2).sigmoid()
    rays = map_rays(canonical, cameras.K[:2], points)
    origins, directions = pixel_rays(cameras[:2], points)
    to_target = cameras.w2c[2]
    torch.testing.assert_close(rays[..., 3:], directions @ to_target[:3, :3].mT)
    expected = (origins @ to_target[:3, :3].mT + to_target[:3, 3]) / canonical.scale
    torch.testing.assert_close(rays[..., :3], expected[:, None].expand(-1, 5, -1))
    assert not map_rays(canonical.target, cameras.K[2:], points)[..., :3].any()


def test_a_ray_code_has_itself_and_sines_up_to_half_the_size() -> None:
    rays = draw(2, 6)
    code = code_rays(rays, SETTINGS)
    assert code.shape == (2, SETTINGS.ray_width) and torch.equal(code[:, :6], rays)
    frequencies = torch.tensor([1.0, 2.0, 4.0], dtype=torch.float64)  # up to 8 px / 2
    angles = (math.pi * rays[..., None] * frequencies).flatten(1)
    torch.testing.assert_close(code[:, 6:24], angles.sin())
    torch.testing.assert_close(code[:, 24:], angles.cos())


@both_codes
def test_depth_comes_back_from_its_code(settings: MVGDSettings) -> None:
    scale = 0.7
    depth = scale * torch.logspace(math.log10(0.1001), math.log10(199.9), 50, dtype=torch.float64)
    code = encode_depth(depth, scale, settings)
    found, valid = decode_depth(code, scale, settings)
    torch.testing.assert_close(found, depth, rtol=3e-7, atol=0)
    assert bool((code.diff() > 0).all()) and bool(valid[2:-2].all())


def test_the_depth_code_ends_at_a_tenth_and_two_hundred_scales() -> None:
    ends = encode_depth(torch.tensor([0.2, 400.0, 0.01, 1e9], dtype=torch.float64), 2.0, SETTINGS)
    torch.testing.assert_close(ends, torch.tensor([-1.0, 1.0, -1.0, 1.0], dtype=torch.float64))
    depth, valid = decode_depth(ends, 2.0, SETTINGS)
    torch.testing.assert_close(depth, torch.tensor([0.2, 400.0, 0.2, 400.0], dtype=torch.float64))
    assert not valid.any()


@both_codes
def test_noisy_codes_shift_with_the_scale_as_their_depth_does(settings: MVGDSettings) -> None:
    depth, noise, u = 1 + draw(1, 6, 1).abs(), draw(1, 6, 1, seed=1), torch.tensor([0.4], dtype=torch.float64)
    before, after = (add_noise(encode_depth(depth, scale, settings), noise, u) for scale in (0.8, 1.3))
    torch.testing.assert_close(shift_depth_code(before, signal(u).sqrt(), 0.8, 1.3, settings), after)


def test_a_centred_code_is_the_papers_less_the_middle_times_the_gain() -> None:
    depth = draw(8).exp()
    paper, centred = (encode_depth(depth, 0.7, settings) for settings in (SETTINGS, CENTRED))
    torch.testing.assert_close(centred, 4 * (paper + 0.2))
    beyond = clamp_code("depth", torch.tensor([-99.0, 99.0]), CENTRED)
    torch.testing.assert_close(beyond, torch.tensor([-3.2, 4.8]))
    torch.testing.assert_close(clamp_code("depth", torch.tensor([-99.0, 0.3]), SETTINGS), torch.tensor([-1.0, 0.3]))
    torch.testing.assert_close(clamp_code("rgb", torch.tensor([-99.0, 0.3]), CENTRED), torch.tensor([-1.0, 0.3]))
