"""Camera files: written numbers come back, foreign files are read right, broken ones are refused by name."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from mvcustom.mvcustom_core.camera.cameras import Cameras, look_at
from mvcustom.mvcustom_core.camera.lens import Lens
from mvcustom.mvcustom_core.capture.files.posed_files import PosedFiles
from mvcustom.mvcustom_core.capture.formats.camera_path import read_camera_path
from mvcustom.mvcustom_core.capture.formats.colmap_text import read_colmap_text, write_colmap_text
from mvcustom.mvcustom_core.capture.formats.realestate10k import (
    CameraPath,
    cameras_from_rows,
    read_realestate10k,
    rows_from_cameras,
    write_realestate10k,
)
from mvcustom.mvcustom_core.capture.formats.transforms_json import read_transforms_json, write_transforms_json

COUNT, WIDTH, HEIGHT = 3, 8, 6
LENS = Lens((0.1, -0.02), (0.003, 0.0004))
LENSES = (LENS,) * COUNT


def make_cameras() -> Cameras:
    generator = torch.Generator().manual_seed(0)
    eye = torch.randn(COUNT, 3, generator=generator) * 2
    w2c = look_at(eye, torch.zeros(COUNT, 3), torch.randn(COUNT, 3, generator=generator))
    K = torch.tensor([[7.25, 0, 3.9], [0, 7.5, 3.1], [0, 0, 1]]).repeat(COUNT, 1, 1)
    K[1, 0, 0] = 9.1
    return Cameras(w2c, K, WIDTH, HEIGHT)


def write_images(folder: Path, names: list[str], size: tuple[int, int] = (WIDTH, HEIGHT)) -> tuple[Path, ...]:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", size).save(folder / name)
    return tuple(folder / name for name in names)


def make_files(folder: Path, lenses: tuple[Lens, ...] | None = None, masks: bool = False) -> PosedFiles:
    images = write_images(folder, [f"images/view {i}.png" for i in range(COUNT)])
    mask_files = write_images(folder, [f"masks/{i}.png" for i in range(COUNT)]) if masks else None
    return PosedFiles(make_cameras(), images, mask_files, lenses)


def check_same(found: Cameras, wanted: Cameras) -> None:
    torch.testing.assert_close(found.w2c, wanted.w2c, atol=2e-6, rtol=0)
    torch.testing.assert_close(found.K, wanted.K)
    assert (found.width, found.height, found.w2c.dtype) == (wanted.width, wanted.height, torch.float32)


def check_lenses(found: PosedFiles, wanted: tuple[Lens, ...] | None) -> None:
    """Equal lenses bend equally, however many zeros they are written with."""
    assert (found.lenses is None) == (wanted is None)
    points = torch.tensor([[0.3, -0.2], [0.1, 0.5]])
    for lens, other in zip(found.lenses or (), wanted or (), strict=True):
        torch.testing.assert_close(lens.distort(points), other.distort(points), atol=1e-7, rtol=0)
        assert lens.fisheye == other.fisheye


def resolve(paths: tuple[Path, ...] | None) -> list[Path] | None:
    return None if paths is None else [path.resolve() for path in paths]


# PosedFiles


def test_posed_files_must_match_their_cameras(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="one image per camera, got 1 for 3"):
        PosedFiles(make_cameras(), (tmp_path / "a.png",))
    with pytest.raises(ValueError, match="one mask per camera, got 0 for 3"):
        PosedFiles(make_cameras(), (tmp_path / "a.png",) * 3, ())
    with pytest.raises(ValueError, match="one lens per camera, got 2 for 3"):
        PosedFiles(make_cameras(), (tmp_path / "a.png",) * 3, None, LENSES[:2])


def make_mixed(folder: Path) -> tuple[PosedFiles, list[Cameras]]:
    """A wide picture, an upright one and a wide one at half the size, and the camera of each at its own size."""
    cameras, sizes = make_cameras(), ((WIDTH, HEIGHT), (HEIGHT, WIDTH), (WIDTH // 2, HEIGHT // 2))
    paths = tuple(write_images(folder, [f"images/{i}.png"], size)[0] for i, size in enumerate(sizes))
    return PosedFiles(cameras, paths, sizes=sizes), [cameras[i].resize(*size) for i, size in enumerate(sizes)]


@pytest.mark.parametrize("kind", ["transforms", "colmap"])
def test_pictures_of_several_sizes_round_trip(tmp_path: Path, kind: str) -> None:
    files, wanted = make_mixed(tmp_path)
    if kind == "transforms":
        write_transforms_json(tmp_path / "transforms.json", files)
        found = read_transforms_json(tmp_path / "transforms.json")
    else:
        write_colmap_text(tmp_path / "sparse", tmp_path / "images", files)
        found = read_colmap_text(tmp_path / "sparse", tmp_path / "images")
    for i, camera in enumerate(wanted):
        check_same(found.camera(i), camera)
    assert (found.sizes, found.notes, found.left_out) == (files.sizes, (), ())
    with pytest.raises(ValueError, match="one size per camera, got 1 for 3"):
        PosedFiles(files.cameras, files.paths, sizes=((1, 1),))


def test_a_camera_path_has_pictures_of_one_shape(tmp_path: Path) -> None:
    files, wanted = make_mixed(tmp_path)
    write_transforms_json(tmp_path / "transforms.json", files)
    with pytest.raises(ValueError, match="wanted a camera path for pictures of one shape"):
        read_camera_path(tmp_path / "transforms.json")
    scaled = files.select([0, 2])
    write_transforms_json(tmp_path / "transforms.json", scaled)
    check_same(read_camera_path(tmp_path / "transforms.json"), files.cameras[[0, 2]])


# transforms.json


FISHEYES = (Lens((0.1, 0.2, 0.3, 0.4), fisheye=True), Lens(), LENS)


@pytest.mark.parametrize("lenses, masks", [(None, False), (LENSES, True), (FISHEYES, False)])
def test_transforms_round_trip(tmp_path: Path, lenses: tuple[Lens, ...] | None, masks: bool) -> None:
    files = make_files(tmp_path / "data", lenses, masks)
    path = tmp_path / "data" / "transforms.json"
    write_transforms_json(path, files, points=tmp_path / "data" / "points.ply")
    found = read_transforms_json(path)
    check_same(found.cameras, files.cameras)
    assert resolve(found.paths) == resolve(files.paths) and resolve(found.masks) == resolve(files.masks)
    check_lenses(found, lenses)
    assert found.format == "transforms.json" and not found.left_out
    document = json.loads(path.read_text())
    assert document["ply_file_path"] == "points.ply"
    assert document["frames"][1]["file_path"] == "images/view 1.png"
    assert document["applied_transform"] == [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]]


def write_document(folder: Path, changes: dict[str, Any] | None = None, frame_changes: dict[str, Any] | None = None) -> Path:
    """A valid scene of two OpenGL cameras with shared intrinsics, then changed; None deletes a key."""
    write_images(folder, ["a.png", "b.png"])
    raised = [[1.0, 0, 0, 0], [0, 1, 0, 5], [0, 0, 1, 0], [0, 0, 0, 1]]
    frames = [{"file_path": name, "transform_matrix": raised} for name in ("a.png", "b.png")]
    document: dict[str, Any] = {"w": WIDTH, "h": HEIGHT, "fl_x": 7.0, "frames": frames}
    for target, values in ((document, changes or {}), (frames[1], frame_changes or {})):
        target.update(values)
        for key in [key for key, value in values.items() if value is None]:
            del target[key]
    path = folder / "transforms.json"
    path.write_text(json.dumps(document))
    return path


def test_opengl_camera_looks_backward(tmp_path: Path) -> None:
    """An OpenGL camera of identity rotation looks along -z with y up."""
    cameras = read_transforms_json(write_document(tmp_path)).cameras
    torch.testing.assert_close(cameras.centers[0], torch.tensor([0.0, 5, 0]))
    torch.testing.assert_close(cameras.w2c[0, :3, :3], torch.diag(torch.tensor([1.0, -1, -1])))
    torch.testing.assert_close(cameras.K[0], torch.tensor([[7.0, 0, 4], [0, 7, 3], [0, 0, 1]]))


def test_blender_scene_has_only_an_angle_and_no_extensions(tmp_path: Path) -> None:
    changes = {"w": None, "h": None, "fl_x": None, "camera_angle_x": math.pi / 2}
    found = read_transforms_json(write_document(tmp_path, changes, {"file_path": "./b"}))
    torch.testing.assert_close(found.cameras.K[1], torch.tensor([[4.0, 0, 4], [0, 4, 3], [0, 0, 1]]))
    assert found.paths[1] == tmp_path / "b.png"
    assert (found.cameras.width, found.cameras.height) == (WIDTH, HEIGHT)


def test_both_angles_give_both_focal_lengths(tmp_path: Path) -> None:
    changes = {"fl_x": None, "camera_angle_x": math.pi / 2, "camera_angle_y": math.pi / 2}
    K = read_transforms_json(write_document(tmp_path, changes)).cameras.K
    torch.testing.assert_close(K[0, :2, :2], torch.diag(torch.tensor([4.0, 3.0])))


def test_a_frame_overrides_shared_intrinsics(tmp_path: Path) -> None:
    found = read_transforms_json(write_document(tmp_path, {"k1": 0.5}, {"fl_x": 9.0, "cx": 1.0, "k1": 0.0}))
    assert found.cameras.K[:, 0, 0].tolist() == [7.0, 9.0] and found.cameras.K[:, 0, 2].tolist() == [4.0, 1.0]
    check_lenses(found, (Lens((0.5,)), Lens()))


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"camera_model": "OPENCV", "k1": 0.1, "k3": 0.2, "k4": 0.3, "p2": 0.01}, Lens((0.1, 0, 0.2, 0.3), (0, 0.01))),
        ({"camera_model": "OPENCV_FISHEYE", "k1": 0.1, "k4": 0.3}, Lens((0.1, 0, 0, 0.3), fisheye=True)),
        ({"is_fisheye": True, "k2": 0.1}, Lens((0, 0.1), fisheye=True)),
        ({"camera_model": "OPENCV_FISHEYE"}, Lens(fisheye=True)),
    ],
)
def test_lenses_of_transforms(tmp_path: Path, changes: dict[str, Any], wanted: Lens) -> None:
    check_lenses(read_transforms_json(write_document(tmp_path, changes)), (wanted, wanted))


def test_a_rational_lens_has_no_place_in_transforms(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="got a rational one"):
        write_transforms_json(tmp_path / "transforms.json", make_files(tmp_path, (Lens(divisor=(0.1,)),) * COUNT))


def test_applied_transform_is_not_applied_again(tmp_path: Path) -> None:
    plain = read_transforms_json(write_document(tmp_path)).cameras
    applied = {"applied_transform": [[0, 1, 0, 9], [1, 0, 0, 0], [0, 0, -1, 0]], "applied_scale": 0.3}
    torch.testing.assert_close(read_transforms_json(write_document(tmp_path, applied)).cameras.w2c, plain.w2c)


def scaled(value: float) -> list[list[float]]:
    return [[value, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]


def moved(x: float) -> list[list[float]]:
    return [[1, 0, 0, x], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]


@pytest.mark.parametrize(
    "changes, frame_changes, wanted",
    [
        ({"frames": []}, {}, "wanted a list of frames, got none"),
        ({"frames": None}, {}, "wanted a list of frames, got none"),
        ({"camera_model": "EQUIRECTANGULAR"}, {}, "got 0 of 2; left out: .*frame 0 .*got EQUIRECTANGULAR"),
        ({"fl_x": None}, {}, "fl_x .* or camera_angle_x .* got neither"),
        ({"fl_x": -7.0}, {}, "positive focal lengths"),
        ({"fl_x": None, "camera_angle_x": 0}, {}, r"camera_angle_x between 0 and pi \(radians\), got 0.0"),
        ({"fl_x": None, "camera_angle_x": math.pi}, {}, r"camera_angle_x between 0 and pi \(radians\), got 3.14"),
        ({"fl_x": None, "camera_angle_x": 1, "camera_angle_y": -1}, {}, r"camera_angle_y between 0 and pi \(radians\), got -1.0"),
        ({"fl_x": "7"}, {}, "fl_x to be a finite number, got '7'"),
        ({"cx": math.nan}, {}, "cx to be a finite number, got nan"),
        ({"w": 16, "h": 16}, {}, "wanted 16x16 pixels as its camera says, got 8x6, which is no scaling of it"),
        (
            {},
            {"mask_path": "a.png"},
            "masks: wanted one for every photograph or for none, 1 of 2 files are missing, the first is not named",
        ),
        ({"mask_path": "c.png"}, {}, "2 of 2 files are missing, the first is .*c.png"),
        ({"mask_path": "masks/a.png"}, {}, "2 of 2 files are missing, the first is .*masks/a.png"),
    ],
)
def test_broken_transforms_are_refused(tmp_path: Path, changes: dict[str, Any], frame_changes: dict[str, Any], wanted: str) -> None:
    path = write_document(tmp_path, changes, frame_changes)
    with pytest.raises(ValueError, match=wanted):
        read_transforms_json(path)


def test_masks_of_another_size_are_refused(tmp_path: Path) -> None:
    path = write_document(tmp_path, {"mask_path": "mask.png"})
    write_images(tmp_path, ["mask.png"], (WIDTH, HEIGHT + 1))
    with pytest.raises(ValueError, match="mask.png: wanted a mask of 8x6 pixels as its photograph, got 8x7"):
        read_transforms_json(path)


@pytest.mark.parametrize(
    "frame_changes, wanted",
    [
        ({"transform_matrix": scaled(math.nan)}, "NaN"),
        ({"transform_matrix": scaled(2.0)}, "scale"),
        ({"transform_matrix": scaled(-1.0)}, "reflection"),
        ({"transform_matrix": scaled(0.0)}, "singular"),
        ({"transform_matrix": scaled(1.0)[:3]}, "4x4 numbers, got [3, 4]"),
        ({"transform_matrix": [[1, 2], [3]]}, "4x4 numbers"),
        ({"transform_matrix": None}, "4x4 numbers, got None"),
        ({"file_path": None}, "file_path to name a file, got None"),
        ({"file_path": "images/c.png"}, "c.png: wanted an image file, got nothing there"),
        ({"file_path": "words.png"}, "no image reader knows"),
        ({"w": 9}, "wanted 9x6 pixels as its camera says, got 8x6"),
        ({"camera_model": "FOV"}, "got FOV"),
        ({"w": 0, "h": 0}, "wanted a picture size of at least one pixel, got 0x0"),
        ({"w": -8, "h": -6}, "wanted a picture size of at least one pixel, got -8x-6"),
        ({"fl_x": 10**400}, "wanted fl_x to be a finite number, got 1000"),
        ({"fl_x": 1e39}, "wanted a camera in numbers below 3e+38, got 1e+39"),
        ({"k1": -1e300}, "wanted a camera in numbers below 3e+38, got -1e+300"),
        ({"transform_matrix": moved(10**400)}, "4x4 numbers, got [[1, 0, 0, 1000"),
        ({"transform_matrix": moved(1e39)}, "wanted a camera in numbers below 3e+38, got -1e+39"),
    ],
)
def test_frames_of_no_use_are_left_out_with_the_reason(tmp_path: Path, frame_changes: dict[str, Any], wanted: str) -> None:
    path = write_document(tmp_path, None, frame_changes)
    (tmp_path / "words.png").write_text("no image")
    found = read_transforms_json(path)
    assert found.paths == (tmp_path / "a.png",) and len(found.cameras) == 1
    (reason,) = map(str, found.left_out)
    assert reason.startswith(f"transforms.json, frame 1 ({frame_changes.get('file_path', 'b.png')})") and wanted in reason
    with pytest.raises(ValueError, match="wanted every frame to be usable, got left out: transforms.json, frame 1"):
        found.check_complete()


def test_files_that_are_no_transforms_are_refused(tmp_path: Path) -> None:
    path = write_document(tmp_path)
    text = path.read_text()
    digits = "1" * 5000
    contents = {text[:-20]: "the file may be cut short", digits: "transforms.json: wanted JSON", "[1]": "list of frames", "": "wanted JSON"}
    for content, wanted in contents.items():
        path.write_text(content)
        with pytest.raises(ValueError, match=wanted):
            read_transforms_json(path)
    path.write_bytes(b"\x80\xff\x00")
    with pytest.raises(ValueError, match="got binary data"):
        read_transforms_json(path)
    with pytest.raises(ValueError, match="got no file of that name"):
        read_transforms_json(tmp_path / "other.json")


# COLMAP


RATIONAL = Lens((0.1, -0.02, 0.03), (0.003, 0.0004), (0.05, 0.06, 0.07))


@pytest.mark.parametrize("lenses", [None, LENSES, FISHEYES, (RATIONAL,) * COUNT])
def test_colmap_round_trip(tmp_path: Path, lenses: tuple[Lens, ...] | None) -> None:
    files = make_files(tmp_path, lenses)
    model, images = tmp_path / "sparse" / "0", tmp_path / "images"
    write_colmap_text(model, images, files, torch.tensor([[1.0, 2, 3], [4, 5, 6]]), torch.tensor([[0.0, 0.5, 1.0], [1, 0, 0]]))
    found = read_colmap_text(model, images)
    check_same(found.cameras, files.cameras)
    check_lenses(found, lenses)
    assert found.paths == files.paths and found.format == "COLMAP text model"
    lines = (model / "points3D.txt").read_text().splitlines()
    assert lines[1:] == ["1 1.0 2.0 3.0 0 128 255 0", "2 4.0 5.0 6.0 255 0 0 0"]
    if lenses != FISHEYES:
        assert len((model / "cameras.txt").read_text().splitlines()) == 3  # a heading; views 0 and 2 share a lens


def test_a_lens_that_no_model_describes_is_not_written(tmp_path: Path) -> None:
    files = make_files(tmp_path, (Lens((0, 0, 0, 0.1)),) * COUNT)
    with pytest.raises(ValueError, match="without a fourth radial coefficient, got 0.1"):
        write_colmap_text(tmp_path, tmp_path / "images", files)


def write_model(folder: Path, cameras: str = "1 PINHOLE 8 6 7 7.5 4 3", images: str | None = None) -> tuple[Path, Path]:
    """A model whose second image, stored first, is a half turn about z; the first image has points."""
    write_images(folder, ["a.png", "b.png"])
    default = "7 0 0 0 1 1 2 3 1 b.png\n\n2 1 0 0 0 0 0 5 1 a.png\n1.5 2.5 -1 3.5 4.5 12\n"
    (folder / "cameras.txt").write_text(f"# a heading\n{cameras}\n")
    (folder / "images.txt").write_text("# a heading\n" + (default if images is None else images))
    return folder, folder


def test_colmap_images_come_by_id_with_or_without_points(tmp_path: Path) -> None:
    found = read_colmap_text(*write_model(tmp_path))
    assert found.paths == (tmp_path / "a.png", tmp_path / "b.png") and found.lenses is None
    half_turn = torch.tensor([[-1.0, 0, 0, 1], [0, -1, 0, 2], [0, 0, 1, 3], [0, 0, 0, 1]])
    torch.testing.assert_close(found.cameras.w2c[1], half_turn)
    torch.testing.assert_close(found.cameras.centers[0], torch.tensor([0.0, 0, -5]))
    torch.testing.assert_close(found.cameras.K[0], torch.tensor([[7.0, 0, 4], [0, 7.5, 3], [0, 0, 1]]))


@pytest.mark.parametrize(
    "line, focal, lens",
    [
        ("SIMPLE_PINHOLE 8 6 7 4 3", [7.0, 7.0], None),
        ("SIMPLE_RADIAL 8 6 7 4 3 0.1", [7.0, 7.0], Lens((0.1,))),
        ("RADIAL 8 6 7 4 3 0.1 0.2", [7.0, 7.0], Lens((0.1, 0.2))),
        ("OPENCV 8 6 7 9 4 3 0.1 0.2 0.3 0.4", [7.0, 9.0], Lens((0.1, 0.2), (0.3, 0.4))),
        ("OPENCV 8 6 7 9 4 3 0 0 0 0", [7.0, 9.0], None),
        ("OPENCV_FISHEYE 8 6 7 9 4 3 .1 .2 .3 .4", [7.0, 9.0], Lens((0.1, 0.2, 0.3, 0.4), fisheye=True)),
        ("FULL_OPENCV 8 6 7 9 4 3 .1 .2 .3 .4 .5 .6 .7 .8", [7.0, 9.0], Lens((0.1, 0.2, 0.5), (0.3, 0.4), (0.6, 0.7, 0.8))),
    ],
)
def test_colmap_lenses(tmp_path: Path, line: str, focal: list[float], lens: Lens | None) -> None:
    found = read_colmap_text(*write_model(tmp_path, f"1 {line}"))
    assert found.cameras.K[0, [0, 1, 0, 1], [0, 1, 2, 2]].tolist() == [*focal, 4.0, 3.0]
    check_lenses(found, lens and (lens, lens))


GOOD_LENS = "1 PINHOLE 8 6 7 7 4 3"


@pytest.mark.parametrize(
    "cameras, images, wanted",
    [
        ("1 FOV 8 6 7 7 4 3 0", None, "cameras.txt, line 2: .*got FOV; run colmap image_undistorter"),
        ("1 PINHOLE 8 6 7 7 4", None, "cameras.txt, line 2: wanted 4 finite numbers"),
        ("1 PINHOLE 8", None, "cameras.txt, line 2: .*cut short"),
        ("1 PINHOLE 8 6 7 x 4 3", None, "wanted numbers"),
        ("1 PINHOLE 8 6 0 7 4 3", None, "positive focal lengths"),
        ("3 PINHOLE 8 6 7 7 4 3", None, "got 0 of 2; left out: a.png: wants camera 1, which the model does not have"),
        ("1 PINHOLE 16 16 7 7 4 3", None, "wanted 16x16 pixels as its camera says, got 8x6, which is no scaling of it"),
        (GOOD_LENS, "", "at least one registered image"),
        (GOOD_LENS, "1 1 0 0 0 0 0 0 1 a.png\n2 1 0 0 0 0 0 0 1 b.png\n", "line 3: wanted the points of a.png in threes"),
        (GOOD_LENS, "1 1 0 0 0 0 0\n", "images.txt, line 2: .*cut short"),
        (GOOD_LENS, "1 1 0 0 0 0 nan 0 1 a.png\n\n", "7 finite numbers"),
        (GOOD_LENS, "x 1 0 0 0 0 0 0 1 a.png\n\n", "wanted an id, got 'x'"),
        (GOOD_LENS, "² 1 0 0 0 0 0 0 1 a.png\n\n", "images.txt, line 2: wanted an id, got '²'"),
        (f"{GOOD_LENS}\n1 PINHOLE 8 6 9 9 4 3", None, "cameras.txt, line 3: wanted every camera once, got camera 1 again"),
    ],
)
def test_broken_models_are_refused(tmp_path: Path, cameras: str, images: str | None, wanted: str) -> None:
    model = write_model(tmp_path, cameras, images)
    with pytest.raises(ValueError, match=wanted):
        read_colmap_text(*model)


@pytest.mark.parametrize(
    "image, wanted",
    [
        ("9 0 0 0 0 0 0 0 1 b.png", "b.png: wanted a unit quaternion, got [0.0, 0.0, 0.0, 0.0]"),
        ("9 1 0 0 0 0 0 0 1 c.png", "c.png: wanted an image file, got nothing there"),
        ("9 1 0 0 0 0 0 0 2 b.png", "b.png: wants camera 2"),
    ],
)
def test_images_of_no_use_are_left_out_of_a_model(tmp_path: Path, image: str, wanted: str) -> None:
    found = read_colmap_text(*write_model(tmp_path, GOOD_LENS, f"1 1 0 0 0 0 0 0 1 a.png\n\n{image}\n\n"))
    assert found.paths == (tmp_path / "a.png",)
    assert len(found.left_out) == 1 and wanted in str(found.left_out[0])


def test_a_missing_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cameras.txt: wanted a camera file"):
        read_colmap_text(tmp_path, tmp_path)


# RealEstate10K

KNOWN_ROW = "33 0.5 1 0.25 0.75 0 0 0 -1 0 1 1 0 0 2 0 0 1 3"


def test_camera_path_round_trip(tmp_path: Path) -> None:
    wanted = CameraPath(make_cameras(), "https://example.org/video", (0, 33_333, 66_667))
    write_realestate10k(tmp_path / "path.txt", wanted)
    found = read_realestate10k(tmp_path / "path.txt", WIDTH, HEIGHT)
    check_same(found.cameras, wanted.cameras)
    assert (found.url, found.times_us) == (wanted.url, wanted.times_us)


def test_known_camera_path(tmp_path: Path) -> None:
    (tmp_path / "path.txt").write_text(f"https://example.org\n{KNOWN_ROW}\n\n")
    cameras = read_realestate10k(tmp_path / "path.txt", 200, 100).cameras
    torch.testing.assert_close(cameras.K[0], torch.tensor([[100.0, 0, 50], [0, 100, 75], [0, 0, 1]]))
    torch.testing.assert_close(cameras.w2c[0], torch.tensor([[0.0, -1, 0, 1], [1, 0, 0, 2], [0, 0, 1, 3], [0, 0, 0, 1]]))


def test_rows_without_times_count_views_and_skip_foreign_sizes() -> None:
    rows = rows_from_cameras(make_cameras())
    assert [row[0] for row in rows] == [0.0, 1.0, 2.0] and {len(row) for row in rows} == {19}
    for row in rows:
        row[5:7] = [1280.0, 720.0]
    check_same(cameras_from_rows(rows, WIDTH, HEIGHT), make_cameras())
    with pytest.raises(ValueError, match="one time per view, got 1 for 3"):
        rows_from_cameras(make_cameras(), [5])


@pytest.mark.parametrize(
    "text, wanted",
    [
        ("", "a row of 19 numbers per view, got no row"),
        ("https://example.org\n", "got no row"),
        (f"{KNOWN_ROW}\n{KNOWN_ROW}\n", "first line with the video's URL"),
        (f"url\n{KNOWN_ROW[:-2]}\n", "line 2: wanted 19 finite numbers, got 18"),
        (f"url\n{KNOWN_ROW}\n{KNOWN_ROW.replace('33', 'x')}\n", "line 3: wanted 19 numbers"),
        (f"url\n{KNOWN_ROW.replace('-1', 'nan')}\n", "line 2: wanted 19 finite"),
        (f"url\n{KNOWN_ROW.replace('-1', '1')}\n", "view 0: wanted a rigid camera matrix"),
        (f"url\n{KNOWN_ROW.replace('0.75 0 0', '0.75 0.1 0')}\n", "zeros in columns 6 and 7"),
    ],
)
def test_broken_camera_paths_are_refused(tmp_path: Path, text: str, wanted: str) -> None:
    (tmp_path / "path.txt").write_text(text)
    with pytest.raises(ValueError, match=wanted):
        read_realestate10k(tmp_path / "path.txt", 200, 100)


def test_rows_of_other_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match=r"rows of 19 numbers, got rows of \[18\]"):
        cameras_from_rows([[0.0] * 18], 8, 6)
    with pytest.raises(ValueError, match="got rows of nothing"):
        cameras_from_rows([], 8, 6)
