"""Lends the tests the user interface of a real server, in a headless chromium."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mvcustom.devtools.server import ComfyServer
from mvcustom.tests.browser.chromium import ChromiumPage, find_chromium

SETTLE_MILLISECONDS = 2500  # the interface goes on moving things after it is loaded, and draws results after they arrive
READY = "window.app?.canvas && window.LiteGraph?.registered_node_types?.SaveImage"
SETTLE = f"new Promise(resolve => setTimeout(resolve, {SETTLE_MILLISECONDS}))"


@pytest.fixture(scope="module")
def page(comfy_server: ComfyServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChromiumPage]:
    """The user interface of the server, ready for work."""
    binary = find_chromium()
    if binary is None:
        pytest.skip("no chromium on the PATH: the user interface is not tested")
    with ChromiumPage(binary, tmp_path_factory.mktemp("chromium")) as page:
        page.open(f"http://{comfy_server.address}")
        page.wait_for(READY)
        page.evaluate(SETTLE)
        yield page
