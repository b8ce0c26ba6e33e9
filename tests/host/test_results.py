"""What a run's output nodes gave, as files."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from PIL import Image

from mvcustom.devtools.results import save_outputs


class Server:
    """Answers `/view` with a picture of the size that its name says."""

    def get(self, path: str, **query: Any) -> bytes:
        width, height = map(int, query["filename"].split(".")[0].split("x")[:2])
        buffer = io.BytesIO()
        Image.new("RGB", (width, height), (width, height, 0)).save(buffer, "PNG")
        return buffer.getvalue()


def test_pictures_of_two_sizes_of_one_node_are_all_saved(tmp_path: Path) -> None:
    """Views become a sheet and an animation; a plot and thumbnails, which a node gives under other names, do not."""
    files = {"images": ["32x16x0.png", "32x16x1.png"], "thumbnails": ["20x20.png"]}
    outputs = {"7": {kind: [{"filename": name} for name in names] for kind, names in files.items()} | {"text": ["view 0"]}}
    saved = save_outputs(Server(), {"7": {"_meta": {"title": "Path"}}}, outputs, tmp_path)  # type: ignore[arg-type]
    assert saved == {"Path": ["path_00.png", "path_01.png", "path_sheet.png", "path.webp", "path_02.png"]}
    assert [Image.open(tmp_path / name).size for name in saved["Path"]] == [(32, 16), (32, 16), (68, 16), (32, 16), (20, 20)]
