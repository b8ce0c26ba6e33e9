"""Cancelling a run on a real server leaves nothing behind: the next run gives what a fresh server gives."""

from __future__ import annotations

import sys
import threading
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from mvcustom.devtools.comfyui import locate_comfyui, prepare_base, server_command
from mvcustom.devtools.server import ComfyServer, ServerError
from mvcustom.tests.host.graph import EMBEDDED


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


def fetch_images(server: ComfyServer, prompt: dict[str, Any]) -> list[bytes]:
    images = server.run_prompt(prompt).outputs["save"]["images"]
    return [server.get("/view", filename=image["filename"], subfolder=image["subfolder"], type=image["type"]) for image in images]


def test_cancel_then_queue_again_is_a_fresh_server(comfy_server: ComfyServer, tmp_path: Path) -> None:
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
    again = fetch_images(comfy_server, make_prompt(steps=3, seed=5))

    comfyui = locate_comfyui()
    base = prepare_base(tmp_path / "base", comfyui)
    with ComfyServer(server_command(Path(sys.executable), comfyui, base), comfyui, tmp_path / "log") as fresh:
        assert fetch_images(fresh, make_prompt(steps=3, seed=5)) == again
    assert len(set(again)) == 4
