"""FeatureNeRF: published numbers, the plain twin, gradients, and what must not be seen."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from mvcustom.mvcustom_core.camera.cameras import Cameras, look_at
from mvcustom.mvcustom_core.camera.codes import CODE_WIDTH, encode_points, encode_rays, fourier_features
from mvcustom.mvcustom_core.camera.rays import cell_centers, pixel_rays
from mvcustom.mvcustom_core.concept.feature_nerf import FeatureNerf, Rendered, bilinear_taps
from mvcustom.mvcustom_core.concept.ray_samples import NerfSettings, sample_pdf, sample_rays
from mvcustom.mvcustom_core.path.trajectory import dolly


def orbit(azimuths: list[float], *, radius: float = 1.0, focal: float = 16.0, dtype: torch.dtype = torch.float32) -> Cameras:
    """Cameras around the origin, slightly above it, of 16x16 pixels."""
    angle = torch.tensor(azimuths, dtype=dtype)
    eye = radius * torch.stack([angle.sin() * math.cos(0.3), torch.full_like(angle, math.sin(0.3)), angle.cos() * math.cos(0.3)], dim=-1)
    up = torch.tensor([[0.0, 1.0, 0.0]], dtype=dtype).expand_as(eye)
    K = torch.tensor([[focal, 0, 8], [0, focal, 8], [0, 0, 1]], dtype=dtype).expand(len(eye), 3, 3)
    return Cameras(w2c=look_at(eye, torch.zeros_like(eye), up), K=K, width=16, height=16)


def make_nerf(channels: int, settings: NerfSettings, dtype: torch.dtype = torch.float32) -> FeatureNerf:
    torch.manual_seed(5)
    nerf = FeatureNerf(channels, settings).to(dtype)
    torch.nn.init.normal_(nerf.decoder.weight, std=0.5)
    return nerf


# The published model, from its formulas: nothing moved before the lookup or behind the average, no chunks.


@dataclass(frozen=True)
class DirectWeights:
    """The parameters in the layout of the published checkpoint."""

    W1: Tensor  # [C, C + 198], columns features | point code | ray code
    b1: Tensor
    W2: Tensor
    b2: Tensor
    w: Tensor  # [1, C + 198], columns features | target point code | reference centre | its Fourier features
    beta: Tensor
    D: Tensor


def load_direct(nerf: FeatureNerf, weights: DirectWeights) -> None:
    C = nerf.channels
    centre = weights.w[:, C + CODE_WIDTH :]
    state = {
        "inner.weight": weights.W1,
        "inner.bias": weights.b1,
        "outer.weight": weights.W2,
        "outer.bias": weights.b2,
        "view.weight": torch.cat([weights.w[:, :C], centre[:, 3:], centre[:, :3]], dim=1),
        "decoder.weight": weights.D,
    }
    nerf.load_state_dict(state)


def direct_render(features: Tensor, references: Cameras, target: Cameras, weights: DirectWeights, settings: NerfSettings) -> Rendered:
    """One target view at the references' resolution, with full concatenations and `grid_sample`."""
    A, C, h, w = features.shape
    flip = torch.tensor([-1.0, -1.0, 1.0] if settings.parity else [1.0, 1.0, 1.0], dtype=features.dtype)
    rows, columns = torch.meshgrid(torch.arange(h) + 0.5, torch.arange(w) + 0.5, indexing="ij")
    pixel = torch.stack([columns * target.width / w, rows * target.height / h, torch.ones(h, w)], -1).reshape(-1, 3).to(features)
    R0, t0 = target.w2c[0, :3, :3], target.w2c[0, :3, 3]
    centre = -R0.T @ t0
    d = F.normalize(pixel @ torch.linalg.inv(target.K[0]).T @ R0, dim=-1)  # [P, 3]
    moved = 0.0 if settings.parity else centre.norm() - 1  # the published range does not follow the camera
    near = max(0.0, settings.near + moved)
    step = (settings.far + moved - near) / settings.samples
    t = near + step * (torch.arange(settings.samples, dtype=features.dtype) + 0.5)
    X = centre + t[:, None] * d[:, None]  # [P, S, 3]
    P, S = X.shape[:2]

    hidden, logits, masks = [], [], []
    for v in range(A):
        R, T = references.w2c[v, :3, :3], references.w2c[v, :3, 3]
        x = X @ R.T + T
        image = x @ references.K[v].T
        g = 2 * image[..., :2] / image[..., 2:] / torch.tensor([references.width, references.height]) - 1
        if settings.parity:
            g = g.clamp(-1.2, 1.2)
        masks.append(torch.ones(P, S, dtype=torch.bool) if settings.parity else (x[..., 2] > 1e-3) & (g.abs() <= 1).all(-1))
        padding = "zeros" if settings.parity else "border"
        z = F.grid_sample(features[v : v + 1], g[None].nan_to_num(), padding_mode=padding, align_corners=settings.parity)[0]  # [C, P, S]
        z = z.permute(1, 2, 0)
        x, direction, origin = x * flip, (d @ R.T) * flip, (R @ centre + T) * flip
        pluecker = torch.cat([direction, torch.linalg.cross(origin.expand_as(direction), direction)], -1)
        ray = torch.cat([fourier_features(pluecker, 8), direction], -1)[:, None].expand(-1, S, -1)
        u = torch.cat([z, fourier_features(x, 16), x, ray], -1)
        hidden.append(F.linear(F.silu(F.linear(u, weights.W1, weights.b1)), weights.W2, weights.b2))
        x0 = (X @ R0.T + t0) * flip
        a = ((R0 @ (-R.T @ T) + t0) * flip).expand_as(x0)
        q = torch.cat([z, fourier_features(x0, 16), x0, a, fourier_features(a, 16)], -1)
        logits.append(F.linear(q, weights.w, weights.beta)[..., 0])
    mask = torch.stack(masks)
    attention = torch.stack(logits).masked_fill(~mask, -torch.inf).softmax(0).nan_to_num()
    feature = (attention[..., None] * torch.stack(hidden)).sum(0)  # [P, S, C]
    decoded = feature @ weights.D.T
    density = torch.where(mask.any(0), decoded[..., 3], -10.0).exp()
    alpha = 1 - torch.exp(-step * density)
    clear = torch.cat([torch.ones(P, 1).to(alpha), (1 - alpha).cumprod(1)[:, :-1]], 1)
    weight = (alpha * clear)[..., None]
    opacity = weight.sum(1)
    depth = (weight * t[:, None]).sum(1) / opacity
    marched = weight, t.expand_as(weight[..., 0])[..., None]  # [P, S, 1] both
    parts = (weight * feature).sum(1), opacity, (weight * decoded[..., :3].sigmoid()).sum(1), alpha[..., None], depth
    places = 2 * pixel[None, :, :2] / pixel.new_tensor([target.width, target.height]) - 1
    return Rendered((h, w), places, *(part[None] for part in parts), (marched,))


def random_weights(C: int, dtype: torch.dtype = torch.float32) -> DirectWeights:
    generator = torch.Generator().manual_seed(3)
    shapes = {"W1": (C, C + 198), "b1": (C,), "W2": (C, C), "b2": (C,), "w": (1, C + 198), "beta": (1,), "D": (4, C)}
    return DirectWeights(**{name: 0.3 * torch.randn(shape, generator=generator, dtype=dtype) for name, shape in shapes.items()})


@pytest.fixture
def published() -> tuple[Rendered, DirectWeights, Tensor]:
    """The published module's own test scene: left/up/forward cameras with centres at (azimuth, elevation, radius), C = 8, 4x4 cells."""
    w2c, K = [], []
    for (az, el, r), f, p in zip(
        [(0.2, 0.3, 0.9), (0.9, 0.2, 1.0), (-0.5, 0.4, 0.8)],
        [(2, 2), (2.2, 2.1), (1.9, 2.0)],
        [(0, 0), (0.05, -0.03), (-0.02, 0.04)],
        strict=True,
    ):
        centre = r * torch.tensor([math.cos(el) * math.sin(az), math.sin(el), math.cos(el) * math.cos(az)], dtype=torch.float64)
        z = -centre / centre.norm()
        x = F.normalize(torch.linalg.cross(torch.tensor([0.0, 1.0, 0.0], dtype=torch.float64), z), dim=0)
        R = torch.stack([x, torch.linalg.cross(z, x), z], dim=1)
        pose = torch.eye(4, dtype=torch.float64)
        pose[:3, :3], pose[:3, 3] = R.T, -centre @ R
        w2c.append(torch.diag(torch.tensor([-1.0, -1, 1, 1], dtype=torch.float64)) @ pose)
        K.append(torch.tensor([[2 * f[0], 0, 2 - 2 * p[0]], [0, 2 * f[1], 2 - 2 * p[1]], [0, 0, 1]], dtype=torch.float64))
    cameras = Cameras(w2c=torch.stack(w2c), K=torch.stack(K), width=4, height=4).to(dtype=torch.float32)
    v, p, c = torch.arange(2.0)[:, None, None], torch.arange(16.0)[:, None], torch.arange(8.0)
    features = torch.sin(0.9 * v + 0.37 * p + 0.53 * c).mT.unflatten(2, (4, 4))  # [A, C, h, w]

    shapes = [("W1", (8, 206)), ("b1", (8,)), ("W2", (8, 8)), ("b2", (8,)), ("w", (1, 206)), ("beta", (1,)), ("D", (4, 8))]
    weights = DirectWeights(
        **{
            name: (0.2 * torch.sin(0.7 * torch.arange(math.prod(shape), dtype=torch.float64) + 1.3 * j)).float().view(shape)
            for j, (name, shape) in enumerate(shapes)
        }
    )
    settings = NerfSettings(parity=True)
    nerf = FeatureNerf(8, settings)
    load_direct(nerf, weights)
    with torch.no_grad():
        return nerf(features, sample_rays(cameras[0], cameras[1:3], 4, 4, settings)), weights, features


def test_published_numbers(published):
    rendered, _, _ = published
    close = {"rtol": 0, "atol": 1e-5}
    torch.testing.assert_close(rendered.opacity[0, [0, 5, 15], 0], torch.tensor([0.830246, 0.820240, 0.865308]), **close)
    assert rendered.opacity.sum().item() == pytest.approx(13.041959, abs=1e-5)
    assert rendered.alpha[0, 5, 11, 0].item() == pytest.approx(0.0668404, abs=1e-6)
    logits = (-torch.log1p(-rendered.alpha[0, 5, [0, 11, 23], 0].double()) * 12).log()  # intervals of 1 / 12
    torch.testing.assert_close(logits.float(), torch.tensor([-0.294757, -0.186151, -0.041273]), **close)
    pixel_0 = [-0.085698, -0.188844, -0.203685, -0.124134, 0.012132, 0.141510, 0.204169, 0.171728]
    pixel_5 = [0.015310, -0.114699, -0.189726, -0.176663, -0.083319, 0.046000, 0.151509, 0.185598]
    torch.testing.assert_close(rendered.features[0, [0, 5]], torch.tensor([pixel_0, pixel_5]), **close)
    assert rendered.features.sum().item() == pytest.approx(-1.648837, abs=5e-5)  # sums of 128 numbers
    assert rendered.features.abs().sum().item() == pytest.approx(23.349928, abs=5e-5)
    torch.testing.assert_close(rendered.rgb[0, 5], torch.tensor([0.407059, 0.383528, 0.372025]), **close)
    assert rendered.rgb.sum().item() == pytest.approx(17.531475, abs=5e-5)


def test_published_rays():
    camera = Cameras(torch.diag(torch.tensor([-1.0, -1.0, 1.0, 1.0]))[None], torch.tensor([[[4.0, 0, 2], [0, 4, 2], [0, 0, 1]]]), 4, 4)
    rays = sample_rays(camera, camera, 4, 4, NerfSettings(parity=True)).rays
    # Left/up/forward axes are the world's here; cell 5 is at (0.25, 0.25) of -1..1, cell 0 at (0.75, 0.75), and the focal length is 2.
    corner = torch.tensor([[0.75, 0.75, 2.0], [0.25, 0.25, 2.0]])
    torch.testing.assert_close(rays.directions[[0, 5]], F.normalize(corner, dim=-1))


@pytest.mark.parametrize("parity", [False, True])
@pytest.mark.parametrize("piece_bytes", [2**27, 50000, 20000])  # whole; in pieces with codes, or all that is seen, computed on the way
def test_fast_form_equals_direct_form(parity: bool, piece_bytes: int):
    settings = NerfSettings(samples=6, parity=parity, piece_bytes=piece_bytes)
    references, target = orbit([0.6, -0.4, 2.9], focal=26.0), orbit([0.1], radius=0.9)
    features = torch.randn(3, 8, 6, 6, generator=torch.Generator().manual_seed(1))
    weights = random_weights(8)
    nerf = FeatureNerf(8, settings)
    load_direct(nerf, weights)
    samples = sample_rays(target, references, 6, 6, settings)
    assert (samples.seen is None) == (piece_bytes == 20000)
    assert (samples.look_up().point_code is None) == (piece_bytes != 2**27)
    visible = samples.look_up().visible.sum(0)
    assert parity or (len(visible.unique()) == 4), "the scene must have samples seen by none, one, two and all"
    with torch.no_grad():
        fast = nerf(features, samples)
    direct = direct_render(features, references, target, weights, settings)
    for name in ("features", "opacity", "rgb", "alpha", "depth", "samples"):
        torch.testing.assert_close(getattr(fast, name), getattr(direct, name), rtol=1e-4, atol=1e-5)


def test_pieces_have_the_gradients_of_the_whole():
    references, targets = orbit([0.6, -0.4]), orbit([0.1, 0.3])
    features = torch.randn(2, 8, 4, 4)
    gradients, joined = [], []
    for piece_bytes in (2**27, 2800):
        nerf = make_nerf(8, NerfSettings(samples=4, piece_bytes=piece_bytes))
        rendered = nerf(features, sample_rays(targets, references, 4, 4, nerf.settings), torch.tanh)
        assert (len(rendered.marched) == 1) == (piece_bytes == 2**27)  # what every sample saw stays in its pieces until it is asked for
        joined.append(rendered.samples.detach())
        (rendered.features.square().sum() + rendered.rgb.square().sum() + rendered.samples[..., 0].square().sum()).backward()
        gradients.append([parameter.grad for parameter in nerf.parameters()])
    for whole, pieces in zip(*gradients, strict=True):
        torch.testing.assert_close(whole, pieces, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(*joined, rtol=1e-5, atol=1e-6)


def test_gradcheck_through_features_and_every_parameter():
    settings = NerfSettings(samples=3)
    nerf = make_nerf(3, settings, torch.float64)
    references, target = orbit([0.6, -0.4], dtype=torch.float64), orbit([0.1], dtype=torch.float64)
    samples = sample_rays(target, references, 2, 2, settings)
    features = torch.randn(2, 3, 3, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(2), requires_grad=True)
    names, values = zip(*nerf.named_parameters(), strict=True)

    def render(features: Tensor, *parameters: Tensor) -> tuple[Tensor, ...]:
        out = torch.func.functional_call(nerf, dict(zip(names, parameters, strict=True)), (features, samples, torch.sin))
        return out.features, out.opacity, out.rgb, out.alpha, out.depth

    assert torch.autograd.gradcheck(render, (features, *(value.detach().requires_grad_() for value in values)), fast_mode=True)


def test_starts_with_density_one():
    settings = NerfSettings()
    nerf = FeatureNerf(8, settings)
    rendered = nerf(torch.randn(2, 8, 4, 4), sample_rays(orbit([0.0]), orbit([0.3, -0.3], focal=2.0), 4, 4, settings))
    # Every sample in front of a very wide reference is seen; density 1 over a length of 2 leaves exp(-2) of the light.
    torch.testing.assert_close(rendered.alpha, torch.full((1, 16, 24, 1), 1 - math.exp(-1 / 12)))
    torch.testing.assert_close(rendered.opacity, torch.full((1, 16, 1), 1 - math.exp(-2)))
    torch.testing.assert_close(rendered.rgb, 0.5 * rendered.opacity.expand(-1, -1, 3))
    t = (torch.arange(24) + 0.5) / 12
    weight = torch.exp(-torch.arange(24) / 12)  # constant alpha, so weights fall geometrically
    torch.testing.assert_close(rendered.depth, ((weight * t).sum() / weight.sum()).expand(1, 16, 1))


@pytest.mark.parametrize("looks", ["away", "beside"])  # the subject behind the camera; in front of it, but out of the frame
def test_a_reference_that_does_not_see_the_subject_contributes_nothing(looks: str):
    ahead, target = orbit([0.4]), orbit([0.0])
    aim = 2 * ahead.centers if looks == "away" else ahead.centers + torch.linalg.cross(ahead.centers, torch.tensor([[0.0, 1.0, 0.0]]))
    other = replace(ahead, w2c=look_at(ahead.centers, aim, torch.tensor([[0.0, 1.0, 0.0]])))
    both = Cameras(torch.cat([ahead.w2c, other.w2c]), ahead.K.expand(2, 3, 3), ahead.width, ahead.height)
    features = torch.randn(2, 8, 4, 4, generator=torch.Generator().manual_seed(6), requires_grad=True)
    for parity in (False, True):
        settings = NerfSettings(samples=6, near=0.7, far=1.3, parity=parity)
        nerf = make_nerf(8, settings)
        samples = sample_rays(target, both, 4, 4, settings)
        rendered, alone = nerf(features, samples), nerf(features[:1], sample_rays(target, ahead, 4, 4, settings))
        features.grad = None
        rendered.features.sum().backward()
        assert samples.look_up().visible[0].any() and features.grad[0].abs().sum() > 0
        if parity:  # the published code averages it in
            assert samples.look_up().visible[1].all() and (rendered.features - alone.features).abs().max() > 1e-2
        else:
            assert not samples.look_up().visible[1].any() and features.grad[1].abs().max() == 0
            torch.testing.assert_close(rendered.features, alone.features)


def test_unseen_samples_are_empty():
    settings = NerfSettings(samples=6)
    nerf = make_nerf(8, settings)
    target, reference = orbit([0.0]), orbit([0.4])
    samples = sample_rays(target, reference, 2, 2, settings, allowed=torch.tensor([[False]]))
    rendered = nerf(torch.randn(1, 8, 4, 4), samples)
    assert not samples.look_up().visible.any()
    torch.testing.assert_close(rendered.alpha, torch.full_like(rendered.alpha, 1 - math.exp(-math.exp(-10) / 3)))
    assert rendered.features.abs().max() == 0
    loss = rendered.features.sum() + rendered.opacity.sum() + rendered.depth.sum()
    loss.backward()
    assert all(parameter.grad is None or torch.isfinite(parameter.grad).all() for parameter in nerf.parameters())


def test_allowed_hides_a_reference_from_one_view_only():
    settings = NerfSettings(samples=6)
    nerf = make_nerf(8, settings)
    cameras = orbit([0.0, 0.4, 0.8])
    features = torch.randn(3, 8, 4, 4)
    masked = nerf(features, sample_rays(cameras, cameras, 4, 4, settings, allowed=~torch.eye(3, dtype=torch.bool)))
    for v in range(3):
        others = [a for a in range(3) if a != v]
        alone = nerf(features[others], sample_rays(cameras[v], cameras[others], 4, 4, settings))
        torch.testing.assert_close(masked.features[v], alone.features[0])


def test_text_acts_on_features_alone():
    settings = NerfSettings(samples=6)
    nerf = make_nerf(8, settings)
    features, samples = torch.randn(2, 8, 4, 4), sample_rays(orbit([0.0]), orbit([0.4, -0.4]), 4, 4, settings)
    plain = nerf(features, samples)
    prompted = nerf(features, samples, lambda tokens: torch.full_like(tokens, 2.0))
    # A constant added to every sample appears times the sum of weights, which is the opacity.
    torch.testing.assert_close(prompted.features, plain.features + 2 * plain.opacity)
    assert torch.equal(prompted.opacity, plain.opacity) and torch.equal(prompted.rgb, plain.rgb)


def test_half_precision_autocast_does_not_reach_inside():
    settings = NerfSettings(samples=6, importance=5)
    nerf = make_nerf(8, settings)
    features, target, references = torch.randn(2, 8, 4, 4), orbit([0.0]), orbit([0.4, -0.4])
    samples = sample_rays(target, references, 4, 4, settings)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = nerf(features, sample_rays(target, references, 4, 4, settings))
    assert inside.features.dtype == torch.float32 and torch.equal(inside.features, nerf(features, samples).features)
    assert nerf(features.half(), samples).features.dtype == torch.float32


@pytest.mark.parametrize("parity", [False, True])
def test_the_worlds_orientation_does_not_matter_and_under_parity_nor_does_its_origin(parity: bool):
    settings = NerfSettings(samples=6, parity=parity)
    nerf = make_nerf(8, settings, torch.float64)
    features = torch.randn(2, 8, 4, 4, dtype=torch.float64)
    references, target = orbit([0.4, -0.4], dtype=torch.float64), orbit([0.0], dtype=torch.float64)
    moved = torch.eye(4, dtype=torch.float64)
    moved[:3, :3] = torch.matrix_exp(torch.tensor([[0.0, -0.3, 0.2], [0.3, 0.0, -0.5], [-0.2, 0.5, 0.0]], dtype=torch.float64))
    if parity:
        moved[:3, 3] = torch.tensor([0.3, -0.2, 0.1])
    there = [replace(cameras, w2c=cameras.w2c @ torch.linalg.inv(moved)) for cameras in (target, references)]
    here = nerf(features, sample_rays(target, references, 4, 4, settings))
    torch.testing.assert_close(nerf(features, sample_rays(*there, 4, 4, settings)).features, here.features)


# Samples and codes.


def test_samples_lie_at_interval_centres_on_cell_rays():
    settings = NerfSettings(samples=4, near=0.5, far=1.5)
    w2c = torch.eye(4)
    w2c[2, 3] = 1.0  # at distance 1 from the origin
    camera = replace(orbit([0.0]), w2c=w2c[None])
    samples = sample_rays(camera, camera, 2, 2, settings)
    torch.testing.assert_close(samples.distances, torch.tensor([0.625, 0.875, 1.125, 1.375]).expand(4, 4))
    torch.testing.assert_close(samples.widths, torch.full((4, 4), 0.25))
    # Seen from its own camera a ray is one place: the centre of its cell.
    own = torch.tensor([[-0.5, -0.5], [0.5, -0.5], [-0.5, 0.5], [0.5, 0.5]])
    torch.testing.assert_close(samples.look_up().positions[0], own[:, None].expand(4, 4, 2))
    direction = torch.nn.functional.normalize(torch.tensor([-0.25, -0.25, 1.0]), dim=0)  # 4 of 16 pixels from the centre, focal 16
    torch.testing.assert_close(
        samples.look_up().points[0, 0], settings.near * direction + (samples.distances[0, :, None] - 0.5) * direction
    )


def test_jitter_stays_in_its_cell_and_interval_and_is_unbiased():
    settings = NerfSettings(samples=8)
    camera = orbit([0.0])[[0] * 200]
    samples = sample_rays(camera, orbit([0.0]), 4, 4, settings, generator=torch.Generator().manual_seed(0))
    cells = ((samples.look_up().positions[0, :, -1] + 1) * 2).unflatten(0, (200, 16))  # in cells of the 4x4 grid
    column, row = torch.arange(16) % 4, torch.arange(16) // 4
    inside = cells - torch.stack([column, row], -1)
    assert inside.min() > -1e-4 and inside.max() < 1 + 1e-4
    assert (inside.mean(0) - 0.5).abs().max() < 0.1  # 200 draws: standard error 0.02
    assert inside[:, 0].std() > 0.2 and not torch.equal(inside[:, 0], inside[:, 1])  # independent per ray
    assert (samples.widths > 0).all()
    torch.testing.assert_close(samples.distances[:, 1:] - samples.distances[:, :-1], (samples.widths[:, 1:] + samples.widths[:, :-1]) / 2)
    torch.testing.assert_close(samples.widths.sum(1), torch.full((3200,), 2.0))
    assert samples.widths.std() > 0.05
    assert (samples.distances.mean(0) - (torch.arange(8) + 0.5) / 4).abs().max() < 0.02


def test_parity_jitter_is_the_published_one():
    """One number per column and per row, from the centre of a cell to the centre of the one before it; edges alike in all views."""
    settings, camera = NerfSettings(samples=8, parity=True), orbit([0.0])
    cells, edges = [], []
    for seed in range(300):
        samples = sample_rays(camera[[0, 0]], camera, 4, 4, settings, generator=torch.Generator().manual_seed(seed))
        cells.append(((samples.look_up().positions[0, :, -1] + 1) * 2).view(2, 4, 4, 2))
        edges.append(samples.edges.view(2, 16, 9))
    cells, edges = torch.stack(cells), torch.stack(edges)
    assert torch.equal(cells[:, 0], cells[:, 1]) and torch.equal(edges[:, 0], edges[:, 1])
    x, y = cells[:, 0].unbind(-1)  # [300, 4, 4]
    torch.testing.assert_close(x, x[:, :1].expand_as(x), rtol=0, atol=1e-4)
    torch.testing.assert_close(y, y[:, :, :1].expand_as(y), rtol=0, atol=1e-4)
    first, last = torch.tensor([0.0, 0.5, 1.5, 2.5]), torch.tensor([0.5, 1.5, 2.5, 3.5])
    for drawn in (x[:, 0], y[:, :, 0]):  # [300, 4]
        assert (drawn >= first - 1e-4).all() and (drawn <= last + 1e-4).all()
        assert (drawn.mean(0) - (first + last) / 2).abs().max() < 0.06
    low = torch.tensor([0.0, *(0.25 * k + 0.125 for k in range(8))])
    high = torch.tensor([*(0.25 * k + 0.125 for k in range(8)), 2.0])
    assert (edges >= low - 1e-6).all() and (edges <= high + 1e-6).all()
    assert (edges.mean((0, 1, 2)) - (low + high) / 2).abs().max() < 0.01
    assert not torch.equal(edges[0, 0, 0], edges[0, 0, 1])  # though not in all rays


# Cameras that move.


def make_ball_nerf(settings: NerfSettings, radius: float = 0.3) -> tuple[FeatureNerf, Tensor, Cameras]:
    """Pose block and references of a ball about the origin: opaque where the references show it, its colour from the second feature."""
    turn, height = 2.4 * torch.arange(16.0), 1 - (torch.arange(16.0) + 0.5) / 8  # all around, on a spiral
    eye = torch.stack([turn.cos() * (1 - height**2).sqrt(), height, turn.sin() * (1 - height**2).sqrt()], dim=-1)
    wide = orbit([0.0], focal=6.0)
    up = torch.tensor([[0.0, 1.0, 0.0]]).expand(16, 3)
    references = replace(wide, w2c=look_at(eye, torch.zeros(16, 3), up), K=wide.K.expand(16, 3, 3))
    origins, directions = pixel_rays(references, cell_centers(64, 64) / 4)
    missed = torch.linalg.cross(origins[:, None].expand_as(directions), directions).norm(dim=-1)  # distance of each ray from the origin
    shown = (missed < radius).float().view(16, 1, 64, 64)
    nerf = FeatureNerf(2, settings)
    with torch.no_grad():
        for parameter in nerf.parameters():
            parameter.zero_()
        nerf.inner.weight[:, :2] = 10 * torch.eye(2)
        nerf.outer.weight.copy_(torch.eye(2) / 10)  # silu(10 x) / 10 is x, for x of 0 or more
        nerf.outer.bias[0] = -0.85
        nerf.decoder.weight[3, 0] = 60.0  # density e^9 where all references show the ball, e^-6 where a quarter of them do not
        nerf.decoder.weight[0, 1] = 1.0
    return nerf, torch.cat([shown, 0.7 * shown], dim=1), references


@pytest.mark.parametrize("settings", [NerfSettings(), NerfSettings(samples=8, importance=24, near=0.4, far=1.6)], ids=["SD1.5", "embedded"])
@pytest.mark.parametrize("distance", [0.5, 0.8, 1.0, 1.9, 2.2])
def test_the_subject_is_where_it_is_from_every_distance(settings: NerfSettings, distance: float):
    nerf, features, references = make_ball_nerf(settings)
    target = dolly(orbit([0.4], focal=6.0), 2, (0.0, 1.0 - distance))[[1]]
    assert target.centers.norm().item() == pytest.approx(distance, abs=1e-5)
    samples = sample_rays(target, references, 17, 17, settings)
    with torch.no_grad():
        seen = nerf(features, samples)
    rays = samples.rays
    missed = torch.linalg.cross(rays.origins, rays.directions).norm(dim=-1)
    inside, outside = missed < 0.2, missed > 0.4  # of a radius of 0.3, on maps of cells of 0.04
    assert inside.any() and outside.any()
    assert seen.opacity[0, inside].min() > 0.98 and seen.opacity[0, outside].max() < 0.05
    # The ray through the middle is the same line from every distance.
    middle = 17 * 8 + 8
    torch.testing.assert_close(seen.rgb[0, middle], torch.tensor([1 / (1 + math.exp(-0.7)), 0.5, 0.5]), rtol=0, atol=0.02)
    assert seen.depth[0, middle].item() == pytest.approx(distance - 0.3, abs=0.08)  # half an interval of a first pass


def test_sampling_from_the_references_own_distance_is_as_it_was():
    for settings in (NerfSettings(), NerfSettings(samples=8, near=0.4, far=1.6)):
        samples = sample_rays(orbit([0.3]), orbit([0.0]), 2, 2, settings)
        fixed = torch.linspace(settings.near, settings.far, settings.samples + 1).expand(4, -1)
        torch.testing.assert_close(samples.edges, fixed, rtol=0, atol=1e-6)


def test_each_camera_samples_about_the_origin_from_its_own_distance():
    settings = NerfSettings(samples=4, near=0.4, far=1.6)
    cameras = orbit([0.1])[[0, 0, 0]]
    w2c = cameras.w2c.clone()
    w2c[:, 2, 3] = torch.tensor([0.2, 0.7, 3.0])
    cameras = replace(cameras, w2c=w2c)
    for generator in (None, torch.Generator().manual_seed(0)):
        edges = sample_rays(cameras, orbit([0.0]), 2, 2, settings, generator=generator).edges.view(3, 4, 5)
        torch.testing.assert_close(edges[:, :, 0], torch.tensor([0.0, 0.1, 2.4])[:, None].expand(3, 4))
        torch.testing.assert_close(edges[:, :, -1], torch.tensor([0.8, 1.3, 3.6])[:, None].expand(3, 4))
        assert (edges.diff() > 0).all()
    published = sample_rays(cameras, orbit([0.0]), 2, 2, replace(settings, parity=True)).edges
    torch.testing.assert_close(published, torch.linspace(0.4, 1.6, 5).expand(12, 5))


def test_a_camera_at_the_origin_samples_what_is_before_it():
    camera = replace(orbit([0.0]), w2c=torch.eye(4)[None])
    edges = sample_rays(camera, camera, 2, 2, NerfSettings(samples=4)).edges
    torch.testing.assert_close(edges, torch.tensor([0.0, 0.25, 0.5, 0.75, 1.0]).expand(4, 5))


# The second pass.


def test_drawn_edges_hold_equal_shares():
    edges = torch.tensor([[0.4, 0.6, 1.0, 1.6]])
    torch.testing.assert_close(sample_pdf(edges, torch.zeros(1, 3), 4), torch.tensor([[0.4, 0.7, 1.0, 1.3, 1.6]]))  # nothing found
    found = sample_pdf(edges, torch.tensor([[0.0, 1.0, 0.0]]), 20)
    # 1.1 in all: 0.1 / 6 lies before 0.6, 1 + 0.1 / 3 between 0.6 and 1.0, 0.1 / 2 behind.
    share = torch.tensor([0.1 / 6, 1 + 0.1 / 3, 0.05]).cumsum(0) / 1.1
    wanted = torch.arange(21) / 20
    assert ((found >= 0.6 - 1e-6) & (found <= 1 + 1e-6)).sum() == ((wanted >= share[0]) & (wanted <= share[1])).sum()
    inside = (wanted[10] - share[0]) / (share[1] - share[0])
    assert found[0, 10].item() == pytest.approx(0.6 + 0.4 * inside.item(), abs=1e-5)
    assert found[0, 0].item() == pytest.approx(0.4) and found[0, -1].item() == pytest.approx(1.6)
    assert (found.diff() > 0).all()


@pytest.mark.parametrize("piece_bytes", [2**27, 2800])
def test_second_pass_renders_where_the_first_found_something(piece_bytes: int):
    settings = NerfSettings(samples=6, importance=9, piece_bytes=piece_bytes)
    references, target = orbit([0.6, -0.4]), orbit([0.1])
    features = torch.randn(2, 8, 4, 4, generator=torch.Generator().manual_seed(4))
    nerf, once = make_nerf(8, settings), make_nerf(8, replace(settings, importance=0))
    samples = sample_rays(target, references, 4, 4, settings)
    first = once(features, samples)
    clear = torch.cat([torch.ones(16, 1), (1 - first.alpha[0, :, :, 0]).cumprod(1)[:, :-1]], 1)
    again = samples.resample(sample_pdf(samples.edges, (first.alpha[0, :, :, 0] * clear).detach(), 9))
    rendered, wanted = nerf(features, samples), once(features, again)
    assert rendered.alpha.shape == (1, 16, 9, 1)
    for name in ("features", "opacity", "rgb", "alpha", "depth"):
        torch.testing.assert_close(getattr(rendered, name), getattr(wanted, name), rtol=1e-4, atol=1e-5)
    (rendered.features.square().sum() + rendered.rgb.sum()).backward()
    (wanted.features.square().sum() + wanted.rgb.sum()).backward()
    for one, other in zip(nerf.parameters(), once.parameters(), strict=True):
        torch.testing.assert_close(one.grad, other.grad, rtol=1e-3, atol=1e-4)


def test_taps_reproduce_a_linear_map_and_hold_its_border():
    ramp = torch.arange(12.0).reshape(3, 4)  # value = 4 row + column
    positions = torch.tensor([[-0.75, -2 / 3], [0.0, 0.0], [0.1, 0.2], [1.0, 1.0]])
    rows, shares = bilinear_taps(positions, 3, 4, parity=False)
    x, y = ((positions[:, 0] + 1) * 2 - 0.5).clamp(0, 3), ((positions[:, 1] + 1) * 1.5 - 0.5).clamp(0, 2)
    torch.testing.assert_close((ramp.flatten()[rows] * shares).sum(-1), 4 * y + x)
    rows, shares = bilinear_taps(torch.tensor([[-1.0, -1.0], [1.0, 1.0], [1.2, 0.0]]), 3, 4, parity=True)
    torch.testing.assert_close((ramp.flatten()[rows] * shares).sum(-1), torch.tensor([0.0, 11.0, 0.7 * 7]))  # 0.3 cells beyond the corner


def test_codes_by_hand():
    code = fourier_features(torch.tensor([0.25, -0.5]), 2)  # frequencies pi / 2 and pi
    angles = torch.tensor([0.125, -0.25, 0.25, -0.5]) * math.pi
    torch.testing.assert_close(code, torch.cat([angles.sin(), angles.cos()]))
    origin, direction = torch.tensor([0.3, -0.2, 0.5]), torch.tensor([0.6, 0.0, 0.8])
    assert encode_points(origin).shape == encode_rays(origin, direction).shape == (CODE_WIDTH,)
    # A line's code does not depend on which of its points it was cast from.
    torch.testing.assert_close(encode_rays(origin, direction), encode_rays(origin + 0.7 * direction, direction), rtol=0, atol=1e-5)


@pytest.mark.parametrize("change", [{"samples": 0}, {"importance": -1}, {"near": -0.1}, {"near": 2.0}, {"near": 1.0}, {"far": 0.9}])
def test_settings_refuse(change: dict):
    with pytest.raises(ValueError, match="nerf settings: wanted samples >= 1, importance >= 0 and 0 <= near < far"):
        NerfSettings(**change)


def test_refuses_what_does_not_fit():
    settings = NerfSettings(samples=2)
    samples = sample_rays(orbit([0.0]), orbit([0.1, 0.2]), 2, 2, settings)
    with pytest.raises(ValueError, match=r"wanted \[2, 8, h, w\], got \[2, 7, 2, 2\]"):
        FeatureNerf(8, settings)(torch.zeros(2, 7, 2, 2), samples)
    with pytest.raises(ValueError, match=r"wanted \[2, 8, h, w\], got \[3, 8, 2, 2\]"):
        FeatureNerf(8, settings)(torch.zeros(3, 8, 2, 2), samples)
    with pytest.raises(ValueError, match=r"allowed: wanted \[1, 2\].*got \[2, 1\]"):
        sample_rays(orbit([0.0]), orbit([0.1, 0.2]), 2, 2, settings, allowed=torch.ones(2, 1, dtype=torch.bool))
    with pytest.raises(ValueError, match="at least one target, reference and cell"):
        sample_rays(orbit([0.0]), orbit([0.1]), 0, 2, settings)
