"""Save Concept and Load Concept in ComfyUI's folders: counted names, a bit-exact round trip, and clear refusals."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from mvcustom.mvcustom_core.concept.concept import KIND, load_concept, save_concept
from mvcustom.mvcustom_core.concept.storage import write_tensors
from mvcustom.nodes.concept.load_concept import MVCustomLoadConcept
from mvcustom.nodes.concept.save_concept import MVCustomSaveConcept
from mvcustom.tests.host.embedded import make_concept


@pytest.fixture
def folder(comfy) -> Path:
    """output/mvcustom, empty; it stays, since ComfyUI stumbles over a listed folder that is gone."""
    folder = Path(comfy.folder_paths.get_output_directory(), "mvcustom")
    folder.mkdir(exist_ok=True)
    yield folder
    for entry in folder.iterdir():
        entry.unlink() if entry.is_file() else shutil.rmtree(entry)


def save(concept, prefix: str = "bear", licence: str = "", thumbnail=None):
    return MVCustomSaveConcept.execute(concept, prefix, licence, thumbnail)


def load(name: str):
    return MVCustomLoadConcept.execute(name).result


def files_of(folder: Path) -> list[str]:
    return sorted(entry.relative_to(folder).as_posix() for entry in folder.rglob("*") if entry.is_file())


def test_saving_counts_up_and_never_overwrites(folder: Path):
    for _ in range(2):
        save(make_concept())
    first = (folder / "bear_00001_.safetensors").read_bytes()
    save(make_concept(0.1), "toys/bear")
    save(make_concept(0.1))
    assert files_of(folder) == [*(f"bear_0000{count}_.safetensors" for count in (1, 2, 3)), "toys/bear_00001_.safetensors"]
    assert (folder / "bear_00001_.safetensors").read_bytes() == first
    assert set(files_of(folder)) <= set(MVCustomLoadConcept.GET_NODE_INFO_V1()["input"]["required"]["concept_file"][1]["options"])


def test_roundtrip_is_exact(folder: Path):
    concept = replace(make_concept(0.05), metadata={"steps": 3, "losses": {"rgb": 0.1}})
    save(concept, licence=" CC0 ")
    loaded, picture, report = load("bear_00001_.safetensors")
    assert loaded.pose.keys() == concept.pose.keys() and all(torch.equal(loaded.pose[name], concept.pose[name]) for name in concept.pose)
    for got, wanted in ((loaded.token, concept.token), (loaded.latents, concept.latents), (loaded.cameras.w2c, concept.cameras.w2c)):
        assert torch.equal(got, wanted)
    assert (loaded.layout, loaded.nerf, loaded.token_text) == (concept.layout, concept.nerf, concept.token_text)
    assert loaded.metadata == {"steps": 3, "losses": {"rgb": 0.1}, "licence": "CC0"} and concept.metadata.get("licence") is None
    assert picture.shape == (1, 64, 64, 3)
    assert "bear_00001_.safetensors" in report and "licence: CC0" in report


def test_thumbnail_is_shown_and_stored(folder: Path, comfy):
    red = torch.tensor([1.0, 0.0, 0.0]).expand(2, 32, 48, 3)
    shown = save(make_concept(), thumbnail=red).ui.as_dict()["images"][0]
    with Image.open(Path(comfy.folder_paths.get_temp_directory(), shown["subfolder"], shown["filename"])) as image:
        assert np.asarray(image)[..., :3].reshape(-1, 3).tolist() == [[255, 0, 0]] * (32 * 48)
    loaded, picture, _ = load("bear_00001_.safetensors")
    assert torch.equal(picture, red[:1])
    save(loaded, "again")  # a loaded concept keeps its own
    assert torch.equal(load("again_00001_.safetensors")[0].thumbnail, loaded.thumbnail)


@pytest.mark.parametrize("prefix", ["", ".", "toys/..", "../bear", "/bear"])
def test_prefix_must_name_a_file_inside_the_folder(folder: Path, prefix: str):
    with pytest.raises(ValueError, match="filename prefix: wanted a name inside output/mvcustom"):
        save(make_concept(), prefix)
    assert not files_of(folder)


def test_a_changed_file_is_read_again(folder: Path):
    save(make_concept())
    stamp = MVCustomLoadConcept.fingerprint_inputs("bear_00001_.safetensors")
    assert stamp == MVCustomLoadConcept.fingerprint_inputs("bear_00001_.safetensors")
    save_concept(folder / "bear_00001_.safetensors", make_concept(layout=replace(make_concept().layout, text_width=64), width=64))
    assert stamp != MVCustomLoadConcept.fingerprint_inputs("bear_00001_.safetensors")


def test_bad_files_are_refused_by_name(folder: Path):
    save(make_concept())
    path = folder / "bear_00001_.safetensors"
    whole = path.read_bytes()
    for content, message in ((b"", "got an empty or cut one"), (whole[:-9], "got an empty or cut one"), (b"PK\x03\x04" * 99, "cut one")):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=f"bear_00001_.safetensors.*{message}"):
            load("bear_00001_.safetensors")
    write_tensors(path, {"a": torch.zeros(1)}, "another", {})
    with pytest.raises(ValueError, match=f"bear_00001_.safetensors: wanted a file of kind {KIND}, got another"):
        load("bear_00001_.safetensors")
    path.unlink()
    with pytest.raises(FileNotFoundError, match="bear_00001_"):
        load("bear_00001_.safetensors")


def test_a_full_disk_leaves_nothing_behind(folder: Path):
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        with pytest.raises(OSError, match="bear_00001_.safetensors: could not be written .*free some space"):
            save(make_concept())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not files_of(folder)
    save(make_concept())
    assert load_concept(folder / "bear_00001_.safetensors").token_text == "<v*>"
