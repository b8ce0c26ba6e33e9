"""Counts the arithmetic and the memory traffic of some work, from the shapes of its tensors alone; tensors on torch's meta device will do.

Every operator counts as a kernel that reads its inputs once and writes its results once. Attention counts as one kernel that streams its
scores. What a fused kernel would not move again is a *pass*: an operator that only moves or combines values (copies, sums, activations,
norms), not a product of matrices, a convolution or attention.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import flop_registry

from ...devtools import ROOT

UNCOUNTED = {"empty", "empty_like", "new_empty", "new_empty_strided", "empty_strided", "_unsafe_view", "_reshape_alias", "detach"}
OWN = tuple(str(ROOT / folder) for folder in ("nodes", "mvcustom_core"))


@dataclass(slots=True)
class Cost:
    """Arithmetic and traffic.

    Attributes:
        flops: of products of matrices, convolutions and attention; a multiplication and an addition count as two.
        kernels: floating point operations and bytes of each kernel.
        product_bytes: bytes of those kernels that the bound needs: weights, and what enters and leaves a product.
        own_passes: bytes of passes in this pack's code, by the function that makes them.
    """

    flops: int = 0
    kernels: list[tuple[int, int]] = field(default_factory=list)
    product_bytes: int = 0
    own_passes: Counter[str] = field(default_factory=Counter)

    @property
    def bytes(self) -> int:
        return sum(moved for _, moved in self.kernels)

    def add(self, flops: int, moved: int, owner: str | None) -> None:
        self.flops += flops
        self.kernels.append((flops, moved))
        if flops:
            self.product_bytes += moved
        elif owner is not None:
            self.own_passes[owner] += moved

    def bound(self, flops: float, bandwidth: float) -> float:
        """Seconds that no program can be faster than, at a peak in operations and in bytes a second."""
        return max(self.flops / flops, self.product_bytes / bandwidth)

    def run(self, flops: float, bandwidth: float) -> float:
        """Seconds if each kernel runs at its own bound, one after the other."""
        return sum(max(work / flops, moved / bandwidth) for work, moved in self.kernels)


class _Counter(TorchDispatchMode):
    def __init__(self, cost: Cost) -> None:
        super().__init__()
        self.cost = cost

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = function(*args, **(kwargs or {}))
        name = function.overloadpacket.__name__
        if name not in UNCOUNTED and not function.is_view:
            given, made = tree_leaves((args, kwargs)), tree_leaves(result)
            moved = sum(count_bytes(tensor) for tensor in {id(x): x for x in (*given, *made) if isinstance(x, Tensor)}.values())
            count = flop_registry.get(function.overloadpacket)
            flops = count(*args, **(kwargs or {}), out_val=result) if count else 0
            self.cost.add(int(flops), moved, None if flops else find_owner())
        return result


def count_bytes(tensor: Tensor) -> int:
    """Bytes of the elements that are stored, so that an expanded tensor counts once."""
    stored = 1
    for size, stride in zip(tensor.shape, tensor.stride(), strict=True) if tensor.layout == torch.strided else ():
        stored *= size if stride else 1
    return stored * tensor.element_size() if tensor.layout == torch.strided else tensor.numel() * tensor.element_size()


@contextmanager
def counting() -> Iterator[Cost]:
    """Count what runs inside."""
    cost = Cost()
    with _Counter(cost):
        yield cost


def find_owner() -> str | None:
    """The function of this pack that runs now, innermost, as file and name; None if the call came from elsewhere since."""
    frame = sys._getframe(2)
    while frame is not None:
        file = frame.f_code.co_filename
        if file.startswith(OWN):
            name = frame.f_code.co_qualname if sys.version_info >= (3, 11) else frame.f_code.co_name
            return f"{Path(file).relative_to(ROOT).as_posix()} {name}"
        if "/comfy/" in file:
            return None
        frame = frame.f_back
    return None


class StreamedAttention(torch.autograd.Function):
    """Attention whose result is not computed: only its cost counts. Its backward pass makes five products where the forward makes two."""

    @staticmethod
    def forward(context: Any, cost: Cost, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        context.save_for_backward(q, k, v)
        context.cost = cost
        cost.add(4 * q[..., 0].numel() * k.shape[-2] * q.shape[-1], 2 * count_bytes(q) + count_bytes(k) + count_bytes(v), None)
        return torch.empty_like(q, memory_format=torch.contiguous_format)

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[None, Tensor, Tensor, Tensor]:
        q, k, v = context.saved_tensors
        context.cost.add(
            10 * q[..., 0].numel() * k.shape[-2] * q.shape[-1], 4 * count_bytes(q) + 2 * (count_bytes(k) + count_bytes(v)), None
        )
        return None, *(torch.empty_like(x, memory_format=torch.contiguous_format) for x in (q, k, v))
