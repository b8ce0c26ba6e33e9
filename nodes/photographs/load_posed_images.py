"""Load Posed Images: photographs with their cameras, from a folder."""

from __future__ import annotations

from comfy_api.v0_0_2 import io
from torch import Tensor

from ..bridge.host.advice import find_fault
from ..bridge.host.folders import locate_photographs
from ..bridge.photographs.preparation import CENTRAL, PhotographSettings, parse_center
from ..bridge.photographs.source import find_camera_files, fingerprint_folder, open_folder
from .photograph_choices import give_photographs, photograph_outputs, size_inputs, world_inputs


class MVCustomLoadPosedImages(io.ComfyNode):
    """Load a folder of photographs with its cameras: IMAGE [N, size, size, 3], MASK [N, size, size], cameras, preview, report."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="MVCustomLoadPosedImages",
            display_name="Load Posed Images",
            category="MVCustom/photographs",
            description="Loads photographs of one subject together with their cameras, from a folder with transforms.json (nerfstudio, "
            "instant-ngp, Blender), with a COLMAP model (text or binary), or with a CO3D sequence. Lens distortion is removed. The world "
            "is moved and scaled so that the subject is at the origin and the farthest camera at distance 1.",
            search_aliases=[
                *("photos", "photographs", "photos of an object", "photographs of an object", "load photos", "upload photos"),
                *("colmap", "nerfstudio", "transforms.json", "co3d", "nerf dataset", "photographs with cameras", "load cameras"),
            ],
            inputs=[
                io.String.Input(
                    "folder",
                    default="",
                    tooltip="Path of the folder, absolute or relative to ComfyUI's input folder. It contains transforms.json or Blender's "
                    "transforms_train.json; or a COLMAP model (.txt or .bin, also in sparse/0 and the like) with the pictures in images/; "
                    "or it is a category or a sequence of CO3D. To choose one of several camera files, write its path, such as "
                    "scene/transforms_test.json. Masks come from the camera file, from the folder masks/ or from transparency.",
                ),
                *size_inputs(),
                io.Mask.Input(
                    "masks_of_files",
                    optional=True,
                    tooltip="Optional: masks to use instead of the folder's own, white on the subject. One for each usable photograph of "
                    "the folder, in the folder's order and at the original size, which must be the same for all. They are undistorted, "
                    "cropped and resized with the photographs.",
                ),
                *world_inputs(),
                io.String.Input(
                    "sequence",
                    default="",
                    optional=True,
                    advanced=True,
                    tooltip="Only for a CO3D category: folder name of the sequence to load. Empty if the folder is a sequence itself, and "
                    "for all other formats.",
                ),
            ],
            outputs=photograph_outputs(),
        )

    @classmethod
    def validate_inputs(cls, folder: str | None = None) -> bool | str:
        """Check the folder alone: ComfyUI blames every input that is named here, whichever is at fault."""
        return find_fault(cls, lambda folder: find_camera_files(locate_photographs(folder)), folder=folder)

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
        return give_photographs(cls, open_folder(locate_photographs(folder), sequence.strip(), masks_of_files), settings)
