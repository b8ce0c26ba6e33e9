"""What Learn Concept shows while it works: every stage, the time left, to the client that asked."""

from __future__ import annotations

import math
import sys
import types
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import comfy.model_management
import folder_paths
import pytest

from mvcustom.mvcustom_core.concept.learning.state import StepReport, load_finished
from mvcustom.nodes.bridge.learning.display import RECENT, Pace, describe_progress
from mvcustom.tests.bridge_layer.learning.runs import OPTIONS, learn

ON_NODE = replace(OPTIONS, node="7")

pytestmark = pytest.mark.usefixtures("quick_preview", "copied_once")


def watch(monkeypatch: pytest.MonkeyPatch, client: str | None = "a client", look: Callable[[str], None] = lambda _: None) -> list[Any]:
    """What is sent to the server's clients."""
    sent: list[Any] = []

    def send(text: str, node: str, sid: str | None = None) -> None:
        sent.append((text, node, sid))
        look(text)

    server = types.SimpleNamespace(instance=types.SimpleNamespace(send_progress_text=send, client_id=client))
    monkeypatch.setitem(sys.modules, "server", types.SimpleNamespace(PromptServer=server))
    return sent


def test_every_stage_is_named_on_the_node_of_the_client_that_asked(monkeypatch: pytest.MonkeyPatch):
    sent = watch(monkeypatch)
    learn(options=ON_NODE)
    assert {(node, client) for _, node, client in sent} == {("7", "a client")}
    texts = [text for text, *_ in sent]
    for stage, text in zip(
        (
            "looking for what was learned before",
            "encoding photographs: 0 of 5",
            "encoding photographs: 4 of 5",
            "loading the backbone",
            "preparing update 1 of 2",
            "step 1 of 2, loss ",
            "step 2 of 2, loss ",
            "drawing what was learned",
            "finished after 2 updates",
        ),
        texts,
        strict=True,
    ):
        assert text.startswith(stage), texts
    sent.clear()
    learn(options=ON_NODE)
    assert [text for text, *_ in sent] == [
        "looking for what was learned before",
        "finished after 2 updates, found as they were learned before",
    ]


@pytest.mark.parametrize("changes", [{"rendering_steps": 9}, {"pose_rate": math.inf}], ids=["before it starts", "while it learns"])
def test_a_failure_is_the_last_that_the_node_says(monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any]):
    sent = watch(monkeypatch)
    with pytest.raises(ValueError) as failure:
        learn(options=ON_NODE, **changes)
    assert sent[-1][0] == f"failed: {failure.value}"


def test_nothing_is_sent_where_no_client_asked(monkeypatch: pytest.MonkeyPatch):
    sent = watch(monkeypatch, client=None)
    learn(steps=1, options=ON_NODE)
    assert not sent, "it would go to all clients"


@pytest.mark.parametrize("stage", ["looking", "encoding photographs: 4", "loading", "preparing", "drawing"])
def test_every_stage_can_be_cancelled(monkeypatch: pytest.MonkeyPatch, stage: str):
    def cancel(text: str) -> None:
        if text.startswith(stage):
            comfy.model_management.interrupt_current_processing(True)

    sent = watch(monkeypatch, look=cancel)
    with pytest.raises(comfy.model_management.InterruptProcessingException):
        learn(steps=1, options=ON_NODE)
    names = [text.partition(":")[0].split()[0] for text, *_ in sent]
    assert names.count(stage.split()[0].rstrip(":")) >= 1 and sent[-1][0] == "cancelled"
    if stage == "drawing":
        (kept,) = Path(folder_paths.output_directory, "mvcustom", "learning").iterdir()
        assert load_finished(kept).state.step == 1
    assert not comfy.model_management.processing_interrupted()


def test_time_left_is_of_recent_updates_and_of_each_kind_apart():
    pace, now = Pace(steps=300, rendering_steps=200), 0.0
    assert pace.describe(0) == ""
    for step in range(1, 101):
        now += 60.0 if step == 1 else 2.0 if step < 100 - RECENT else 0.1  # the first one sets up, later ones are warm
        pace.count(step, now)
        if step == 1:
            assert pace.describe(step) == "", "one update is no measure"
    assert pace.describe(100) == "0 min 10 s left of the updates without the U-Net"
    for step in range(101, 203):
        now += 0.1 if step <= 200 else 30.0 if step == 201 else 3.0
        pace.count(step, now)
        if step == 201:
            assert pace.describe(step) == ""
    assert pace.describe(202) == "4 min 54 s left"
    for step in range(203, 301):
        pace.count(step, now := now + 3.0)
    assert pace.describe(300) == "0 min 0 s left"


def test_time_left_of_both_kinds_after_a_break():
    pace = Pace(steps=20, rendering_steps=0)
    for step, now in ((15, 100.0), (16, 102.0), (17, 104.0)):
        pace.count(step, now)
    assert pace.describe(17) == "0 min 6 s left"


def test_progress_in_words():
    report = StepReport(step=25, total=0.314159, losses={}, sigma=1.0, seconds=0.5, held_out=0.12)
    assert describe_progress(report, 1600, "13 min 8 s left") == "step 25 of 1600, loss 0.314, held out 0.12, 13 min 8 s left"
    assert describe_progress(replace(report, held_out=None), 26, "") == "step 25 of 26, loss 0.314"
