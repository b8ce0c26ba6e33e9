"""Evaluate Views: the node that measures camera accuracy, likeness of the subject and consistency of the background."""

from __future__ import annotations

import json

from comfy_api.v0_0_2 import io, ui
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
    """Measure views, IMAGE [V, H, W, 3], against their cameras and every optional input; gives a report, a JSON table and plots."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="MVCustomEvaluateViews",
            display_name="Evaluate Views",
            category="MVCustom/evaluation",
            description="Measures generated views: whether the cameras are those asked for, whether the subject keeps its identity, and "
            "whether the background is consistent. Measuring the cameras needs the optional package pycolmap, 4.2 or newer. Every optional "
            "input adds measures.",
            search_aliases=["metrics", "camera pose accuracy", "colmap", "tsed", "psnr", "ssim", "consistency", "identity", "clip score"],
            inputs=[
                io.Image.Input(
                    "images",
                    tooltip="All generated views of one trajectory, in order; at least two, and at least three to measure the cameras.",
                ),
                CamerasSocket.Input("cameras", tooltip="The cameras of the trajectory that was asked for, one for each view."),
                DepthSocket.Input(
                    "depth",
                    optional=True,
                    tooltip="Optional: the depth of one or more anchor views, from Estimate Anchor Depth. Each anchor is warped into the "
                    "other views and compared with them where both show the same surface.",
                ),
                io.Mask.Input(
                    "masks",
                    optional=True,
                    tooltip="Optional: white on the subject, one for each view. With masks, subject and background are measured apart.",
                ),
                io.Image.Input(
                    "references",
                    optional=True,
                    tooltip="Optional: photographs of the subject. The subject of each view is compared with the most similar one.",
                ),
                io.Mask.Input("reference_masks", optional=True, tooltip="Optional: white on the subject, one for each reference."),
                io.Image.Input(
                    "true_views",
                    optional=True,
                    tooltip="Optional: the correct views, if they are known, for PSNR and SSIM. The masks must then mark the subject in "
                    "these views.",
                ),
                io.String.Input(
                    "prompt",
                    default="",
                    multiline=True,
                    optional=True,
                    tooltip="The prompt of the views. It is compared with them if a text_encoder is chosen; empty leaves this out.",
                ),
                io.Combo.Input(
                    "encoder",
                    options=list_encoders(),
                    default=NONE,
                    optional=True,
                    tooltip="The network that compares the subject with the references: a folder in models/mvcustom_encoders with DINOv2 "
                    "or CLIP. none: only colours are compared, which needs both kinds of masks.",
                ),
                io.Combo.Input(
                    "text_encoder",
                    options=list_encoders(),
                    default=NONE,
                    optional=True,
                    tooltip="The network that compares the views with the prompt: a folder in models/mvcustom_encoders with CLIP. none: "
                    "the prompt is not measured.",
                ),
            ],
            outputs=[
                io.String.Output(
                    display_name="report",
                    tooltip="Three verdicts (camera, subject, background), all figures, and what was not measured and why.",
                ),
                io.String.Output(
                    display_name="table", tooltip="All figures as JSON: summary, views, pairs, neighbours, located, warps, notes."
                ),
                io.Image.Output(
                    display_name="plots",
                    tooltip="The cameras found in the views (coloured) beside those asked for (grey), the errors of all pairs of views, "
                    "and a bar for each view and figure.",
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
