"""DINOv2 and CLIP from a local folder: tiny random networks, saved by `transformers` itself."""

from __future__ import annotations

import json
from pathlib import Path

import comfy.model_management
import folder_paths
import pytest
import torch
import transformers

from mvcustom.nodes.bridge.evaluation.encoders import NONE, list_encoders, load_encoder, load_text_encoder
from mvcustom.nodes.bridge.host.folders import ENCODERS

PICTURES = torch.rand(9, 3, 40, 40, generator=torch.Generator().manual_seed(0))
SIZE = {"height": 28, "width": 28}
WORDS = ["<|startoftext|>", "<|endoftext|>", *"abdeorx", *(f"{letter}</w>" for letter in "abdeorx"), "re", "bo", "red</w>", "box</w>"]


def save_dinov2(folder: Path) -> None:
    torch.manual_seed(0)
    config = transformers.Dinov2Config(
        hidden_size=16, num_hidden_layers=2, num_attention_heads=2, mlp_ratio=2, image_size=28, patch_size=14
    )
    transformers.Dinov2Model(config).save_pretrained(folder)
    transformers.BitImageProcessor(size={"shortest_edge": 28}, crop_size=SIZE).save_pretrained(folder)


def save_clip(folder: Path) -> None:
    torch.manual_seed(0)
    sizes = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    text = {**sizes, "vocab_size": len(WORDS), "max_position_embeddings": 16, "bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 1}
    config = transformers.CLIPConfig(text_config=text, vision_config={**sizes, "image_size": 28, "patch_size": 14}, projection_dim=8)
    transformers.CLIPModel(config).save_pretrained(folder)
    transformers.CLIPImageProcessor(size={"shortest_edge": 28}, crop_size=SIZE).save_pretrained(folder)
    (folder / "vocab.json").write_text(json.dumps({word: number for number, word in enumerate(WORDS)}))
    (folder / "merges.txt").write_text("#version: 0.2\nr e\nre d</w>\nb o\nbo x</w>\n")
    transformers.CLIPTokenizer.from_pretrained(folder).save_pretrained(folder)


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """`models/mvcustom_encoders` of this test alone."""
    monkeypatch.setitem(folder_paths.folder_names_and_paths, ENCODERS, ([str(tmp_path)], {".safetensors"}))
    return tmp_path


@torch.no_grad()
def test_dinov2_gives_its_class_token(folders: Path) -> None:
    save_dinov2(folders / "small")
    assert list_encoders() == [NONE, "small"]
    name, encode = load_encoder("small")
    processor = transformers.AutoImageProcessor.from_pretrained(folders / "small")
    network = transformers.AutoModel.from_pretrained(folders / "small")
    expected = network(**processor(images=list(PICTURES), do_rescale=False, return_tensors="pt")).last_hidden_state[:, 0]
    assert name == "DINOv2, small"
    torch.testing.assert_close(encode(PICTURES), expected, atol=1e-4, rtol=1e-4)


@torch.no_grad()
def test_clip_compares_pictures_and_a_prompt(folders: Path) -> None:
    save_clip(folders / "clip")
    processor = transformers.AutoImageProcessor.from_pretrained(folders / "clip")
    network = transformers.AutoModel.from_pretrained(folders / "clip")
    tokens = transformers.AutoTokenizer.from_pretrained(folders / "clip")(["a red box"], return_tensors="pt")
    pixels = processor(images=list(PICTURES), do_rescale=False, return_tensors="pt")["pixel_values"]
    output = network(pixel_values=pixels, **tokens)
    name, encode = load_encoder("clip")
    assert name == "CLIP, clip"
    torch.testing.assert_close(torch.nn.functional.normalize(encode(PICTURES), dim=1), output.image_embeds, atol=1e-4, rtol=1e-4)
    cosines = load_text_encoder("clip", "a red box")(PICTURES)
    torch.testing.assert_close(cosines, output.logits_per_image[:, 0] / network.logit_scale.exp(), atol=1e-4, rtol=1e-4)


def test_encoder_is_read_once_for_pictures_and_prompts(folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_clip(folders / "clip")
    reads: list[Path] = []
    read = transformers.AutoModel.from_pretrained
    monkeypatch.setattr(transformers.AutoModel, "from_pretrained", lambda folder, **how: (reads.append(folder), read(folder, **how))[1])
    _, encode = load_encoder("clip")
    vectors, cosines = encode(PICTURES), load_text_encoder("clip", "a red box")(PICTURES)
    assert len(vectors) == len(cosines) == len(PICTURES)
    assert torch.equal(load_encoder("clip")[1](PICTURES), vectors) and reads == [folders / "clip"]


def test_folders_that_cannot_judge(folders: Path) -> None:
    with pytest.raises(ValueError, match="encoder: wanted one of none, got 'gone'; put its folder in models/mvcustom_encoders"):
        load_encoder("gone")
    save_dinov2(folders / "small")
    with pytest.raises(ValueError, match="text_encoder: wanted CLIP, got DINOv2"):
        load_text_encoder("small", "a box")
    (folders / "small" / "model.safetensors").rename(folders / "small" / "pytorch_model.bin")
    with pytest.raises(ValueError, match="encoder: wanted model.safetensors in .*, got pytorch_model.bin"):
        load_encoder("small")
    (folders / "other").mkdir()
    (folders / "other" / "config.json").write_text(json.dumps({"model_type": "bert"}))
    with pytest.raises(ValueError, match="encoder: wanted DINOv2 or CLIP, got a 'bert'"):
        load_encoder("other")


def test_missing_tokenizer_is_named(folders: Path) -> None:
    save_clip(folders / "clip")
    for file in (folders / "clip").iterdir():
        if file.name.startswith(("token", "vocab", "merges", "special")):
            file.unlink()
    with pytest.raises(ValueError, match="text_encoder: wanted CLIP's tokenizer.json in .*, got none; download it"):
        load_text_encoder("clip", "a red box")


def test_cancel_stops_inside_the_network(folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_dinov2(folders / "small")
    _, encode = load_encoder("small")
    calls = []

    def interrupt() -> None:
        calls.append(None)
        if len(calls) == 5:
            raise comfy.model_management.InterruptProcessingException

    monkeypatch.setattr(comfy.model_management, "throw_exception_if_processing_interrupted", interrupt)
    with pytest.raises(comfy.model_management.InterruptProcessingException):
        encode(PICTURES)
