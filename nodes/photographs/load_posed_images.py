"""Load Posed Images and Pose Images: the nodes that give photographs with their cameras, from a folder or from other nodes."""

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


def _world_inputs() -> list[io.Input]:
    crops = {
        CENTRAL: "the largest square inside the photograph, around the optical axis",
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


def _outputs() -> list[io.Output]:
    return [
        io.Image.Output(display_name="images", tooltip="The square crops, size x size pixels."),
        io.Mask.Output(
            display_name="masks", tooltip="White on the subject. If there are no masks, they are white everywhere, and the report says so."
        ),
        CamerasSocket.Output(
            display_name="cameras", tooltip="One camera for each picture. The subject is at the origin, the farthest camera at distance 1."
        ),
        io.Image.Output(
            display_name="preview", tooltip="The cameras around the subject, from above and in perspective, and up to twelve photographs."
        ),
        io.String.Output(
            display_name="report",
            tooltip="The format that was found, the photographs left out and why, what was done to the others, and the subject's centre.",
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
    """Load a folder of photographs with its cameras: IMAGE [N, size, size, 3], MASK [N, size, size], cameras, preview, report."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="MVCustomLoadPosedImages",
            display_name="Load Posed Images",
            category="MVCustom",
            description="Loads photographs of one subject together with their cameras, from a folder with transforms.json (nerfstudio, "
            "instant-ngp, Blender), with a COLMAP model (text or binary), or with a CO3D sequence. Lens distortion is removed. The world "
            "is moved and scaled so that the subject is at the origin and the farthest camera at distance 1.",
            search_aliases=["colmap", "nerfstudio", "transforms.json", "co3d", "nerf dataset", "photographs with cameras", "load cameras"],
            inputs=[
                io.String.Input(
                    "folder",
                    default="",
                    tooltip="Path of the folder, absolute or relative to ComfyUI's input folder. It contains transforms.json or Blender's "
                    "transforms_train.json; or a COLMAP model (.txt or .bin, also in sparse/0 and the like) with the pictures in images/; "
                    "or it is a category or a sequence of CO3D. To choose one of several camera files, write its path, such as "
                    "scene/transforms_test.json. Masks come from the camera file, from the folder masks/ or from transparency.",
                ),
                *_size_inputs(),
                io.Mask.Input(
                    "masks_of_files",
                    optional=True,
                    tooltip="Optional: masks to use instead of the folder's own, white on the subject. One for each usable photograph of "
                    "the folder, in the folder's order and at the original size, which must be the same for all. They are undistorted, "
                    "cropped and resized with the photographs.",
                ),
                *_world_inputs(),
                io.String.Input(
                    "sequence",
                    default="",
                    optional=True,
                    advanced=True,
                    tooltip="Only for a CO3D category: folder name of the sequence to load. Empty if the folder is a sequence itself, and "
                    "for all other formats.",
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
    """Crop and normalise an IMAGE [N, H, W, 3] with N cameras and an optional MASK [N, H, W]; outputs as of Load Posed Images."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="MVCustomPoseImages",
            display_name="Pose Images",
            category="MVCustom",
            description="Brings pictures of one subject and their cameras from other nodes into the form that Learn Concept needs: square "
            "crops, with the subject at the origin of the world and the farthest camera at distance 1. It does what Load Posed Images "
            "does, without reading a folder.",
            search_aliases=["images with cameras", "posed images", "normalise cameras", "photographs with cameras"],
            inputs=[
                io.Image.Input("images", tooltip="Pictures of the subject without lens distortion, at least three; 20 to 60 are usual."),
                CamerasSocket.Input(
                    "cameras",
                    tooltip="One camera for each picture, in the pictures' order and in any world. Cameras made for another size with the "
                    "same aspect ratio are scaled.",
                ),
                *_size_inputs(),
                io.Mask.Input("masks", optional=True, tooltip="Optional: white on the subject, one for each picture and at its size."),
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
