"""Setting up the render hook on a node: its bar moves, and its user can cancel."""

from __future__ import annotations

import comfy.model_management
import comfy.utils
import pytest
import torch

from mvcustom.nodes.bridge.host.progress import STEPS
from mvcustom.nodes.bridge.rendering.hook import HookOptions, apply_rendering, render_anchors
from mvcustom.tests.host.embedded import load_once, make_cameras, make_depth

ANCHOR = 1


def render() -> tuple[torch.Tensor, torch.Tensor]:
    cameras = make_cameras()
    pictures = torch.rand(len(cameras), 3, cameras.height, cameras.width, generator=torch.Generator().manual_seed(0))
    _, warped, seen = render_anchors(load_once()[0], pictures, make_depth(ANCHOR), cameras, HookOptions())
    assert torch.equal(warped[ANCHOR], pictures[ANCHOR]) and (seen[ANCHOR] == 1).all()
    return warped, seen


def test_the_bar_moves_while_the_surface_is_looked_at():
    values: list[int] = []
    comfy.utils.set_progress_bar_global_hook(lambda value, *_, **__: values.append(value))
    try:
        render()
    finally:
        comfy.utils.set_progress_bar_global_hook(None)
    assert values == sorted(values) and values[0] == 0 and values[-1] == STEPS  # what lies between, ComfyUI leaves out if it comes too fast


def test_cancelling_stops_it():
    comfy.model_management.interrupt_current_processing(True)
    with pytest.raises(comfy.model_management.InterruptProcessingException):
        render()
    render()  # and the next run is a whole one


def test_the_hook_is_the_same_as_without_a_node():
    cameras = make_cameras()
    pictures = torch.zeros(len(cameras), 3, cameras.height, cameras.width)
    watched, *_ = render_anchors(load_once()[0], pictures, make_depth(ANCHOR), cameras, HookOptions())
    _, operator = apply_rendering(load_once()[0], make_depth(ANCHOR), cameras)
    found = watched.get_attachment("mvcustom_rendering").geometry.operators[0]
    assert torch.equal(found.cells, operator.cells) and torch.equal(found.weights, operator.weights)
