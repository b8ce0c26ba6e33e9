"""The trained network as the file that the pack ships, with what is known about it."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from ...mvcustom_core.mvgd.model import MVGD
from ...mvcustom_core.mvgd.settings import MVGDSettings
from ...mvcustom_core.mvgd.storage import write_mvgd
from ..engine.weights import load_result
from .data import FIRST_SEED, SIZE
from .examples import Drawing

FILE = Path(__file__).resolve().parents[2] / "models" / "mvgd-tiny" / "mvgd.safetensors"  # where the pack looks for it


def pack_mvgd(state: Path, settings: MVGDSettings, drawing: Drawing, file: Path = FILE) -> None:
    """Write the averaged weights of the stage in `state`.

    Raises:
        ValueError: if the stage has not ended.
    """
    model = MVGD(settings)
    model.load_state_dict(load_result(state / "mvgd.safetensors"))
    last = json.loads((state / "mvgd.jsonl").read_text(encoding="utf-8").splitlines()[-1])
    facts = {
        "training_size": SIZE,
        "drawing": asdict(drawing),
        "camera_sets": ["wide sector of 120 degrees"],
        "scale_rule": "largest coordinate of the conditioning cameras' translations from the target",
        "updates": last["update"],
        "seed": 6,
        "data": f"procedural scenes of this project from seed {FIRST_SEED} on",
        "licence": "Apache-2.0",
        "held_out": {name: last[name] for name in ("psnr", "absolute_relative")},
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    write_mvgd(file, model, facts)
