"""Evaluate Views: does the camera obey, does the subject stay itself, does the background hold."""

from __future__ import annotations

import json

from comfy_api.latest import io, ui
from torch import Tensor

from ...mvcustom_core.camera.cameras import Cameras
from ...mvcustom_core.evaluation.report import describe_evaluation, tabulate_evaluation
from ...mvcustom_core.plot.evaluation import plot_evaluation
from ...mvcustom_core.surface.depth import AnchorDepth
from ..bridge.evaluation.encoders import NONE, list_encoders
from ..bridge.evaluation.evaluation import EvaluationInputs, evaluate_images
from ..bridge.host.sockets import CamerasSocket, DepthSocket
from ..bridge.host.tensors import images_to_comfy


class MVCustomEvaluateViews(io.ComfyNode):
    """IMAGE [V, H, W, 3], cameras, and whatever else is known => report, table, plots IMAGE."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="MVCustomEvaluateViews",
            display_name="Evaluate Views",
            category="MVCustom",
            description="Measures generated views: whether the camera obeys, the subject stays itself and the background holds. The "
            "camera is measured with the optional package pycolmap; every other input adds measures.",
            search_aliases=["metrics", "camera pose accuracy", "colmap", "tsed", "psnr", "ssim", "consistency", "identity", "clip score"],
            inputs=[
                io.Image.Input("images", tooltip="The generated views, all of one trajectory in order."),
                CamerasSocket.Input("cameras", tooltip="The trajectory that was asked for, one camera for each view."),
                DepthSocket.Input(
                    "depth",
                    optional=True,
                    tooltip="Anchors of this trajectory: each is warped into the other views and compared where both see the same.",
                ),
                io.Mask.Input(
                    "masks", optional=True, tooltip="White on the subject, one for each view. Tells the subject from the background."
                ),
                io.Image.Input("references", optional=True, tooltip="Photographs of the subject, as the concept was learned from."),
                io.Mask.Input("reference_masks", optional=True, tooltip="White on the subject, one for each reference."),
                io.Image.Input(
                    "true_views",
                    optional=True,
                    tooltip="The views as they should be, where they are known. Then masks are of the subject in these.",
                ),
                io.String.Input(
                    "prompt", default="", multiline=True, optional=True, tooltip="What the views should show; needs a text_encoder."
                ),
                io.Combo.Input(
                    "encoder",
                    options=list_encoders(),
                    default=NONE,
                    optional=True,
                    tooltip="Compares the subject with the references: a folder in models/mvcustom_encoders with DINOv2 or CLIP.",
                ),
                io.Combo.Input(
                    "text_encoder",
                    options=list_encoders(),
                    default=NONE,
                    optional=True,
                    tooltip="Compares the views with the prompt: a folder in models/mvcustom_encoders with CLIP.",
                ),
            ],
            outputs=[
                io.String.Output(display_name="report", tooltip="Three answers, then all figures, then what was not measured and why."),
                io.String.Output(display_name="table", tooltip="All figures as JSON: summary, views, pairs, neighbours, located, warps."),
                io.Image.Output(
                    display_name="plots",
                    tooltip="The cameras that the views show, in colours, among those asked for, in grey; errors of pairs; bars of views.",
                ),
            ],
        )

    @classmethod
    def execute(  # noqa: PLR0913
        cls,
        images: Tensor,
        cameras: Cameras,
        depth: tuple[AnchorDepth, ...] = (),
        masks: Tensor | None = None,
        references: Tensor | None = None,
        reference_masks: Tensor | None = None,
        true_views: Tensor | None = None,
        prompt: str = "",
        encoder: str = NONE,
        text_encoder: str = NONE,
    ) -> io.NodeOutput:
        inputs = EvaluationInputs(images, cameras, depth, masks, references, reference_masks, true_views, prompt, encoder, text_encoder)
        evaluation = evaluate_images(inputs)
        plots = images_to_comfy(plot_evaluation(evaluation, cameras))
        table = json.dumps(tabulate_evaluation(evaluation), indent=1)
        return io.NodeOutput(describe_evaluation(evaluation), table, plots, ui=ui.PreviewImage(plots, cls=cls))
