"""A device that knows no float64 and counts what the host reads of it: tensors on `meta`, each with its values kept beside it on the CPU.

It stands for Apple's and Intel's devices, where an operation in float64 ends the run, and for CUDA, where a read makes the host wait.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_any, tree_map

DEVICE = torch.device("meta")


class EmulatedDevice(TorchDispatchMode):
    """Within it, tensors on `DEVICE` compute.

    Attributes:
        reads: the operations that brought numbers to the host, whole tensors included.
    """

    def __init__(self) -> None:
        super().__init__()
        self.reads: list[str] = []
        self._values: WeakKeyDictionary[_Identity, Tensor] = WeakKeyDictionary()

    def put(self, values: Tensor) -> Tensor:
        """A tensor on the device with these values."""
        assert values.dtype != torch.float64, "the device knows no float64"
        placed = torch.empty_strided(values.shape, values.stride(), dtype=values.dtype, device=DEVICE)
        placed.identity = _Identity()
        self._values[placed.identity] = values
        return placed

    def __torch_dispatch__(self, func: Callable[..., Any], types: object, args: Sequence[Any] = (), kwargs: dict[str, Any] | None = None):
        kwargs = dict(kwargs or {})
        wanted = kwargs.get("device")
        if not tree_any(_is_placed, (args, kwargs)) and not (wanted is not None and torch.device(wanted) == DEVICE):
            return func(*args, **kwargs)
        stays = wanted is None or torch.device(wanted) == DEVICE
        if wanted is not None and stays:
            kwargs["device"] = "cpu"
        if not stays:
            assert kwargs.get("dtype") in (None, args[0].dtype), f"{func}: converts where the numbers come from, which knows no float64"
        found = func(*tree_map(self._take, args), **tree_map(self._take, kwargs))
        if not stays or not tree_any(lambda each: isinstance(each, Tensor), found):
            self.reads.append(str(func))
            return found
        if func._schema.is_mutable:
            return args[0]
        return tree_map(lambda each: self.put(each) if isinstance(each, Tensor) else each, found)

    def _take(self, value: Any) -> Any:
        if not _is_placed(value):
            return value
        assert hasattr(value, "identity"), "a list of numbers or places was put on the device, which keeps no account of it"
        return self._values[value.identity]


class _Identity:
    """A tensor's own key: tensors compare by value."""


def _is_placed(value: Any) -> bool:
    return isinstance(value, Tensor) and value.device == DEVICE
