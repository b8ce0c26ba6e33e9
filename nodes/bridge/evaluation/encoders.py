"""Image encoders for Evaluate Views: DINOv2 and CLIP compare subjects, CLIP compares pictures with a prompt.

An encoder is a folder in `models/mvcustom_encoders`, as its publisher provides it; see `host/local_network.py`. To compare with a prompt,
the folder must also contain CLIP's tokenizer.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import comfy.model_management
import torch
from torch import Tensor, nn

from ....mvcustom_core.evaluation.identity import Encoder
from ..host.folders import ENCODERS, list_model_folders
from ..host.local_network import OPTIONS, LocalNetwork, check_files, open_network, read_config

NONE = "none"
NAMES = {"dinov2": "DINOv2", "clip": "CLIP"}  # config.json's model_type
ACTIVATION_BYTES = 4096  # upper estimate per input pixel of the network
TOKENIZERS = (("tokenizer.json",), ("vocab.json", "merges.txt"))  # newer and older folders
PORTION = 8  # pictures at a time


def list_encoders() -> list[str]:
    """Choices of the encoder inputs: none, then the folders in models/mvcustom_encoders."""
    return [NONE, *sorted(list_model_folders(ENCODERS))]


def load_encoder(name: str) -> tuple[str, Encoder]:
    """Load an image encoder; returns its name for reports and a function from pictures [N, 3, S, S] in 0..1 to vectors [N, D].

    Raises:
        ValueError: if there is no such folder, or it cannot be read.
    """
    folder, kind = _find_folder("encoder", name)
    opened = open_network("encoder", folder, "AutoModel")

    def embed(network: nn.Module, pixels: Tensor) -> Tensor:
        if kind == "clip":
            return _read_features(network.get_image_features(pixel_values=pixels))
        return network(pixel_values=pixels).pooler_output

    return f"{NAMES[kind]}, {name}", lambda images: _run(opened, images, embed)


def load_text_encoder(name: str, prompt: str) -> Encoder:
    """Load CLIP; returns a function from pictures [N, 3, S, S] in 0..1 to their cosines [N] with a prompt.

    Raises:
        ValueError: if there is no such folder, or it holds no readable CLIP.
    """
    folder, kind = _find_folder("text_encoder", name)
    if kind != "clip":
        raise ValueError(f"text_encoder: wanted CLIP, got {NAMES[kind]} in {folder}; choose a CLIP folder, or {NONE!r}")
    opened = open_network("text_encoder", folder, "AutoModel")
    tokens = _tokenize(folder, prompt)

    def compare(network: nn.Module, pixels: Tensor) -> Tensor:
        words = _read_features(network.get_text_features(**{key: value.to(pixels.device) for key, value in tokens.items()}))
        return torch.cosine_similarity(_read_features(network.get_image_features(pixel_values=pixels)), words)

    return lambda images: _run(opened, images, compare)


def _find_folder(what: str, name: str) -> tuple[Path, str]:
    """The folder of a name, and the kind of network in it."""
    folder = list_model_folders(ENCODERS).get(name)
    if folder is None:
        raise ValueError(f"{what}: wanted one of {', '.join(list_encoders())}, got {name!r}; put its folder in models/{ENCODERS}")
    kind = read_config(folder).get("model_type")
    if kind not in NAMES:
        raise ValueError(f"{what}: wanted {' or '.join(NAMES.values())}, got a {kind!r} in {folder}; choose another folder, or {NONE!r}")
    check_files(what, folder)
    return folder, kind


def _tokenize(folder: Path, prompt: str) -> dict[str, Tensor]:
    import transformers

    if not any(all((folder / name).is_file() for name in names) for names in TOKENIZERS):  # the library would make one without words
        raise ValueError(f"text_encoder: wanted CLIP's tokenizer.json in {folder}, got none; download it from where the model comes from")
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder, **OPTIONS)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"text_encoder: wanted a readable tokenizer in {folder}, got {error}; download it again") from error
    return dict(tokenizer([prompt], padding=True, truncation=True, return_tensors="pt"))


def _read_features(output: Any) -> Tensor:
    """CLIP's features as a tensor. Newer versions of `transformers` wrap them in an output object."""
    return output if isinstance(output, Tensor) else output.pooler_output


def _run(opened: LocalNetwork, images: Tensor, encode: Callable[[nn.Module, Tensor], Tensor]) -> Tensor:
    """Apply a function of the network and pictures in portions; the result is on the CPU."""
    answers = []
    for portion in images.float().cpu().clamp(0, 1).split(PORTION):
        comfy.model_management.throw_exception_if_processing_interrupted()
        pixels = opened.processor(images=list(portion), do_rescale=False, return_tensors="pt")["pixel_values"]  # [N, 3, S, S]
        network = opened.load(pixels[:, 0].numel() * ACTIVATION_BYTES)
        answers.append(encode(network, pixels.to(opened.patcher.load_device)).float().cpu())
    return torch.cat(answers)
