"""The count of GLD's arithmetic against a count by hand."""

from __future__ import annotations

from mvcustom.benchmarks.gld_cost import compute, time_block


def test_block_is_counted_as_by_hand() -> None:
    row, tokens, width = time_block(views=2, side=2), 8, 768
    weights = width * 3 * width + width * width + width * 2 * 2048 + 2048 * width
    products = 2 * tokens * weights + 2 * width * 6 * width  # the modulation is one row
    attention = 2 * 2 * tokens * tokens * width
    cameras = 4 * 2 * tokens * width // 2 * 4  # q, k, v and the result: half of the channels by 4 x 4 matrices
    counted = row["GFLOP"] * 1e9
    assert products + attention <= counted <= products + attention + cameras + 2e4  # and the matrices themselves


def test_published_parameters_and_growth_with_views() -> None:
    few, more = compute(views=2, side=2), compute(views=4, side=2)
    assert [round(row["parameters, M"], 1) for row in few] == [86.6, 783.3, 472.5, 422.5]
    assert all(1.5 < after["TFLOP"] / before["TFLOP"] < 2.5 for before, after in zip(few, more, strict=True))
    assert [row["times a run"] for row in few] == [1, 98, 98, 1]
