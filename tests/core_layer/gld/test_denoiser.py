"""Items 2 and 4 of the acceptance: what a denoiser depends on, and in which order."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from mvcustom.mvcustom_core.gld.cameras import PosedViews, pose_views
from mvcustom.mvcustom_core.gld.denoiser import Denoiser
from mvcustom.tests.core_layer.gld.small import (
    SMALL,
    SOURCES,
    difference,
    make_cameras,
    make_views,
    random_latents,
    randomise,
)

TIME = torch.tensor(0.6)
KINDS = pytest.mark.parametrize("cascade", [False, True], ids=["level 1", "cascade"])
CHANNELS = SMALL.upper.channels


def make_denoiser(cascade: bool, random: bool = True) -> Denoiser:
    denoiser = Denoiser(SMALL.cascade if cascade else SMALL.upper)
    return randomise(denoiser) if random else denoiser


def denoise(denoiser: Denoiser, seeds: tuple[int, int, int] = (1, 2, 3), time: Tensor = TIME, views: PosedViews | None = None) -> Tensor:
    condition, noisy, upper = (random_latents(seed) for seed in seeds)
    return denoiser(condition, noisy, time, views or make_views(), upper if denoiser.settings.cascade else None)


def changed_view(latents: Tensor, view: int) -> Tensor:
    return torch.cat([latents[:view], latents[view : view + 1] + 1, latents[view + 1 :]])


@KINDS
def test_item_2_fresh_denoiser_returns_zero(cascade: bool) -> None:
    assert not denoise(make_denoiser(cascade, random=False)).any()


@KINDS
def test_item_2_last_layer_alone_sees_one_view_and_no_time_or_camera(cascade: bool) -> None:
    denoiser = make_denoiser(cascade, random=False)
    randomise(denoiser.final_layer.linear)
    condition, noisy = random_latents(1), random_latents(2)
    upper = random_latents(3) if cascade else None
    velocity = denoiser(condition, noisy, TIME, make_views(), upper)
    other = replace(make_views(), w2c=make_views().w2c.flip(0), picture=-make_views().picture)
    assert torch.equal(denoiser(condition, noisy, torch.tensor(0.1), other, upper), velocity)
    moved = denoiser(condition, changed_view(noisy, 3), TIME, make_views(), upper)
    assert torch.equal(moved[:3], velocity[:3]) and torch.equal(moved[4:], velocity[4:]) and not torch.allclose(moved[3], velocity[3])


@KINDS
def test_item_2_trained_denoiser_depends_on_everything(cascade: bool) -> None:
    """Without which the test before would say nothing."""
    denoiser = make_denoiser(cascade)
    velocity, views = denoise(denoiser), make_views()
    others = [
        denoise(denoiser, (4, 2, 3)),
        denoise(denoiser, (1, 4, 3)),
        denoise(denoiser, time=torch.tensor(0.1)),
        denoise(denoiser, views=replace(views, w2c=views.w2c.flip(0))),
        denoise(denoiser, views=replace(views, K=views.K * 1.5)),
        denoise(denoiser, views=replace(views, picture=views.picture * 0.5)),
        *([denoise(denoiser, (1, 2, 4))] if cascade else []),
    ]
    assert all(difference(other, velocity) > 1e-3 for other in others)


@KINDS
@pytest.mark.parametrize("side", ["s_embedder", "x_embedder"])
def test_item_4_source_features_come_before_the_noisy_ones(cascade: bool, side: str) -> None:
    """With the first half of an embedding's channels at zero and the other embedding at zero, the source features are not seen."""
    denoiser = make_denoiser(cascade)
    with torch.no_grad():
        for name, module in denoiser.named_children():
            if name.startswith(side):
                module.proj.weight[:, :CHANNELS] = 0
            elif name[1:].startswith("_embedder") and name[0] in "sx":
                module.proj.weight.zero_()
    velocity = denoise(denoiser)
    assert torch.equal(denoise(denoiser, (4, 2, 3)), velocity)
    seen = (1, 2, 4) if cascade and side == "s_embedder" else (1, 4, 3)  # the cascade's encoder sees level 1 in place of the noisy one
    assert difference(denoise(denoiser, seen), velocity) > 1e-3
    if cascade:
        assert torch.equal(denoise(denoiser, (1, 4, 3) if side == "s_embedder" else (1, 2, 4)), velocity)


@pytest.mark.parametrize(("channels", "part"), [((0, 1), "mark"), ((1, 4), "direction"), ((4, 7), "moment")])
def test_item_4_channels_of_the_camera_picture(channels: tuple[int, int], part: str) -> None:
    """A denoiser that sees some channels of the picture alone is moved by the part that lies there and by no other."""
    denoiser = make_denoiser(cascade=False)
    with torch.no_grad():
        unseen = [channel for channel in range(7) if not channels[0] <= channel < channels[1]]
        denoiser.camera_embedder.proj.weight[:, unseen] = 0
    views = make_views()
    pictures = {
        "mark": torch.cat([1 - views.picture[:, :1], views.picture[:, 1:]], dim=1),
        "direction": torch.cat([views.picture[:, :1], views.picture[:, 1:4].roll(1, 1), views.picture[:, 4:]], dim=1),
        "moment": torch.cat([views.picture[:, :4], views.picture[:, 4:] * 2], dim=1),
    }
    velocity = denoise(denoiser)
    for name, picture in pictures.items():
        moved = difference(denoise(denoiser, views=replace(views, picture=picture)), velocity)
        assert (moved > 1e-4) is (name == part), name


@KINDS
def test_item_4_views_permute_with_their_cameras_and_features(cascade: bool) -> None:
    """Targets but the last among themselves, sources among themselves. The last view sets the frame of the camera picture."""
    denoiser, cameras = make_denoiser(cascade), make_cameras()
    condition, noisy, upper = (random_latents(seed) for seed in (1, 2, 3))
    condition[SOURCES:] = 0

    def run(order: list[int]) -> Tensor:
        views = pose_views(cameras[order], SOURCES)
        return denoiser(condition[order], noisy[order], TIME, views, upper[order] if cascade else None)[torch.tensor(order).argsort()]

    velocity = run([0, 1, 2, 3, 4])
    assert difference(run([0, 1, 3, 2, 4]), velocity) < 1e-5
    assert difference(run([1, 0, 2, 3, 4]), velocity) < 1e-5
    assert difference(run([0, 1, 4, 3, 2]), velocity) > 1e-3


def test_level_1_embeds_sources_and_targets_apart() -> None:
    denoiser = make_denoiser(cascade=False)
    with torch.no_grad():
        for name in ("s_embedder_tgt", "x_embedder_tgt"):
            denoiser.get_submodule(name).proj.weight.zero_()
    condition, noisy = random_latents(1), random_latents(2)
    velocity = denoiser(condition, noisy, TIME, make_views())
    assert torch.equal(denoiser(condition, changed_view(noisy, SOURCES), TIME, make_views()), velocity)
    assert difference(denoiser(condition, changed_view(noisy, SOURCES - 1), TIME, make_views()), velocity) > 1e-3


def test_cascade_normalises_intrinsics_by_its_own_size() -> None:
    """The published cascade divides by 504 x 504 whatever the pictures' size is."""
    denoiser, own = make_denoiser(cascade=True), make_denoiser(cascade=True)
    own.settings = replace(own.settings, rotation_size=None)
    assert difference(denoise(own), denoise(denoiser)) > 1e-3


def test_time_is_embedded_by_sines_before_cosines_of_whole_turns() -> None:
    denoiser = make_denoiser(cascade=False)
    embedder, turns = denoiser.t_embedder, []
    embedder.mlp.register_forward_pre_hook(lambda _, inputs: turns.append(inputs[0]))
    embedder(TIME)
    angles = 2 * torch.pi * TIME * embedder.W
    assert torch.allclose(turns[0], torch.cat([angles.sin(), angles.cos()]), atol=1e-6)


def test_half_precision_keeps_the_frequencies_of_the_time() -> None:
    denoiser = make_denoiser(cascade=False)
    frequencies, wanted = denoiser.t_embedder.W.clone(), denoise(denoiser)
    denoiser.set_precision(torch.bfloat16)
    assert torch.equal(denoiser.t_embedder.W, frequencies) and denoiser.s_projector.weight.dtype == torch.bfloat16
    found = denoiser(random_latents(1).bfloat16(), random_latents(2).bfloat16(), TIME, make_views())
    assert difference(found.float(), wanted) < 0.1


def test_norm_is_of_the_root_mean_square_with_an_epsilon_of_a_millionth() -> None:
    norm = make_denoiser(cascade=False).blocks[0].norm1
    x = 1e-3 * random_latents(1)[:, 0].flatten(1)[:, :1].expand(-1, 32) * torch.linspace(0.5, 1.5, 32)
    plain = x / (x.square().mean(-1, keepdim=True) + 1e-6).sqrt() * norm.weight
    assert difference(norm(x), plain) < 1e-5


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"upper": random_latents(3)}, "no other level"),
        ({"noisy": random_latents(2, views=3)}, "V=5"),
        ({"condition": torch.zeros(5, 16, 2, 3), "noisy": torch.zeros(5, 16, 2, 3)}, "32 channels, got 16"),
        ({"condition": torch.zeros(5, 32, 3, 3), "noisy": torch.zeros(5, 32, 3, 3)}, "pictures of 12x12, got 12x8"),
    ],
)
def test_what_does_not_fit_is_refused(change: dict[str, Tensor], message: str) -> None:
    given = {"condition": random_latents(1), "noisy": random_latents(2), "time": TIME, "views": make_views()} | change
    with pytest.raises(ValueError, match=message):
        make_denoiser(cascade=False)(**given)
