"""Solve Cameras: the node that finds the cameras of plain photographs by structure from motion."""

from __future__ import annotations

from typing import Any

from comfy_api.v0_0_2 import io, ui
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
        tooltip="Horizontal field of view of the pictures in degrees, from the left border to the right one. 60 is usual. If the pictures "
        "have several sizes: that of the first picture.",
    )
    pixels = io.Float.Input(
        "focal_pixels",
        default=512.0,
        min=1.0,
        max=100000.0,
        step=0.1,
        tooltip="Focal length in pixels of these pictures; half their width corresponds to a field of view of 90 degrees. If the pictures "
        "have several sizes: that of the first picture.",
    )
    return [io.DynamicCombo.Option(UNKNOWN, []), io.DynamicCombo.Option(FIELD, [field]), io.DynamicCombo.Option(PIXELS, [pixels])]


class MVCustomSolveCameras(io.ComfyNode):
    """Find the cameras of IMAGE [V, H, W, 3], or a list of them; outputs cameras, IMAGE and MASK of the N <= V photographs placed."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="MVCustomSolveCameras",
            display_name="Solve Cameras",
            category="MVCustom/photographs",
            is_input_list=True,  # photographs of several sizes come as a list of batches
            description="Finds the cameras of photographs of one subject from the photographs alone (structure from motion). Needs the "
            'optional package pycolmap, 4.2 or newer: python -m pip install "pycolmap>=4.2".',
            search_aliases=[
                *("cameras from photos", "cameras of photographs", "find cameras of photos of an object"),
                *("colmap", "structure from motion", "sfm", "pycolmap", "glomap", "pose estimation", "camera poses", "calibrate"),
            ],
            inputs=[
                io.Image.Input(
                    "images",
                    tooltip="Photographs of one subject from all sides, in one batch, or as a list if they have several sizes. 20 to 60 "
                    "are usual. Use one lens at one zoom; crop all pictures alike around their centre, or not at all.",
                ),
                io.Mask.Input(
                    "masks",
                    optional=True,
                    tooltip="Optional: white on the subject, one for each photograph. Masks of the placed photographs appear at the "
                    "output masks; the search uses them only if features says so.",
                ),
                io.Combo.Input(
                    "features",
                    options=[EVERYWHERE, ON_SUBJECT],
                    tooltip="Where image features are looked for. everywhere: in the whole picture; a static background helps. on the "
                    "subject: only inside the masks; use it for a turntable, where the background does not turn with the subject.",
                ),
                io.DynamicCombo.Input(
                    "focal_length",
                    options=_lenses(),
                    tooltip="Focal length of the lens, the same for all photographs. unknown: it is estimated. field of view or pixels: "
                    "the value that you give is kept, which helps with few or similar photographs.",
                ),
            ],
            outputs=[
                CamerasSocket.Output(
                    display_name="cameras",
                    tooltip="One camera for each placed photograph. The subject is at the origin, the farthest camera at distance 1.",
                ),
                io.Image.Output(
                    display_name="images",
                    tooltip="The photographs whose cameras were found, in their order. Connect these to Learn Concept, not the input.",
                ),
                io.Mask.Output(
                    display_name="masks",
                    tooltip="Masks of these photographs. If none are connected, they are white everywhere, which Learn Concept takes for "
                    "no masks; the report says so.",
                ),
                io.String.Output(
                    display_name="report", tooltip="Photographs placed and left out, reprojection error, number of points, focal length."
                ),
                io.Image.Output(display_name="preview", tooltip="The cameras around the subject, from above and in perspective."),
            ],
        )

    @classmethod
    def execute(
        cls, images: list[Tensor], features: list[str], focal_length: dict[str, list[Any]], masks: list[Tensor] | None = None
    ) -> io.NodeOutput:
        solved = solve_photographs(images, masks, _read_lens(focal_length), features[0] == ON_SUBJECT)
        preview = images_to_comfy(plot_trajectory(solved.cameras, ordered=False)[None])
        return io.NodeOutput(
            solved.cameras, solved.images, solved.masks, "\n".join(solved.notes), preview, ui=ui.PreviewImage(preview, cls=cls)
        )


def _read_lens(choice: dict[str, list[Any]]) -> KnownLens:
    """The lens that the inputs describe."""
    kind = choice["focal_length"][0]
    if kind == UNKNOWN:
        return KnownLens()
    return KnownLens(focal=choice["focal_pixels"][0]) if kind == PIXELS else KnownLens(field_deg=choice["fov_deg"][0])
