"""Reads motion LoRAs: low-rank changes of motion module weights, such as AnimateDiff's camera movements (ZoomIn, PanLeft, ...).

It reads AnimateDiff's layout (`processor.to_q_lora.down`) and diffusers' (`attn1.to_q.lora_A` or `.lora.down`, under `unet.`). The change
of a weight is scale * up @ down, with scale = alpha / rank if the file has alpha, else 1.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from .checkpoint import rename_module_key, unwrap
from .motion import MotionModules, MotionSettings

FACTOR_KEY = re.compile(r"^(?P<layer>.+?)(_lora|\.lora)?[._](?P<factor>down|up|A|B)\.weight$")
ALPHA_KEY = re.compile(r"^(?P<layer>.+?)(_lora|\.lora)?\.alpha$")
SIDES = {"down": "down", "A": "down", "up": "up", "B": "up"}


@dataclass(frozen=True, slots=True)
class LowRank:
    """The change of one weight, scale * up @ down.

    Attributes:
        up: [O, r] factor on the output side.
        down: [r, I] factor on the input side.
        scale: alpha / rank, or 1.
    """

    up: Tensor
    down: Tensor
    scale: float = 1.0


def read_motion_lora(state_dict: Mapping[str, Any], settings: MotionSettings) -> dict[str, LowRank]:
    """Recognise a motion LoRA and find the weights that it changes.

    Args:
        state_dict: a file's content, possibly wrapped by a trainer.
        settings: settings of the motion modules that it is applied to.

    Returns:
        Key of a weight of `MotionModules` -> its change.

    Raises:
        ValueError: if the file is not a motion LoRA, or does not fit the modules; the message says what it is or what does not fit.
    """
    tensors = unwrap(state_dict)
    if not any("motion_modules" in key for key in tensors):
        first = ", ".join(list(tensors)[:5]) or "no tensor at all"
        raise ValueError(f"motion LoRA: wanted changes of motion modules, got none; the file holds {first}")
    factors, alphas, unknown = _collect_factors(tensors)
    if not factors:
        raise ValueError("motion LoRA: wanted low-rank changes, got whole motion modules; load the file as the motion file")
    weights = MotionModules(settings, device="meta").state_dict()
    misfits = unknown + [key for key, pair in factors.items() if not _fits(pair, weights.get(key))]
    if misfits:
        raise ValueError(
            f"motion LoRA: {len(misfits)} of its {len(factors) + len(unknown)} changes do not fit the motion modules of this model "
            f"({'with' if settings.mid_block else 'no'} middle module, channels {', '.join(map(str, settings.channels))}), "
            f"first {', '.join(misfits[:5])}; use a LoRA made for these modules (AnimateDiff's own are for v2)"
        )
    return {key: LowRank(pair["up"], pair["down"], alphas.get(key, len(pair["down"])) / len(pair["down"])) for key, pair in factors.items()}


def _collect_factors(tensors: dict[str, Tensor]) -> tuple[dict[str, dict[str, Tensor]], dict[str, float], list[str]]:
    factors: dict[str, dict[str, Tensor]] = {}
    alphas: dict[str, float] = {}
    unknown: list[str] = []
    for key, tensor in tensors.items():
        name = rename_module_key(key)
        if name is None:
            unknown.append(key)
        elif match := FACTOR_KEY.match(name):
            factors.setdefault(_name_weight(match["layer"]), {})[SIDES[match["factor"]]] = tensor
        elif match := ALPHA_KEY.match(name):
            alphas[_name_weight(match["layer"])] = float(tensor)
        else:
            unknown.append(key)
    return factors, alphas, unknown


def _name_weight(layer: str) -> str:
    layer = layer.replace(".processor.", ".")
    return f"{layer}.0.weight" if layer.endswith(".to_out") else f"{layer}.weight"


def _fits(pair: dict[str, Tensor], weight: Tensor | None) -> bool:
    if weight is None or pair.keys() != {"up", "down"}:
        return False
    up, down = pair["up"], pair["down"]
    return up.dim() == down.dim() == 2 and up.shape[1] == len(down) and (len(up), down.shape[1]) == tuple(weight.shape)
