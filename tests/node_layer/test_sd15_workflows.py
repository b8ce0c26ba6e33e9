"""The workflows for Stable Diffusion 1.5: their values are the preset's, their notes name their files, and they run to the end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from comfy_api.latest import io

from mvcustom.devtools.workflow import apply_override, convert_workflow
from mvcustom.mvcustom_core.backbone.recipe import EMBEDDED, RECIPES, SD15
from mvcustom.mvcustom_core.concept.learning.plan import LearningSettings
from mvcustom.nodes.backbone.load_backbone import MVCustomLoadBackbone
from mvcustom.tests.host.in_process import ComfyInProcess
from mvcustom.tests.host.sd15 import make_backbone, save_depth_anything
from mvcustom.tests.node_layer.photographs.posed_folders import make_cameras, write_folder

WORKFLOWS = Path(__file__).resolve().parents[2] / "workflows"
LEARN, VIEWS = "mvcustom_sd15_learn_photographs", "mvcustom_sd15_views_3d_consistent"
FILES = {
    "checkpoints": "v1-5-pruned-emaonly-fp16.safetensors",
    "animatediff_models": "v3_sd15_mm.ckpt",
    "geometry_estimation": "depth_anything_3_mono_large.safetensors",
}
"""Folder of models -> the file that the workflows choose in it."""

FOLDER = "Photographs.folder=my_subject"  # what a user chooses
SMALL = {
    LEARN: [FOLDER, "Photographs.size=64", "Learn Concept.preset=custom", "Learn Concept.steps=2", "Learn Concept.rendering_steps=1",
            "Learn Concept.frames=2", "Learn Concept.references=2", "Learn Concept.held_out=1"],
    VIEWS: [FOLDER, "Photographs.size=64", "Camera Trajectory.width=64", "Camera Trajectory.height=64", "Camera Trajectory.views=4",
            "Steps.steps=2", "Run Depth Anything 3.resolution=140"],
}  # fmt: skip


def read_workflow(name: str) -> dict[str, Any]:
    return json.loads((WORKFLOWS / f"{name}.json").read_text(encoding="utf-8"))


def describe_nodes(comfy: ComfyInProcess) -> dict[str, Any]:
    """What a server answers to /object_info."""
    described = {}
    for name, node in comfy.nodes.NODE_CLASS_MAPPINGS.items():
        if issubclass(node, io.ComfyNode):
            described[name] = json.loads(json.dumps(node.GET_NODE_INFO_V1()))
        else:
            inputs = node.INPUT_TYPES()
            described[name] = {"input": inputs, "input_order": {group: list(names) for group, names in inputs.items()}}
            described[name]["display_name"] = comfy.nodes.NODE_DISPLAY_NAME_MAPPINGS.get(name, name)
    return described


def values_of(comfy: ComfyInProcess, name: str) -> dict[str, dict[str, Any]]:
    """Title of a node -> its inputs."""
    prompt = convert_workflow(read_workflow(name), describe_nodes(comfy))
    return {entry["_meta"]["title"]: entry["inputs"] for entry in prompt.values()}


@pytest.fixture
def folders(comfy: ComfyInProcess, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The files where the workflows want them; the loader gives a backbone of reduced width, which no checkpoint file can hold."""

    class ReducedBackbone(MVCustomLoadBackbone):
        @classmethod
        def execute(cls, checkpoint: str, motion_file: str, preset: str, **choices: str) -> io.NodeOutput:
            assert (checkpoint, motion_file, preset) == (FILES["checkpoints"], FILES["animatediff_models"], SD15)
            return io.NodeOutput(*make_backbone(), "reduced width")

    monkeypatch.setitem(comfy.nodes.NODE_CLASS_MAPPINGS, "MVCustomLoadBackbone", ReducedBackbone)
    paths = [Path(comfy.folder_paths.get_folder_paths(folder)[0], name) for folder, name in FILES.items()]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    save_depth_anything(paths[-1])
    write_folder(Path(comfy.folder_paths.get_input_directory(), "my_subject"), make_cameras(), with_masks=True)
    yield
    for path in paths:
        path.unlink()


def run(comfy: ComfyInProcess, name: str) -> dict[str, Any]:
    """The outputs by title, at a size that a test can afford."""
    prompt = convert_workflow(read_workflow(name), describe_nodes(comfy))
    for change in SMALL[name]:
        prompt = apply_override(prompt, change)
    return {prompt[node]["_meta"]["title"]: output for node, output in comfy.run(prompt).items()}


def test_subject_is_learned_saved_and_shown(comfy: ComfyInProcess, folders: None) -> None:
    learned = run(comfy, LEARN)
    assert "Settings (custom): steps 2, rendering_steps 1, learning_rate 0.0001" in learned["Report"]["text"][0]
    assert [len(learned[title]["images"]) for title in ("Held-out views", "Learned subject", "Loss curves")] == [1, 1, 1]
    shown = run(comfy, VIEWS)
    assert len(shown["Views"]["images"]) == len(shown["First pass views"]["images"]) == 4
    assert shown["Save Video"]["images"][0]["filename"].endswith(".mp4")
    assert "Depth Anything 3; scaled depth" in shown["Report of the depth"]["text"][0]


def test_learning_values_are_the_presets(comfy: ComfyInProcess) -> None:
    values, recipe = values_of(comfy, LEARN), RECIPES[SD15].learning
    learn, settings = values["Learn Concept"], recipe.settings
    assert values["Load MVCustom Backbone"]["preset"] == learn["preset"] == SD15
    shown = (learn["steps"], learn["rendering_steps"], learn["learning_rate"], learn["token_learning_rate"], learn["schedule"])
    assert shown == (settings.steps, settings.rendering_steps, settings.pose_rate, settings.token_rate, settings.schedule)
    assert (learn["frames"], learn["references"]) == (settings.frames, settings.references)
    assert (learn["warm_start"], learn["bfloat16"]) == (recipe.warm_start, recipe.bfloat16)
    assert values["Photographs"]["size"] == RECIPES[SD15].views.size
    assert isinstance(learn["masks"], list), "the masks are not connected"


@pytest.mark.parametrize("name", ["mvcustom_demo_camera_path", "mvcustom_photos_of_an_object", "mvcustom_solve_photographs"])
def test_workflows_of_the_embedded_backbone_have_the_values_of_its_preset(comfy: ComfyInProcess, name: str) -> None:
    values, recipe = values_of(comfy, name), RECIPES[EMBEDDED]
    learn, learning = values["Learn Concept"], recipe.learning
    shown = LearningSettings(
        steps=learn["steps"],
        rendering_steps=learn["rendering_steps"],
        frames=learn["frames"],
        references=learn["references"],
        pose_rate=learn["learning_rate"],
        token_rate=learn["token_learning_rate"],
        schedule=learn["schedule"],
    )
    assert shown == learning.settings
    assert (learn["warm_start"], learn["gradient_checkpointing"], learn["bfloat16"]) == (learning.warm_start, False, learning.bfloat16)
    trajectory, guidance = values["Camera Trajectory"], values["Guidance"]
    assert (trajectory["views"], trajectory["width"], values["Steps"]["steps"]) == (
        recipe.views.views,
        recipe.views.size,
        recipe.views.steps[0],
    )
    assert (guidance["text_guidance"], guidance["image_guidance"]) == (recipe.views.text_guidance, recipe.views.image_guidance)


def test_values_of_the_views_are_the_presets(comfy: ComfyInProcess) -> None:
    values, recipe = values_of(comfy, VIEWS), RECIPES[SD15].views
    trajectory = values["Camera Trajectory"]
    assert (trajectory["views"], trajectory["width"], trajectory["height"]) == (recipe.views, recipe.size, recipe.size)
    assert recipe.steps[0] <= values["Steps"]["steps"] <= recipe.steps[1]
    for guider in ("Guidance", "Guidance with the hook"):
        assert (values[guider]["text_guidance"], values[guider]["image_guidance"]) == (recipe.text_guidance, recipe.image_guidance)
    reach = trajectory["path.azimuth_end_deg"] - trajectory["path.azimuth_start_deg"]
    hook = values["Depth-Aware Render Hook"]
    assert (hook["inside_subject"], hook["scope"]) == ("background only" if reach > recipe.anchor_reach_deg else "everywhere", "trajectory")
    assert values["Photographs"] == values_of(comfy, LEARN)["Photographs"], "the same photographs make the same world"


@pytest.mark.parametrize("name", [LEARN, VIEWS])
def test_notes_name_every_file_and_its_folder(comfy: ComfyInProcess, name: str) -> None:
    nodes = read_workflow(name)["nodes"]
    notes = "\n".join(node["widgets_values"][0] for node in nodes if node["type"] == "MarkdownNote")
    chosen = [value for node in nodes for value in node.get("widgets_values") or [] if str(value).endswith((".safetensors", ".ckpt"))]
    assert chosen and all(f"`{file}`" in notes for file in chosen)
    for folder, file in FILES.items():
        assert (f"`models/{folder}`" in notes) == (file in chosen)
    assert "v3_sd15_adapter.ckpt" in notes and "measured on published weights" in notes
