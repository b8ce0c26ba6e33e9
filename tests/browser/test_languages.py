"""A language that a user chooses in the settings: the nodes' names and explanations are the file's, letter by letter."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mvcustom.devtools.server import ComfyServer
from mvcustom.tests.browser.chromium import ChromiumPage
from mvcustom.tests.browser.conftest import READY

FILE = Path(__file__).resolve().parents[2] / "locales" / "ko" / "nodeDefs.json"
CHOOSE = "(language => app.extensionManager.setting.set('Comfy.Locale', language))"
TRANSLATE = "(keys => keys.map(document.querySelector('#vue-app').__vue_app__.config.globalProperties.$t))"
TITLES = "(types => types.map(type => LiteGraph.registered_node_types[type].title))"


def name_texts(entry: Any, key: str) -> Iterator[tuple[str, str]]:
    """Key of the interface and text, of each text below an entry."""
    if isinstance(entry, str):
        yield key, entry
    else:
        for name, inner in entry.items():
            yield from name_texts(inner, f"{key}.{name}")


@pytest.fixture
def korean(page: ChromiumPage, comfy_server: ComfyServer) -> Iterator[ChromiumPage]:
    page.evaluate(f"{CHOOSE}('ko')")
    page.open(f"http://{comfy_server.address}")
    page.wait_for(READY)
    yield page
    page.evaluate(f"{CHOOSE}('en')")


def test_nodes_are_named_and_explained_in_korean(korean: ChromiumPage) -> None:
    nodes = json.loads(FILE.read_text(encoding="utf-8"))
    assert korean.evaluate(f"{TITLES}({json.dumps(list(nodes))})") == [node["display_name"] for node in nodes.values()]
    texts = dict(name_texts(nodes, "nodeDefs"))
    assert dict(zip(texts, korean.evaluate(f"{TRANSLATE}({json.dumps(list(texts))})"), strict=True)) == texts
