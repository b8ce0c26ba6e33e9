"""The core's own words: it knows fields and values, and not the interface that people work in.

Its errors and reports say which field, what was wanted and what came. What to connect, and to which node, is said by nodes and the bridge.
Read off the source: every text of more than one word, docstrings left out.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
CORE = sorted((ROOT / "mvcustom_core").rglob("*.py"))
NODES = sorted((ROOT / "nodes").rglob("*.py"))

WORDS = r"(dis|re)?connect\w*|nodes?|widgets?|inputs?|outputs?|sockets?|queue\w*|workflows?|graphs?|tooltips?|menus?|buttons?|ComfyUI"
SOCKETS = r"MODEL|CLIP|VAE|IMAGE|MASK|LATENT|CONDITIONING|GUIDER|SAMPLER|SIGMAS|NOISE"
HOST_NODES = ("Load LoRA", "Load Image", "Load Checkpoint", "KSampler")
OTHER_MEANINGS = {
    "CLIP score",  # a measure
    "CAMERA_ID MODEL WIDTH HEIGHT PARAMS[]",  # columns of COLMAP's files
    "trajectory (with the Depth-Aware Render Hook)",  # a choice that is saved in workflows under this name
}


def find_texts(tree: ast.AST) -> Iterator[ast.Constant]:
    """Strings with a space in them, parts of f-strings among them; strings that are statements of their own are documentation."""
    documentation = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation and " " in node.value:
            yield node


@cache
def find_node_names() -> set[str]:
    """Display names of the pack's nodes."""
    names = set()
    for file in NODES:
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and ast.unparse(call.func) == "io.Schema":
                names |= {word.value.value for word in call.keywords if word.arg == "display_name" and isinstance(word.value, ast.Constant)}
    return names


def find_interface_words(path: str, source: str) -> Iterator[str]:
    """Texts of a core file that speak of the interface."""
    names = "|".join(map(re.escape, sorted(find_node_names() | set(HOST_NODES))))
    pattern = re.compile(rf"\b(?i:{WORDS})\b|\b({SOCKETS}|{names})\b")
    for text in find_texts(ast.parse(source)):
        if text.value not in OTHER_MEANINGS and (found := pattern.search(text.value)):
            yield f"{path}:{text.lineno}: {found[0]!r} in {text.value!r}"


def name_file(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def test_core_does_not_speak_of_the_interface() -> None:
    assert not [fault for file in CORE for fault in find_interface_words(name_file(file), file.read_text(encoding="utf-8"))]


def test_names_of_nodes_are_known() -> None:
    assert {"Learn Concept", "Solve Cameras", "Evaluate Views"} <= find_node_names()


@pytest.mark.parametrize(
    "text",
    [
        "views: wanted 3, got 2; connect all views",
        "Connected to nothing",
        "wanted a mask; disconnect it",
        "check the depth node before",
        "take the widget's value",
        "wanted inputs of one size",
        "wanted the CLIP of this backbone",
        "use Learn Concept first",
        "image LoRAs go to Load LoRA",
        "restart ComfyUI and try again",
    ],
)
def test_interface_words_are_found(text: str) -> None:
    for source in (f"raise ValueError({text!r})", f"raise ValueError(f'{{name}} {text.replace(chr(39), '')}')"):
        assert len(list(find_interface_words("mvcustom_core/shapes.py", source))) == 1


@pytest.mark.parametrize(
    "source",
    [
        '"""Connect the node\'s inputs."""',
        'def f():\n    """Every node of the tree."""\n',
        "key = 'input'",
        "raise ValueError('views: wanted 3, one for each camera, got 2; give all views')",
        "score = {'CLIP score': 1}",
    ],
)
def test_other_texts_pass(source: str) -> None:
    assert not list(find_interface_words("mvcustom_core/shapes.py", source))
