"""The inputs and outputs that Load Posed Images and Pose Images share."""

from __future__ import annotations

import torch
from comfy_api.v0_0_2 import io, ui

from ...mvcustom_core.plot import plot_photographs
from ..bridge.host.sockets import CamerasSocket
from ..bridge.host.tensors import images_to_comfy, masks_to_comfy
from ..bridge.photographs.preparation import CENTRAL, SUBJECT, WHOLE, PhotographSettings, prepare_photographs
from ..bridge.photographs.report import measure_radius, write_report
from ..bridge.photographs.source import PhotographSource


def size_inputs() -> list[io.Input]:
    """Size and number of the output pictures."""
    return [
        io.Int.Input(
            "size",
            default=512,
            min=64,
            max=2048,
            step=64,
            tooltip="Side of the square output pictures in pixels; the crops are resized to it. 512 for Stable Diffusion 1.5, 128 for the "
            "embedded backbone.",
        ),
        io.Int.Input(
            "limit",
            default=0,
            min=0,
            max=10000,
            tooltip="Maximum number of photographs to use; more are thinned out at equal spacing. 0 uses all. 20 to 60 are usual for "
            "Learn Concept.",
        ),
    ]


def world_inputs() -> list[io.Input]:
    """Which photographs are used, how they are cropped, and the world that they are brought into; all advanced."""
    crops = {
        CENTRAL: "the largest square inside the photograph, around the optical axis; of a portrait photograph the top and the bottom "
        "are cut off",
        WHOLE: "the whole photograph, with black added at two sides",
        SUBJECT: "the smallest square around the subject in the mask",
    }
    return [
        io.Int.Input(
            "skip",
            default=0,
            min=0,
            max=999,
            optional=True,
            advanced=True,
            tooltip="Number of photographs to skip after each one that is used: 0 uses all, 1 every second. limit is applied afterwards.",
        ),
        io.Combo.Input(
            "crop",
            options=list(crops),
            default=CENTRAL,
            optional=True,
            advanced=True,
            tooltip="Which square is cut out of a photograph. " + " ".join(f"{name}: {what}." for name, what in crops.items()),
        ),
        io.String.Input(
            "subject_center",
            default="",
            optional=True,
            advanced=True,
            tooltip="The subject's centre as x, y, z in the world of the given cameras. It becomes the origin. Empty: the point nearest "
            "to all optical axes.",
        ),
        io.Float.Input(
            "scene_radius",
            default=0.0,
            min=0.0,
            max=1e9,
            step=0.01,
            optional=True,
            advanced=True,
            tooltip="The length in the world of the given cameras that becomes 1. Larger makes the scene smaller. 0: the distance of the "
            "farthest camera from the subject's centre.",
        ),
    ]


def photograph_outputs() -> list[io.Output]:
    """Pictures, masks, cameras, a preview and the report."""
    return [
        io.Image.Output(display_name="images", tooltip="The square crops, size x size pixels."),
        io.Mask.Output(
            display_name="masks",
            tooltip="White on the subject. Connect it to Learn Concept. If there are no masks, they are white everywhere, which Learn "
            "Concept takes for no masks; the report says so.",
        ),
        CamerasSocket.Output(
            display_name="cameras", tooltip="One camera for each picture. The subject is at the origin, the farthest camera at distance 1."
        ),
        io.Image.Output(
            display_name="preview",
            tooltip="The cameras around the subject, from above and in perspective, and up to twelve photographs. With masks, what is not "
            "the subject is faded, and the subject's share of each picture is written below it.",
        ),
        io.String.Output(
            display_name="report",
            tooltip="The format that was found, the photographs left out and why, what was done to the others, and the subject's centre.",
        ),
    ]


def give_photographs(node: type[io.ComfyNode], source: PhotographSource, settings: PhotographSettings) -> io.NodeOutput:
    """Prepare photographs and return what `photograph_outputs` lists, with the preview shown on the node."""
    photographs = prepare_photographs(source, settings)
    masks = torch.ones_like(photographs.images[:, :1]) if photographs.masks is None else photographs.masks
    radius, _ = measure_radius(photographs)
    preview = images_to_comfy(plot_photographs(photographs.cameras, photographs.images, photographs.masks, subject_radius=radius)[None])
    images, report = images_to_comfy(photographs.images), write_report(source, settings, photographs)
    return io.NodeOutput(images, masks_to_comfy(masks), photographs.cameras, preview, report, ui=ui.PreviewImage(preview, cls=node))
