"""The functions of the built camera path widget, called in node: no browser, no ComfyUI, nothing installed."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
BUILT = ROOT / "web" / "js" / "camera_path.js"

# What the built file imports from ComfyUI. The extension is registered with nobody.
STUBS = {"app.js": "export const app = { registerExtension() {} }\n", "api.js": "export const api = { addEventListener() {} }\n"}
LOOP = """
import { createInterface } from 'node:readline'
import * as widget from './extensions/pack/js/camera_path.js'
for await (const line of createInterface({ input: process.stdin })) {
  const { script, data } = JSON.parse(line)
  let answer
  try { answer = { value: new Function('widget', 'data', 'return ' + script)(widget, data) } }
  catch (error) { answer = { error: error.message } }
  process.stdout.write(JSON.stringify(answer) + '\\n')
}
"""


def find_node() -> str | None:
    """The path of node, if this machine has it."""
    return shutil.which("node")


class ScriptError(RuntimeError):
    """What a script threw."""


class WidgetFunctions:
    """`with WidgetFunctions(node, folder) as widget: widget.call("widget.edits.closeCircle(data)", state)`."""

    def __init__(self, node: str, folder: Path) -> None:
        self._command = [node, "loop.mjs"]
        self._folder = folder

    def __enter__(self) -> WidgetFunctions:
        for name, text in {"loop.mjs": LOOP, "package.json": '{"type": "module"}', **{f"scripts/{n}": t for n, t in STUBS.items()}}.items():
            file = self._folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        copy = self._folder / "extensions" / "pack" / "js" / BUILT.name
        copy.parent.mkdir(parents=True)
        shutil.copyfile(BUILT, copy)
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self._process = subprocess.Popen(self._command, cwd=self._folder, text=True, encoding="utf-8", **pipes)
        return self

    def __exit__(self, *exception: object) -> None:
        self._process.stdin.close()
        self._process.wait(timeout=60)
        self._process.stdout.close()

    def call(self, script: str, data: object = None) -> Any:
        """The value of a JavaScript expression of `widget`, what the built file exports, and `data`.

        Raises:
            ScriptError: the script threw.
        """
        self._process.stdin.write(json.dumps({"script": script, "data": data}) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline() or '{"error": "node ended"}')
        if "error" in answer:
            raise ScriptError(answer["error"])
        return answer.get("value")
