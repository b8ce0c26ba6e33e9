"""Convert Cameras and Cameras to Wan Embedding: every source and every output, core's own conventions, and what is refused."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
import torch
from comfy_extras import nodes_camera_trajectory, nodes_gaussian_splat
from torch import Tensor

from mvcustom.mvcustom_core.camera.cameras import Cameras
from mvcustom.mvcustom_core.camera.rigid import relative_to
from mvcustom.mvcustom_core.camera.viewer import cameras_to_viewer
from mvcustom.mvcustom_core.capture.formats.realestate10k import rows_from_cameras
from mvcustom.mvcustom_core.path.trajectory import front_camera, orbit
from mvcustom.nodes.bridge.cameras.conversion import write_camera_text
from mvcustom.nodes.cameras.convert_cameras import MVCustomConvertCameras as Node
from mvcustom.nodes.cameras.wan_camera_embedding import MVCustomWanCameraEmbedding
from mvcustom.tests.host.in_process import ComfyInProcess
from mvcustom.tests.node_layer.photographs.posed_folders import make_cameras as make_photographers_cameras
from mvcustom.tests.node_layer.photographs.posed_folders import write_folder

pytestmark = pytest.mark.usefixtures("comfy")


def make_path(views: int = 5, size: int = 64) -> Cameras:
    return orbit(front_camera(size), views, (-30.0, 40.0), 10.0)


def convert(**inputs: Any) -> Any:
    """What the node gives; its inputs come as lists."""
    return Node.execute(**{name: value if isinstance(value, list) else [value] for name, value in inputs.items()}).result


def check_same(found: Cameras, wanted: Cameras) -> None:
    torch.testing.assert_close(found.w2c, wanted.w2c, atol=1e-6, rtol=0)
    torch.testing.assert_close(found.K, wanted.K, atol=1e-3, rtol=0)
    assert (found.width, found.height) == (wanted.width, wanted.height)


def make_da3(cameras: Cameras, network: tuple[int, int], **changes: Any) -> dict[str, Any]:
    """A geometry as core's node gives it: poses, and intrinsics for the size (width, height) of the network's own pictures."""
    images = torch.rand(len(cameras), cameras.height, cameras.width, 3)
    seen = cameras.resize(*network)
    poses = {"extrinsics": cameras.w2c[None, :, :3], "intrinsics": seen.K[None]}
    return {"depth": torch.ones(images.shape[:3]), "image": images, "mode": "multiview", **poses, **changes}


# Sources


@pytest.mark.parametrize("nested", [False, True], ids=["as several outputs", "as one list"])
def test_core_cameras_come_back_exactly(nested: bool) -> None:
    path = make_path()
    entries = convert(cameras=path)[1]
    assert len(entries) == 5
    check_same(convert(camera_info=[entries] if nested else entries, width=64, height=64)[0], path)


def test_a_camera_of_cores_own_node_stands_where_that_says() -> None:
    mode = {"mode": "orbit", "yaw": 90.0, "pitch": 0.0, "distance": 4.0}
    entry = nodes_gaussian_splat.CreateCameraInfo.execute(mode, 0.0, 1.0, 0.0, 0.0, 60.0).result[0]
    camera = convert(camera_info=entry, width=100, height=50)[0]
    torch.testing.assert_close(camera.centers[0], torch.tensor([-4.0, -1.0, 0.0]), atol=1e-6, rtol=0)
    torch.testing.assert_close(camera.forward[0], torch.tensor([1.0, 0.0, 0.0]), atol=1e-6, rtol=0)
    assert float(camera.K[0, 1, 1]) == pytest.approx(25 / math.tan(math.radians(30)))


def test_cores_orbit_is_ours() -> None:
    """Yaw and pitch of core's node are azimuth and elevation of Camera Trajectory, about the same subject."""
    pitch = math.degrees(math.asin(-float(front_camera(64).centers[0, 1])))
    for yaw in (0.0, 30.0, -50.0):
        mode = {"mode": "orbit", "yaw": yaw, "pitch": pitch, "distance": 1.0}
        entry = nodes_gaussian_splat.CreateCameraInfo.execute(mode, 0.0, 0.0, 0.0, 0.0, 52.0).result[0]
        wanted = orbit(front_camera(64), 1, (yaw, yaw), up=(0.0, -1.0, 0.0))
        torch.testing.assert_close(convert(camera_info=entry, width=64, height=64)[0].w2c, wanted.w2c, atol=1e-5, rtol=0)


def test_cores_renderer_sees_a_point_where_our_camera_projects_it() -> None:
    """Through core's own reading of a camera_info: its splat frame is the viewer's world with y and z reversed, ours has x and y so."""
    ours = torch.tensor([-1.0, 1.0, -1.0])
    path = make_path(size=64)
    for i, entry in enumerate(cameras_to_viewer(path)):
        eye, _, right, up, forward = nodes_gaussian_splat._camera_basis(entry, torch.device("cpu"))
        torch.testing.assert_close(eye.float(), ours * path.centers[i], atol=1e-6, rtol=0)
        for found, wanted in ((right, path.w2c[i, 0, :3]), (forward, path.w2c[i, 2, :3])):
            torch.testing.assert_close(found.float(), ours * wanted, atol=1e-5, rtol=0)


def test_poses_and_text_come_back_exactly() -> None:
    path = make_path()
    _, _, rows, text, _ = convert(cameras=path)
    check_same(convert(cameractrl_poses=[rows], width=64, height=64)[0], path)
    check_same(convert(text="\n" + text, width=64, height=64)[0], path)
    sized = [[*row[:5], 64.0, 64.0, *row[7:]] for row in rows]  # as AnimateDiff-Evolved fills them
    check_same(convert(cameractrl_poses=[sized], width=64, height=64)[0], path)


def test_poses_are_fitted_with_square_pixels() -> None:
    cameras = convert(cameractrl_poses=[rows_from_cameras(make_path())], width=128, height=64)[0]
    assert (cameras.width, cameras.height) == (128, 64)
    torch.testing.assert_close(cameras.K[:, 0, 0], cameras.K[:, 1, 1])


def test_depth_anything_cameras_are_scaled_to_the_pictures() -> None:
    path = make_path(size=60)
    cameras, *_, report = convert(da3_geometry=make_da3(path, network=(504, 504)))
    check_same(cameras, path)
    assert "the unit of length is the network's own and not known; Pose Images" in report


def test_half_precision_rotations_are_made_exact_and_told() -> None:
    path = make_path(size=56)
    geometry = make_da3(path, network=(112, 112))
    geometry["extrinsics"] = geometry["extrinsics"].to(torch.bfloat16).float()
    cameras, *_, report = convert(da3_geometry=geometry)
    rotation = cameras.w2c[:, :3, :3].double()
    torch.testing.assert_close(rotation @ rotation.mT, torch.eye(3).double().expand(5, 3, 3), atol=1e-6, rtol=0)
    assert "were made exact" in report


def test_moge_gives_the_photographs_lens() -> None:
    K = torch.tensor([[[0.9, 0, 0.5], [0, 1.2, 0.5], [0, 0, 1]]])
    cameras = convert(moge_geometry={"image": torch.rand(1, 48, 64, 3), "intrinsics": K})[0]
    torch.testing.assert_close(cameras.K[0], torch.tensor([[57.6, 0, 32], [0, 57.6, 24], [0, 0, 1]]))
    torch.testing.assert_close(cameras.w2c, front_camera(64).w2c)


def test_files_keep_their_own_size(tmp_path: Path) -> None:
    wanted = make_photographers_cameras()
    write_folder(tmp_path / "photographs", wanted)
    found = convert(file=str(tmp_path / "photographs"), width=7, height=7)[0]
    assert len(found) == len(wanted) and (found.width, found.height) == (wanted.width, wanted.height)
    for name in ("path.txt", "cameras.txt"):  # the latter is one of COLMAP's names, but its other file is not there
        (tmp_path / name).write_text(write_camera_text(make_path()), encoding="utf-8")
        check_same(convert(file=str(tmp_path / name), width=64, height=64)[0], make_path())


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "path.txt"
    file.write_text(write_camera_text(make_path(3)), encoding="utf-8")
    before = Node.fingerprint_inputs(file=[str(file)])
    file.write_text(write_camera_text(make_path(4)), encoding="utf-8")
    assert Node.fingerprint_inputs(file=[str(file)]) != before
    assert Node.fingerprint_inputs(file=[None]) == Node.fingerprint_inputs(file=[" "]) is None


def test_lists_of_cameras_arrive_through_comfyui(comfy: ComfyInProcess) -> None:
    """A path as core's cameras, one for each run of the next node, gathered again by another Convert Cameras."""
    prompt = {
        "text": {"class_type": "MVCustomConvertCameras", "inputs": {"text": write_camera_text(make_path()), "width": 64, "height": 64}},
        "again": {"class_type": "MVCustomConvertCameras", "inputs": {"camera_info": ["text", 1], "width": 64, "height": 64}},
        "show": {"class_type": "PreviewAny", "inputs": {"source": ["again", 4]}},
    }
    outputs = comfy.run(prompt)
    assert outputs["show"]["text"][0].startswith("5 cameras for pictures of 64x64; from a 3D viewer")
    assert len(outputs["again"]["images"]) == 1


# Refusals


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({}, "cameras: wanted one source, got none; connect or fill in exactly one of cameras, camera_info"),
        ({"text": "a", "file": "b"}, "wanted one source, got text and file; connect or fill in exactly one"),
        ({"cameras": [make_path(), make_path()]}, "cameras: wanted one value, got a list of 2; only camera_info takes a list"),
        ({"camera_info": "front"}, "viewer camera 0: wanted a camera with position, quaternion and fov, got str"),
        ({"camera_info": []}, "wanted at least one camera, got none"),
        ({"text": "1 2 3"}, "text: wanted a URL line and a row of 19 numbers per view, got no row"),
        ({"text": "url\n1 2 3"}, "text, line 2: wanted 19 finite numbers, got 3"),
        ({"cameractrl_poses": [[[0.0] * 18]]}, "wanted rows of 19 numbers, got rows of \\[18\\]"),
        ({"file": "nowhere"}, "wanted a folder, absolute or inside"),
        ({"da3_geometry": {"mode": "mono", "image": torch.rand(1, 8, 8, 3)}}, "got one of mode 'mono' without; set mode to multiview"),
        ({"moge_geometry": {"image": torch.rand(1, 8, 8, 3)}}, "wanted a perspective picture's, got a panorama's"),
        ({"moge_geometry": {"image": torch.rand(2, 8, 8, 3), "intrinsics": torch.eye(3).expand(2, 3, 3)}}, "wanted one photograph, got 2"),
    ],
)
def test_what_is_no_source_is_refused(inputs: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        convert(**inputs)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"intrinsics": torch.eye(3).expand(1, 5, 3, 3)}, "wanted estimated cameras, got none for these pictures; connect two or more"),
        ({"intrinsics": torch.eye(3).expand(1, 4, 3, 3)}, "wanted 5 cameras, one for each picture"),
        ({"extrinsics": torch.zeros(1, 5, 3, 4)}, "wanted rotations, got matrices that are none; try the other pose_method"),
        ({"extrinsics": torch.full((1, 5, 3, 4), torch.nan)}, "wanted rotations, got matrices that are none"),
    ],
)
def test_depth_anything_without_cameras_is_refused(changes: dict[str, Tensor], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        convert(da3_geometry=make_da3(make_path(), (56, 56), **changes))


# Wan


def embed_by_core(cameras: Cameras) -> Tensor:
    """Core's own functions on the same intrinsics and poses, packed as its node packs them."""
    K = torch.stack([cameras.K[:, 0, 0], cameras.K[:, 1, 1], cameras.K[:, 0, 2], cameras.K[:, 1, 2]], dim=1)[None]
    rays = nodes_camera_trajectory.ray_condition(K, relative_to(cameras, 0).c2w[None], cameras.height, cameras.width, "cpu")
    video = rays.permute(0, 4, 1, 2, 3)  # [1, 6, F, H, W]
    video = torch.concat([torch.repeat_interleave(video[:, :, 0:1], repeats=4, dim=2), video[:, :, 1:]], dim=2).transpose(1, 2)
    b, f, c, h, w = video.shape
    video = video.contiguous().view(b, f // 4, 4, c, h, w).transpose(2, 3)
    return video.contiguous().view(b, f // 4, c * 4, h, w).transpose(1, 2)


def test_wan_embedding_is_cores_for_the_same_cameras() -> None:
    path = make_path(9, size=32)
    embedding, *numbers = MVCustomWanCameraEmbedding.execute(path, 32, 32, 9, 1.0).result
    assert embedding.shape == (1, 24, 3, 32, 32) and numbers == [32, 32, 9]
    torch.testing.assert_close(embedding, embed_by_core(path), atol=1e-5, rtol=0)


def test_wan_path_is_resampled_and_scaled() -> None:
    path = make_path(3, size=32)
    one, two = (MVCustomWanCameraEmbedding.execute(path, 32, 16, 5, scale).result[0] for scale in (1.0, 2.0))
    assert one.shape == (1, 24, 2, 16, 32)
    moments, directions = slice(0, 12), slice(12, 24)
    torch.testing.assert_close(two[:, moments], 2 * one[:, moments], atol=1e-5, rtol=0)
    torch.testing.assert_close(two[:, directions], one[:, directions])
    assert MVCustomWanCameraEmbedding.execute(path[0], 32, 16, 5, 1.0).result[0][:, moments].abs().max() < 1e-6, "a camera that stands"
    with pytest.raises(ValueError, match="frames: wanted 1 \\+ 4k, such as 81, got 6"):
        MVCustomWanCameraEmbedding.execute(path, 32, 16, 6, 1.0)


def test_values_are_json(tmp_path: Path) -> None:
    """Core hands cameras to the browser as JSON."""
    assert json.loads(json.dumps(convert(cameras=make_path())[1]))[0]["cameraType"] == "perspective"
