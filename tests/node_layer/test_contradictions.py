"""Inputs that contradict each other are refused before anything runs, by the server's own validation, in the words of the run."""

from __future__ import annotations

import asyncio
from typing import Any

import execution
import pytest

from mvcustom.nodes.bridge.backbone.embedded import NAME
from mvcustom.nodes.bridge.cameras.saving import CAMERACTRL, TRANSFORMS
from mvcustom.nodes.sampling.latent_completion_sampler import INDEPENDENT, SHARED

PICTURE, MASK, CAMERAS = ["demo", 0], ["demo", 1], ["demo", 2]
TEXT, INTEGER = ["demo", 3], ["path", 3]  # not known before these nodes run
MODEL, CLIP, VAE = (["loader", i] for i in range(3))
DEMO = {"class_type": "MVCustomRenderDemoSubject", "inputs": {"seed": 1, "views": 4, "size": 64}}
LOADER = {"class_type": "MVCustomLoadBackbone", "inputs": {"checkpoint": NAME, "motion_file": "none (embedded backbone)"}}
ORBIT = {"path": "orbit", "path.azimuth_start_deg": 0.0, "path.azimuth_end_deg": 9.0, "path.elevation_deg": 0.0}
PATH = {"base_view": 0, "width": 64, "height": 64, "views": 3, **ORBIT}
REQUIRED: dict[str, dict[str, Any]] = {
    "MVCustomSaveCameras": {"cameras": CAMERAS, "format": TRANSFORMS, "filename_prefix": "mvcustom/cameras"},
    "MVCustomLatentCompletionSampler": {"masks": MASK, "until": 0.2, "repeats": 1, "feather": 1, "noise": INDEPENDENT},
    "MVCustomOnePassRenderHook": {
        **{"model": MODEL, "vae": VAE, "cameras": CAMERAS, "anchor": 0, "anchor_choice": "index", "depth_model": "embedded depth head"},
        **{"estimate_at": "0.1, 0.2, 0.4", "strength": 1.0, "until": 0.7},
    },
    "MVCustomEstimateAnchorDepth": {"views": PICTURE, "cameras": CAMERAS, "anchor": 0, "depth_image_meaning": "disparity"},
    "MVCustomConvertCameras": {"cameras": CAMERAS},
    "MVCustomLearnConcept": {
        **{"model": MODEL, "clip": CLIP, "vae": VAE, "images": PICTURE, "cameras": CAMERAS, "token": "<v*>", "class_word": "box"},
        **{"steps": 100, "learning_rate": 1e-4, "token_learning_rate": 1e-4, "frames": 2, "references": 2, "seed": 0, "warm_start": True},
    },
}


def find_errors(kind: str, changes: dict[str, Any]) -> list[tuple[str, str]]:
    """What the server says of a node with these inputs: the input that it blames, and the text."""
    prompt = {
        "demo": DEMO,
        "loader": LOADER,
        "path": {"class_type": "MVCustomCameraTrajectory", "inputs": PATH},
        "node": {"class_type": kind, "inputs": {**REQUIRED[kind], **changes}},
        "show": {"class_type": "PreviewAny", "inputs": {"source": ["node", 0]}},
    }
    *_, faults = asyncio.run(execution.validate_prompt("test", prompt, None))
    return [(error["extra_info"]["input_name"], error["details"]) for error in faults.get("node", {"errors": []})["errors"]]


STEPS = "rendering_steps: wanted 0 to 100, a part of the steps, got 200; lower it or raise steps"
CASES: list[tuple[str, dict[str, Any], set[str], str]] = [
    (
        "MVCustomSaveCameras",
        {},
        {"format"},
        "images: wanted the views, because transforms.json names a picture for every camera, got none; ",
    ),
    ("MVCustomSaveCameras", {"images": PICTURE}, set(), ""),
    ("MVCustomSaveCameras", {"format": CAMERACTRL}, set(), ""),
    ("MVCustomSaveCameras", {"format": "obj", "images": PICTURE}, {"format", "images"}, "format: wanted one of transforms.json, COLMAP"),
    ("MVCustomLatentCompletionSampler", {"noise": SHARED}, {"noise"}, "cameras: wanted the views' cameras for the noise"),
    ("MVCustomLatentCompletionSampler", {"noise": SHARED, "cameras": CAMERAS}, set(), ""),
    (
        "MVCustomOnePassRenderHook",
        {"until": 0.05},
        {"estimate_at", "until"},
        "estimate_at: wanted the first estimate before rendering",
    ),
    ("MVCustomOnePassRenderHook", {"estimate_at": "0.4, 0.2"}, {"estimate_at", "until"}, "estimate_at: wanted ascending shares between 0"),
    ("MVCustomOnePassRenderHook", {"estimate_at": "early"}, {"estimate_at", "until"}, "estimate_at: wanted shares of the denoising with"),
    ("MVCustomOnePassRenderHook", {"until": 1.5}, {"estimate_at", "until"}, "until: wanted 0.0 to 1.0, got 1.5"),
    ("MVCustomOnePassRenderHook", {}, set(), ""),
    (
        "MVCustomEstimateAnchorDepth",
        {"depth_image": PICTURE, "near": 2.0, "far": 1.0},
        {"depth_image", "near", "far"},
        "near and far: wanted 0 < near < far, got 2 and 1",
    ),
    ("MVCustomEstimateAnchorDepth", {"near": 1.0, "far": 2.0}, {"near", "far"}, "near and far: they belong to a depth_image, got none"),
    ("MVCustomEstimateAnchorDepth", {"depth_image": PICTURE, "near": 1.0, "far": 2.0}, set(), ""),
    ("MVCustomConvertCameras", {"text": "1 2 3"}, {"cameras", "text"}, "cameras: wanted one source, got cameras and text; "),
    ("MVCustomConvertCameras", {"text": " ", "file": ""}, set(), ""),
    ("MVCustomConvertCameras", {"text": TEXT}, set(), ""),
    ("MVCustomLearnConcept", {"rendering_steps": 200, "preset": "custom"}, {"steps", "rendering_steps", "preset"}, STEPS),
    ("MVCustomLearnConcept", {"rendering_steps": 200}, {"steps", "rendering_steps"}, STEPS),
    ("MVCustomLearnConcept", {"rendering_steps": 200, "preset": "embedded backbone"}, set(), ""),
    ("MVCustomLearnConcept", {"rendering_steps": INTEGER}, set(), ""),
    ("MVCustomLearnConcept", {"steps": 0}, {"steps"}, "steps: wanted 1 to 100000, got 0"),
]


@pytest.mark.usefixtures("comfy")
@pytest.mark.parametrize(("kind", "changes", "blamed", "message"), CASES)
def test_a_contradiction_is_refused_before_anything_runs(kind: str, changes: dict[str, Any], blamed: set[str], message: str) -> None:
    """At each input that takes part in it; and nothing is said of values that another node gives."""
    errors = find_errors(kind, changes)
    assert sorted(name for name, _ in errors) == sorted(blamed)
    assert all(f"{name} - {message}" in details for name, details in errors)
