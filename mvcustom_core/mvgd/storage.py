"""An MVGD network as a file: the pack's safetensors of kind `mvgd`, weights in half precision, settings among the facts."""

from __future__ import annotations

from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import torch

from ..concept.storage import read_tensors, write_tensors
from .model import MVGD
from .settings import MVGDSettings

KIND = "mvgd"
NAMED = 4  # tensors that an error names


def write_mvgd(path: Path | str, model: MVGD, facts: dict[str, Any]) -> None:
    """Write a network with what is known about its training.

    Args:
        facts: whatever JSON can hold, such as updates, seed, data, licence and held-out figures.

    Raises:
        OSError: if the file could not be written.
    """
    tensors = {name: tensor.half() if tensor.is_floating_point() else tensor for name, tensor in model.state_dict().items()}
    write_tensors(path, tensors, KIND, facts | {"settings": asdict(model.settings)})


def read_mvgd(path: Path | str) -> tuple[MVGD, dict[str, Any]]:
    """Read a network, in float32 and for use, and the facts of its training.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is damaged, of another kind, of a newer version, or its tensors are not those of its settings.
    """
    tensors, facts = read_tensors(path, KIND)
    name = Path(path).name
    with torch.random.fork_rng(devices=[]):  # what is drawn here is overwritten, and must not move anyone's seed on
        model = MVGD(_read_settings(facts, name))
    wanted = model.state_dict()
    faults = [f"{key} is missing" for key in wanted if key not in tensors]
    faults += [f"{key} is not of this network" for key in tensors if key not in wanted]
    faults += [
        f"{key} is {list(tensors[key].shape)}, wanted {list(wanted[key].shape)}"
        for key in wanted
        if key in tensors and tensors[key].shape != wanted[key].shape
    ]
    if faults:
        more = f" and {len(faults) - NAMED} more" if len(faults) > NAMED else ""
        raise ValueError(f"{name}: wanted the tensors of its settings, got others ({'; '.join(faults[:NAMED])}{more}); get the file again")
    model.load_state_dict({key: tensor.to(wanted[key].dtype) for key, tensor in tensors.items()})
    return model.eval().requires_grad_(False), facts


def _read_settings(facts: dict[str, Any], name: str) -> MVGDSettings:
    given, known = facts.get("settings", {}), {field.name for field in fields(MVGDSettings)}
    if given.keys() != known:
        other = ", ".join(sorted(given.keys() ^ known))
        raise ValueError(f"{name}: wanted the settings of an MVGD network of this version, got others ({other}); update this pack")
    return MVGDSettings(**given)
