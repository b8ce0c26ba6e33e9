"""What photographs of a subject show in common holds the pose blocks' rays to the surface: CAMEO's loss (arXiv 2512.03045) for them.

The attention of a pose block from a target photograph to a reference is its rendering: a ray through a target's cell looks the reference up
where its samples project, and takes from each as much as the sample's share of the ray. Those shares, laid on the reference's cells, are a
distribution along the epipolar line. If a match of two photographs says which place of the reference shows the same surface point, then

    L = mean over matches of  -log ( 1 / (h w) + share of the ray that is looked up near that place ).

A ray that looks elsewhere has about the loss of a blind choice, ln(h w). A match that no sample of its ray comes near does not count, as in
attention a key outside of the window.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ...camera.cameras import Cameras
from ...camera.matches import Matches
from ...camera.rays import pixel_rays
from ..feature_nerf import Rendered
from ..lookup import NEAREST_DEPTH
from ..transfer import make_constant, send

REACH = 1.0  # cells of the reference, at which a sample no longer counts as near
QUERIES = 256  # matches of each ordered pair of photographs in an update


@dataclass(frozen=True, eq=False)
class DrawnMatches:
    """Matches between the targets and the references of an update.

    Attributes:
        targets, references: [M] which of them.
        here, there: [M, 2] (x, y) in the target and in the reference, in shares of the picture.
    """

    targets: Tensor  # [M]
    references: Tensor  # [M]
    here: Tensor  # [M, 2]
    there: Tensor  # [M, 2]


def select_photographs(matches: Matches, chosen: Sequence[int]) -> dict[tuple[int, int], Tensor]:
    """The matches between some of the photographs, by their places among the chosen."""
    place = {photograph: number for number, photograph in enumerate(chosen)}
    found = {}
    for (first, second), ends in matches.items():
        if first in place and second in place:
            ordered = place[first] < place[second]
            key = (place[first], place[second]) if ordered else (place[second], place[first])
            found[key] = ends if ordered else ends[:, [2, 3, 0, 1]]
    return found


def draw_matches(
    matches: Matches, targets: Sequence[int], references: Sequence[int], size: tuple[int, int], generator: torch.Generator
) -> DrawnMatches:
    """The matches between the targets and the references of an update, on the CPU; up to `QUERIES` of each pair.

    Args:
        targets, references: photographs; one that is both is not matched with itself.
        size: width and height of the photographs in pixels.
    """
    rows, ends = [], []
    for target, first in enumerate(targets):
        for reference, second in enumerate(references):
            found = matches.get((min(first, second), max(first, second)))
            if first == second or found is None:
                continue
            taken = found[torch.randperm(len(found), generator=generator)[:QUERIES]].cpu().float()
            ends.append(taken if first < second else taken[:, [2, 3, 0, 1]])
            rows += [(target, reference)] * len(taken)
    pairs = torch.tensor(rows, dtype=torch.long).reshape(-1, 2)
    here, there = (torch.cat([torch.zeros(0, 4), *ends]) / torch.tensor([*size, *size])).split(2, dim=1)
    return DrawnMatches(pairs[:, 0], pairs[:, 1], here, there)


def send_matches(drawn: DrawnMatches, device: torch.device) -> DrawnMatches:
    """The same on a device."""
    parts = (drawn.targets, drawn.references, drawn.here, drawn.there)
    return DrawnMatches(*(send(part.contiguous(), device) for part in parts))


def correspondence_loss(rendered: Iterable[Rendered], drawn: DrawnMatches, targets: Cameras, references: Cameras) -> Tensor:
    """The loss, averaged over the blocks, []; 0 where no match counts.

    Args:
        rendered: what the blocks see from the targets, of references with as many cells as they have themselves.
        targets, references: cameras of the update's photographs.
    """
    return torch.stack([_measure_block(view, drawn, targets, references) for view in rendered]).mean()


def _measure_block(view: Rendered, drawn: DrawnMatches, targets: Cameras, references: Cameras) -> Tensor:
    height, width = view.size
    cells = make_constant([width, height], drawn.here)
    column, row = (drawn.here * cells).long().minimum(cells.long() - 1).clamp(min=0).unbind(-1)
    ray = drawn.targets, row * width + column
    share, distance = view.samples[ray].unbind(-1)  # [M, S] both
    # a ray goes through some place of the match's cell; its partner is as far from the match's partner
    place = (view.places[ray] + 1) / 2  # [M, 2] in shares of the picture
    there = drawn.there + place - drawn.here
    looked_up, ahead = _project_samples(place, distance, drawn, targets, references)
    apart = ((looked_up - there[:, None]) * cells).norm(dim=-1)  # [M, S]
    near = (1 - apart / REACH).clamp(min=0) * ahead
    best = near.amax(dim=1)  # [M]
    counts = best > 0
    found = (share * near).sum(dim=1) / torch.where(counts, best, 1.0)
    loss = -(found + 1 / (height * width)).log()
    return (loss * counts).sum() / counts.sum().clamp(min=1)


def _project_samples(place: Tensor, distance: Tensor, drawn: DrawnMatches, targets: Cameras, references: Cameras) -> tuple[Tensor, Tensor]:
    """Where the references see the samples [M, S, 2], in shares of the picture, and whether they lie before them [M, S]."""
    size = make_constant([targets.width, targets.height], place)
    origins, directions = pixel_rays(targets[drawn.targets], (place * size)[:, None])  # [M, 3], [M, 1, 3]
    world = origins[:, None] + distance[..., None] * directions  # [M, S, 3]
    cameras = references[drawn.references]
    local = world @ cameras.w2c[:, :3, :3].mT + cameras.w2c[:, None, :3, 3]
    depth = local[..., 2:]
    image = (local / depth.where(depth > NEAREST_DEPTH, 1.0)) @ cameras.K.mT  # [M, S, 3]
    return image[..., :2] / make_constant([references.width, references.height], place), depth[..., 0] > NEAREST_DEPTH
