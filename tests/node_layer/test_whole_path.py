"""The whole path in ComfyUI's executor, at the smallest size: every node of the pack runs, and the same seed gives the same views."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from mvcustom.tests.host.graph import whole_path

STEPS = 2


def run_views(comfy, executor=None, **changes):
    graph = whole_path(steps=STEPS)
    for key, value in changes.items():
        node, name = key.split("__")
        graph[node]["inputs"][name] = value
    images = comfy.run(graph, executor)["save"]["images"]
    folder = comfy.folder_paths.get_output_directory()
    return np.stack([np.asarray(Image.open(f"{folder}/{image['subfolder']}/{image['filename']}"), dtype=np.float32) for image in images])


@pytest.fixture(scope="module")
def kept(comfy):
    """An executor that keeps what the path has given, so that a change runs again what follows from it alone."""
    return comfy.make_executor()


@pytest.fixture(scope="module")
def views(comfy, kept):
    return run_views(comfy, kept)


def test_whole_path_is_finite_and_repeatable(comfy, views):
    assert views.shape == (3, 64, 64, 3)
    assert views.std() > 1
    np.testing.assert_array_equal(views, run_views(comfy))


def test_hook_changes_the_views(comfy, kept, views):
    assert np.abs(views - run_views(comfy, kept, hook__strength=0.0, hook__shared_noise=False)).max() > 1


def test_wrong_batch_is_refused_before_sampling(comfy, kept):
    with pytest.raises(RuntimeError, match="wanted 3, one for each camera, got 2"):
        run_views(comfy, kept, latents__batch_size=2)


def test_a_saved_concept_is_loaded_and_guided(comfy, kept):
    """Learned and saved in one graph; loaded and shown with Concept Guider, the hook and the completion sampler in another."""
    graph = whole_path(steps=STEPS)
    save = {"concept": ["learn", 0], "filename_prefix": "whole_path", "licence": "CC0", "thumbnail": ["photographs", 0]}
    learning = {name: graph[name] for name in ("backbone", "photographs", "learn")}
    (shown,) = comfy.run(learning | {"keep": {"class_type": "MVCustomSaveConcept", "inputs": save}}, kept)["keep"]["images"]
    assert shown["type"] == "temp"
    name = max(entry for entry in comfy.folder_paths.get_filename_list("mvcustom") if entry.startswith("whole_path"))
    graph["learn"] = {"class_type": "MVCustomLoadConcept", "inputs": {"concept_file": name}}
    for guider in ("guider", "hooked_guider"):
        inputs = graph[guider]["inputs"]
        scales = {"text_guidance": inputs.pop("cfg"), "image_guidance": 2.0}
        graph[guider] = {"class_type": "MVCustomConceptGuider", "inputs": inputs | scales}
    assert len(comfy.run(graph, kept)["save"]["images"]) == 3
