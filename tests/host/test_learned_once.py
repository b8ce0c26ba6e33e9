"""On a real server, and in another ComfyUI on its files: what was learned once is not learned again, whatever ComfyUI forgets."""

from __future__ import annotations

import io
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from mvcustom.devtools.server import ComfyServer
from mvcustom.tests.host.graph import whole_path
from mvcustom.tests.host.in_process import ComfyInProcess

LEARNING = ("backbone", "photographs", "learn")


def make_prompt(prefix: str = "") -> dict[str, Any]:
    """Photographs, learning, and the shown results; `prefix` makes other node ids, as a copy in another workflow has."""
    prompt = {name: node for name, node in whole_path().items() if name in LEARNING}
    prompt["learn"]["inputs"]["class_word"] = "box"
    for name, kind, slot in (("curves", "PreviewImage", 2), ("preview", "PreviewImage", 3), ("report", "PreviewAny", 5)):
        key = "source" if kind == "PreviewAny" else "images"
        prompt[name] = {"class_type": kind, "inputs": {key: ["learn", slot]}, "_meta": {"title": name}}

    def rename(value: Any) -> Any:
        return [prefix + value[0], value[1]] if isinstance(value, list) else value

    return {
        prefix + name: {**node, "inputs": {key: rename(value) for key, value in node["inputs"].items()}} for name, node in prompt.items()
    }


def learn(server: ComfyServer, prefix: str = "") -> tuple[list[bytes], str, list[int]]:
    """The pictures' pixels, the report, and the updates that were shown. A picture's file has its prompt in it as well."""
    updates: list[int] = []

    def look(name: str, data: dict[str, Any]) -> None:
        if name == "progress" and data["node"] == f"{prefix}learn":
            updates.append(data["value"])

    outputs = server.run_prompt(make_prompt(prefix), look).outputs
    found = [outputs[prefix + name]["images"][0] for name in ("curves", "preview")]
    files = [server.get("/view", filename=each["filename"], subfolder=each["subfolder"], type=each["type"]) for each in found]
    pictures = [Image.open(io.BytesIO(file)).tobytes() for file in files]
    return pictures, outputs[f"{prefix}report"]["text"][0], updates


def free_memory(server: ComfyServer) -> None:
    """Let the server forget models and results. It does so after the next prompt at the latest, so a small one is run."""
    body = b'{"unload_models": true, "free_memory": true}'
    urllib.request.urlopen(urllib.request.Request(f"http://{server.address}/free", body, {"Content-Type": "application/json"})).close()
    picture = {"class_type": "EmptyImage", "inputs": {"width": 8, "height": 8, "batch_size": 1, "color": 0}, "_meta": {"title": "picture"}}
    shown = {"class_type": "PreviewImage", "inputs": {"images": ["picture", 0]}, "_meta": {"title": "shown"}}
    server.run_prompt({"picture": picture, "shown": shown})


def learn_here(host: ComfyInProcess, base: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[list[bytes], str, list[int]]:
    """The same in this process, which knows no more of the server than the files in its folder, and keeps no outputs."""
    import comfy.utils
    from comfy_execution.utils import get_executing_context

    updates: list[int] = []
    monkeypatch.setattr(host.folder_paths, "output_directory", str(base / "output"))

    def look(value: int, *_: Any, node_id: str | None = None) -> None:
        node = node_id or get_executing_context().node_id
        if node == "learn":
            updates.append(value)

    monkeypatch.setattr(comfy.utils, "PROGRESS_BAR_HOOK", look)
    outputs = host.run(make_prompt(), host.make_executor("NONE"))
    found = [outputs[name]["images"][0] for name in ("curves", "preview")]
    files = [Path(host.folder_paths.get_temp_directory(), each["subfolder"], each["filename"]) for each in found]
    return [Image.open(file).tobytes() for file in files], outputs["report"]["text"][0], updates


def test_a_concept_is_learned_once_through_cleared_caches_copies_and_restarts(
    comfy_server: ComfyServer, comfy: ComfyInProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures, report, updates = learn(comfy_server)
    assert updates == [1, 2] and "was learned before" not in report
    free_memory(comfy_server)
    for prefix in ("", "copy of "):
        again = learn(comfy_server, prefix)
        assert "was learned before (2 updates" in again[1], (again[1], report)
        assert again[0] == pictures and not again[2]
    again = learn_here(comfy, comfy_server.log_path.parent, monkeypatch)
    assert again[0] == pictures and "was learned before (2 updates" in again[1] and not again[2]
    assert report.splitlines()[0] == again[1].splitlines()[0]
