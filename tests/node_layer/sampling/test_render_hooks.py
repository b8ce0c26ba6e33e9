"""What a user chooses in the render hooks reaches the run, and the widgets' defaults are the settings' own."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from mvcustom.mvcustom_core.backbone.attention import Scope
from mvcustom.mvcustom_core.rendering.rendering import RenderingSettings
from mvcustom.nodes.bridge.host.call import KEY
from mvcustom.nodes.bridge.rendering.hook import RENDERING_ATTACHMENT, HookOptions
from mvcustom.nodes.sampling.depth_render_hook import MVCustomDepthRenderHook
from mvcustom.nodes.sampling.hook_choices import read_options
from mvcustom.nodes.sampling.one_pass_render_hook import MVCustomOnePassRenderHook
from mvcustom.tests.host.embedded import SIZE, VIEWS, load_once, make_cameras, make_depth

pytestmark = pytest.mark.usefixtures("comfy")  # it registers the pack's model folders

CHOICES = {"strength": 1.0, "until": 0.7, "shared_noise": True}


def default_of(node: Any, name: str) -> Any:
    (found,) = (given for given in node.GET_SCHEMA().inputs if given.id == name)
    return found.options[0] if found.default is None else found.default


@pytest.mark.parametrize("node", [MVCustomDepthRenderHook, MVCustomOnePassRenderHook])
def test_defaults_of_the_widgets_are_those_of_the_settings(node: Any) -> None:
    names = ("strength", "until", "inside_subject", "scope", "sites", "subject_share", "soft_end", "render_prediction")
    chosen = read_options(shared_noise=True, **{name: default_of(node, name) for name in names})
    assert chosen == read_options(**CHOICES) == HookOptions() and HookOptions().settings == RenderingSettings()


def test_every_input_and_output_is_explained() -> None:
    for node in (MVCustomDepthRenderHook, MVCustomOnePassRenderHook):
        schema = node.GET_SCHEMA()
        assert all(len(given.tooltip) > 20 for given in (*schema.inputs, *schema.outputs))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"inside_subject": "background only"}, HookOptions(spare_subject=1.0)),
        ({"inside_subject": "blend", "subject_share": 0.75}, HookOptions(spare_subject=0.25)),
        ({"inside_subject": "everywhere", "subject_share": 0.75}, HookOptions()),
        ({"scope": "trajectory"}, HookOptions(follow_surface=True)),
        ({"sites": "decoder 16"}, HookOptions(sites="decoder 16")),
        ({"soft_end": 0.0, "strength": 0.5}, HookOptions(RenderingSettings(strength=0.5, fade=0.0))),
        ({"until": 0.05}, HookOptions(RenderingSettings(until=0.05, fade=0.05))),
        ({"shared_noise": False}, HookOptions(shared_noise=False)),
        ({"render_prediction": True}, HookOptions(prediction=True)),
    ],
)
def test_choices(changes: dict[str, Any], expected: HookOptions) -> None:
    assert read_options(**{**CHOICES, **changes}) == expected


def test_outputs_of_the_hook() -> None:
    views = torch.rand(VIEWS, SIZE, SIZE, 3, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        outputs = MVCustomDepthRenderHook.execute(
            load_once()[0], make_depth(1), make_cameras(), views, **CHOICES, scope="trajectory"
        ).result
    model, masks, warped, report = outputs
    assert masks.shape == (VIEWS, SIZE, SIZE) and warped.shape == (VIEWS, SIZE, SIZE, 3) and report.startswith("anchor view 1; ")
    assert (masks[1] == 1).all() and torch.equal(warped[1], views[1])
    assert model.get_attachment(RENDERING_ATTACHMENT).plan.paths == (0, 1, 2, 3)
    assert model.model_options["transformer_options"][KEY]["scopes"] == (Scope(1, trajectory=True),) * 4
