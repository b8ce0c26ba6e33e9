"""Reads weights of GLD and of Depth Anything 3 from their published layouts, strictly, and keeps them in safetensors with their settings.

A file that fits only in part is refused with a table of its keys, because weights that are left at random give no error, only bad views.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ..backbone.files import load_state_dict_file
from ..concept.storage import read_tensors, write_tensors
from .decoder import RgbDecoder
from .denoiser import Denoiser
from .features import Statistics
from .settings import PUBLISHED, DecoderSettings, DenoiserSettings, GldSettings

State = dict[str, Tensor]

FILE_KIND = "mvcustom.gld"
WRAPPERS = ("ema", "model")  # the averaged weights are the ones to use
SHOWN = 12  # keys of each row of the table
SPLIT, JOINT = "x_embedder_ref.proj.weight", "x_embedder.proj.weight"  # of level 1, of the cascade
ALIAS = re.compile(r"^([xs]_embedder)_(ref|tgt)(?=\.)")

KINDS: tuple[tuple[str, str], ...] = (
    (r"^(module\.)?x_embedder\.proj\.weight$", "the denoiser of level 0 (da3_cascade.pt)"),
    (r"^(module\.)?x_embedder_ref\.", "the denoiser of level 1 (da3_level1.pt)"),
    (r"decoder_layers\.\d+\.", "the decoder of pictures (mae_decoder.pt)"),
    (r"backbone\.pretrained\.|^backbone\.embeddings\.", "Depth Anything 3 with its backbone"),
    (r"scratch\.refinenet\d", "a depth head (dpt_decoder.pt)"),
    (r"^(mean|var)$", "statistics of a feature level"),
)
"""Pattern that is searched in a file's keys -> what the file is."""


def unwrap_weights(content: Mapping[str, Any]) -> State:
    """The weights of a file: those under `ema`, else under `model`, else the file's own, without the prefix `module.` of all."""
    for wrapper in WRAPPERS:
        if isinstance(content.get(wrapper), Mapping):
            content = content[wrapper]
            break
    return {str(key).removeprefix("module."): value for key, value in content.items() if isinstance(value, Tensor)}


def describe_kind(state: Mapping[str, Any]) -> str:
    """What a file is, by its keys."""
    for pattern, kind in KINDS:
        if any(re.search(pattern, key) for key in state):
            return kind
    return f"a file of another kind that holds {', '.join(list(state)[:4]) or 'no tensor'}"


def check_keys(what: str, state: State, expected: Mapping[str, Tensor]) -> None:
    """Check that a state dict has the expected keys and shapes, all of them and no others.

    Raises:
        ValueError: with a table of the keys that are missing, left over or of another shape.
    """
    rows = {
        "missing": [f"{key} {list(value.shape)}" for key, value in expected.items() if key not in state],
        "left over": [f"{key} {list(value.shape)}" for key, value in state.items() if key not in expected],
        "of another shape": [
            f"{key} {list(state[key].shape)}, wanted {list(value.shape)}"
            for key, value in expected.items()
            if key in state and state[key].shape != value.shape
        ],
    }
    if not any(rows.values()):
        return
    lines = [f"{what}: wanted {len(expected)} tensors, got {len(state)} that do not all fit; download the file again"]
    for name, keys in rows.items():
        more = f", and {len(keys) - SHOWN} more" if len(keys) > SHOWN else ""
        lines += [f"  {name} ({len(keys)}): {'; '.join(keys[:SHOWN])}{more}"] if keys else []
    raise ValueError("\n".join(lines))


def expected_state(build: Callable[[], nn.Module]) -> State:
    """The keys and shapes of a module, on the device `meta`."""
    with torch.device("meta"):
        return build().state_dict()


def read_denoiser(content: Mapping[str, Any], settings: GldSettings = PUBLISHED) -> tuple[DenoiserSettings, State]:
    """Recognise a denoiser in a file's content.

    Args:
        content: what the file holds.
        settings: the set that the file must belong to.

    Returns:
        The settings of its kind, and a state dict that loads strictly.

    Raises:
        ValueError: if it is no denoiser, or not a whole one of these settings.
    """
    state = unwrap_weights(content)
    if JOINT in state:
        state = _drop_aliases(state)
        own = settings.cascade
    elif SPLIT in state:
        own = settings.upper
    else:
        raise ValueError(f"denoiser: wanted da3_level1.pt or da3_cascade.pt of GLD, got {describe_kind(state)}")
    check_keys(f"denoiser of level {0 if own.cascade else 1}", state, expected_state(lambda: Denoiser(own)))
    return own, state


def _drop_aliases(state: State) -> State:
    """A cascade without the copies of its embedders under level 1's names.

    Raises:
        ValueError: if a copy differs from what it is named after.
    """
    kept: State = {}
    for key, value in state.items():
        name = ALIAS.sub(r"\1", key)
        original = state.get(name) if name != key else None
        if original is None:
            kept[key] = value
        elif value is not original and not torch.equal(value, original):
            raise ValueError(f"denoiser of level 0: wanted {key} equal to {name}, got other values; download the file again")
    return kept


def read_rgb_decoder(content: Mapping[str, Any], settings: DecoderSettings = PUBLISHED.decoder) -> State:
    """The decoder's state dict from the file of a masked autoencoder, whose other parts are not used.

    Raises:
        ValueError: if the file has no such decoder, or not a whole one.
    """
    state = unwrap_weights(content)
    own = _under(state, "decoder.")
    if not any(key.startswith("decoder_layers.") for key in own):
        raise ValueError(f"decoder: wanted mae_decoder.pt of GLD, got {describe_kind(state)}")
    check_keys("decoder of pictures", own, expected_state(lambda: RgbDecoder(settings)))
    return own


def read_head(content: Mapping[str, Any], expected: Mapping[str, Tensor]) -> State:
    """The state dict of a depth head, which lies under `decoder.` or `pred.` in GLD's file.

    Args:
        expected: keys and shapes of the head that takes it.

    Raises:
        ValueError: if the file has no head, or not a whole one.
    """
    state = unwrap_weights(content)
    for prefix in ("decoder.", "pred."):
        own = _under(state, prefix)
        if any(key.startswith("scratch.") for key in own):
            check_keys("depth head", own, expected)
            return own
    raise ValueError(f"depth head: wanted dpt_decoder.pt of GLD, got {describe_kind(state)}")


def read_statistics(content: Mapping[str, Any], channels: int = PUBLISHED.upper.channels) -> Statistics:
    """The statistics of a feature level, [1, C, 1, 1] each in GLD's files.

    Raises:
        ValueError: if mean or variance is missing or of another width.
    """
    found = {}
    for name in ("mean", "var"):
        value = content.get(name)
        if not isinstance(value, Tensor) or value.numel() != channels:
            got = f"{list(value.shape)}" if isinstance(value, Tensor) else describe_kind(content)
            raise ValueError(f"statistics: wanted {name} of {channels} channels, got {got}")
        found[name] = value.float().flatten()
    return Statistics(**found)


def _under(state: State, prefix: str) -> State:
    return {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}


def save_denoiser(path: Path | str, settings: DenoiserSettings, state: State) -> None:
    """Write a denoiser as safetensors with its settings in the header.

    Raises:
        OSError: if the file could not be written.
    """
    write_tensors(path, state, FILE_KIND, {"denoiser": asdict(settings)})


def load_denoiser(path: Path | str) -> tuple[DenoiserSettings, State]:
    """Read a denoiser from a published file or from one of `save_denoiser`. No code from the file is run.

    Raises:
        ValueError: if the file is of another kind, cut off, or does not fit.
    """
    content, metadata = load_state_dict_file(path)
    if metadata.get("kind") != FILE_KIND:
        return read_denoiser(content)
    state, facts = read_tensors(path, FILE_KIND)
    values = dict(facts.get("denoiser", {}))
    if values.get("rotation_size") is not None:
        values["rotation_size"] = tuple(values["rotation_size"])
    try:
        settings = DenoiserSettings(**values)
    except TypeError as error:
        raise ValueError(f"{Path(path).name}: wanted the settings of a denoiser in its header, got others ({error})") from error
    check_keys("denoiser", state, expected_state(lambda: Denoiser(settings)))
    return settings, state
