"""Where COLMAP's models lie in a folder of photographs, and which of several is taken: the one with most photographs.

COLMAP's mapper writes one model for every group of photographs that it could not join to the others, and not always the largest first.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .colmap_binary import count_images_binary
from .colmap_text import count_images_text

# In the order in which equally large ones are taken: beside the pictures, COLMAP's own, nerfstudio's, the undistorter's,
# what Gaussian splatting's converter starts from, instant-ngp's.
PLACES = (
    "",
    "sparse",
    "colmap/sparse",
    "colmap",
    "dense/sparse",
    "dense",
    "distorted/sparse",
    "colmap_text",
    "colmap_sparse",
    "text",
)
MODEL_FOLDERS = frozenset(part for place in PLACES for part in place.split("/") if part)
KINDS = {"txt": "text", "bin": "binary"}  # text first where both are there: people edit it


@dataclass(frozen=True)
class Model:
    """A model's folder and the ending of its files."""

    folder: Path
    kind: str

    @property
    def files(self) -> tuple[Path, Path]:
        return self.folder / f"cameras.{self.kind}", self.folder / f"images.{self.kind}"

    def count(self) -> int:
        """How many photographs it has registered.

        Raises:
            ValueError: if it cannot be read.
        """
        return (count_images_text if self.kind == "txt" else count_images_binary)(self.folder)

    def describe(self, root: Path) -> str:
        """For people to read, as seen from a folder."""
        return f"{self.folder.relative_to(root).as_posix()} ({KINDS[self.kind]})"


def find_models(folder: Path) -> list[Model]:
    """The models of a folder: in the usual places and their numbered folders."""
    return [model for place in PLACES for part in _list_parts(folder / place) for model in _list_kinds(part)]


def choose_model(models: list[Model], root: Path) -> tuple[Model, tuple[str, ...]]:
    """The model with most photographs, the first of equal ones; and, where there are several, a line that says which and why.

    A model that cannot be read loses to any that can.
    """
    if len(models) == 1:
        return models[0], ()
    counts, told = [], []
    for model in models:
        try:
            counts.append(model.count())
            told.append(f"{model.describe(root)} with {counts[-1]}")
        except ValueError as error:
            counts.append(-1)
            told.append(f"{model.describe(root)}, which cannot be read: {error}")
    best = counts.index(max(counts))
    why = "the first of those with most photographs" if counts.count(counts[best]) > 1 else "the one with most photographs"
    others = "; ".join(line for i, line in enumerate(told) if i != best)
    return models[best], (f"model: {told[best]} photographs is taken, {why}; there are also {others}; name the folder of one to take it",)


def list_homes(folder: Path, root: Path) -> list[Path]:
    """The folders about a camera file that may hold its pictures, nearest first: up to the root, or above it where that is a model's."""
    homes = [folder]
    while root in homes[-1].parents or _is_model_folder(homes[-1]):
        homes.append(homes[-1].parent)
    return homes


def _list_parts(place: Path) -> Iterator[Path]:
    """The numbered folders of a place in their order, and the place itself."""
    if place.is_dir():
        yield from sorted((part for part in place.iterdir() if part.name.isdigit() and part.is_dir()), key=lambda part: int(part.name))
        yield place


def _list_kinds(folder: Path) -> list[Model]:
    models = [Model(folder, kind) for kind in KINDS]
    return [model for model in models if any(file.is_file() for file in model.files)]


def _is_model_folder(folder: Path) -> bool:
    return folder.name in MODEL_FOLDERS or (folder.name.isdigit() and folder.parent.name in MODEL_FOLDERS)
