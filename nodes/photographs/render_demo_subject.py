"""Render Demo Subject: photographs of a thing that nobody has trained on, to try the pack without a camera."""

from __future__ import annotations

import random

import torch
from comfy_api.latest import io, ui

from ...mvcustom_core.camera.normalisation import normalise_scene
from ...mvcustom_core.embedded.scenes.render import render_scene
from ...mvcustom_core.embedded.scenes.scene import sample_concept
from ...mvcustom_core.embedded.scenes.sweep import sample_photographs
from ...mvcustom_core.plot import plot_photographs
from ..bridge.host.sockets import CamerasSocket
from ..bridge.host.tensors import images_to_comfy, masks_to_comfy
from ..bridge.photographs.preparation import with_progress


class MVCustomRenderDemoSubject(io.ComfyNode):
    """seed => IMAGE [views, size, size, 3], MASK [views, size, size], cameras, class word."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="MVCustomRenderDemoSubject",
            display_name="Render Demo Subject",
            category="MVCustom",
            description="Renders pictures of a made-up subject from all around, with exact masks and cameras, as if it had been "
            "photographed. Its body is a simple shape; colours, pattern and added parts follow from the seed and are in no training data.",
            search_aliases=["synthetic dataset", "procedural subject", "demo photographs", "example subject"],
            inputs=[
                io.Int.Input(
                    "seed",
                    default=0,
                    min=0,
                    max=0xFFFFFFFFFFFFFFFF,
                    control_after_generate=False,
                    tooltip="Which subject. The same seed always gives the same pictures.",
                ),
                io.Int.Input(
                    "views", default=24, min=4, max=256, tooltip="Number of pictures, all around the subject with some jitter, as by hand."
                ),
                io.Int.Input(
                    "size", default=128, min=64, max=1024, step=64, tooltip="Side of the square pictures; 128 suits the embedded backbone."
                ),
            ],
            outputs=[
                io.Image.Output(display_name="images", tooltip="The pictures of the subject."),
                io.Mask.Output(display_name="masks", tooltip="White on the subject, exact."),
                CamerasSocket.Output(display_name="cameras", tooltip="Subject at the origin, farthest camera at distance 1."),
                io.String.Output(display_name="class_word", tooltip="What kind of thing it is, such as box: Learn Concept starts from it."),
                io.Image.Output(
                    display_name="preview", tooltip="The cameras about the subject from above and in perspective, and pictures."
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
        preview = images_to_comfy(plot_photographs(cameras, images)[None])
        return io.NodeOutput(
            images_to_comfy(images), masks_to_comfy(masks), cameras, scene.words.shape, preview, ui=ui.PreviewImage(preview, cls=cls)
        )
