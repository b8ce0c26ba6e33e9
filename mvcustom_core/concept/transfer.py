"""Brings tensors to a device without making the host wait for it: through page-locked memory, which a GPU reads by itself."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def make_constant(values: Sequence[float], like: Tensor) -> Tensor:
    """A short vector [len(values)] beside `like` and in its dtype. It is filled there: moving it there would make the host wait."""
    return torch.stack([like.new_full((), value) for value in values])


def read_numbers(numbers: Sequence[Tensor]) -> list[float]:
    """Numbers of a device, for which the host waits once."""
    return torch.stack(list(numbers)).tolist()


def lock_pages(tensor: Tensor, device: torch.device) -> Tensor:
    """A tensor of the host as it is moved to the device without waiting; the same one where the device is the host."""
    return tensor.pin_memory() if device.type == "cuda" and tensor.device.type == "cpu" else tensor


def send(tensor: Tensor, device: torch.device) -> Tensor:
    """A tensor on the device. The host goes on while it moves."""
    return lock_pages(tensor, device).to(device, non_blocking=True)


def send_rows(
    kept: Tensor,  # [N, ...]
    rows: Sequence[int],
    device: torch.device,
) -> Tensor:
    """Some rows, [len(rows), ...], on the device. The host goes on while they move, if `kept` is there already or its pages are locked."""
    if kept.device.type == device.type == "cpu":
        return kept[list(rows)]
    return torch.stack([kept[row].to(device, non_blocking=True) for row in rows])
