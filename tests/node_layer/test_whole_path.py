"""The whole path in ComfyUI's executor, at the smallest size: every node of the pack runs, and the same seed gives the same views."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from mvcustom.tests.host.graph import whole_path


def run_views(comfy, **changes):
    graph = whole_path()
    for key, value in changes.items():
        node, name = key.split("__")
        graph[node]["inputs"][name] = value
    images = comfy.run(graph)["save"]["images"]
    folder = comfy.folder_paths.get_output_directory()
    return np.stack([np.asarray(Image.open(f"{folder}/{image['subfolder']}/{image['filename']}"), dtype=np.float32) for image in images])


def test_whole_path_is_finite_and_repeatable(comfy):
    first = run_views(comfy)
    assert first.shape == (3, 64, 64, 3)
    assert first.std() > 1
    np.testing.assert_array_equal(first, run_views(comfy))


def test_hook_changes_the_views(comfy):
    assert np.abs(run_views(comfy) - run_views(comfy, hook__strength=0.0, hook__shared_noise=False)).max() > 1


def test_wrong_batch_is_refused_before_sampling(comfy):
    with pytest.raises(RuntimeError, match="wanted 3, one for each camera, got 2"):
        run_views(comfy, latents__batch_size=2)
