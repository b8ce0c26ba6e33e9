"""torch.compile as core's node sets it up, which ignores guards on transformer_options: a concept must show all the same."""

from __future__ import annotations

import logging
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from comfy_api.torch_helpers import set_torch_compile_wrapper

from mvcustom.nodes.bridge.host.eager import TORCH_COMPILE_KWARGS, uncompiled
from mvcustom.tests.host.embedded import apply_once, load_once, make_concept, sample


def skip_torch_compile_dict(guard_entries: list[Any]) -> list[bool]:
    return [("transformer_options" not in entry.name) for entry in guard_entries]


def test_a_model_with_a_concept_is_not_compiled_and_right(caplog: pytest.LogCaptureFixture):
    compiled: list[Any] = []

    def backend(graph: Any, inputs: Any, **kwargs: Any) -> Callable[..., Any]:
        compiled.append(graph)
        return graph.forward

    patched = apply_once(load_once()[0], make_concept(0.05))
    wanted = sample(patched)
    hasty = patched.clone()
    set_torch_compile_wrapper(model=hasty, backend=backend, options={"guard_filter_fn": skip_torch_compile_dict})
    with caplog.at_level(logging.INFO, "mvcustom.bridge.host"):
        assert torch.equal(sample(hasty), wanted)
    assert not compiled
    assert sum("not compiled" in message for message in caplog.messages) == 1


def test_an_old_torch_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delattr(torch.compiler, "set_stance")
    patched = apply_once(load_once()[0], make_concept())
    set_torch_compile_wrapper(model=patched, backend="eager", options={"guard_filter_fn": skip_torch_compile_dict})
    with pytest.raises(ValueError, match="wanted torch 2.6 or newer beside a concept, got .*; remove Torch Compile Model"):
        sample(patched, steps=1)


def test_a_graph_compiled_for_the_plain_model_does_not_serve_the_concept():
    """The trap in small: without the stance the second call would run the first one's graph, and add nothing."""

    def add(x: torch.Tensor, transformer_options: dict[str, Any]) -> torch.Tensor:
        return x + transformer_options.get("concept", 0)

    options = {"guard_filter_fn": skip_torch_compile_dict}
    first, second = (torch.compile(add, backend="eager", options=options) for _ in range(2))
    x = torch.zeros(2)
    assert first(x, transformer_options={}).tolist() == [0, 0]
    with uncompiled(SimpleNamespace(model_options={TORCH_COMPILE_KWARGS: {}}), "a test"):
        assert second(x, transformer_options={"concept": 1}).tolist() == [1, 1]
