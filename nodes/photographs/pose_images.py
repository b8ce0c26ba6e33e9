"""Pose Images: pictures and cameras of other nodes, in the form that Learn Concept needs."""

from __future__ import annotations

from comfy_api.v0_0_2 import io
from torch import Tensor

from ...mvcustom_core.camera.cameras import Cameras
from ..bridge.host.advice import find_fault
from ..bridge.host.sockets import CamerasSocket
from ..bridge.photographs.preparation import CENTRAL, PhotographSettings, parse_center
from ..bridge.photographs.source import open_batch
from .photograph_choices import give_photographs, photograph_outputs, size_inputs, world_inputs


class MVCustomPoseImages(io.ComfyNode):
    """Crop and normalise an IMAGE [N, H, W, 3] with N cameras and an optional MASK [N, H, W]; outputs as of Load Posed Images."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="MVCustomPoseImages",
            display_name="Pose Images",
            category="MVCustom/photographs",
            description="Brings pictures of one subject and their cameras from other nodes into the form that Learn Concept needs: square "
            "crops, with the subject at the origin of the world and the farthest camera at distance 1. It does what Load Posed Images "
            "does, without reading a folder.",
            search_aliases=["images with cameras", "posed images", "normalise cameras"],
            inputs=[
                io.Image.Input("images", tooltip="Pictures of the subject without lens distortion, at least three; 20 to 60 are usual."),
                CamerasSocket.Input(
                    "cameras",
                    tooltip="One camera for each picture, in the pictures' order and in any world. Cameras made for another size with the "
                    "same aspect ratio are scaled.",
                ),
                *size_inputs(),
                io.Mask.Input("masks", optional=True, tooltip="Optional: white on the subject, one for each picture and at its size."),
                *world_inputs(),
            ],
            outputs=photograph_outputs(),
        )

    @classmethod
    def validate_inputs(cls, subject_center: str | None = None) -> bool | str:
        return find_fault(cls, lambda subject_center: parse_center(subject_center), subject_center=subject_center)

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
        return give_photographs(cls, open_batch(images, cameras, masks), settings)
