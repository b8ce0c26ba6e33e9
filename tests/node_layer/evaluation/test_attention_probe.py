"""MVCustom Attention Probe: modules that look at the right place are told from those that do not, and what the node refuses."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
import torch
from comfy.model_patcher import ModelPatcher

from mvcustom.mvcustom_core.backbone.attention import Scope
from mvcustom.mvcustom_core.capture import solving
from mvcustom.mvcustom_core.surface.depth import AnchorDepth, DepthMap
from mvcustom.nodes.bridge.backbone.embedded import MOTION
from mvcustom.nodes.bridge.backbone.motion import MOTION_ATTACHMENT, apply_motion
from mvcustom.nodes.bridge.backbone.motion_model import build_motion_patcher
from mvcustom.nodes.bridge.concept.tokens import encode_caption
from mvcustom.nodes.bridge.host.call import KEY, record_of
from mvcustom.nodes.bridge.photographs import matching
from mvcustom.nodes.evaluation.attention_probe import MVCustomAttentionProbe as Node
from mvcustom.tests.host.embedded import SIZE, VIEWS, load_once, load_still, make_cameras, make_depth, sample

pytestmark = pytest.mark.usefixtures("comfy")

TARGET = "up_blocks.3.motion_modules.1"  # at the latents' own resolution


def make_views() -> torch.Tensor:
    """One noisy picture, seen by cameras that coincide."""
    return torch.rand(1, SIZE, SIZE, 3, generator=torch.Generator().manual_seed(0)).repeat(VIEWS, 1, 1, 1)


def make_still_cameras() -> Any:
    return make_cameras()[[1] * VIEWS]


def make_positive() -> list[Any]:
    with torch.inference_mode():
        return [[encode_caption(load_once()[1], "a red box on grass"), {}]]


def make_wall() -> tuple[AnchorDepth, ...]:
    return (AnchorDepth(1, DepthMap(torch.full((SIZE, SIZE), 1.2), torch.ones(SIZE, SIZE, dtype=torch.bool), "wall", 1.0, "")),)


def make_seeing_model() -> ModelPatcher:
    """Modules of which one compares features as they are in its first attention: its queries and keys are the same."""
    weights = dict(load_once()[0].get_additional_models_with_key(MOTION_ATTACHMENT)[0].model.state_dict())
    for letter in "qk":
        name = f"{TARGET}.temporal_transformer.transformer_blocks.0.attention_blocks.0.to_{letter}.weight"
        weights[name] = torch.eye(len(weights[name]))
    settings = replace(MOTION, scopes=(Scope(None),) * 4, entropy_correction=False)
    return apply_motion(load_still(), build_motion_patcher(settings, weights, torch.float32), settings)


def probe(**changes: Any) -> tuple[Any, ...]:
    inputs = {
        "model": load_once()[0],
        "positive": make_positive(),
        "vae": load_once()[2],
        "views": make_views(),
        "cameras": make_still_cameras(),
        "timestep": 0,
        "seed": 0,
        "depth": make_wall(),
    }
    with torch.inference_mode():
        return Node.execute(**{**inputs, **changes}).args


def test_a_module_that_sees_is_told_from_those_that_do_not() -> None:
    report, table, picture = probe(model=make_seeing_model(), query_view=1, query_x=0.3, query_y=0.8)
    rows = {row["module"]: row for row in json.loads(table)}
    assert len(rows) == 21 and rows[TARGET]["block"] == "output 10" and rows[TARGET]["height"] == rows[TARGET]["width"] == SIZE // 8
    assert rows[TARGET]["mean"] > 0.95 and rows[TARGET]["scope"] == "dense"
    others = [row for name, row in rows.items() if name != TARGET and row["height"] == SIZE // 8]
    assert len(others) == 4 and all(row["mean"] < 0.9 for row in others)
    assert rows[TARGET]["queries"] == VIEWS * (VIEWS - 1) * (SIZE // 8) ** 2
    assert f"of {TARGET}." in report.splitlines()[-1] and report.startswith("Timestep 0, 3 views of 64x64; the true places are known from")
    assert picture.shape[0] == 1 and picture.shape[3] == 3 and 0 <= picture.min() and picture.max() <= 1


def test_chance_is_that_of_the_grid() -> None:
    """Every cell is a target: the cells within 1.5 of it, averaged over the grid, whatever the modules are."""
    rows = {row["module"]: row for row in json.loads(probe()[1])}
    side = SIZE // 8
    assert rows[TARGET]["chance"] == pytest.approx(((3 * side - 2) / side**2) ** 2, rel=1e-5)
    assert rows["mid_block.motion_modules.0"]["chance"] == 1.0


def test_the_model_is_not_changed() -> None:
    model = load_once()[0]
    before = sample(model)
    probe(model=model)
    assert "observe" not in record_of(model.model_options["transformer_options"]) and torch.equal(sample(model), before)


def test_depth_of_an_anchor_tells_where_views_agree() -> None:
    report, table, _ = probe(views=torch.rand(VIEWS, SIZE, SIZE, 3), cameras=make_cameras(), depth=make_depth())
    assert "known from the depth of view 1." in report
    assert 0 < json.loads(table)[0]["queries"] < VIEWS * (VIEWS - 1) * (SIZE // 8) ** 2


def test_without_depth_features_are_matched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two cameras half a unit apart, what lies 2 units away moves by a quarter of the focal length."""
    cameras = make_cameras()[[0, 2]]
    points = torch.rand(30, 3, generator=torch.Generator().manual_seed(1)) * 0.2
    pixels = [(camera.K[0] @ (camera.w2c[0, :3, :3] @ points.T + camera.w2c[0, :3, 3:])) for camera in (cameras[0], cameras[1])]
    ends = torch.cat([(each[:2] / each[2]).T for each in pixels], dim=-1)
    wrong = ends + torch.tensor([0.0, 0.0, 0.0, 20.0])
    monkeypatch.setattr(matching, "match_pictures", lambda *_: {(0, 1): torch.cat([ends, wrong])})
    report, table, _ = probe(views=make_views()[:2], cameras=cameras, depth=())
    assert "known from 30 matched features that the cameras allow." in report
    cells = {tuple(each) for each in (ends[:, :2] // 8).tolist()}, {tuple(each) for each in (ends[:, 2:] // 8).tolist()}
    assert json.loads(table)[0]["queries"] == len(cells[0]) + len(cells[1])
    monkeypatch.setattr(matching, "match_pictures", lambda *_: {(0, 1): wrong})
    with pytest.raises(ValueError, match="views: wanted features that match between them as the cameras say, got none; connect depth"):
        probe(views=make_views()[:2], cameras=cameras, depth=())


def test_without_depth_and_pycolmap_both_ways_out_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(name: str) -> None:
        raise ImportError(f"No module named {name!r}")

    monkeypatch.setattr(solving.importlib, "import_module", fail)
    with pytest.raises(ValueError, match="pycolmap: wanted this optional package .*; or connect depth"):
        probe(depth=())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model": None}, "model: wanted one with MVCustom motion modules, got one without; connect Load MVCustom Backbone"),
        ({"views": torch.rand(2, SIZE, SIZE, 3)}, "views: wanted at least two, one for each of the 3 cameras, got 2; connect all views"),
        ({"views": torch.rand(3, SIZE, 2 * SIZE, 3)}, "views: wanted the cameras' aspect 64x64, got 128x64"),
        ({"views": torch.rand(3, 60, 60, 3)}, "views: wanted sides divisible by 8, got 60x60; resize the views"),
        ({"query_view": 3}, "query_view: wanted 0 to 2, got 3"),
        ({"module": "up"}, "module: wanted 'best' or one of down_blocks.0.motion_modules.0, .*, got 'up'; write one of them"),
    ],
)
def test_what_does_not_fit_is_refused(changes: dict[str, Any], message: str) -> None:
    if "model" in changes:
        changes = {"model": load_still()}
    with pytest.raises(ValueError, match=message):
        probe(**changes)


def test_a_prompt_for_a_part_of_the_picture_is_refused() -> None:
    (part,) = make_positive()
    with pytest.raises(
        ValueError, match=r"targets: wanted the grid \(h, w\) \(8, 8\) of whole views, got \(4, 4\); connect all views at once"
    ):
        probe(positive=[[part[0], {"area": (4, 4, 0, 0), "strength": 1.0}]])


def test_a_named_module_is_drawn() -> None:
    assert not torch.equal(probe(module="mid_block.motion_modules.0")[2], probe(module=TARGET)[2])


def test_observing_changes_no_result() -> None:
    """The views of the step with the observer, against the same step without; every module is shown once."""
    model, seen = load_once()[0].clone(), []
    before = sample(model, steps=1)
    model.model_options["transformer_options"].setdefault(KEY, {})["observe"] = lambda block: (
        lambda found: seen.append((block, found.q.shape))
    )
    assert torch.equal(sample(model, steps=1), before)
    assert len(seen) == 21 and {shape[0] for _, shape in seen} == {2 * VIEWS}
