"""Lends the tests the user interface of a real server, in a headless chromium."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mvcustom.devtools.server import ComfyServer
from mvcustom.tests.browser.chromium import ChromiumPage, find_chromium

START_MILLISECONDS = 2500  # the interface goes on opening things after it is loaded
STILL_FRAMES = 30
READY = "window.app?.canvas && window.LiteGraph?.registered_node_types?.SaveImage"
# Until no node has moved or grown for some frames: panels measure themselves after they are there, and results are drawn after they arrive.
SETTLE = """new Promise(resolve => {
    let before, still = 0
    const watch = () => {
        const drawn = [...document.querySelectorAll('[data-node-id]')].map(node => [node.offsetWidth, node.offsetHeight])
        const now = JSON.stringify([drawn, app.graph._nodes.map(node => [...node.pos, ...node.size])])
        still = now === before ? still + 1 : 0
        before = now
        still < FRAMES ? requestAnimationFrame(watch) : resolve()
    }
    watch()
})""".replace("FRAMES", str(STILL_FRAMES))


@pytest.fixture(scope="module")
def page(comfy_server: ComfyServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChromiumPage]:
    """The user interface of the server, ready for work."""
    binary = find_chromium()
    if binary is None:
        pytest.skip("no chromium on the PATH: the user interface is not tested")
    with ChromiumPage(binary, tmp_path_factory.mktemp("chromium")) as page:
        page.open(f"http://{comfy_server.address}")
        page.wait_for(READY)
        page.evaluate(f"new Promise(resolve => setTimeout(resolve, {START_MILLISECONDS}))")
        yield page
