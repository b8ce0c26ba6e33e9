"""Load Posed Images: photographs of a subject with their cameras, from a folder."""

from __future__ import annotations

from dataclasses import replace

import torch
from comfy_api.latest import io, ui
from torch import Tensor

from ..mvcustom_core.geometry.normalisation import normalise_scene
from ..mvcustom_core.plot import plot_trajectory
from .bridge.photographs import NO_MASKS, fingerprint_folder, load_photographs, locate_camera_files, locate_input, read_folder
from .bridge.sockets import CamerasSocket
from .bridge.tensors import images_to_comfy, masks_to_comfy


class MVCustomLoadPosedImages(io.ComfyNode):
    """A folder with transforms.json or a COLMAP text model => IMAGE [N, size, size, 3], MASK [N, size, size], cameras."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="MVCustomLoadPosedImages",
            display_name="Load Posed Images",
            category="MVCustom",
            description="Loads photographs of one subject together with the cameras that took them: a folder with transforms.json "
            "(nerfstudio, instant-ngp, Blender) or with COLMAP's cameras.txt and images.txt. The world is moved and scaled so that the "
            "subject is at the origin and the farthest camera at distance 1.",
            search_aliases=["colmap", "nerfstudio", "transforms.json", "nerf dataset", "photographs with cameras", "load cameras"],
            inputs=[
                io.String.Input(
                    "folder",
                    default="",
                    tooltip="Folder of the photographs, absolute or relative to ComfyUI's input folder. It holds transforms.json, or "
                    "cameras.txt and images.txt (also in sparse/0) with the pictures in images/. Masks are taken from transforms.json, "
                    "from a folder masks/ or from transparency.",
                ),
                io.Int.Input(
                    "size",
                    default=512,
                    min=64,
                    max=2048,
                    step=64,
                    tooltip="Side of the square pictures in pixels. The largest square about the optical axis is cut out and resized.",
                ),
                io.Int.Input(
                    "limit",
                    default=0,
                    min=0,
                    max=10000,
                    tooltip="Most photographs to load, taken at equal spacing in their order. 0 loads all.",
                ),
                io.Mask.Input(
                    "masks_of_files",
                    optional=True,
                    tooltip="Masks to use instead of the folder's own: one per photograph of the folder, in its order and at its original "
                    "size, white on the subject. They are cropped and resized with the photographs.",
                ),
            ],
            outputs=[
                io.Image.Output(display_name="images", tooltip="The photographs as squares."),
                io.Mask.Output(display_name="masks", tooltip="White on the subject; white all over if the folder has none (see report)."),
                CamerasSocket.Output(display_name="cameras", tooltip="Subject at the origin, farthest camera at distance 1."),
                io.Image.Output(display_name="preview", tooltip="The cameras about the subject, from above and in perspective."),
                io.String.Output(display_name="report", tooltip="What was found in the folder and what was done to the photographs."),
            ],
        )

    @classmethod
    def validate_inputs(cls, folder: str | None = None) -> bool | str:
        if folder is None:  # comes over a wire
            return True
        try:
            locate_camera_files(locate_input(folder))
        except ValueError as error:
            return str(error)
        return True

    @classmethod
    def fingerprint_inputs(cls, folder: str, **others: object) -> object:
        return fingerprint_folder(locate_input(folder))

    @classmethod
    def execute(cls, folder: str, size: int, limit: int, masks_of_files: Tensor | None = None) -> io.NodeOutput:
        path = locate_input(folder)
        posed = read_folder(path)
        try:
            cameras, world = normalise_scene(posed.cameras)
        except ValueError as error:
            reason = str(error).partition(";")[0]  # its advice is for callers who can give the numbers
            raise ValueError(f"{path}: {reason}; photograph the subject from several sides, aiming at it") from error
        photographs = load_photographs(replace(posed, cameras=cameras), size, limit, masks_of_files)
        masks = torch.ones_like(photographs.images[:, :1]) if photographs.masks is None else photographs.masks
        lines = [f"folder: {path}", *photographs.notes]
        lines.append(NO_MASKS if photographs.masks is None else f"masks: {len(masks)}, {masks.mean():.0%} of the pictures on average")
        center = ", ".join(f"{x:.4g}" for x in world.center.tolist())
        lines.append(f"world: the subject is at ({center}) of the file's world, 1 unit is {world.scale:.4g} of the file's")
        preview = images_to_comfy(plot_trajectory(photographs.cameras)[None])
        images = images_to_comfy(photographs.images)
        return io.NodeOutput(
            images, masks_to_comfy(masks), photographs.cameras, preview, "\n".join(lines), ui=ui.PreviewImage(preview, cls=cls)
        )
