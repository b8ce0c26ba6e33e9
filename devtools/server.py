"""A real ComfyUI server as a subprocess, and a prompt run on it as a browser would: HTTP for questions, a websocket for events."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .comfyui import PACK_NAME

BOOT_SECONDS = 300
LOG_TAIL_LINES = 40


class ServerError(RuntimeError):
    """ComfyUI did not start, refused the prompt, or failed while running it."""


@dataclass
class PromptRun:
    """What one prompt gave: seconds per node in the order of execution, and the outputs as ComfyUI's history lists them."""

    seconds: dict[str, float] = field(default_factory=dict)
    outputs: dict[str, dict[str, Any]] = field(default_factory=dict)
    total_seconds: float = 0.0


class ComfyServer:
    """`with ComfyServer(command, cwd, log) as server:` is a running server, stopped at the end of the block."""

    def __init__(self, command: list[str], cwd: Path, log_path: Path) -> None:
        self.log_path = log_path
        self.address = f"127.0.0.1:{_find_free_port()}"
        self._command = [*command, "--listen", "127.0.0.1", "--port", self.address.partition(":")[2]]
        self._cwd = cwd

    def __enter__(self) -> ComfyServer:
        with self.log_path.open("w", encoding="utf-8") as log:
            environment = {**os.environ, "PYTHONIOENCODING": "utf-8"}
            self.process = subprocess.Popen(self._command, cwd=self._cwd, stdout=log, stderr=subprocess.STDOUT, env=environment)
        try:
            self._wait_until_up()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        self.process.terminate()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def read_log_tail(self) -> str:
        """The last lines that the server wrote."""
        return "\n".join(self.log_path.read_text(encoding="utf-8", errors="replace").splitlines()[-LOG_TAIL_LINES:])

    def get(self, path: str, **query: str) -> bytes:
        """The body of an HTTP GET."""
        with urllib.request.urlopen(f"http://{self.address}{path}?{urllib.parse.urlencode(query)}", timeout=60) as response:
            return response.read()

    def get_json(self, path: str) -> Any:
        """The JSON of an HTTP GET."""
        return json.loads(self.get(path))

    def run_prompt(self, prompt: dict[str, Any], on_event: Callable[[str, dict[str, Any]], None] = lambda *_: None) -> PromptRun:
        """Queue an API-format prompt, follow it to its end and return what it gave.

        Raises:
            ServerError: the prompt is refused, or a node fails; the text names the node.
        """
        import websocket

        client = uuid.uuid4().hex
        run, running, entered = PromptRun(), None, time.perf_counter()
        began = entered
        address = f"ws://{self.address}/ws?clientId={client}"
        with closing(websocket.create_connection(address, timeout=60)) as connection:  # a busy machine answers late
            connection.settimeout(5)  # how often `_follow` looks whether the server still runs
            prompt_id = self._queue(prompt, client)
            for name, data in self._follow(connection, prompt_id):
                on_event(name, data)
                if name in ("execution_error", "execution_interrupted"):
                    raise ServerError(_describe_failure(name, data, prompt))
                if name == "executing":
                    now = time.perf_counter()
                    if running is not None:
                        run.seconds[running] = run.seconds.get(running, 0.0) + now - entered
                    running, entered = data.get("display_node") or data["node"], now
                    if running is None:  # the very end: unlike at execution_success, the history is written
                        break
        run.total_seconds = time.perf_counter() - began
        run.outputs = self.get_json(f"/history/{prompt_id}")[prompt_id]["outputs"]
        return run

    def _queue(self, prompt: dict[str, Any], client: str) -> str:
        body = json.dumps({"prompt": prompt, "client_id": client}).encode()
        request = urllib.request.Request(f"http://{self.address}/prompt", body, {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                answer = json.load(response)
        except urllib.error.HTTPError as refusal:
            raise ServerError(_describe_refusal(json.load(refusal), prompt)) from None
        if answer.get("node_errors"):
            raise ServerError(_describe_refusal(answer, prompt))
        return answer["prompt_id"]

    def _follow(self, connection: Any, prompt_id: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """The text events of this prompt; binary messages are previews."""
        import websocket

        while True:
            try:
                message = connection.recv()
            except websocket.WebSocketTimeoutException:
                message = b""
            except (websocket.WebSocketException, OSError) as lost:
                raise ServerError(f"ComfyUI closed the connection ({lost}). The end of its log:\n{self.read_log_tail()}") from None
            if self.process.poll() is not None:
                raise ServerError(self._describe_end())
            if isinstance(message, str) and message:
                event = json.loads(message)
                if event["data"].get("prompt_id") == prompt_id:
                    yield event["type"], event["data"]

    def _wait_until_up(self) -> None:
        deadline = time.monotonic() + BOOT_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise ServerError(self._describe_end())
            try:
                self.get("/system_stats")
                return self._check_pack()
            except OSError:  # not listening yet
                time.sleep(0.2)
        raise ServerError(f"ComfyUI did not answer within {BOOT_SECONDS} s. The end of its log:\n{self.read_log_tail()}")

    def _describe_end(self) -> str:
        return f"ComfyUI ended with code {self.process.returncode}. The end of its log:\n{self.read_log_tail()}"

    def _check_pack(self) -> None:
        """ComfyUI goes on without a pack that fails to import; whoever starts it here wants the pack."""
        log = self.log_path.read_text(encoding="utf-8", errors="replace")
        if any("IMPORT FAILED" in line and PACK_NAME in line for line in log.splitlines()):
            raise ServerError(f"ComfyUI could not import the pack. The end of its log:\n{self.read_log_tail()}")


def _find_free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _name_node(prompt: dict[str, Any], node: str) -> str:
    entry = prompt.get(node, {})
    return f"{entry.get('_meta', {}).get('title', entry.get('class_type', '?'))} (node {node}, {entry.get('class_type', '?')})"


def _describe_refusal(answer: dict[str, Any], prompt: dict[str, Any]) -> str:
    lines = ["ComfyUI refused the prompt: " + answer.get("error", {}).get("message", "see the nodes")]
    for node, found in (answer.get("node_errors") or {}).items():
        for error in found["errors"]:
            lines.append(f"  {_name_node(prompt, node)}: {error['message']}: {error['details']}")
    return "\n".join(lines)


def _describe_failure(name: str, data: dict[str, Any], prompt: dict[str, Any]) -> str:
    where = _name_node(prompt, str(data.get("node_id")))
    if name == "execution_interrupted":
        return f"interrupted in {where}"
    return f"{where} failed: {data['exception_type']}: {data['exception_message'].strip()}\n{''.join(data['traceback'])}"
