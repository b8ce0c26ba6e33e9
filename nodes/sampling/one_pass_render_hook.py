"""Depth-Aware Render Hook (one pass)."""

from __future__ import annotations

from comfy_api.latest import io

from ..bridge.depth.anchor_depth import select_anchor
from ..bridge.depth.model import EMBEDDED, list_depth_models
from ..bridge.host.sockets import CamerasSocket
from ..bridge.rendering.one_pass import Estimation, apply_one_pass, read_moments
from .hook_choices import place_inputs, read_options, strength_inputs


class MVCustomOnePassRenderHook(io.ComfyNode):
    """As the Depth-Aware Render Hook, without a first pass."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="MVCustomOnePassRenderHook",
            display_name="Depth-Aware Render Hook (one pass)",
            category="MVCustom",
            description="While views are sampled, every view shows what the anchor view sees. The anchor's depth is estimated on the way, "
            "from what it is about to become. Two passes with Estimate Anchor Depth give better depth, and cost twice the time.",
            search_aliases=["feature warping", "depth warp", "single pass", "multi-view consistency"],
            inputs=[
                io.Model.Input("model", tooltip="With a concept, its own geometry fixes the scale of the depth, which is the best way."),
                io.Vae.Input("vae", tooltip="Decodes the anchor view for its depth."),
                CamerasSocket.Input("cameras", tooltip="The trajectory, one camera for each view."),
                io.Int.Input("anchor", default=0, min=0, max=4096, tooltip="The view that all others follow, if anchor_choice is index."),
                io.Combo.Input(
                    "anchor_choice",
                    options=["index", "max coverage"],
                    tooltip="Index: the view in anchor. Max coverage: the view that shows most of all others, by a ball in its place.",
                ),
                io.Combo.Input(
                    "depth_model",
                    options=list_depth_models(),
                    default=EMBEDDED,
                    tooltip="A folder in models/mvcustom_depth. The embedded depth head knows nothing but the embedded backbone's scenes.",
                ),
                io.String.Input(
                    "estimate_at",
                    default="0.1, 0.2, 0.4",
                    tooltip="Shares of the steps after which depth is estimated. Rendering begins with the first; the others refresh the "
                    "depth as the picture grows clearer. Each costs a decoding and a run of the depth model.",
                ),
                *strength_inputs(),
                *place_inputs(),
            ],
            outputs=[io.Model.Output(display_name="model", tooltip="For one pass of any sampler.")],
        )

    @classmethod
    def execute(  # noqa: PLR0913
        cls,
        model,  # noqa: ANN001
        vae,  # noqa: ANN001
        cameras,  # noqa: ANN001
        anchor: int,
        anchor_choice: str,
        depth_model: str,
        estimate_at: str,
        **choices,  # noqa: ANN003
    ) -> io.NodeOutput:
        view, _ = select_anchor(anchor_choice, anchor, cameras)
        estimation = Estimation(vae, depth_model, view, read_moments(estimate_at))
        return io.NodeOutput(apply_one_pass(model, cameras, read_options(shared_noise=False, **choices), estimation))
