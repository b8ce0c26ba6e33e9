"""The picture of one query: what is bright, where the marks are, and which views are drawn."""

from __future__ import annotations

import torch

from mvcustom.mvcustom_core.plot.attention import QueryMaps, blend_heat, choose_views, plot_query
from mvcustom.mvcustom_core.plot.canvas import CATEGORIES, RAMP


def test_up_to_eight_views_are_drawn_and_the_querys_is_one() -> None:
    assert choose_views(5, 3) == [0, 1, 2, 3, 4]
    for count in (9, 16, 60):
        for query in range(count):
            views = choose_views(count, query)
            assert len(views) == 8 and views == sorted(set(views)) and query in views and 0 <= views[0] and views[-1] < count


def test_heat_has_the_colours_of_the_ramp_cell_by_cell() -> None:
    heat = torch.zeros(2, 2)
    heat[0, 1] = 0.4  # the strongest cell, whatever its value
    blended = blend_heat(torch.full((3, 8, 8), 0.5), heat)
    cold, hot = (torch.tensor(color) / 255 for color in (RAMP[0], RAMP[-1]))
    assert (blended[:, :4, 4:] - blended[:, :1, 4:5]).abs().max() < 1e-6
    mixed = blended[:, 0, 4] - blended[:, 7, 0]
    torch.testing.assert_close(mixed / (hot - cold), torch.full((3,), float(mixed[0] / (hot - cold)[0])), atol=0.02, rtol=0.02)


def test_the_query_is_a_ring_and_the_known_place_a_dot() -> None:
    pictures = torch.full((3, 3, 32, 32), 0.5)
    maps = QueryMaps(0, (0.5, 0.5), torch.tensor([[0.0, 0.0], [0.25, 0.75], [0.5, 0.5]]), torch.tensor([False, True, False]), [])
    sheet = plot_query(pictures, maps, "a module", width=600)
    side = (600 - 6 * 4) / 3
    green, orange = (torch.tensor(color) / 255 for color in (CATEGORIES[2], CATEGORIES[1]))

    def find(color: torch.Tensor, column: int) -> torch.Tensor:
        left = round(6 + column * (side + 6))
        part = sheet[:, :, left : left + round(side)]
        return ((part - color[:, None, None]).abs().amax(0) < 0.02).nonzero().float()

    dot = find(green, 1)
    assert len(dot) > 20 and abs(float(dot[:, 1].mean()) - 0.25 * side) < 1.5 and not len(find(green, 0)) and not len(find(green, 2))
    ring = find(orange, 0)
    assert len(ring) > 20 and abs(float(ring[:, 1].mean()) - 0.5 * side) < 1.5 and not len(find(orange, 1))
    assert float((ring - ring.mean(0)).norm(dim=-1).min()) > 5, "nothing covers the query itself"


def test_every_row_of_heat_is_a_row_of_the_sheet() -> None:
    pictures, heat = torch.rand(4, 3, 16, 24), torch.rand(4, 2, 3)
    maps = QueryMaps(1, (0.2, 0.3), torch.rand(4, 2), torch.ones(4, dtype=torch.bool), [("mean", heat), ("best", heat)])
    one = QueryMaps(1, (0.2, 0.3), maps.places, maps.known, maps.rows[:1])
    sheet = plot_query(pictures, maps, "a module", width=800)
    assert sheet.shape[0] == 3 and sheet.shape[2] == 800 and sheet.shape[1] > plot_query(pictures, one, "a module", width=800).shape[1]
    assert 0 <= float(sheet.min()) and float(sheet.max()) <= 1
