"""A headless chromium, driven over its DevTools protocol: one page, few verbs."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import websocket

BINARIES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
FLAGS = (
    "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update "
    "--disable-sync --hide-scrollbars --window-size=1920,1200 --remote-debugging-port=0 --remote-allow-origins=*"
).split()
BOOT_SECONDS = 60


def find_chromium() -> str | None:
    """The path of a chromium or chrome, if this machine has one on its PATH."""
    return next((path for path in map(shutil.which, BINARIES) if path), None)


class PageError(RuntimeError):
    """What a script on the page threw."""


class ChromiumPage:
    """`with ChromiumPage(binary, profile) as page:` is an empty page of a fresh browser, closed at the end of the block."""

    def __init__(self, binary: str, profile: Path) -> None:
        self._profile = profile
        self._command = [binary, *FLAGS, f"--user-data-dir={profile}", "about:blank"]
        self._sent = 0

    def __enter__(self) -> ChromiumPage:
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            self._connection = websocket.create_connection(self._find_page(), timeout=BOOT_SECONDS)
        except BaseException:
            self._process.kill()
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        self._connection.close()
        self._process.terminate()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()

    def open(self, url: str) -> None:
        """Start loading a page; `wait_for` what it should hold."""
        self._call("Page.navigate", url=url)

    def evaluate(self, script: str, timeout: float = 60.0) -> Any:
        """The value of a JavaScript expression, awaited where it is a promise.

        Raises:
            PageError: the script threw.
        """
        self._connection.settimeout(timeout)
        found = self._call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in found:
            thrown = found["exceptionDetails"]
            raise PageError(thrown.get("exception", {}).get("description") or thrown["text"])
        return found["result"].get("value")

    def wait_for(self, condition: str, timeout: float = 60.0) -> None:
        """Wait until a JavaScript expression is true."""
        deadline = time.monotonic() + timeout
        while not self.evaluate(f"Boolean({condition})"):
            if time.monotonic() > deadline:
                raise TimeoutError(f"the page did not come to: {condition}")
            time.sleep(0.05)

    def dispatch(self, kind: str, **details: Any) -> None:
        """Send an event of the user's hand as the browser would: `Mouse` or `Key`, of the DevTools protocol's domain Input."""
        self._call(f"Input.dispatch{kind}Event", **details)

    def choose_files(self, chooser: str, files: Sequence[Path]) -> None:
        """Choose files in a file input, given as a JavaScript expression, as the browser's dialog would."""
        found = self._call("Runtime.evaluate", expression=chooser)["result"]
        self._call("DOM.setFileInputFiles", files=[str(file) for file in files], objectId=found["objectId"])

    def drop_files(self, place: tuple[float, float], files: Sequence[Path]) -> None:
        """Drag files or a folder from outside over a place of the page, and drop them there."""
        data = {"items": [], "files": [str(file) for file in files], "dragOperationsMask": 1}
        for kind in ("dragEnter", "dragOver", "dragOver", "drop"):
            self.dispatch("Drag", type=kind, x=place[0], y=place[1], data=data)

    def slow_down(self, bytes_per_second: int, offline: bool = False) -> None:
        """Send no faster than this; -1 for no limit."""
        self._call("Network.enable")
        conditions = {"latency": 0, "downloadThroughput": -1, "uploadThroughput": bytes_per_second}
        self._call("Network.emulateNetworkConditions", offline=offline, **conditions)

    def save_screenshot(self, file: Path) -> None:
        """Write the visible page as PNG."""
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(base64.b64decode(self._call("Page.captureScreenshot", format="png")["data"]))

    def _find_page(self) -> str:
        """The websocket of the page: chromium writes its port into the profile when it is ready."""
        port_file, deadline = self._profile / "DevToolsActivePort", time.monotonic() + BOOT_SECONDS
        while not (port_file.exists() and port_file.read_text().strip()):
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("chromium did not start")
            time.sleep(0.1)
        port = port_file.read_text().split()[0]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list", timeout=BOOT_SECONDS) as answer:
            return next(target["webSocketDebuggerUrl"] for target in json.load(answer) if target["type"] == "page")

    def _call(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._sent += 1
        self._connection.send(json.dumps({"id": self._sent, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._connection.recv())
            if message.get("id") == self._sent:
                if "error" in message:
                    raise PageError(f"{method}: {message['error']['message']}")
                return message["result"]
