"""Load Posed Images and Pose Images: photographs of a subject with their cameras, from a folder or from other nodes."""

from __future__ import annotations

import torch
from comfy_api.latest import io, ui
from torch import Tensor

from ...mvcustom_core.camera.cameras import Cameras
from ...mvcustom_core.capture.formats.folder import locate_camera_files
from ...mvcustom_core.plot import plot_photographs
from ..bridge.host.folders import locate_photographs
from ..bridge.host.sockets import CamerasSocket
from ..bridge.host.tensors import images_to_comfy, masks_to_comfy
from ..bridge.photographs.preparation import CENTRAL, SUBJECT, WHOLE, PhotographSettings, parse_center, prepare_photographs
from ..bridge.photographs.report import measure_radius, write_report
from ..bridge.photographs.source import PhotographSource, fingerprint_folder, open_batch, open_folder


def _size_inputs() -> list[io.Input]:
    return [
        io.Int.Input(
            "size",
            default=512,
            min=64,
            max=2048,
            step=64,
            tooltip="Side of the square pictures in pixels. What is cut out of the photographs is resized to it (see crop).",
        ),
        io.Int.Input(
            "limit",
            default=0,
            min=0,
            max=10000,
            tooltip="Most photographs to take, at equal spacing in their order. 0 takes all.",
        ),
    ]


def _world_inputs() -> list[io.Input]:
    crops = {CENTRAL: "as large as the photographs hold it, about the optical axis", WHOLE: "padded with black", SUBJECT: "by the masks"}
    return [
        io.Int.Input(
            "skip",
            default=0,
            min=0,
            max=999,
            optional=True,
            advanced=True,
            tooltip="Photographs to pass over after each one that is taken: 1 takes every second. The limit counts what is left.",
        ),
        io.Combo.Input(
            "crop",
            options=list(crops),
            default=CENTRAL,
            optional=True,
            advanced=True,
            tooltip="What becomes the square picture: " + "; ".join(f"{name} = {what}" for name, what in crops.items()) + ".",
        ),
        io.String.Input(
            "subject_center",
            default="",
            optional=True,
            advanced=True,
            tooltip="The subject's centre as x, y, z in the world and unit of the given cameras. Empty: the point nearest to all optical "
            "axes.",
        ),
        io.Float.Input(
            "scene_radius",
            default=0.0,
            min=0.0,
            max=1e9,
            step=0.01,
            optional=True,
            advanced=True,
            tooltip="The length in the world of the given cameras that becomes 1. 0: the farthest camera's distance from the subject.",
        ),
    ]


def _outputs() -> list[io.Output]:
    return [
        io.Image.Output(display_name="images", tooltip="The photographs as squares."),
        io.Mask.Output(display_name="masks", tooltip="White on the subject; white all over where there are no masks (see report)."),
        CamerasSocket.Output(display_name="cameras", tooltip="Subject at the origin, farthest camera at distance 1."),
        io.Image.Output(display_name="preview", tooltip="The cameras about the subject from above and in perspective, and photographs."),
        io.String.Output(
            display_name="report",
            tooltip="What was found, which photographs were left out and why, what was done to the others, where the subject is.",
        ),
    ]


def _prepare(node: type[io.ComfyNode], source: PhotographSource, settings: PhotographSettings) -> io.NodeOutput:
    """The outputs that both nodes share."""
    photographs = prepare_photographs(source, settings)
    masks = torch.ones_like(photographs.images[:, :1]) if photographs.masks is None else photographs.masks
    radius, _ = measure_radius(photographs)
    preview = images_to_comfy(plot_photographs(photographs.cameras, photographs.images, subject_radius=radius)[None])
    images, report = images_to_comfy(photographs.images), write_report(source, settings, photographs)
    return io.NodeOutput(images, masks_to_comfy(masks), photographs.cameras, preview, report, ui=ui.PreviewImage(preview, cls=node))


class MVCustomLoadPosedImages(io.ComfyNode):
    """A folder of photographs with a camera file => IMAGE [N, size, size, 3], MASK [N, size, size], cameras, picture, report."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="MVCustomLoadPosedImages",
            display_name="Load Posed Images",
            category="MVCustom",
            description="Loads photographs of one subject together with the cameras that took them: a folder with transforms.json "
            "(nerfstudio, instant-ngp, Blender) or a COLMAP model, text or binary, or a sequence of CO3D. Lens distortion is removed. "
            "The world is moved and scaled so that the subject is at the origin and the farthest camera at distance 1.",
            search_aliases=["colmap", "nerfstudio", "transforms.json", "co3d", "nerf dataset", "photographs with cameras", "load cameras"],
            inputs=[
                io.String.Input(
                    "folder",
                    default="",
                    tooltip="Folder of the photographs, absolute or relative to ComfyUI's input folder. It holds transforms.json or "
                    "Blender's transforms_train.json; or COLMAP's cameras and images, .txt or .bin (also in sparse/0 and so on), with the "
                    "pictures in images/; or it is a category or a sequence of CO3D. Of several camera files name the one to take, such as "
                    "scene/transforms_test.json. Masks are taken from the camera file, from a folder masks/ or from transparency.",
                ),
                *_size_inputs(),
                io.Mask.Input(
                    "masks_of_files",
                    optional=True,
                    tooltip="Masks to use instead of the folder's own: one per usable photograph of the folder, in its order and at its "
                    "original size (one for all), white on the subject. They are undistorted, cropped and resized with the photographs.",
                ),
                *_world_inputs(),
                io.String.Input(
                    "sequence",
                    default="",
                    optional=True,
                    advanced=True,
                    tooltip="Which sequence of a CO3D category, by the name of its folder. Not needed where the folder is a sequence.",
                ),
            ],
            outputs=_outputs(),
        )

    @classmethod
    def validate_inputs(cls, folder: str | None = None, subject_center: str | None = None) -> bool | str:
        try:
            if folder is not None:  # else it comes over a wire
                locate_camera_files(locate_photographs(folder))
            parse_center(subject_center or "")
        except ValueError as error:
            return str(error)
        return True

    @classmethod
    def fingerprint_inputs(cls, folder: str | None, sequence: str | None = "", **others: object) -> object:
        if folder is None or sequence is None:
            return None  # it comes from another node, whose own fingerprint counts
        return fingerprint_folder(locate_photographs(folder), sequence.strip())

    @classmethod
    def execute(
        cls,
        folder: str,
        size: int,
        limit: int,
        masks_of_files: Tensor | None = None,
        skip: int = 0,
        crop: str = CENTRAL,
        subject_center: str = "",
        scene_radius: float = 0.0,
        sequence: str = "",
    ) -> io.NodeOutput:
        settings = PhotographSettings(size, skip, limit, crop, parse_center(subject_center), scene_radius or None)
        return _prepare(cls, open_folder(locate_photographs(folder), sequence.strip(), masks_of_files), settings)


class MVCustomPoseImages(io.ComfyNode):
    """IMAGE [N, H, W, 3], N cameras, MASK [N, H, W] => the same outputs as Load Posed Images."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="MVCustomPoseImages",
            display_name="Pose Images",
            category="MVCustom",
            description="Brings pictures of one subject and their cameras from other nodes into the form that Learn Concept needs: squares "
            "and a world with the subject at the origin and the farthest camera at distance 1. It is Load Posed Images without the folder.",
            search_aliases=["images with cameras", "posed images", "normalise cameras", "photographs with cameras"],
            inputs=[
                io.Image.Input("images", tooltip="Pictures of the subject, without lens distortion, one per camera and in their order."),
                CamerasSocket.Input(
                    "cameras",
                    tooltip="The cameras of the pictures, in any world. For pictures of another size but the same aspect, they are scaled.",
                ),
                *_size_inputs(),
                io.Mask.Input("masks", optional=True, tooltip="White on the subject: one per picture, at its size."),
                *_world_inputs(),
            ],
            outputs=_outputs(),
        )

    @classmethod
    def validate_inputs(cls, subject_center: str | None = None) -> bool | str:
        try:
            parse_center(subject_center or "")
        except ValueError as error:
            return str(error)
        return True

    @classmethod
    def execute(
        cls,
        images: Tensor,
        cameras: Cameras,
        size: int,
        limit: int,
        masks: Tensor | None = None,
        skip: int = 0,
        crop: str = CENTRAL,
        subject_center: str = "",
        scene_radius: float = 0.0,
    ) -> io.NodeOutput:
        settings = PhotographSettings(size, skip, limit, crop, parse_center(subject_center), scene_radius or None)
        return _prepare(cls, open_batch(images, cameras, masks), settings)
