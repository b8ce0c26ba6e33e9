"""Cancelling a run on a real server leaves nothing behind: the next run gives what a ComfyUI gives that has cancelled nothing."""

from __future__ import annotations

import io
import threading
import urllib.request
from pathlib import Path
from typing import IO, Any

import pytest
from PIL import Image

from mvcustom.devtools.server import ComfyServer, ServerError
from mvcustom.tests.host.graph import EMBEDDED
from mvcustom.tests.host.in_process import ComfyInProcess


def make_prompt(steps: int, seed: int) -> dict[str, Any]:
    def node(kind: str, **inputs: Any) -> dict[str, Any]:
        return {"class_type": kind, "inputs": inputs, "_meta": {"title": kind}}

    sampling = {"steps": steps, "seed": seed, "cfg": 4.0, "sampler_name": "euler", "scheduler": "simple", "denoise": 1.0}
    return {
        "backbone": node("MVCustomLoadBackbone", checkpoint=EMBEDDED, motion_file="none (embedded backbone)"),
        "positive": node("CLIPTextEncode", text="a red box on a snowy ground", clip=["backbone", 1]),
        "negative": node("CLIPTextEncode", text="", clip=["backbone", 1]),
        "latents": node("EmptyLatentImage", width=64, height=64, batch_size=4),
        "sample": node(
            "KSampler", model=["backbone", 0], positive=["positive", 0], negative=["negative", 0], latent_image=["latents", 0], **sampling
        ),
        "decode": node("VAEDecode", samples=["sample", 0], vae=["backbone", 2]),
        "save": node("PreviewImage", images=["decode", 0]),
    }


def read_pixels(file: IO[bytes] | Path) -> bytes:
    """Without what the file says of the prompt."""
    with Image.open(file) as image:
        return image.tobytes()


def run_on(server: ComfyServer, prompt: dict[str, Any]) -> list[bytes]:
    """The pictures' pixels."""
    images = server.run_prompt(prompt).outputs["save"]["images"]
    found = (server.get("/view", filename=image["filename"], subfolder=image["subfolder"], type=image["type"]) for image in images)
    return [read_pixels(io.BytesIO(file)) for file in found]


def run_here(comfy: ComfyInProcess, prompt: dict[str, Any]) -> list[bytes]:
    """The same of a ComfyUI that has cancelled nothing."""
    images = comfy.run(prompt)["save"]["images"]
    return [read_pixels(Path(comfy.folder_paths.get_temp_directory(), image["subfolder"], image["filename"])) for image in images]


def test_cancel_then_queue_again_gives_what_was_never_cancelled(comfy_server: ComfyServer, comfy: ComfyInProcess) -> None:
    steps_seen: list[int] = []

    def cancel(name: str, data: dict[str, Any]) -> None:
        if name == "progress" and data["node"] == "sample":
            steps_seen.append(data["value"])
            if data["value"] == 2:
                request = urllib.request.Request(f"http://{comfy_server.address}/interrupt", b"{}", {"Content-Type": "application/json"})
                threading.Thread(target=urllib.request.urlopen, args=(request,), daemon=True).start()

    with pytest.raises(ServerError):
        comfy_server.run_prompt(make_prompt(steps=500, seed=3), cancel)
    assert max(steps_seen) < 20  # within a few steps of the two after which it was asked for
    again = run_on(comfy_server, make_prompt(steps=3, seed=5))
    assert run_here(comfy, make_prompt(steps=3, seed=5)) == again
    assert len(set(again)) == 4
