"""Finds what a folder, a list or tars hold: one entry for each video or posed sequence, with its caption. Nothing is decoded here."""

from __future__ import annotations

import csv
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

from safetensors import safe_open

VIDEO_SUFFIXES = (".mp4", ".mkv", ".webm", ".mov", ".avi", ".m4v")
PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")
CAPTION, CAMERA_FILES = "caption.txt", ("transforms.json", "transforms_train.json", "sparse", "cameras.txt", "cameras.bin")
CO3D = "frame_annotations.jgz"
WEBVID = ("page_dir", "videoid", "name")
SHOWN = 3  # names in a message

Kind = Literal["video", "photographs", "realestate10k", "scene"]
EXTRAS: dict[Kind, tuple[str, ...]] = {
    "video": (), "photographs": ("w2c", "K"), "realestate10k": ("w2c", "K"), "scene": ("w2c", "K", "depth"),
}  # fmt: skip
"""What is known of an entry besides its frames: cameras [F, 4, 4] and [F, 3, 3] in pixels of the clip, depth [F, size, size]."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A video or a posed sequence that is still to be decoded.

    Attributes:
        kind: how it is read.
        name: for people.
        caption: its text.
        path: the file, or the folder of a sequence.
        offset, size: where in the file it lies; of a whole file 0 and the file's size.
    """

    kind: Kind
    name: str
    caption: str
    path: Path
    offset: int = 0
    size: int = 0

    @property
    def identity(self) -> tuple[str | int, ...]:
        """What changes when its content does."""
        file = self.path / "transforms.json" if self.kind == "photographs" and (self.path / "transforms.json").is_file() else self.path
        changed = file.stat().st_mtime_ns if file.exists() else 0
        return self.kind, str(self.path.resolve()), changed, self.offset, self.size


def find_entries(places: list[Path], caption: str | None) -> list[Entry]:
    """All entries of some places, in the order of the places and then by name.

    Args:
        places: folders of videos with texts, CSV files, folders of tars or single ones, folders of posed sequences, and folders of the
            embedded backbone's data stage.
        caption: for posed sequences without one; None: each must have its own.

    Raises:
        ValueError: if a place has none, or a video has no caption.
    """
    entries: list[Entry] = []
    for place in places:
        found = list(_find(place, caption))
        if not found:
            raise ValueError(f"--data: wanted videos, a CSV, tars or posed sequences in {place}, found none")
        entries += found
    return entries


def _find(place: Path, caption: str | None) -> Iterator[Entry]:
    if not place.exists():
        raise ValueError(f"--data: wanted a folder or file, got {place}, which does not exist")
    if place.is_file():
        return _read_tar(place) if place.suffix == ".tar" else _read_csv(place)
    tars = sorted(place.glob("*.tar"))
    if tars:
        return (entry for tar in tars for entry in _read_tar(tar))
    scenes = sorted(place.glob("[0-9]*.safetensors"))
    if scenes:
        return (entry for shard in scenes for entry in _read_scenes(shard))
    videos = sorted(path for path in place.rglob("*") if path.suffix.lower() in VIDEO_SUFFIXES)
    return _read_folder(videos) if videos else _find_posed(place, caption)


def _read_folder(videos: list[Path]) -> Iterator[Entry]:
    without = [video.name for video in videos if not video.with_suffix(".txt").is_file()]
    if without:
        named = ", ".join(without[:SHOWN])
        raise ValueError(f"--data: wanted a caption beside every video, as NAME.txt, got {len(without)} videos without one, first {named}")
    for video in videos:
        yield Entry("video", video.name, _read_text(video.with_suffix(".txt")), video, 0, video.stat().st_size)


def _read_csv(path: Path) -> Iterator[Entry]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = csv.DictReader(file)
        columns = tuple(rows.fieldnames or ())
        is_webvid = set(WEBVID) <= set(columns)
        if not is_webvid and not {"path", "caption"} <= set(columns):
            wanted = f"path and caption, or WebVid's {', '.join(WEBVID)}"
            raise ValueError(f"--data: wanted a CSV with the columns {wanted}, got {', '.join(columns) or 'none'} in {path.name}")
        for row in rows:
            name = f"{row['page_dir']}/{row['videoid']}.mp4" if is_webvid else row["path"]
            video = path.parent / name  # an absolute path stays one
            size = video.stat().st_size if video.is_file() else 0
            yield Entry("video", name, row["name" if is_webvid else "caption"].strip(), video, 0, size)


def _read_tar(path: Path) -> Iterator[Entry]:
    """The videos of a WebDataset tar, whose members NAME.mp4 and NAME.txt belong together. They are read in place, not unpacked."""
    try:
        with tarfile.open(path, "r:") as tar:
            members = [member for member in tar if member.isfile()]
            texts = {_stem(member): member for member in members if member.name.endswith(".txt")}
            for member in members:
                if PurePosixPath(member.name).suffix.lower() in VIDEO_SUFFIXES:
                    if _stem(member) not in texts:
                        raise ValueError(f"--data: wanted a caption NAME.txt for every video, got none for {member.name} in {path.name}")
                    caption = tar.extractfile(texts[_stem(member)]).read().decode("utf-8", "replace").strip()
                    yield Entry("video", f"{path.name}/{member.name}", caption, path, member.offset_data, member.size)
    except tarfile.TarError as error:
        raise ValueError(f"--data: wanted a plain tar, got {path.name}, which is none ({error})") from error


def _stem(member: tarfile.TarInfo) -> str:
    folder, _, name = member.name.rpartition("/")
    return f"{folder}/{name.split('.')[0]}"  # WebDataset's key ends at the first dot


def _find_posed(place: Path, caption: str | None) -> Iterator[Entry]:
    """The place as one sequence, or the sequences in its folders."""
    for folder in [place, *sorted(path for path in place.iterdir() if path.is_dir())]:
        text = _find_cameras(folder)
        if text is not None:
            yield Entry(text, folder.name, _caption_of(folder, caption), folder)
            if folder == place:
                return


def _find_cameras(folder: Path) -> Kind | None:
    if any((folder / name).exists() for name in CAMERA_FILES) or (folder.parent / CO3D).is_file():
        return "photographs"
    has_pictures = any(path.suffix.lower() in PICTURE_SUFFIXES for path in folder.iterdir())
    return "realestate10k" if has_pictures and folder.with_suffix(".txt").is_file() else None


def _caption_of(folder: Path, caption: str | None) -> str:
    if (folder / CAPTION).is_file():
        return _read_text(folder / CAPTION)
    if caption is None:
        raise ValueError(f"--data: wanted {CAPTION} in {folder}, found none; write it, or give all sequences one text by --caption")
    return caption


def _read_scenes(shard: Path) -> Iterator[Entry]:
    from ...mvcustom_core.embedded.scenes.grammar import VOCABULARY, SceneWords

    options = list(VOCABULARY.values())
    with safe_open(shard, "pt") as file:
        rows = file.get_tensor("words").tolist()
    for index, row in enumerate(rows):
        words = SceneWords(*(option[word] for option, word in zip(options, row, strict=True)))
        yield Entry("scene", f"{shard.name}, scene {index}", words.caption, shard, index)


def _read_text(path: Path) -> str:
    return path.read_text(encoding="utf-8").strip()
