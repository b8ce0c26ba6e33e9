"""Every language of `locales/` names and explains what the nodes have: no more, no less. English is the schemas' own and has no file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mvcustom.tests.host.in_process import ComfyInProcess

LOCALES = Path(__file__).resolve().parents[2] / "locales"
LANGUAGES = sorted(folder.name for folder in LOCALES.iterdir())
LETTERS = {"ko": r"[가-힣]"}  # of the language
SYNTAX = re.compile(r"[{}@|]")  # the interface would read these as its own
COUNTED = r"\d+(?:\.\d+)?"


def name_inputs(inputs: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Key and tooltip of each input; the choices of a dynamic combo bring inputs of their own. The interface writes _ for a dot."""
    for group in ("required", "optional"):
        for name, (_, *rest) in inputs.get(group, {}).items():
            options = rest[0] if rest else {}
            yield (prefix + name).replace(".", "_"), options["tooltip"]
            for choice in options.get("options") or []:
                if isinstance(choice, dict):
                    yield from name_inputs(choice["inputs"], f"{prefix}{name}.")


def describe_keys(node: Any) -> dict[str, Any]:
    info = node.GET_NODE_INFO_V1()
    outputs = {str(i) for i in range(len(info["output"]))}
    keys = {"display_name", "description", "inputs"} | ({"outputs"} if outputs else set())
    return {"keys": keys, "inputs": {key for key, _ in name_inputs(info["input"])}, "outputs": outputs}


def read_language(language: str) -> dict[str, Any]:
    return json.loads((LOCALES / language / "nodeDefs.json").read_text(encoding="utf-8"))


def texts_of(entry: Any) -> Iterator[str]:
    if isinstance(entry, str):
        yield entry
    else:
        for inner in entry.values():
            yield from texts_of(inner)


@pytest.fixture(scope="module")
def nodes(comfy: ComfyInProcess) -> dict[str, Any]:
    from mvcustom.nodes.catalogue import NODES

    return {node.GET_SCHEMA().node_id: node for node in NODES}


def test_the_languages() -> None:
    assert LANGUAGES == ["ko"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_language_has_the_keys_of_the_schemas(nodes: dict[str, Any], language: str) -> None:
    translated = read_language(language)
    assert sorted(translated) == sorted(nodes)
    for node_id, entry in translated.items():
        wanted = describe_keys(nodes[node_id])
        found = {"keys": set(entry), "inputs": set(entry["inputs"]), "outputs": set(entry.get("outputs", {}))}
        assert found == wanted, node_id
        assert all(set(socket) == {"tooltip"} for sockets in ("inputs", "outputs") for socket in entry.get(sockets, {}).values())


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_are_in_the_language_and_hold_nothing_that_the_interface_reads(language: str) -> None:
    for node_id, entry in read_language(language).items():
        for text in texts_of(entry):
            assert re.search(LETTERS[language], text) and not SYNTAX.search(text), (node_id, text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_display_names_tell_the_nodes_apart(language: str) -> None:
    names = [entry["display_name"] for entry in read_language(language).values()]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("language", LANGUAGES)
def test_numbers_of_a_tooltip_are_those_of_the_english_one(nodes: dict[str, Any], language: str) -> None:
    """A value that changed in one of the two. Inputs that several choices share may say more."""
    for node_id, entry in read_language(language).items():
        english: dict[str, list[str]] = {}
        for key, tooltip in name_inputs(nodes[node_id].GET_NODE_INFO_V1()["input"]):
            english.setdefault(key, []).append(tooltip)
        for key, (tooltip, *more) in english.items():
            translated = entry["inputs"][key]["tooltip"]
            missing = set(re.findall(COUNTED, tooltip)) - set(re.findall(COUNTED, translated))
            assert more or not missing, (node_id, key, missing)
