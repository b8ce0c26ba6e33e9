"""The concept, its file, and the files that are refused."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from mvcustom.mvcustom_core.camera.cameras import Cameras
from mvcustom.mvcustom_core.concept.concept import Concept, check_backbone, choose_references, load_concept, save_concept
from mvcustom.mvcustom_core.concept.pose_block import PoseBlocks, PoseLayout, PoseSite
from mvcustom.mvcustom_core.concept.ray_samples import NerfSettings
from mvcustom.mvcustom_core.concept.storage import read_tensors, write_tensors

LAYOUT = PoseLayout(sites=(PoseSite(2, 8, 1), PoseSite(4, 12, 2)), text_width=16)


@pytest.fixture
def concept() -> Concept:
    settings = NerfSettings(samples=6, far=1.5)
    w2c = torch.eye(4).repeat(3, 1, 1)
    w2c[:, 2, 3] = torch.tensor([0.8, 0.9, 1.0])
    return Concept(
        pose=PoseBlocks(LAYOUT, settings, torch.Generator().manual_seed(0)).state_dict(),
        token=torch.randn(1, 16),
        token_text="<v*>",
        class_word="teddy bear",
        caption="photo of a teddy bear, größer",
        latents=torch.randn(3, 4, 8, 6),
        cameras=Cameras(w2c=w2c, K=torch.diag(torch.tensor([50.0, 50.0, 1.0])).repeat(3, 1, 1), width=48, height=64),
        layout=LAYOUT,
        nerf=settings,
        metadata={"steps": 12, "losses": {"rgb": 0.1}, "licence": "CC BY 4.0"},
        backbone="0123456789abcdef",
        masks=torch.rand(3, 1, 8, 6, generator=torch.Generator().manual_seed(5)),
        thumbnail=torch.arange(3 * 4 * 5, dtype=torch.uint8).view(3, 4, 5),
    )


@pytest.fixture
def path(tmp_path: Path, concept: Concept) -> Path:
    save_concept(tmp_path / "bear.safetensors", concept)
    return tmp_path / "bear.safetensors"


def test_roundtrip(path: Path, concept: Concept):
    loaded = load_concept(path)
    assert loaded.pose.keys() == concept.pose.keys()
    for name, tensor in concept.pose.items():
        assert torch.equal(loaded.pose[name], tensor)
    for name in ("token", "latents", "masks", "thumbnail"):
        assert torch.equal(getattr(loaded, name), getattr(concept, name)) and getattr(loaded, name).dtype == getattr(concept, name).dtype
    for name in ("token_text", "class_word", "caption", "layout", "nerf", "metadata", "backbone"):
        assert getattr(loaded, name) == getattr(concept, name)
    assert torch.equal(loaded.cameras.w2c, concept.cameras.w2c) and torch.equal(loaded.cameras.K, concept.cameras.K)
    assert (loaded.cameras.width, loaded.cameras.height) == (48, 64)


def test_optional_parts_may_be_absent(path: Path, concept: Concept):
    save_concept(path, replace(concept, masks=None, thumbnail=None))
    _, facts = read_tensors(path, "mvcustom-concept")
    del facts["backbone"]  # as the first release wrote
    write_tensors(path, load_file(path), "mvcustom-concept", facts)
    loaded = load_concept(path)
    assert loaded.masks is None and loaded.thumbnail is None and loaded.backbone == ""


def test_pose_blocks_carry_the_saved_weights(path: Path, concept: Concept):
    blocks = load_concept(path).build_pose_blocks()
    assert list(blocks) == [2, 4] and not any(parameter.requires_grad for parameter in blocks.parameters())
    for name, tensor in blocks.state_dict().items():
        assert tensor.dtype == torch.float32 and torch.equal(tensor, concept.pose[name])


def test_saving_replaces_whole_files_and_leaves_nothing_else(path: Path, concept: Concept):
    save_concept(path, replace(concept, caption="another"))
    assert load_concept(path).caption == "another"
    assert [entry.name for entry in path.parent.iterdir()] == ["bear.safetensors"]


def test_a_failed_save_keeps_the_old_file(path: Path, concept: Concept):
    before = path.read_bytes()
    with pytest.raises(TypeError):
        save_concept(path, replace(concept, metadata={"losses": object()}))
    with pytest.raises((OSError, ValueError, RuntimeError)):
        write_tensors(path, {"sparse": torch.zeros(2, 2).to_sparse()}, "mvcustom-concept", {})
    assert path.read_bytes() == before and len(list(path.parent.iterdir())) == 1


@contextmanager
def small_disk() -> Iterator[None]:
    """Files may grow to 4 KiB, as on a disk that is about to be full; the files into which the tests' own output goes, too."""
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_keeps_the_old_file(path: Path, concept: Concept):
    before = path.read_bytes()
    with pytest.raises(OSError, match="bear.safetensors: could not be written .*free some space"), small_disk():
        save_concept(path, concept)
    assert path.read_bytes() == before and [entry.name for entry in path.parent.iterdir()] == ["bear.safetensors"]


def test_a_folder_that_cannot_be_written_is_named(path: Path, concept: Concept):
    for folder in (path.parent / "absent", path):
        with pytest.raises(OSError, match="new.safetensors: could not be written .*choose a folder that may be written"):
            save_concept(folder / "new.safetensors", concept)


def test_the_file_is_on_the_disk_before_it_gets_its_name(path: Path, concept: Concept, monkeypatch: pytest.MonkeyPatch):
    order: list[str] = []

    def note(name: str, real: Callable[..., None]) -> Callable[..., None]:
        return lambda *args: [order.append(name), real(*args)][1]

    for name in ("fsync", "replace"):
        monkeypatch.setattr(os, name, note(name, getattr(os, name)))
    save_concept(path, concept)
    assert order == ["fsync", "replace"]


@pytest.mark.parametrize("keep", [0, 5, 200, -1])
def test_truncated_file_is_named(path: Path, keep: int):
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ValueError, match="bear.safetensors: wanted a whole safetensors file, got an empty or cut one"):
        load_concept(path)


def test_foreign_files_are_named(path: Path):
    save_file({"lora.weight": torch.zeros(2)}, path)
    with pytest.raises(ValueError, match="wanted a file of kind mvcustom-concept, got a safetensors file of another program"):
        load_concept(path)
    write_tensors(path, {"a": torch.zeros(2)}, "mvcustom-learning", {})
    with pytest.raises(ValueError, match="wanted a file of kind mvcustom-concept, got mvcustom-learning"):
        load_concept(path)
    save_file({"a": torch.zeros(2)}, path, metadata={"kind": "mvcustom-concept", "version": "2", "facts": "{}"})
    with pytest.raises(ValueError, match="wanted version 1 or older, got 2; update this pack"):
        load_concept(path)
    with pytest.raises(FileNotFoundError, match="absent"):
        load_concept(path.with_name("absent.safetensors"))


def test_a_file_without_a_part_is_named(path: Path):
    _, facts = read_tensors(path, "mvcustom-concept")
    tensors = load_file(path)
    del tensors["token"]
    write_tensors(path, tensors, "mvcustom-concept", facts)
    with pytest.raises(ValueError, match="wanted a whole concept, got one without 'token'"):
        load_concept(path)
    write_tensors(path, tensors, "mvcustom-concept", {})
    with pytest.raises(ValueError, match="without 'image_size'"):
        load_concept(path)


def test_a_file_whose_parts_do_not_fit_is_named(path: Path, concept: Concept):
    tensors, facts = read_tensors(path, "mvcustom-concept")
    for change in ({"nerf": {"cubes": 3}}, {"image_size": [0, 0]}, {"layout": {"sites": [[2, 8, 1]], "text_width": 12}}):
        write_tensors(path, tensors, "mvcustom-concept", {**facts, **change})
        with pytest.raises(ValueError, match="bear.safetensors: wanted a whole concept, got parts that do not fit"):
            load_concept(path)


def test_concept_refuses_parts_that_do_not_fit(concept: Concept):
    with pytest.raises(ValueError, match="wanted a token of width 16, got 12"):
        replace(concept, token=torch.zeros(1, 12))
    with pytest.raises(ValueError, match="got 2 latents and 3 cameras"):
        replace(concept, latents=concept.latents[:2], masks=None)
    with pytest.raises(ValueError, match=r"shape \[A 1 h w\] with A=3, h=8, w=6, got \[2, 1, 8, 6\]"):
        replace(concept, masks=concept.masks[:2])
    with pytest.raises(ValueError, match=r"shape \[3 H W\].*got \[4, 5\]"):
        replace(concept, thumbnail=concept.thumbnail[0])
    other = PoseLayout(sites=(PoseSite(2, 8, 1), PoseSite(4, 16, 2)), text_width=16)
    with pytest.raises(ValueError, match=r"wanted blocks.4.change \(16, 16\), got \(12, 12\)"):
        replace(concept, layout=other)
    with pytest.raises(ValueError, match=r"wanted blocks.4.change absent, got \(12, 12\)"):
        replace(concept, layout=PoseLayout(sites=LAYOUT.sites[:1], text_width=16))
    with pytest.raises(ValueError, match=r"wanted blocks.2.change \(8, 8\), got none"):
        replace(concept, pose={name: tensor for name, tensor in concept.pose.items() if name != "blocks.2.change"})


def test_check_backbone(concept: Concept):
    check_backbone(concept, LAYOUT)
    check_backbone(concept, PoseLayout(sites=(PoseSite(0, 4, 0), *LAYOUT.sites), text_width=16))  # it may offer more
    sd15 = PoseLayout(sites=(PoseSite(2, 640, 1), PoseSite(4, 1280, 2)), text_width=768)
    with pytest.raises(ValueError, match=r"text width 16, transformers \{2: 8 at 1/2, 4: 12 at 1/4\}; got text width 768, .*2: 640 at 1/2"):
        check_backbone(concept, sd15)
    levels = replace(LAYOUT, sites=(PoseSite(2, 8, 2), LAYOUT.sites[1]))
    for other in (replace(LAYOUT, text_width=32), replace(LAYOUT, sites=LAYOUT.sites[:1]), levels):
        with pytest.raises(ValueError, match="wanted the backbone it was learned on"):
            check_backbone(concept, other)


def test_choose_references():
    assert choose_references(range(50), 8) == [0, 6, 12, 18, 25, 31, 37, 43]
    assert choose_references(range(8), 4, offset=3) == [3, 5, 7, 1]
    assert choose_references(range(3)) == [0, 1, 2]
    with pytest.raises(ValueError, match="wanted at least 1, got 0"):
        choose_references(range(3), 0)
