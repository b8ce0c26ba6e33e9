"""A subject near by, a hill far away and the sky: each moves in the other views as its true distance says, to a part of a pixel."""

from __future__ import annotations

from functools import lru_cache

import pytest
import torch
from torch import Tensor

from mvcustom.mvcustom_core.anchor.alignment import align_depth
from mvcustom.mvcustom_core.camera.cameras import Cameras
from mvcustom.mvcustom_core.camera.rays import cell_centers
from mvcustom.mvcustom_core.path.trajectory import front_camera, orbit, truck
from mvcustom.mvcustom_core.rendering.operator import warp_images
from mvcustom.mvcustom_core.surface.depth import SKY_DISTANCE, AnchorDepth, DepthMap, RenderedDepth
from mvcustom.mvcustom_core.surface.mesh import build_depth_mesh
from mvcustom.mvcustom_core.surface.raster import rasterize_depth
from mvcustom.mvcustom_core.surface.surface import build_surfaces

F64 = torch.float64
SIZE = 256  # pixels
BALL, HILL = 0.25, 40.0  # radius of the subject at the origin, z-depth of the hill in the anchor view
SKYLINE = 0.35  # of the picture's height
ANCHOR = front_camera(SIZE).to("cpu", F64)
PATHS = {"truck by 0.2": truck(ANCHOR, 2, (0.0, 0.2)), "orbit by 15": orbit(ANCHOR, 2, (0.0, 15.0))}


def rays_of(size: int = SIZE) -> Tensor:
    """[H, W, 3] of unit z-depth, in the camera's frame."""
    camera = ANCHOR.resize(size, size)
    slant = (cell_centers(size, size, dtype=F64) - camera.K[0, :2, 2]) / camera.K[0].diagonal()[:2]
    return torch.nn.functional.pad(slant, (0, 1), value=1.0).unflatten(0, (size, size))


def true_depth(size: int = SIZE) -> tuple[Tensor, Tensor, Tensor]:
    """z-depth [H, W] of ball and hill, where the ball is, and where the sky is."""
    rays = rays_of(size)
    along, length = rays[..., 2], rays.square().sum(-1)  # the origin is at (0, 0, 1) before the camera
    root = along.square() - length * (1 - BALL**2)
    ball = root > 0
    sky = (torch.arange(size) < SKYLINE * size)[:, None] & ~ball
    return torch.where(ball, (along - root.clamp(min=0).sqrt()) / length, HILL), ball, sky


@lru_cache
def align() -> DepthMap:
    """As the node does it: metric depth of another unit, the concept's own depth for the scale, and a sky mask."""
    depth, ball, sky = true_depth()
    small, inside, _ = true_depth(32)
    rendered = RenderedDepth(small * rays_of(32).norm(dim=-1), inside.to(F64))
    given = torch.where(sky, 80.0, 2.5 * depth)  # what a network says of the sky is of no meaning
    return align_depth(given, ~sky, "metric", ANCHOR, ray_depth=rendered, sky=sky)


def true_source(cameras: Cameras, distance: float | None) -> Tensor:
    """Where in the anchor's picture lies what the second camera sees of the plane z = distance, or of the sky: [H, W, 2] pixels."""
    first, second = cameras[0], cameras[1]
    turn = first.w2c[0, :3, :3] @ second.w2c[0, :3, :3].mT
    place = first.w2c[0, :3, :3] @ second.centers[0] + first.w2c[0, :3, 3]  # of the second camera, in the first one's frame
    rays = rays_of() @ turn.mT
    points = rays if distance is None else place + (distance - place[2]) / rays[..., 2:] * rays
    return points[..., :2] / points[..., 2:] * first.K[0].diagonal()[:2] + first.K[0, :2, 2]


def meets_ball(camera: Cameras, pixels: Tensor) -> Tensor:
    """Whether the rays through pixels [..., 2] pass the ball, or so near to it that samples may mix."""
    rays = torch.nn.functional.pad((pixels - camera.K[0, :2, 2]) / camera.K[0].diagonal()[:2], (0, 1), value=1.0)
    rays = torch.nn.functional.normalize(rays, dim=-1) @ camera.w2c[0, :3, :3]
    center = camera.centers[0]
    return (center.square().sum() - (rays @ center).square()).sqrt() < BALL + 0.02


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("what", ["hill", "sky"])
def test_background_moves_as_its_distance_says(path: str, what: str):
    cameras = PATHS[path]
    places = cell_centers(SIZE, SIZE, dtype=F64).unflatten(0, (SIZE, SIZE))  # [H, W, 2], each pixel shows where it is
    shown, mask = warp_images(places.movedim(-1, 0)[None], build_surfaces([AnchorDepth(0, align())], cameras))
    source = true_source(cameras, HILL if what == "hill" else None)  # [H, W, 2]
    x, y = source.unbind(-1)
    where = (x > 2) & (x < SIZE - 2) & (y > 2) & (y < SIZE - 2) & ~meets_ball(cameras[0], source) & ~meets_ball(cameras[1], places)
    where &= y > SKYLINE * SIZE + 2 if what == "hill" else y < SKYLINE * SIZE - 2
    assert where.double().mean() > 0.1
    assert (mask[1, 0][where] == 1).all()  # painted, and not left to completion
    assert (shown[1].movedim(0, -1) - source).norm(dim=-1)[where].max() < 0.02  # pixels


def test_skyline_is_cut_and_the_sky_is_whole():
    depth, ball, sky = true_depth()
    mesh = build_depth_mesh(align(), ANCHOR)
    far = mesh.anchor[mesh.faces][..., 2]  # [F, 3]
    assert not ((far.amax(dim=1) > 1e5) & (far.amin(dim=1) < 1e3)).any()  # no face from the hill, or the ball, to the sky
    assert not ((far.amax(dim=1) > 30) & (far.amin(dim=1) < 2)).any()
    faces_of_sky = int((far.amin(dim=1) > 1e5).sum())
    rows = int(sky[:, 0].sum())
    assert faces_of_sky > 1.98 * rows * SIZE - 2 * int((ball[:rows]).sum()) - 8 * SIZE


def test_sky_is_as_far_from_one_camera_as_from_another():
    """Its depth seen from 15 degrees beside is that which an anchor there has itself, so figures that compare two anchors' depths hold."""
    target = PATHS["orbit by 15"][1]
    hits = rasterize_depth(align(), ANCHOR, target, SIZE, SIZE)
    there = SKY_DISTANCE / rays_of().norm(dim=-1)  # of a sphere about the other camera
    seen = hits.visible[0] & (hits.depth[0] > 1e5)
    assert seen.double().mean() > 0.1
    assert ((hits.depth[0] / there - 1).abs()[seen] < 1e-3).all()  # the border repeats the outermost pixels


def test_far_depth_with_noise_stays_in_one_piece():
    """From 300 to 1000 units nothing moves by half a pixel for a step of one unit, so noise there leaves no holes."""
    generator = torch.Generator().manual_seed(0)
    depth = 300 + 700 * torch.rand(64, 64, generator=generator, dtype=F64)
    whole = DepthMap(depth, torch.ones(64, 64, dtype=torch.bool), "", 1.0, "")
    mesh = build_depth_mesh(whole, ANCHOR)
    assert mesh.paints.all() and len(mesh.faces) == 2 * 65 * 65
