"""Mask files however people save them: the same subject comes out, or the file is named that does not show it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from mvcustom.nodes.photographs import photograph_choices
from mvcustom.tests.node_layer.photographs.posed_folders import COUNT, HEIGHT, LEFT, WIDTH, load, make_cameras, photograph, write_folder

Array = np.ndarray  # [HEIGHT, WIDTH] bool, true on the subject


@pytest.fixture(autouse=True)
def no_plot(monkeypatch: pytest.MonkeyPatch) -> None:
    """The picture of the cameras takes half of the node's time and has tests of its own."""
    monkeypatch.setattr(photograph_choices, "plot_photographs", lambda *others, **more: torch.zeros(3, 4, 4))


def paint(subject: Array, on: tuple[int, ...] | int, off: tuple[int, ...] | int = 0) -> Array:
    on, off = np.array(on, np.uint8), np.broadcast_to(np.array(off, np.uint8), np.shape(on))
    return np.where(subject[..., None] if on.ndim else subject, on, off).astype(np.uint8)


def indexed(subject: Array, index: int, palette: list[int]) -> Image.Image:
    image = Image.fromarray(paint(subject, index)).convert("P")
    image.putdata(paint(subject, index).reshape(-1).tolist())
    image.putpalette(palette)
    return image


def swapped(subject: Array, palette: list[int]) -> Image.Image:
    """The subject has index 0."""
    return indexed(~subject, 1, palette)


def transparent_index(subject: Array) -> Image.Image:
    image = indexed(subject, 1, [255, 255, 255, 200, 100, 50])
    image.info["transparency"] = 0
    return image


MASKS: dict[str, tuple[Callable[[Array], Image.Image], str | None]] = {
    "grey": (lambda subject: Image.fromarray(paint(subject, 255)), None),
    "one bit": (lambda subject: Image.fromarray(paint(subject, 255)).convert("1"), None),
    "grey in three channels": (lambda subject: Image.fromarray(paint(subject, (255, 255, 255))), None),
    "labels 0 and 1": (lambda subject: Image.fromarray(paint(subject, 1)), "labels: what is not 0 is the subject"),
    "labels 0 and 3": (lambda subject: Image.fromarray(paint(subject, 3)), "labels"),
    "labels in three channels": (lambda subject: Image.fromarray(paint(subject, (1, 1, 1))), "labels"),
    "labels of 16 bits": (lambda subject: Image.fromarray(paint(subject, 1).astype(np.uint16)), "labels"),
    "16 bits": (lambda subject: Image.fromarray(paint(subject, 255).astype(np.uint16) * 257), None),
    "palette of two colours": (lambda subject: indexed(subject, 1, [40, 40, 90, 128, 0, 0]), "palette indices: what is not 0"),
    "palette of Pascal VOC": (lambda subject: indexed(subject, 4, [0, 0, 0] * 4 + [0, 0, 128]), "colour: what is not black is the subject"),
    "dark palette": (lambda subject: indexed(subject, 1, [0, 0, 0, 0, 0, 100]), "colour"),
    "palette in black and white": (lambda subject: indexed(subject, 1, [0, 0, 0, 255, 255, 255]), None),
    "palette in white and black": (lambda subject: swapped(subject, [255, 255, 255, 0, 0, 0]), None),
    "grey palette of labels": (lambda subject: indexed(subject, 1, [0, 0, 0, 1, 1, 1]), "labels"),
    "transparent palette": (transparent_index, "their transparency"),
    "red on black": (lambda subject: Image.fromarray(paint(subject, (255, 0, 0))), "colour: what is not black is the subject"),
    "dark blue on black": (lambda subject: Image.fromarray(paint(subject, (0, 0, 100))), "colour"),
    "white with transparency": (lambda subject: Image.fromarray(paint(subject, (255, 255, 255, 255), (255, 255, 255, 0))), "their trans"),
    "black with transparency": (lambda subject: Image.fromarray(paint(subject, (0, 0, 0, 255), 0)), "their transparency"),
    "opaque alpha": (lambda subject: Image.fromarray(paint(subject, (255, 255, 255, 255), (0, 0, 0, 255))), None),
    "grey with alpha": (lambda subject: Image.fromarray(paint(subject, (90, 255), (90, 0)), "LA"), "their transparency"),
}


def write_masks(folder: Path, make: Callable[[Array], Image.Image], ending: str = ".png") -> Array:
    """Masks made from the scene's own for all photographs; the subjects [COUNT, HEIGHT, WIDTH]."""
    write_folder(folder, make_cameras())
    subjects = photograph(make_cameras()).mask[:, 0].numpy() > 0.5
    (folder / "masks").mkdir()
    for i, subject in enumerate(subjects):
        make(subject).save(folder / "masks" / f"{i:02}{ending}")
    return subjects


@pytest.mark.parametrize("kind", MASKS)
def test_the_subject_comes_out_however_it_was_painted(tmp_path: Path, kind: str) -> None:
    make, way = MASKS[kind]
    subjects = write_masks(tmp_path, make)
    _, masks, *_, report = load(tmp_path)
    assert torch.equal(masks > 0.5, torch.from_numpy(subjects)[:, :, LEFT : LEFT + HEIGHT])
    assert masks[masks > 0.5].min() > 0.99 and masks[masks <= 0.5].max() < 0.01
    assert (f"note: {COUNT} photographs have masks read by {way}" in report) if way else ("masks read by" not in report)


def test_a_colour_that_was_compressed_is_one_colour(tmp_path: Path) -> None:
    """JPEG leaves thousands of colours about the edges."""
    larger = (8 * WIDTH, 8 * HEIGHT)
    subjects = write_masks(tmp_path, lambda subject: Image.fromarray(paint(subject, (0, 200, 30))).resize(larger, Image.NEAREST), ".jpg")
    for i in range(COUNT):
        (tmp_path / "masks" / f"{i:02}.jpg").rename(tmp_path / "masks" / f"{i:02}.png")  # by its content it stays what it is
    masks = load(tmp_path)[1]
    wrong = (masks > 0.5) != torch.from_numpy(subjects)[:, :, LEFT : LEFT + HEIGHT]
    assert wrong.float().mean() < 0.03


def several(subject: Array, image: Image.Image, second: int | tuple[int, ...]) -> Image.Image:
    """Something else beside the subject, in the corner."""
    ImageDraw.Draw(image).rectangle((0, 0, 10, 10), fill=second)
    return image


UNCLEAR: dict[str, tuple[Callable[[Array], Image.Image], str]] = {
    "black": (lambda subject: Image.new("L", (WIDTH, HEIGHT)), r"nowhere passes 0.5 \(at most 0.000\)"),
    "faint": (lambda subject: Image.new("L", (WIDTH, HEIGHT), 90), r"nowhere passes 0.5 \(at most 0.353\)"),
    "several labels": (lambda subject: several(subject, Image.fromarray(paint(subject, 1)), 2), r"nowhere passes 0.5 \(at most 0.008\)"),
    "several indices": (
        lambda subject: several(subject, indexed(subject, 1, [9, 9, 90, 99, 0, 0, 0, 99, 0]), 2),
        "wanted one subject in the mask, got palette indices 0, 1, 2",
    ),
    "several colours": (
        lambda subject: several(subject, Image.fromarray(paint(subject, (255, 0, 0))), (0, 255, 0)),
        "wanted one colour on black in the mask, got several colours",
    ),
    "transparent all over": (lambda subject: Image.new("RGBA", (WIDTH, HEIGHT), (0, 0, 0, 0)), "nowhere passes 0.5"),
}


@pytest.mark.parametrize("kind", UNCLEAR)
def test_masks_that_do_not_show_the_subject_are_refused_by_name(tmp_path: Path, kind: str) -> None:
    make, reason = UNCLEAR[kind]
    write_masks(tmp_path, make)
    with pytest.raises(ValueError, match=f"got 0 of 6; left out: 00.png: .*masks/00.png: .*{reason}.*; paint the subject white .*6 photo"):
        load(tmp_path)


def test_one_mask_that_shows_nothing_leaves_its_photograph_out(tmp_path: Path) -> None:
    write_masks(tmp_path, lambda subject: Image.fromarray(paint(subject, 255)))
    every = load(tmp_path)[0]
    Image.new("L", (WIDTH, HEIGHT)).save(tmp_path / "masks" / "02.png")
    images, *_, report = load(tmp_path)
    assert torch.equal(images, every[[0, 1, 3, 4, 5]])
    assert "masks/02.png: wanted the subject in the mask, got one that nowhere passes 0.5" in report


@pytest.mark.parametrize("others", [{}, {"crop": "whole photograph"}])
def test_masks_of_other_nodes_that_do_not_show_the_subject_leave_it_out(tmp_path: Path, others: dict[str, str]) -> None:
    """A file of labels 0 and 1 that came as an IMAGE has values up to 1/255."""
    write_folder(tmp_path, make_cameras())
    masks = photograph(make_cameras()).mask[:, 0].clone()
    masks[1] /= 255
    report = load(tmp_path, masks=masks, **others)[4]
    assert "photographs: 5 of 6" in report
    assert "01.png: wanted the subject in the mask, got one that nowhere passes 0.5 (at most 0.004); paint the subject white" in report
    with pytest.raises(ValueError, match="got 0 of 6; left out: 00.png: wanted the subject in the mask, .*6 photographs for this reason"):
        load(tmp_path, masks=masks / 255, **others)


def test_a_photograph_that_is_transparent_all_over_is_left_out(tmp_path: Path) -> None:
    write_folder(tmp_path, make_cameras())
    for i in range(COUNT):
        with Image.open(tmp_path / "images" / f"{i:02}.png") as image:
            image.putalpha(0 if i == 4 else 200)
        image.save(tmp_path / "images" / f"{i:02}.png")
    report = load(tmp_path)[4]
    assert "photographs: 5 of 6" in report and "04.png: wanted the subject in the mask, got one that nowhere passes 0.5" in report
