"""The paper's figure 5b on the embedded backbone as it is trained: one view's features are the anchor's, moved; what is decoded follows."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import pytest
import torch
from comfy.model_patcher import ModelPatcher
from comfy.sd import CLIP, VAE
from torch import Tensor

from mvcustom.mvcustom_core.backbone.attention import Scope
from mvcustom.mvcustom_core.surface.correspondence import find_correspondences
from mvcustom.mvcustom_core.surface.surface import build_surfaces
from mvcustom.nodes.bridge.backbone import embedded
from mvcustom.nodes.bridge.concept.tokens import encode_caption
from mvcustom.nodes.bridge.host.call import KEY
from mvcustom.tests.core_layer.surface.test_correspondence import make_anchor, make_row
from mvcustom.tests.host.embedded import sample

VIEWS, ANCHOR, MOVED, OTHER = 4, 0, 2, 3
CELLS = 4  # of 16 a side; a cell has 8 pixels
SITES, LEVEL = {("output", block) for block in (6, 7, 8)}, 1
CAPTION = "a red plain sphere on a grassy ground under a violet sky"

Backbone = tuple[ModelPatcher, CLIP, VAE]


@pytest.fixture(scope="module")
def backbone() -> Iterator[Backbone]:
    with torch.inference_mode():
        yield embedded.load_embedded()[:3]


@lru_cache(maxsize=1)
def follow_move(device: torch.device) -> dict[int, Any]:
    """What geometry says of it: a wall at depth 2, and one camera so far to the right that it sees the wall 4 cells to the left."""
    centers = [0.0] * VIEWS
    centers[MOVED] = CELLS * 8 * 2.0 / embedded.SIZE
    sizes = [(16 >> level, 16 >> level) for level in range(4)]
    found = find_correspondences(build_surfaces([make_anchor(torch.full((64, 64), 2.0), ANCHOR)], make_row(centers, embedded.SIZE)), sizes)
    return {level: found[size].to(device) for level, size in enumerate(sizes)}


def move_features(x: Tensor, block: tuple[str, int], options: dict[str, Any]) -> Tensor:
    """In the first 70 % of the steps the moved view has the anchor's features, 4 cells to the left."""
    schedule = options["sample_sigmas"]
    late = int((schedule[:-1] >= options["sigmas"][0] * (1 - 1e-4)).sum()) - 1 >= 0.7 * (len(schedule) - 1)
    if block not in SITES or late:
        return x
    views = x.unflatten(0, (-1, VIEWS)).clone()
    views[:, MOVED] = views[:, ANCHOR].roll(-(CELLS >> LEVEL), dims=-1)
    return views.flatten(0, 1)


def measure_displacement(anchor: Tensor, view: Tensor, reach: int = 48) -> int:
    """By how many pixels to the left a picture [H, W, 3] shows what the anchor shows: where the overlap's correlation is largest."""
    scores = {}
    for pixels in range(-reach, reach + 1):
        width = anchor.shape[1] - abs(pixels)
        a, b = (picture[:, start : start + width] for picture, start in ((anchor, max(0, pixels)), (view, max(0, -pixels))))
        a, b = (part - part.mean((0, 1)) for part in (a, b))
        scores[pixels] = float((a * b).sum() / (a.norm() * b.norm()))
    return max(scores, key=scores.get)


def move_content(backbone: Backbone, scope: Scope) -> tuple[int, int]:
    """The displacements of the moved view and of another one."""
    model, clip, vae = backbone
    moved = model.clone()
    entries = {"after_spatial": move_features, "correspondences": follow_move, "scopes": (scope,) * 4}
    moved.model_options["transformer_options"][KEY] = entries
    prompts = {"positive": encode_caption(clip, CAPTION), "negative": encode_caption(clip, "")}
    latents = sample(moved, views=VIEWS, size=embedded.SIZE, steps=6, cfg=1.0, **prompts)
    with torch.inference_mode():
        pictures = vae.decode(latents).float()
    return tuple(measure_displacement(pictures[ANCHOR], pictures[view]) for view in (MOVED, OTHER))


def test_displacement_is_measured() -> None:
    picture = torch.rand(16, 160, 3, generator=torch.Generator().manual_seed(0))
    assert [measure_displacement(picture[:, 48:112], picture[:, 48 + move : 112 + move]) for move in (-20, 0, 31)] == [-20, 0, 31]


@pytest.mark.parametrize("scope", [Scope(None), Scope(1, trajectory=True)], ids=str)
def test_content_moves_with_the_features(scope: Scope, backbone: Backbone) -> None:
    moved, other = move_content(backbone, scope)
    assert moved == pytest.approx(8 * CELLS, abs=4) and abs(other) < 4 * CELLS


def test_content_stays_at_scope_one(backbone: Backbone) -> None:
    moved, _ = move_content(backbone, Scope(1))
    assert abs(moved) <= 4 * CELLS, f"moved by {moved} px"
