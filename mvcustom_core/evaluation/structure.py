"""Structure from motion on the views by the optional package pycolmap: features, matches, and cameras from both mappers.

Intrinsics are known. Small pictures are enlarged first, and features of low contrast are accepted, because SIFT finds too few features in
small or smooth pictures.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import Tensor

from ..camera.cameras import Cameras
from ..capture.mapping import make_incremental_options
from ..capture.matching import enlarge_pictures, read_matches
from ..capture.solution import Attempt, Model, find_best
from ..capture.solving import DATABASE, import_pycolmap, quiet_log, solve_cameras
from ..progress import Progress


@dataclass(frozen=True, eq=False)
class Structure:
    """The structure of a set of views.

    Attributes:
        attempt: all models that were found.
        model: the one with most views, then most observations; None if there is none. The targets' poses have no part in the choice.
        matches: for pairs i < j of views [N, 4], x and y in i and in j, in pixels of the views; before any geometric check.
        enlargement: factor by which the views were enlarged.
        folder: holds the database.
    """

    attempt: Attempt
    model: Model | None
    matches: dict[tuple[int, int], Tensor]
    enlargement: int
    folder: Path


@dataclass(frozen=True, slots=True)
class Triangulation:
    """Matches triangulated with the target cameras held fixed.

    Attributes:
        points: number of scene points.
        reprojection_px: their mean reprojection error in pixels of the views; None without points.
        track_length: the mean number of views that show a point; None without points.
    """

    points: int
    reprojection_px: float | None
    track_length: float | None


def find_structure(images: Tensor, targets: Cameras, folder: Path, progress: Progress) -> Structure:
    """Look for structure in views whose intrinsics are the targets'.

    Args:
        images: [V, 3, H, W] in 0..1, of the targets' size.
        folder: empty, for temporary files, which the caller removes.

    Raises:
        ValueError: if pycolmap is missing, or there are fewer than three views.
    """
    images, factor = enlarge_pictures(images)
    lenses = targets.resize(targets.width * factor, targets.height * factor).K
    attempt = solve_cameras(images, folder, progress, intrinsics=lenses, faint=True)
    return Structure(attempt, find_best(attempt), read_matches(import_pycolmap(), folder / DATABASE, factor), factor, folder)


def triangulate_views(structure: Structure, targets: Cameras) -> Triangulation:
    """Triangulate the matches at the target cameras, which need not be those that the structure was found with."""
    colmap = import_pycolmap()
    fine = targets.resize(targets.width * structure.enlargement, targets.height * structure.enlargement)
    with colmap.Database.open(structure.folder / DATABASE) as database:
        images = sorted(database.read_all_images(), key=lambda image: image.name)
    reconstruction = _place_images(colmap, images, fine)
    output = structure.folder / "triangulated"
    output.mkdir(exist_ok=True)
    paths = structure.folder / DATABASE, structure.folder / "images", output
    with quiet_log(colmap):
        reconstruction = colmap.triangulate_points(reconstruction, *paths, options=make_incremental_options(colmap))
    points = reconstruction.num_points3D()
    if not points:
        return Triangulation(0, None, None)
    error = reconstruction.compute_mean_reprojection_error() / structure.enlargement
    return Triangulation(points, error, reconstruction.compute_mean_track_length())


def _place_images(colmap: ModuleType, images: list[Any], targets: Cameras) -> Any:
    """A reconstruction of the database's images at the target cameras, without points."""
    reconstruction = colmap.Reconstruction()
    exact = targets.to("cpu", torch.float64)
    for view, image in enumerate(images):
        parameters = exact.K[view, (0, 1, 0, 1), (0, 1, 2, 2)].tolist()
        camera = colmap.Camera(model="PINHOLE", width=targets.width, height=targets.height, params=parameters)
        camera.camera_id = image.camera_id
        reconstruction.add_camera_with_trivial_rig(camera)
        rotation, translation = exact.w2c[view, :3, :3].numpy(), exact.w2c[view, :3, 3].numpy()
        pose = colmap.Rigid3d(colmap.Rotation3d(rotation), translation)
        placed = colmap.Image(name=image.name, camera_id=image.camera_id, image_id=image.image_id)
        reconstruction.add_image_with_trivial_frame(placed, pose)
    return reconstruction
