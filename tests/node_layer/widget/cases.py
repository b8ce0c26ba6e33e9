"""Random camera paths, as one JSON that Python and the widget both read, and the cameras that Python makes of them."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import torch

from mvcustom.mvcustom_core.camera.cameras import Cameras, fit_cameras, look_at, make_intrinsics
from mvcustom.mvcustom_core.camera.rigid import rotation_from_vector
from mvcustom.mvcustom_core.path.keyframes import SLIDES
from mvcustom.mvcustom_core.path.pace import EASES, ease_views
from mvcustom.nodes.cameras.camera_trajectory import build_path

KINDS = ("orbit", "spiral", "truck", "pedestal", "dolly", "pan", "tilt", "keyframes", "file")
PARITY = 1e-6  # in every number of a camera; focal lengths are compared in widths of the picture

# The widget's cameras for the cases, as lists of [16 numbers of camera-from-world, fx, fy, cx, cy].
BUILD = """data.map(({state, base, text}) =>
  widget.path.buildPath(state, widget.base.readBase({mvcustom_base_cameras: [base]}), text).map(camera =>
    [...widget.camera.matrixOf(camera), camera.lens.fx, camera.lens.fy, camera.lens.cx, camera.lens.cy]))"""


def make_case(seed: int) -> dict[str, Any]:
    """One path: a base camera, the node's inputs, and for a path from a file its text."""
    rng = random.Random(seed)
    base = make_base(rng)
    kind = KINDS[seed % len(KINDS)]
    size = {"width": rng.choice((64, 512, 768)), "height": rng.choice((64, 512, 640))}
    values = make_values(kind, rng)
    state = {"baseView": 0, **size, "views": rng.randint(1, 24), "kind": kind, "ease": rng.choice(list(EASES)), "values": values}
    return {"state": state, "base": base, "text": make_text(rng) if kind == "file" else None}


def make_base(rng: random.Random) -> dict[str, Any]:
    eye = torch.tensor([[rng.uniform(-1, 1), rng.uniform(-0.6, 0.2), rng.choice((-1, 1)) * rng.uniform(0.4, 1.2)]], dtype=torch.float64)
    target = torch.tensor([[rng.uniform(-0.2, 0.2) for _ in range(3)]], dtype=torch.float64)
    up = torch.tensor([[rng.uniform(-0.2, 0.2), -1.0, rng.uniform(-0.2, 0.2)]], dtype=torch.float64)
    w2c = look_at(eye, target, up)[0, :3].flatten().tolist()
    lens = [rng.uniform(300, 900), rng.uniform(300, 900), rng.uniform(250, 400), rng.uniform(200, 300), 640, 480]
    return {"cameras": [w2c + lens], "up": up[0].tolist()}


def make_values(kind: str, rng: random.Random) -> dict[str, Any]:
    def draw(names: tuple[str, ...], most: float) -> dict[str, float]:
        return {name: rng.uniform(-most, most) for name in names}

    if kind == "orbit":
        return draw(("azimuth_start_deg", "azimuth_end_deg"), 360) | {"elevation_deg": rng.uniform(-80, 80)}
    if kind == "spiral":
        return {"angle_deg": rng.uniform(0, 80), "turns": rng.uniform(0.1, 10)}
    if kind in SLIDES:
        return draw(("start", "end"), 2)
    if kind in ("pan", "tilt"):
        return draw(("start_deg", "end_deg"), 360)
    if kind == "file":
        return {"file": "path.txt", "start": rng.choice(("at the base view", "where the file says")), "scale": rng.uniform(0.1, 3)}
    return {"keyframes": "[" + ", ".join(make_keyframe(rng) for _ in range(rng.randint(2, 7))) + "]"}


def make_keyframe(rng: random.Random) -> str:
    ranges = {"azimuth_deg": 80, "elevation_deg": 30, **dict.fromkeys(SLIDES, 0.3), "pan_deg": 25, "tilt_deg": 20}
    chosen = {name: rng.uniform(-most, most) for name, most in ranges.items() if rng.random() < 0.6}
    if rng.random() < 0.5:
        chosen["distance"] = rng.uniform(0.3, 2)
    return "{" + ", ".join(f'"{name}": {value!r}' for name, value in chosen.items()) + "}"


def make_text(rng: random.Random) -> str:
    """CameraCtrl text of a smooth random path."""
    turn = torch.tensor([rng.uniform(-0.2, 0.2) for _ in range(3)], dtype=torch.float64)
    step = torch.tensor([rng.uniform(-0.2, 0.2) for _ in range(3)], dtype=torch.float64)
    focal = rng.uniform(0.5, 1.2)
    lines = ["https://video"]
    for i in range(rng.randint(2, 9)):
        w2c = torch.cat([rotation_from_vector(i * turn), (i * step * (1 + 0.1 * i))[:, None]], dim=1)
        lines.append(" ".join(map(repr, [float(i), focal, focal * 16 / 9, 0.5, 0.5, 0.0, 0.0, *w2c.flatten().tolist()])))
    return "\n".join(lines)


def read_base(base: dict[str, Any]) -> Cameras:
    """The base camera of a case in float64."""
    numbers = torch.tensor(base["cameras"], dtype=torch.float64)  # [1, 18]
    w2c = torch.eye(4, dtype=torch.float64)[None].clone()
    w2c[:, :3] = numbers[:, :12].unflatten(1, (3, 4))
    return Cameras(w2c, make_intrinsics(numbers[:, 12:14], numbers[:, 14:16]), int(numbers[0, 16]), int(numbers[0, 17]))


def build_in_python(case: dict[str, Any], folder: Path) -> list[list[float]]:
    """The cameras of a case as the node makes them, in the layout of `BUILD`; a camera text is written into the folder."""
    state = case["state"]
    path = {"path": state["kind"], **state["values"]}
    if state["kind"] == "file":
        file = folder / "path.txt"
        file.write_text(case["text"], encoding="utf-8")
        path["file"] = str(file)
    base = fit_cameras(read_base(case["base"]), state["width"], state["height"])
    cameras = build_path(base, ease_views(state["views"], state["ease"]), path, tuple(case["base"]["up"]))
    lenses = cameras.K[:, (0, 1, 0, 1), (0, 1, 2, 2)]  # [V, 4]
    return torch.cat([cameras.w2c.flatten(1), lenses], dim=1).tolist()
