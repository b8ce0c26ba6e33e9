"""Lends the tests the functions of the built widget, where there is node."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mvcustom.tests.node_layer.widget.javascript import WidgetFunctions, find_node


@pytest.fixture(scope="module")
def widget(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WidgetFunctions]:
    """The built widget's functions."""
    node = find_node()
    if node is None:
        pytest.skip("no node on the PATH: the widget's functions are not tested outside the browser")
    with WidgetFunctions(node, tmp_path_factory.mktemp("widget")) as functions:
        yield functions
