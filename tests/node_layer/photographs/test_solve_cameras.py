"""Solve Cameras in the graph: what goes in and comes out, the refusals at its door, cancelling, and no file left behind."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from pathlib import Path

import comfy.model_management
import folder_paths
import pytest
import torch
from torch import Tensor

from mvcustom.mvcustom_core.camera.cameras import Cameras, look_at
from mvcustom.mvcustom_core.camera.rigid import rotation_from_vector
from mvcustom.mvcustom_core.capture import solving
from mvcustom.mvcustom_core.capture.solution import Attempt, Model
from mvcustom.nodes.bridge.host.tensors import images_to_comfy
from mvcustom.nodes.bridge.photographs import solving as bridge
from mvcustom.nodes.catalogue import NODES
from mvcustom.nodes.photographs.solve_cameras import EVERYWHERE, ON_SUBJECT
from mvcustom.nodes.photographs.solve_cameras import MVCustomSolveCameras as Node
from mvcustom.tests.core_layer.capture.table_scene import FOCAL, SIZE, align_errors, make_arc, photograph
from mvcustom.tests.core_layer.emulated_device import EmulatedDevice
from mvcustom.tests.host.in_process import ComfyInProcess

VIEWS, WIDTH, HEIGHT = 6, 64, 48
PLACED = (0, 2, 3, 5)
UNKNOWN = {"focal_length": "unknown"}


def make_cameras(count: int = len(PLACED)) -> Cameras:
    """On an arc of radius 3 about a point off the origin, in a leaning world."""
    azimuth = torch.linspace(-0.6, 0.6, count)
    eye = torch.stack([3 * azimuth.sin(), -torch.ones(count), 3 * azimuth.cos()], dim=-1)
    world = torch.eye(4)
    world[:3, :3] = rotation_from_vector(torch.tensor([0.7, 0.9, -1.3]))
    world[:3, 3] = torch.tensor([4.0, -2.0, 1.0])
    w2c = look_at(eye, torch.zeros(count, 3), torch.tensor([[0.0, -1, 0]]).repeat(count, 1)) @ world
    K = torch.tensor([[70.0, 0, WIDTH / 2], [0, 70, HEIGHT / 2], [0, 0, 1]]).repeat(count, 1, 1)
    return Cameras(w2c, K, WIDTH, HEIGHT)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[dict]:
    """The solver replaced by one that notes what it is given and places four of six photographs."""
    noted: list[dict] = []

    def solve(images: Tensor, folder: Path, progress: Callable, *, masks: Tensor | None, focal: float | None) -> Attempt:
        (folder / "database.db").write_text("rows")
        noted.append({"images": images, "folder": folder, "masks": masks, "focal": focal})
        progress(0.5)
        model = Model("global", PLACED, make_cameras(), 300, 1500, 0.4, 25.0)
        return Attempt(len(images), 800.0, 15, focal is not None, (model,))

    monkeypatch.setattr(bridge, "solve_cameras", solve)
    return noted


def execute(images: Tensor, features: str, focal_length: dict, masks: Tensor | None = None) -> tuple:
    """The node with one batch, as ComfyUI calls it: every value in a list."""
    lens = {name: [value] for name, value in focal_length.items()}
    return Node.execute([images], [features], lens, None if masks is None else [masks]).args


def make_images() -> Tensor:
    return torch.rand(VIEWS, HEIGHT, WIDTH, 3, generator=torch.Generator().manual_seed(0))


def test_placed_photographs_come_out_with_their_cameras(calls: list[dict]) -> None:
    images, masks = make_images(), torch.rand(VIEWS, HEIGHT, WIDTH)
    cameras, out_images, out_masks, report, preview = execute(images, EVERYWHERE, UNKNOWN, masks)
    assert torch.equal(out_images, images[list(PLACED)]) and torch.equal(out_masks, masks[list(PLACED)])
    assert calls[0]["masks"] is None and torch.equal(calls[0]["images"], images.permute(0, 3, 1, 2))
    assert len(cameras) == len(PLACED) and (cameras.width, cameras.height) == (WIDTH, HEIGHT) and preview.shape[-1] == 3
    for line in ("views: 4 of 6 placed", "not placed: 1, 4 (counted from 0)", "mapper: global", "focal length: 70.0 pixels"):
        assert line in report
    assert "masks: none found" not in report


def test_photographs_on_a_device_are_solved_on_the_host(calls: list[dict]) -> None:
    """With --gpu-only, ComfyUI keeps pictures on the device."""
    images, masks = make_images(), torch.rand(VIEWS, HEIGHT, WIDTH)
    with EmulatedDevice() as device:
        _, out_images, out_masks, *_ = execute(device.put(images), ON_SUBJECT, UNKNOWN, device.put(masks))
    assert calls[0]["images"].device.type == calls[0]["masks"].device.type == "cpu"
    assert torch.equal(out_images, images[list(PLACED)]) and torch.equal(out_masks, masks[list(PLACED)])


def test_world_is_upright_about_the_subject(calls: list[dict]) -> None:
    cameras = execute(make_images(), EVERYWHERE, UNKNOWN)[0]
    assert cameras.centers.norm(dim=-1).max().item() == pytest.approx(1, abs=1e-5)
    height = 1 / math.sqrt(10)  # eyes stand 1 above the subject and 3 from it
    assert cameras.centers[:, 1].tolist() == pytest.approx([-height] * len(PLACED), abs=0.005)
    assert cameras.w2c[0, 0, 0] > 0.99


def test_without_masks_they_are_white_and_that_is_said(calls: list[dict]) -> None:
    _, _, masks, report, _ = execute(make_images(), EVERYWHERE, UNKNOWN)
    assert masks.shape == (len(PLACED), HEIGHT, WIDTH) and (masks == 1).all() and "masks: none found" in report


def test_features_on_the_subject_use_the_masks(calls: list[dict]) -> None:
    masks = torch.rand(VIEWS, HEIGHT, WIDTH)
    execute(make_images(), ON_SUBJECT, UNKNOWN, masks)
    assert torch.equal(calls[0]["masks"], masks[:, None])


@pytest.mark.parametrize(
    ("choice", "focal"),
    [
        (UNKNOWN, None),
        ({"focal_length": "pixels", "focal_pixels": 81.5}, 81.5),
        ({"focal_length": "field of view", "fov_deg": 90.0}, WIDTH / 2),
    ],
)
def test_focal_length_reaches_the_solver(calls: list[dict], choice: dict, focal: float | None) -> None:
    execute(make_images(), EVERYWHERE, choice)
    assert calls[0]["focal"] == pytest.approx(focal)


def test_no_file_is_left(calls: list[dict], monkeypatch: pytest.MonkeyPatch) -> None:
    execute(make_images(), EVERYWHERE, UNKNOWN)
    folder = calls[0]["folder"]
    assert folder.parent == Path(folder_paths.get_temp_directory()) and not folder.exists()


def test_cancelling_stops_it_and_leaves_no_file(calls: list[dict]) -> None:
    comfy.model_management.interrupt_current_processing()
    with pytest.raises(comfy.model_management.InterruptProcessingException):
        execute(make_images(), EVERYWHERE, UNKNOWN)
    assert not calls[0]["folder"].exists()


@pytest.mark.parametrize(
    ("features", "masks", "message"),
    [
        (ON_SUBJECT, None, "wanted masks to look for features on the subject, got none; connect them or choose 'everywhere'"),
        (EVERYWHERE, torch.ones(5, HEIGHT, WIDTH), "wanted 6 of 64x48 pixels, one for each image, got 5 of 64x48"),
        (ON_SUBJECT, torch.ones(VIEWS, 8, 8), "got 6 of 8x8"),
    ],
)
def test_masks_that_do_not_fit(calls: list[dict], features: str, masks: Tensor | None, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        execute(make_images(), features, UNKNOWN, masks)
    assert not calls


def test_portrait_beside_landscape_is_solved_whole(calls: list[dict]) -> None:
    """A list of two sizes: every photograph lies in the middle of one canvas, features are looked for in the photographs alone."""
    landscape = make_images()[:3]
    portrait = landscape.transpose(1, 2)
    cameras, images, masks, report, _ = Node.execute([landscape, portrait], [EVERYWHERE], {"focal_length": ["unknown"]}).args
    assert calls[0]["images"].shape == (6, 3, WIDTH, WIDTH) and calls[0]["masks"].sum((1, 2, 3)).tolist() == [WIDTH * HEIGHT] * 6
    assert images.shape == (len(PLACED), HEIGHT, HEIGHT, 3) and masks.shape == (len(PLACED), HEIGHT, HEIGHT) and (masks == 1).all()
    assert torch.equal(images[0], landscape[0, :, 8:56]) and torch.equal(images[3], portrait[2, 8:56])
    assert (cameras.width, cameras.height) == (HEIGHT, HEIGHT)
    assert "sizes: 3 of 64x48 and 3 of 48x64 pixels; taken for whole pictures by one lens, with a longer side of 64 pixels each" in report


def test_masks_of_several_sizes_belong_to_their_photographs(calls: list[dict]) -> None:
    landscape, portrait = torch.rand(3, HEIGHT, WIDTH), torch.rand(3, WIDTH, HEIGHT)
    images = [mask[..., None].expand(-1, -1, -1, 3) for mask in (landscape, portrait)]
    _, _, masks, _, _ = Node.execute(images, [ON_SUBJECT], {"focal_length": ["unknown"]}, [landscape, portrait]).args
    assert torch.equal(calls[0]["masks"][0, 0, 8:56], landscape[0]) and torch.equal(masks[3], portrait[2, 8:56])
    assert not calls[0]["masks"][0, 0, :8].any(), "the border is not the subject"
    with pytest.raises(ValueError, match="wanted 3 of 64x48 and 3 of 48x64 pixels, one for each image, got 6 of 64x48 pixels"):
        Node.execute(images, [ON_SUBJECT], {"focal_length": ["unknown"]}, [landscape, landscape])


@pytest.mark.parametrize(
    "choice", [{"focal_length": ["pixels"], "focal_pixels": [64.0]}, {"focal_length": ["field of view"], "fov_deg": [90.0]}]
)
def test_known_focal_length_is_that_of_the_first_photograph(calls: list[dict], choice: dict) -> None:
    """A first photograph of 128 pixels is reduced to the second's 64, and its focal length of 64 to 32."""
    Node.execute([torch.rand(3, 96, 128, 3), torch.rand(3, WIDTH, HEIGHT, 3)], [EVERYWHERE], choice)
    assert calls[0]["focal"] == pytest.approx(32)


def test_list_of_sizes_arrives_in_a_graph(calls: list[dict], comfy: ComfyInProcess) -> None:
    """Create List passes on photographs of two sizes; the node runs once, on all of them."""
    extra = Path(comfy.nodes.__file__).parent / "comfy_extras" / "nodes_toolkit.py"
    assert asyncio.run(comfy.nodes.load_custom_node(str(extra), module_parent="comfy_extras"))
    sizes = {"landscape": (WIDTH, HEIGHT), "portrait": (HEIGHT, WIDTH)}
    prompt = {
        name: {"class_type": "EmptyImage", "inputs": {"width": width, "height": height, "batch_size": 3, "color": 128}}
        for name, (width, height) in sizes.items()
    }
    listed = {f"inputs.input{number}": [name, 0] for number, name in enumerate(prompt)}
    prompt["list"] = {"class_type": "CreateList", "inputs": listed}
    solve = {"images": ["list", 0], "features": EVERYWHERE, "focal_length": "pixels", "focal_length.focal_pixels": 70.0}
    prompt["solve"] = {"class_type": "MVCustomSolveCameras", "inputs": solve}
    prompt["show"] = {"class_type": "PreviewImage", "inputs": {"images": ["solve", 1]}}
    comfy.run(prompt)
    assert len(calls) == 1 and calls[0]["images"].shape == (6, 3, WIDTH, WIDTH) and calls[0]["focal"] == 70


def test_cameras_of_portrait_and_landscape_are_found() -> None:
    """A table photographed upright and across in turn: right cameras, and outputs that they belong to."""
    pytest.importorskip("pycolmap", reason="the optional package pycolmap is not installed")
    truth = make_arc()
    pictures = images_to_comfy(photograph(truth)[0])
    margin = SIZE // 8
    photographs = [pictures[[view], margin:-margin] if view % 2 else pictures[[view], :, margin:-margin] for view in range(len(truth))]
    cameras, images, _, report, _ = Node.execute(photographs, [EVERYWHERE], {"focal_length": ["unknown"]}).args
    assert "views: 10 of 10 placed" in report and images.shape == (10, SIZE - 2 * margin, SIZE - 2 * margin, 3)
    rotation_deg, center = align_errors(cameras, truth)
    assert rotation_deg < 1.5 and center < 0.02
    assert cameras.K[:, 0, 0].tolist() == pytest.approx([FOCAL] * 10, rel=0.03)
    assert cameras.K[0, :2, 2].tolist() == [SIZE / 2 - margin] * 2
    assert torch.equal(images, pictures[:, margin:-margin, margin:-margin])


def test_views_in_one_direction_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """They have no common subject that could become the origin."""
    row = make_cameras()[[0] * 4]
    row.w2c[:, 0, 3] += torch.arange(4.0)
    found = Attempt(4, 800.0, 6, False, (Model("global", (0, 1, 2, 3), row, 300, 1500, 0.4, 25.0),))
    monkeypatch.setattr(bridge, "solve_cameras", lambda *args, **settings: found)
    with pytest.raises(ValueError, match="got parallel ones; walk around the subject .*, aiming at it"):
        execute(make_images()[:4], EVERYWHERE, UNKNOWN)


def test_node_is_listed_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(name: str) -> None:
        raise ImportError(f"No module named {name!r}")

    monkeypatch.setattr(solving.importlib, "import_module", fail)
    assert Node in NODES and "pycolmap" in Node.GET_SCHEMA().description
    with pytest.raises(ValueError, match="No module named 'pycolmap'; install it in this Python"):
        execute(make_images(), EVERYWHERE, UNKNOWN)
