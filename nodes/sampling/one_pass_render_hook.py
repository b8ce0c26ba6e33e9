"""Depth-Aware Render Hook (one pass): the node that estimates depth and renders features within one sampling run."""

from __future__ import annotations

from comfy_api.v0_0_2 import io

from ..bridge.depth.anchor_depth import select_anchor
from ..bridge.depth.model import EMBEDDED, list_depth_models
from ..bridge.host.advice import find_fault
from ..bridge.host.sockets import CamerasSocket
from ..bridge.rendering.one_pass import Estimation, apply_one_pass, check_moments, read_moments
from .hook_choices import place_inputs, read_options, strength_inputs


class MVCustomOnePassRenderHook(io.ComfyNode):
    """Add feature rendering to a MODEL, with depth estimated during sampling instead of in a first pass."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="MVCustomOnePassRenderHook",
            display_name="Depth-Aware Render Hook (one pass)",
            category="MVCustom/sampling",
            description="Makes views consistent in a single pass. The anchor's depth is estimated from the predicted clean picture after "
            "some of the steps; from then on its U-Net features are rendered into the other views. Two passes with Estimate Anchor Depth "
            "take about twice the time and give better depth.",
            search_aliases=["feature warping", "depth warp", "single pass", "multi-view consistency", "3d consistent", "novel view"],
            is_experimental=True,
            inputs=[
                io.Model.Input(
                    "model",
                    tooltip="The model to sample with. If it carries a concept, the learned geometry fixes the scale of the depth, which "
                    "is the most accurate way.",
                ),
                io.Vae.Input("vae", tooltip="The VAE of the checkpoint. It decodes the anchor view, so that its depth can be estimated."),
                CamerasSocket.Input("cameras", tooltip="The cameras of the trajectory, one for each view."),
                io.Int.Input(
                    "anchor",
                    default=0,
                    min=0,
                    max=4096,
                    tooltip="Number of the anchor view, counted from 0; the other views follow it. A view in the middle of the trajectory "
                    "is usual. Used only if anchor_choice is index.",
                ),
                io.Combo.Input(
                    "anchor_choice",
                    options=["index", "max coverage"],
                    tooltip="How the anchor view is chosen. index: the view whose number is in anchor. max coverage: the view whose "
                    "surface covers the largest share of the other views, computed from the cameras alone with a ball in front of a plane "
                    "in place of the scene.",
                ),
                io.Combo.Input(
                    "depth_model",
                    options=list_depth_models(),
                    default=EMBEDDED,
                    tooltip="The network that estimates depth: a folder in models/mvcustom_depth with ZoeDepth or Depth Anything, or the "
                    "embedded depth head, which knows only the procedural scenes of the embedded backbone and is refused for any other "
                    "model.",
                ),
                io.String.Input(
                    "estimate_at",
                    default="0.1, 0.2, 0.4",
                    tooltip="Shares of the denoising after which depth is estimated, between 0 and 1, ascending, separated by commas; by "
                    "noise level, as until. Rendering starts after the first; the later ones replace the depth as the picture becomes "
                    "clearer. Each one costs a VAE decoding and a run of the depth model.",
                ),
                *strength_inputs(),
                *place_inputs(),
            ],
            outputs=[io.Model.Output(display_name="model", tooltip="The model for a single pass with any sampler.")],
        )

    @classmethod
    def validate_inputs(cls, estimate_at: str | None = None, until: float | None = None) -> bool | str:
        return find_fault(cls, check_moments, estimate_at=estimate_at, until=until)

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
