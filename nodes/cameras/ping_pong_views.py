"""Ping-Pong Views: the node that plays views forth and back, so that a video of them loops."""

from __future__ import annotations

import torch
from comfy_api.v0_0_2 import io
from torch import Tensor

from ..bridge.host.tensors import check_images


class MVCustomPingPongViews(io.ComfyNode):
    """IMAGE [V, H, W, 3] to IMAGE [2 V - 2, H, W, 3]: all views, then those between the last and the first, backwards."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="MVCustomPingPongViews",
            display_name="Ping-Pong Views",
            category="MVCustom/cameras",
            description="Repeats the views backwards after the last one, so that a video of them goes forth and back without a jump. "
            "Connect it to core's Create Video.",
            search_aliases=["boomerang", "loop video", "reverse frames", "pingpong", "turntable"],
            inputs=[io.Image.Input("images", tooltip="The views in the order of the path.")],
            outputs=[io.Image.Output(display_name="images", tooltip="The views forth and back. The first and the last appear once.")],
        )

    @classmethod
    def execute(cls, images: Tensor) -> io.NodeOutput:
        views = check_images(images, "images")
        return io.NodeOutput(torch.cat([views, views[1:-1].flip(0)]))
