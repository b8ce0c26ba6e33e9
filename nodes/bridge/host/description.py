"""Reads arbitrary objects to a digest: what other node packs put on a MODEL is compared by value where it can be read.

Read by value are numbers, texts, tensors, containers, enumerations, modules (their structure, weights and settings), functions (their code
and what they close over), bound methods, and objects by their attributes. Whatever holds its state elsewhere, such as an object of a
compiled extension, an open file or a lock, is equal to nothing but itself: it counts by a random text that it keeps while it lives.
"""

from __future__ import annotations

import enum
import functools
import hashlib
import logging
import re
import types
import uuid
import weakref
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import torch
from comfy.model_patcher import ModelPatcher
from comfy.sd1_clip import SDTokenizer
from comfy.weight_adapter.bypass import BypassForwardHook
from torch import Tensor, nn
from transformers import PreTrainedTokenizerBase

PLAIN = (type(None), bool, int, float, complex, str, bytes, torch.dtype, torch.device, torch.Size, np.generic, slice, range)
NAMED = (types.ModuleType, types.BuiltinFunctionType, types.MethodDescriptorType, types.WrapperDescriptorType, logging.Logger)
CODE = (types.FunctionType, *PLAIN)
PACK = __name__.removesuffix("nodes.bridge.host.description")  # what the names of this pack's modules begin with
DEEPEST = 60  # levels of objects in objects

_texts: dict[int, tuple[weakref.ref[Any], str]] = {}


class Reader:
    """Reads objects to digests. What two of them share is read once.

    Args:
        digest_tensor: gives the digest of a tensor.
        describe_patcher: gives what a ModelPatcher computes with.

    Attributes:
        unread: names of the kinds of objects that count by identity.
    """

    def __init__(self, digest_tensor: Callable[[Tensor], str], describe_patcher: Callable[[ModelPatcher, Reader], list[Any]]) -> None:
        self.unread: set[str] = set()
        self._digest_tensor, self._describe_patcher = digest_tensor, describe_patcher
        self._names: dict[int, str] = {}
        self._known: dict[int, tuple[Any, str]] = {}  # with the object, so that no other gets its id
        self._open: dict[int, int] = {}  # objects that are being read -> their level

    def name_modules(self, network: nn.Module, name: str, apart: Iterable[Any]) -> None:
        """From now on, the layers of a network are read as their names: its weights are read elsewhere.

        Args:
            apart: objects that are still read by value; ComfyUI puts them into the network while it is loaded.
        """
        values = {id(part) for value in apart if isinstance(value, nn.Module) for part in value.modules()}
        for place, module in network.named_modules():
            if id(module) not in values:
                self._names.setdefault(id(module), f"{name}.{place}")

    def digest(self, value: Any) -> str:
        """The digest of an object as 16 hexadecimal digits."""
        if isinstance(value, PLAIN):
            return _hash(type(value).__name__, repr(value))
        key = id(value)
        if key in self._names:
            return _hash("layer", self._names[key])
        if key in self._open:
            return _hash("circle", str(len(self._open) - self._open[key]))
        if key not in self._known:
            self._open[key] = len(self._open)
            digest = self._read(value) if len(self._open) <= DEEPEST else self._identify(value)
            del self._open[key]
            self._known[key] = value, digest
        return self._known[key][1]

    def _read(self, value: Any) -> str:
        if isinstance(value, Tensor):
            return self._read_tensor(value)
        if isinstance(value, NAMED):
            return _hash("name", _locate(getattr(value, "__module__", "")), _locate(getattr(value, "__qualname__", None) or value.__name__))
        if isinstance(value, type):  # ComfyUI composes its noise schedules as classes of one name from bases that differ
            own = [vars(kind) for kind in value.__mro__ if "<locals>" in kind.__qualname__]
            names = [_name_kind(kind) for kind in value.__mro__]
            return self._join("class", [names, *({n: part for n, part in each.items() if isinstance(part, CODE)} for each in own)])
        if isinstance(value, np.ndarray) and value.dtype != object:
            return _hash("array", repr((value.shape, value.dtype)), value.tobytes().hex())
        if isinstance(value, ModelPatcher):
            return self._join("patcher", self._describe_patcher(value, self))
        if isinstance(value, nn.Module):
            return self._read_module(value)
        if isinstance(value, enum.Enum):
            return _hash("choice", type(value).__qualname__, value.name)
        if isinstance(value, dict | list | tuple | set | frozenset | types.MappingProxyType):
            return self._read_container(value)
        return self._read_object(value)

    def _read_tensor(self, tensor: Tensor) -> str:
        try:
            return self._digest_tensor(tensor) if not tensor.is_meta else self._identify(tensor)
        except (RuntimeError, NotImplementedError):  # a layout without these operations, such as a foreign tensor subclass
            return self._identify(tensor)

    def _read_container(self, value: Any) -> str:
        if isinstance(value, set | frozenset):
            return _hash(type(value).__name__, *sorted(self.digest(part) for part in value))
        if isinstance(value, list | tuple):
            return self._join(type(value).__name__, value)
        keys = sorted(value, key=repr) if all(isinstance(key, PLAIN) for key in value) else value
        return self._join("dict", [part for key in keys for part in (key, value[key])])

    def _read_module(self, module: nn.Module) -> str:
        """Structure and weights; and the settings of parts without weights, to others ComfyUI attaches what it does with them."""
        settings = {
            f"{name}.{key}": value
            for name, part in module.named_modules()
            if next(part.parameters(), None) is None
            for key, value in vars(part).items()
            if not key.startswith("_") and key != "training" and isinstance(value, PLAIN)
        }
        return self._join("module", [type(module), repr(module), dict(module.named_parameters()), dict(module.named_buffers()), settings])

    def _read_object(self, value: Any) -> str:
        if isinstance(value, types.FunctionType):
            code = value.__code__
            constants = [part for part in code.co_consts if isinstance(part, PLAIN)]
            cells = [cell.cell_contents for cell in value.__closure__ or () if _is_filled(cell)]
            parts = [_locate(value.__module__), value.__qualname__, code.co_code, code.co_names, constants, cells]
            return self._join("function", [*parts, value.__defaults__, value.__kwdefaults__])
        if isinstance(value, types.MethodType):
            return self._join("method", [value.__func__, value.__self__])
        if isinstance(value, functools.partial):
            return self._join("partial", [value.func, value.args, value.keywords])
        if isinstance(value, BypassForwardHook):  # its other attributes follow from these, and change while it is injected
            return self._join("bypass", [value.module, value.adapter, value.multiplier])
        if isinstance(value, SDTokenizer):  # its folder of embeddings may move, and the other direction of the vocabulary follows from it
            settings = {name: part for name, part in vars(value).items() if name not in ("embedding_directory", "inv_vocab")}
            return self._join("tokenizer", [type(value), settings])
        if isinstance(value, PreTrainedTokenizerBase):  # most of its state is in a compiled extension
            return _hash("vocabulary", type(value).__qualname__, repr(sorted(value.get_vocab().items())))
        slots = [name for kind in type(value).__mro__ for name in _slots_of(kind)]
        if not hasattr(value, "__dict__") and not slots:
            return self._identify(value)
        state = {name: getattr(value, name) for name in slots if hasattr(value, name)} | getattr(value, "__dict__", {})
        return self._join("object", [type(value), state])

    def _identify(self, value: Any) -> str:
        self.unread.add(_name_kind(type(value)))
        return _hash("identity", _text_of(value))

    def _join(self, kind: str, parts: Iterable[Any]) -> str:
        return _hash(kind, *(self.digest(part) for part in parts))


def _name_kind(kind: type) -> str:
    return f"{_locate(kind.__module__)}.{kind.__qualname__}"


def _locate(module: str | None) -> str:
    """A module's name without the folder of its pack: ComfyUI names the modules of custom nodes by their path, and folders are moved."""
    return re.split(r"[/\\]", (module or "").removeprefix(PACK))[-1]


def _hash(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]


def _text_of(value: Any) -> str:
    """A random text that an object keeps while it lives; one that cannot be referred to weakly gets another each time."""
    known = _texts.get(id(value))
    if known is not None and known[0]() is value:
        return known[1]
    text = uuid.uuid4().hex
    try:
        _texts[id(value)] = weakref.ref(value, functools.partial(_forget, id(value))), text
    except TypeError:  # this object cannot be referred to weakly
        return text
    return text


def _forget(key: int, reference: weakref.ref[Any]) -> None:
    if key in _texts and _texts[key][0] is reference:
        del _texts[key]


def _is_filled(cell: types.CellType) -> bool:
    try:
        cell.cell_contents  # noqa: B018
    except ValueError:
        return False
    return True


def _slots_of(kind: type) -> tuple[str, ...]:
    slots = vars(kind).get("__slots__", ())
    return tuple(name for name in ((slots,) if isinstance(slots, str) else slots) if name not in ("__dict__", "__weakref__"))
