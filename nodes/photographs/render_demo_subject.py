"""Render Demo Subject: the node that renders posed pictures of a procedural subject, to try the pack without photographs."""

from __future__ import annotations

import random

import torch
from comfy_api.v0_0_2 import io, ui

from ...mvcustom_core.camera.normalisation import normalise_scene
from ...mvcustom_core.embedded.scenes.render import render_scene
from ...mvcustom_core.embedded.scenes.scene import sample_concept
from ...mvcustom_core.embedded.scenes.sweep import sample_photographs
from ...mvcustom_core.plot import plot_photographs
from ..bridge.host.sockets import CamerasSocket
from ..bridge.host.tensors import images_to_comfy, masks_to_comfy
from ..bridge.photographs.preparation import with_progress


class MVCustomRenderDemoSubject(io.ComfyNode):
    """Render a subject drawn from a seed: IMAGE [views, size, size, 3], MASK [views, size, size], cameras and class word."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="MVCustomRenderDemoSubject",
            display_name="Render Demo Subject",
            category="MVCustom/photographs",
            description="Renders pictures of a procedural subject from all sides, with exact masks and cameras, to try Learn Concept "
            "without photographs. The subject has a simple body with a pattern and two added parts; the seed decides their shapes and "
            "colours.",
            search_aliases=["synthetic dataset", "procedural subject", "demo photographs", "example subject"],
            inputs=[
                io.Int.Input(
                    "seed",
                    default=0,
                    min=0,
                    max=0xFFFFFFFFFFFFFFFF,
                    control_after_generate=False,
                    tooltip="Number that decides the subject, its ground and its sky. The same seed gives the same subject. Seeds from "
                    "100050 to 100349 include subjects that the embedded backbone's pose blocks were trained on.",
                ),
                io.Int.Input(
                    "views",
                    default=24,
                    min=4,
                    max=256,
                    tooltip="Number of pictures, spread around the subject with some jitter, as if taken by hand. 24 is usual; fewer "
                    "leave sides unseen.",
                ),
                io.Int.Input(
                    "size",
                    default=128,
                    min=64,
                    max=1024,
                    step=64,
                    tooltip="Side of the square pictures in pixels. 128 is the size that the embedded backbone was trained at.",
                ),
            ],
            outputs=[
                io.Image.Output(display_name="images", tooltip="The pictures of the subject."),
                io.Mask.Output(display_name="masks", tooltip="Exact masks, white on the subject."),
                CamerasSocket.Output(
                    display_name="cameras",
                    tooltip="One camera for each picture. The subject is at the origin, the farthest camera at distance 1.",
                ),
                io.String.Output(
                    display_name="class_word",
                    tooltip="The shape of the subject's body, for example box. Connect it to class_word of Learn Concept.",
                ),
                io.Image.Output(
                    display_name="preview",
                    tooltip="The cameras around the subject, from above and in perspective, and up to twelve of the pictures with the "
                    "subject's share of each.",
                ),
            ],
        )

    @classmethod
    def execute(cls, seed: int, views: int, size: int) -> io.NodeOutput:
        scene = sample_concept(seed)
        cameras = sample_photographs(random.Random(f"photographs {seed}"), views, size)
        renderings = [render_scene(scene, cameras[i]) for i in with_progress(range(views))]  # one at a time: rays take memory
        images, masks = (torch.cat([getattr(rendering, name) for rendering in renderings]) for name in ("images", "mask"))
        cameras, _ = normalise_scene(cameras)
        preview = images_to_comfy(plot_photographs(cameras, images, masks)[None])
        return io.NodeOutput(
            images_to_comfy(images), masks_to_comfy(masks), cameras, scene.words.shape, preview, ui=ui.PreviewImage(preview, cls=cls)
        )
