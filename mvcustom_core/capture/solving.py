"""Cameras from plain photographs: structure from motion with pycolmap, an optional package. Nothing else imports it.

SIFT features, matches of all pairs, and both mappers of `mapping`: which of them places more views differs from scene to scene. All
photographs share one pinhole camera whose principal point is the middle, unless each one's intrinsics are given.

An unknown focal length is found from the fundamental matrices first, and the matches are verified once more with it. Without that the
global mapper returns models that are wrong, with every view placed and a small reprojection error; where it fails, that mapper is left out.

Every stage is deterministic: seeds are fixed, and images are numbered in their order whichever thread finishes first. Work comes in small
portions, between which the caller is told how far it is and may raise.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from einops import rearrange
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from ..progress import Progress, span_progress
from ..shapes import check_shape
from .mapping import map_globally, map_incrementally
from .matching import enlarge_pictures, read_matches
from .solution import MIN_SEEN, MIN_VIEWS, USUAL, Attempt

OLDEST = (4, 2)  # pycolmap: the first with the calls below
INSTALL = f'install it in this Python ("{sys.executable}" -m pip install --upgrade pycolmap) and restart'
GUESS = 1.2  # COLMAP's first guess of an unknown focal length, in longer sides
FAINT_PEAK, FAINT_EDGE = 0.0007, 20.0  # SIFT's thresholds, a tenth and the double of COLMAP's
FAINT_COUNT = 4096  # features of a photograph, half of COLMAP's: noise gives any number of them, and matching takes the square
PORTION = 4  # photographs between two reports
DATABASE = "database.db"  # of features and matches, in the folder of a run
FEATURES, MATCHES, FOCAL, INCREMENTAL = 0.2, 0.5, 0.7, 0.85  # what share of the work is done after each stage


@dataclass(frozen=True)
class _Work:
    """The files of one run."""

    colmap: ModuleType
    folder: Path
    names: tuple[str, ...]
    faint: bool

    @property
    def database(self) -> Path:
        return self.folder / DATABASE

    @property
    def images(self) -> Path:
        return self.folder / "images"

    @property
    def masks(self) -> Path:
        return self.folder / "masks"


def import_pycolmap() -> ModuleType:
    """The optional package.

    Raises:
        ValueError: if it is missing, does not load, or is too old; it says how to install it.
    """
    try:
        colmap = importlib.import_module("pycolmap")
    except (ImportError, RuntimeError) as error:  # it raises RuntimeError where its compiled half does not load
        raise ValueError(f"pycolmap: wanted this optional package to find cameras with, got: {error}; {INSTALL}") from error
    if tuple(int(part) for part in colmap.__version__.split(".")[:2]) < OLDEST:
        raise ValueError(f"pycolmap: wanted version {OLDEST[0]}.{OLDEST[1]} or newer, got {colmap.__version__}; {INSTALL}")
    return colmap


def solve_cameras(
    images: Tensor,
    folder: Path,
    progress: Progress,
    *,
    masks: Tensor | None = None,
    focal: float | None = None,
    intrinsics: Tensor | None = None,
    faint: bool = False,
) -> Attempt:
    """Run structure from motion.

    Args:
        images: [V, 3, H, W] in 0..1.
        folder: an empty folder for temporary files, which the caller removes.
        progress: is called with the share that is done.
        masks: [V, 1, H, W]; features are looked for where they exceed one half. None looks everywhere.
        focal: focal length in pixels; None finds it.
        intrinsics: [V, 3, 3] in pixels, of pictures whose lenses are known; in place of `focal`.
        faint: for smooth pictures whose cameras are only measured: take features of little contrast too, and keep views that have few
            observations, since such pictures hardly give more.

    Returns:
        every model that was found, perhaps none: `solution.choose_model` judges them.

    Raises:
        ValueError: if pycolmap is missing, or there are too few photographs.
    """
    known = [pair for pair in ((masks, "V 1 H W"), (intrinsics, "V 3 3")) if pair[0] is not None]
    sizes = check_shape(images, "V 3 H W", *(part for pair in known for part in pair))
    colmap = import_pycolmap()
    if len(images) < MIN_VIEWS:
        raise ValueError(f"photographs: wanted at least {MIN_VIEWS}, better {USUAL[0]} to {USUAL[1]}, got {len(images)}")
    work = _Work(colmap, folder, tuple(f"{i:05}.png" for i in range(len(images))), faint)
    given = focal is not None or intrinsics is not None
    with quiet_log(colmap):
        colmap.set_random_seed(0)
        _write_pictures(work, images, masks)
        _write_database(work, _make_cameras(colmap, sizes["W"], sizes["H"], focal, intrinsics))
        _extract_features(work, masks is not None, span_progress(progress, 0.0, FEATURES))
        _match_features(work, span_progress(progress, FEATURES, MATCHES))
        calibrated = given or _find_focal(work, span_progress(progress, MATCHES, FOCAL))
        min_seen = 0 if faint else MIN_SEEN
        models = map_incrementally(colmap, work.database, not given, min_seen, span_progress(progress, FOCAL, INCREMENTAL))
        if calibrated:
            models += map_globally(colmap, work.database, not given, min_seen, span_progress(progress, INCREMENTAL, 1.0))
        with colmap.Database.open(work.database) as database:
            features = database.num_keypoints() / len(images)
            linked = sum(count > 0 for count in database.read_two_view_geometry_num_inliers()[1])
    progress(1.0)
    return Attempt(len(images), features, linked, given, tuple(models))


def match_pictures(
    images: Tensor,  # [V, 3, H, W]
    folder: Path,
    progress: Progress,
    masks: Tensor | None = None,  # [V, 1, H, W]
) -> dict[tuple[int, int], Tensor]:
    """Match SIFT features between all pairs of pictures, without asking where their cameras stand.

    Args:
        images: in 0..1; small ones are enlarged first.
        folder: an empty folder for temporary files, which the caller removes.
        masks: features are looked for where they exceed one half. None looks everywhere.

    Returns:
        for pairs i < j of pictures [N, 4], x and y in i and in j, in pixels of the pictures.

    Raises:
        ValueError: if pycolmap is missing.
    """
    check_shape(images, "V 3 H W", *(() if masks is None else (masks, "V 1 H W")))
    colmap = import_pycolmap()
    large, factor = enlarge_pictures(images)
    masks = None if masks is None else F.interpolate(masks.float(), size=large.shape[-2:], mode="nearest-exact")
    work = _Work(colmap, folder, tuple(f"{i:05}.png" for i in range(len(images))), faint=True)
    with quiet_log(colmap):
        colmap.set_random_seed(0)
        _write_pictures(work, large, masks)
        _write_database(work, _make_cameras(colmap, large.shape[-1], large.shape[-2], None, None))
        _extract_features(work, masks is not None, span_progress(progress, 0.0, 0.4))
        _match_features(work, span_progress(progress, 0.4, 1.0))
        return read_matches(colmap, work.database, factor)


@contextmanager
def quiet_log(colmap: ModuleType) -> Iterator[None]:
    """Keep COLMAP's log from the terminal: that it found no model is no error here, and everything else raises."""
    level = colmap.logging.minloglevel
    colmap.logging.minloglevel = colmap.logging.Level.FATAL.value
    try:
        yield
    finally:
        colmap.logging.minloglevel = level


def _write_pictures(work: _Work, images: Tensor, masks: Tensor | None) -> None:
    pictures = [(work.images, rearrange(images, "V C H W -> V H W C"))]
    if masks is not None:
        pictures.append((work.masks, (masks[:, 0] > 0.5).float()))
    for folder, stack in pictures:
        folder.mkdir()
        suffix = ".png" if folder == work.masks else ""  # COLMAP looks for 00000.png.png
        for name, picture in zip(work.names, stack, strict=True):
            pixels = (picture.clamp(0, 1) * 255).round().to("cpu", torch.uint8).numpy()
            Image.fromarray(np.ascontiguousarray(pixels)).save(folder / (name + suffix), compress_level=1)


def _make_cameras(colmap: ModuleType, width: int, height: int, focal: float | None, intrinsics: Tensor | None) -> list[Any]:
    """One camera for all images, or one for each."""
    if intrinsics is None:
        parameters, model = [[focal or GUESS * max(width, height), width / 2, height / 2]], "SIMPLE_PINHOLE"
    else:
        parameters, model = intrinsics[:, (0, 1, 0, 1), (0, 1, 2, 2)].tolist(), "PINHOLE"
    cameras = [colmap.Camera(model=model, width=width, height=height, params=each) for each in parameters]
    for camera in cameras:
        camera.has_prior_focal_length = focal is not None or intrinsics is not None
    return cameras


def _write_database(work: _Work, cameras: Sequence[Any]) -> None:
    """The cameras and all images, numbered in order: left to the extraction, its threads would decide on the numbers."""
    colmap = work.colmap
    with colmap.Database.open(work.database) as database:
        for camera in cameras:
            camera.camera_id = database.write_camera(camera)
            rig = colmap.Rig()
            rig.add_ref_sensor(camera.sensor_id)
            database.write_rig(rig)
        for number, name in enumerate(work.names):
            camera_id = cameras[number % len(cameras)].camera_id
            image = colmap.Image(name=name, camera_id=camera_id)
            image.image_id = database.write_image(image)
            frame = colmap.Frame()
            frame.rig_id = camera_id  # both are counted from 1
            frame.add_data_id(image.data_id)
            database.write_frame(frame)


def _extract_features(work: _Work, masked: bool, progress: Progress) -> None:
    colmap = work.colmap
    reader, options = colmap.ImageReaderOptions(), colmap.FeatureExtractionOptions()
    options.use_gpu = False
    if work.faint:
        options.sift.peak_threshold, options.sift.edge_threshold, options.sift.max_num_features = FAINT_PEAK, FAINT_EDGE, FAINT_COUNT
    if masked:
        reader.mask_path = work.masks
    for start in range(0, len(work.names), PORTION):
        progress(start / len(work.names))
        colmap.extract_features(
            work.database,
            work.images,
            image_names=work.names[start : start + PORTION],
            camera_mode=colmap.CameraMode.SINGLE,
            reader_options=reader,
            extraction_options=options,
            device=colmap.Device.cpu,
        )


def _match_features(work: _Work, progress: Progress) -> None:
    """Match all pairs and verify them with two-view geometry; where matches are there already, verify only."""
    colmap, names = work.colmap, work.names
    matching, pairing, verification = colmap.FeatureMatchingOptions(), colmap.ImportedPairingOptions(), colmap.TwoViewGeometryOptions()
    matching.use_gpu = False
    pairing.match_list_path = work.folder / "pairs.txt"
    verification.ransac.random_seed = 0
    for start in range(0, len(names), PORTION):
        progress((start / len(names)) ** 2)
        pairs = [f"{names[j]} {names[i]}\n" for i in range(start, min(start + PORTION, len(names))) for j in range(i)]
        Path(pairing.match_list_path).write_text("".join(pairs), encoding="utf-8")
        colmap.match_image_pairs(work.database, matching, pairing, verification, device=colmap.Device.cpu)


def _find_focal(work: _Work, progress: Progress) -> bool:
    """Calibrate the shared camera from the pairs and verify these again with it; whether that was possible."""
    colmap = work.colmap
    options = colmap.ViewGraphCalibrationOptions()
    options.random_seed = 0
    progress(0.0)
    colmap.calibrate_view_graph(work.database, options)
    with colmap.Database.open(work.database) as database:
        (camera,) = database.read_all_cameras()
        if camera.has_prior_focal_length:  # calibration makes it one
            database.clear_two_view_geometries()
    if camera.has_prior_focal_length:
        _match_features(work, span_progress(progress, 0.2, 1.0))
    return camera.has_prior_focal_length
