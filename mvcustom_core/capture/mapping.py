"""COLMAP's two mappers: matches that a database holds => models. Driven through the pycolmap module that the caller hands over.

Incremental (Schönberger and Frahm, 2016) and global (GLOMAP, Pan et al., 2024). Both add up in the order of their threads, so each has one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch

from ..camera.cameras import Cameras
from ..progress import Progress
from .solution import MIN_SEEN, MIN_VIEWS, Model

SAMPLED_POINTS = 2000  # whose angles are measured


@dataclass(frozen=True)
class _Pipeline:
    """A pipeline class of pycolmap, its options, and the kinds of its callbacks."""

    kind: Any
    options: Any
    callbacks: Sequence[Any]

    def run(self, colmap: ModuleType, path: Path, progress: Progress) -> list[Any]:
        """The reconstructions. The incremental pipeline calls back at each view, the global one a few times in all."""
        manager, calls = colmap.ReconstructionManager(), 0

        def report() -> None:
            nonlocal calls
            progress(calls / views)
            calls += 1

        with colmap.Database.open(path) as database:
            views = database.num_images()
            pipeline = self.kind(self.options, database, manager)
            for callback in self.callbacks:
                pipeline.add_callback(callback.value, report)
            report()
            pipeline.run()
        found = [manager.get(i) for i in range(manager.size())]
        return [reconstruction for reconstruction in found if reconstruction.num_points3D()]  # views may be left without a point


def map_incrementally(colmap: ModuleType, database: Path, refine_focal: bool, min_seen: int, progress: Progress) -> list[Model]:
    """The models of the incremental mapper, which starts from a pair of views and adds the others one by one."""
    options = make_incremental_options(colmap)
    options.min_model_size = MIN_VIEWS
    options.ba_refine_focal_length = options.mapper.abs_pose_refine_focal_length = refine_focal
    calls = colmap.IncrementalPipelineCallback
    kinds = [calls.INITIAL_IMAGE_PAIR_REG_CALLBACK, calls.NEXT_IMAGE_REG_CALLBACK]
    pipeline = _Pipeline(colmap.IncrementalPipeline, options, kinds)
    return [read_model("incremental", each, min_seen) for each in pipeline.run(colmap, database, progress)]


def make_incremental_options(colmap: ModuleType) -> Any:
    """Options under which the incremental pipeline, and its triangulation alone, always give the same."""
    options = colmap.IncrementalPipelineOptions()
    options.extract_colors = False
    options.num_threads, options.random_seed = 1, 0
    options.mapper.num_threads = 1
    options.mapper.random_seed = options.triangulation.random_seed = 0
    return options


def map_globally(colmap: ModuleType, database: Path, refine_focal: bool, min_seen: int, progress: Progress) -> list[Model]:
    """The models of the global mapper, which finds all rotations together and then all places."""
    options = colmap.GlobalPipelineOptions()
    options.num_threads, options.random_seed = 1, 0
    mapper = options.mapper
    mapper.num_threads = mapper.bundle_adjustment.ceres.solver_options.num_threads = 1
    mapper.random_seed = mapper.rotation_averaging.random_seed = mapper.global_positioning.random_seed = 0
    mapper.global_positioning.use_gpu = mapper.bundle_adjustment.ceres.use_gpu = False
    mapper.bundle_adjustment.refine_focal_length = refine_focal
    pipeline = _Pipeline(colmap.GlobalPipeline, options, [colmap.GlobalPipelineCallback.MODEL_UPDATE_CALLBACK])
    return [read_model("global", each, min_seen) for each in pipeline.run(colmap, database, progress)]


def read_model(mapper: str, reconstruction: Any, min_seen: int = MIN_SEEN) -> Model:
    """A pycolmap reconstruction without the views of fewer than `min_seen` observations, which are taken away in it too."""
    dropped = _drop_weak_views(reconstruction, min_seen)
    images = sorted((reconstruction.image(i) for i in reconstruction.reg_image_ids()), key=lambda image: image.name)
    w2c = torch.eye(4).repeat(len(images), 1, 1)  # [V, 4, 4]
    K = torch.eye(3).repeat(len(images), 1, 1)  # [V, 3, 3]
    for view, image in enumerate(images):
        w2c[view, :3] = torch.from_numpy(image.cam_from_world().matrix())
        K[view] = torch.from_numpy(reconstruction.camera(image.camera_id).calibration_matrix())
    lens = next(iter(reconstruction.cameras.values()))
    return Model(
        mapper,
        tuple(_number_of(image) for image in images),
        Cameras.checked(w2c, K, lens.width, lens.height),
        reconstruction.num_points3D(),
        reconstruction.compute_num_observations(),
        reconstruction.compute_mean_reprojection_error(),
        _median_angle_deg(reconstruction),
        dropped,
    )


def _drop_weak_views(reconstruction: Any, min_seen: int) -> tuple[int, ...]:
    """Take away views with fewer than `min_seen` observations until none is left, for points go with them: the photographs' numbers."""
    dropped = []
    while True:
        images = [reconstruction.image(i) for i in reconstruction.reg_image_ids()]
        weak = [image for image in images if image.num_points3D < min_seen]
        if not weak:
            return tuple(sorted(dropped))
        for image in weak:
            dropped.append(_number_of(image))
            reconstruction.deregister_frame(image.frame_id)


def _number_of(image: Any) -> int:
    return int(Path(image.name).stem)


def _median_angle_deg(reconstruction: Any) -> float:
    """Median over the points of the widest angle between two rays to it; 0 without points."""
    centers = {i: reconstruction.image(i).projection_center() for i in reconstruction.reg_image_ids()}
    points = list(reconstruction.points3D.values())
    angles = []
    for point in points[:: max(1, len(points) // SAMPLED_POINTS)]:
        rays = np.stack([centers[element.image_id] for element in point.track.elements]) - point.xyz  # [V, 3]
        rays /= np.linalg.norm(rays, axis=1, keepdims=True)
        angles.append(float(np.degrees(np.arccos(np.clip((rays @ rays.T).min(), -1.0, 1.0)))))
    return float(np.median(angles)) if angles else 0.0
