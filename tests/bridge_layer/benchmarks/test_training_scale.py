"""The computed cost of training: what dense attention adds is known exactly, and so is a day."""

from __future__ import annotations

import pytest

from mvcustom.benchmarks.training_scale import BATCH, CLIPS, EPOCHS, FRAMES, LINK, SCOPES, build_network, count_days, count_update
from mvcustom.devtools.stand_in import CHANNELS


def test_dense_attention_adds_the_products_with_the_keys_of_other_cells() -> None:
    counts = {name: count_update(build_network(SCOPES[name], small=True), size=64) for name in ("1x1", "dense")}
    added = 0
    for level, channels in enumerate(CHANNELS):
        cells = (8 >> level) ** 2
        queries, keys = FRAMES * cells, FRAMES * cells - FRAMES  # the own cell's are counted under both
        added += 5 * 2 * 4 * queries * keys * channels  # modules of a level, attentions of a module; two products, of two operations each
    assert counts["dense"] - counts["1x1"] == 3 * added  # the backward pass makes two products for each one


def test_checkpointing_adds_most_of_a_forward_pass() -> None:
    kept, again = (count_update(build_network(SCOPES["3x3"], small=True, checkpointing=each), size=64) for each in (False, True))
    assert 1.2 < again / kept < 1.5


def test_days_follow_from_clips_a_second_and_traffic() -> None:
    assert count_days(10.0, 10**9, 1) == pytest.approx(EPOCHS * CLIPS / 10 / 86400)
    seconds = BATCH / 10 + 2 * 7 / 8 * 4 * 10**9 / LINK[8]
    assert count_days(10.0, 10**9, 8) == pytest.approx(EPOCHS * CLIPS / (8 * BATCH) * seconds / 86400)
