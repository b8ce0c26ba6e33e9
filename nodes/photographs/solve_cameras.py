"""Solve Cameras: plain photographs of a subject get the cameras that took them."""

from __future__ import annotations

from typing import Any

from comfy_api.latest import io, ui
from torch import Tensor

from ...mvcustom_core.plot import plot_trajectory
from ..bridge.host.sockets import CamerasSocket
from ..bridge.host.tensors import images_to_comfy
from ..bridge.photographs.solving import KnownLens, solve_photographs

EVERYWHERE, ON_SUBJECT = "everywhere", "on the subject"
UNKNOWN, FIELD, PIXELS = "unknown", "field of view", "pixels"


def _lenses() -> list[io.DynamicCombo.Option]:
    field = io.Float.Input(
        "fov_deg",
        default=60.0,
        min=5.0,
        max=150.0,
        step=0.1,
        tooltip="From the left border of the pictures to the right one, in degrees. Of several sizes: of the first picture.",
    )
    pixels = io.Float.Input(
        "focal_pixels",
        default=512.0,
        min=1.0,
        max=100000.0,
        step=0.1,
        tooltip="In pixels of these pictures; half the width means 90 degrees across. Of several sizes: of the first picture.",
    )
    return [io.DynamicCombo.Option(UNKNOWN, []), io.DynamicCombo.Option(FIELD, [field]), io.DynamicCombo.Option(PIXELS, [pixels])]


class MVCustomSolveCameras(io.ComfyNode):
    """IMAGE [V, H, W, 3] or a list of them, optional MASK => cameras, IMAGE and MASK of the N <= V photographs that could be placed."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="MVCustomSolveCameras",
            display_name="Solve Cameras",
            category="MVCustom",
            is_input_list=True,  # photographs of several sizes come as a list of batches
            description="Finds the cameras that took photographs of one subject, from the photographs alone (structure from motion). Needs "
            "the optional package pycolmap: python -m pip install pycolmap.",
            search_aliases=["colmap", "structure from motion", "sfm", "pycolmap", "glomap", "pose estimation", "camera poses", "calibrate"],
            inputs=[
                io.Image.Input(
                    "images",
                    tooltip="Photographs of one subject from all around, 20 to 60, in one batch; as a list if they have several sizes. All "
                    "by one lens at one zoom, cropped alike about the middle or not at all.",
                ),
                io.Mask.Input(
                    "masks",
                    optional=True,
                    tooltip="White on the subject, one for each photograph. They are passed on with the photographs.",
                ),
                io.Combo.Input(
                    "features",
                    options=[EVERYWHERE, ON_SUBJECT],
                    tooltip="Where to look for points. Everywhere: the background helps. On the subject (needs masks): for a turntable, "
                    "where the background does not turn with the subject.",
                ),
                io.DynamicCombo.Input(
                    "focal_length",
                    options=_lenses(),
                    tooltip="Unknown: found, one for all photographs. If you know it, few or similar photographs are placed more surely.",
                ),
            ],
            outputs=[
                CamerasSocket.Output(display_name="cameras", tooltip="Of the placed photographs. Subject at the origin, farthest at 1."),
                io.Image.Output(display_name="images", tooltip="The photographs that could be placed, in their order."),
                io.Mask.Output(display_name="masks", tooltip="Their masks; white all over if none are connected (see report)."),
                io.String.Output(display_name="report", tooltip="What was found: views placed and left out, errors, points, focal length."),
                io.Image.Output(display_name="preview", tooltip="The cameras about the subject, from above and in perspective."),
            ],
        )

    @classmethod
    def execute(
        cls, images: list[Tensor], features: list[str], focal_length: dict[str, list[Any]], masks: list[Tensor] | None = None
    ) -> io.NodeOutput:
        solved = solve_photographs(images, masks, _read_lens(focal_length), features[0] == ON_SUBJECT)
        preview = images_to_comfy(plot_trajectory(solved.cameras)[None])
        return io.NodeOutput(
            solved.cameras, solved.images, solved.masks, "\n".join(solved.notes), preview, ui=ui.PreviewImage(preview, cls=cls)
        )


def _read_lens(choice: dict[str, list[Any]]) -> KnownLens:
    """What the widgets say of the lens."""
    kind = choice["focal_length"][0]
    if kind == UNKNOWN:
        return KnownLens()
    return KnownLens(focal=choice["focal_pixels"][0]) if kind == PIXELS else KnownLens(field_deg=choice["fov_deg"][0])
