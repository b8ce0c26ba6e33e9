"""What a run leaves on disk: the images of every output node under the node's title, a contact sheet, an animation, and a summary."""

from __future__ import annotations

import itertools
import json
import math
import re
from pathlib import Path
from typing import Any

from PIL import Image

from .server import ComfyServer, PromptRun

FRAME_MILLISECONDS = 125
SHEET_GAP = 4


def save_outputs(server: ComfyServer, prompt: dict[str, Any], outputs: dict[str, Any], folder: Path) -> dict[str, list[str]]:
    """Fetch every file that the output nodes made; several images of one node also become a contact sheet and an animation.

    Returns the file names in `folder` by node title.
    """
    folder.mkdir(parents=True, exist_ok=True)
    stems = _name_outputs(prompt, outputs)
    saved = {}
    for node, output in outputs.items():
        files: list[Path] = []
        numbers = itertools.count()
        for kind, listed in output.items():  # a node's views belong together, and its plot and thumbnails do not
            items = [value for value in listed if isinstance(value, dict) and "filename" in value] if isinstance(listed, list) else []
            fetched = [_fetch(server, item, folder / f"{stems[node]}_{next(numbers):02d}") for item in items]
            stills = [file for file in fetched if file.suffix in (".png", ".jpg", ".jpeg")]
            stem = folder / (stems[node] if kind == "images" else f"{stems[node]}_{kind}")
            files += fetched + (_combine_images(stills, stem) if len(stills) > 1 else [])
        if files:
            saved[prompt[node]["_meta"]["title"]] = [file.name for file in files]
    return saved


def _fetch(server: ComfyServer, item: dict[str, str], stem: Path) -> Path:
    """One file of a node, as ComfyUI names it in its outputs."""
    file = stem.with_name(stem.name + Path(item["filename"]).suffix)
    query = {"filename": item["filename"], "subfolder": item.get("subfolder", ""), "type": item.get("type", "output")}
    file.write_bytes(server.get("/view", **query))
    return file


def write_summary(folder: Path, prompt: dict[str, Any], run: PromptRun, machine: dict[str, Any], files: dict[str, list[str]]) -> str:
    """Write `summary.json` and `summary.txt` (seconds per node, peak memory, files); return the text."""
    texts = {prompt[node]["_meta"]["title"]: output["text"] for node, output in run.outputs.items() if "text" in output}
    nodes = [
        {"node": node, "title": prompt[node]["_meta"]["title"], "class": prompt[node]["class_type"], "seconds": round(seconds, 3)}
        for node, seconds in run.seconds.items()
    ]
    summary = {"seconds": round(run.total_seconds, 3), **machine, "nodes": nodes, "files": files, "text": texts}
    (folder / "summary.json").write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
    width = max([len(entry["title"]) for entry in nodes], default=0)
    lines = [f"{entry['seconds']:9.2f} s  {entry['title']:{width}}  {entry['class']}" for entry in nodes]
    lines += [f"{run.total_seconds:9.2f} s  in total", *(f"{key}: {value}" for key, value in machine.items())]
    lines += [f"{title}: {' '.join(map(str, text))}" for title, text in texts.items()]
    lines += [f"{title}: {len(names)} files ({names[0]} ...)" for title, names in files.items()]
    text = "\n".join(lines) + "\n"
    (folder / "summary.txt").write_text(text, encoding="utf-8")
    return text


def _name_outputs(prompt: dict[str, Any], outputs: dict[str, Any]) -> dict[str, str]:
    """File stems by node: the title; with the node's id where two nodes share a title."""
    stems = {node: re.sub(r"\W+", "_", prompt[node]["_meta"]["title"].lower()).strip("_") for node in outputs}
    return {node: stem if list(stems.values()).count(stem) == 1 else f"{stem}_{node}" for node, stem in stems.items()}


def _combine_images(files: list[Path], stem: Path) -> list[Path]:
    images = [Image.open(file).convert("RGB") for file in files]
    width, height = max(image.width for image in images), max(image.height for image in images)
    columns = math.ceil(math.sqrt(len(images)))
    rows = math.ceil(len(images) / columns)
    sheet = Image.new("RGB", (columns * (width + SHEET_GAP) - SHEET_GAP, rows * (height + SHEET_GAP) - SHEET_GAP), "white")
    for index, image in enumerate(images):
        row, column = divmod(index, columns)
        sheet.paste(image, (column * (width + SHEET_GAP), row * (height + SHEET_GAP)))
    sheet_file, animation_file = stem.with_name(f"{stem.name}_sheet.png"), stem.with_name(f"{stem.name}.webp")
    sheet.save(sheet_file)
    images[0].save(animation_file, save_all=True, append_images=images[1:], duration=FRAME_MILLISECONDS, loop=0, quality=90)
    return [sheet_file, animation_file]
