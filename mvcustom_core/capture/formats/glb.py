"""Textured meshes as binary glTF 2.0 (.glb): one mesh, one picture as its colour, no lighting.

glTF's world is right-handed with y up; texture coordinates count from the picture's top left corner, in 0..1. Written here because it
takes one header and three arrays, and no library that does it comes with ComfyUI.
"""

from __future__ import annotations

import io
import json
import struct
from typing import Any

import numpy as np
from PIL import Image
from torch import Tensor

from ...shapes import check_shape

FLOAT, UNSIGNED_INT = 5126, 5125  # component types
VERTICES, INDICES = 34962, 34963  # what a part of the file is for
LINEAR, CLAMP = 9729, 33071  # how the texture is sampled
JSON_CHUNK, BINARY_CHUNK = 0x4E4F534A, 0x004E4942


def encode_glb(
    points: Tensor,  # [N, 3]
    faces: Tensor,  # [F, 3]
    places: Tensor,  # [N, 2]
    texture: Tensor,  # [3, H, W]
) -> bytes:
    """The file's bytes.

    Args:
        points: in glTF's world.
        faces: indices of points, counter-clockwise as seen from the front.
        places: texture coordinates of the points.
        texture: in 0..1.

    Raises:
        ValueError: if the shapes do not fit, or there is no face.
    """
    check_shape(points, "N 3", faces, "F 3", places, "N 2", texture, "3 H W")
    if not len(faces):
        raise ValueError("mesh: wanted at least one face, got none")
    positions = points.float().cpu().numpy()
    parts = [positions.tobytes(), places.float().cpu().numpy().tobytes(), faces.cpu().numpy().astype(np.uint32).tobytes(), _encode(texture)]
    bounds = {"min": positions.min(0).tolist(), "max": positions.max(0).tolist()}
    document = _describe(len(points), 3 * len(faces), bounds, parts)
    text = json.dumps(document).encode("utf-8")
    chunks = [(JSON_CHUNK, text + b" " * (-len(text) % 4)), (BINARY_CHUNK, b"".join(map(_pad, parts)))]
    body = b"".join(struct.pack("<II", len(data), kind) + data for kind, data in chunks)
    return struct.pack("<4sII", b"glTF", 2, 12 + len(body)) + body


def _describe(points: int, corners: int, bounds: dict[str, list[float]], parts: list[bytes]) -> dict[str, Any]:
    views, offset = [], 0
    for part, target in zip(parts, ({"target": VERTICES}, {"target": VERTICES}, {"target": INDICES}, {}), strict=True):
        views.append({"buffer": 0, "byteOffset": offset, "byteLength": len(part), **target})
        offset += len(_pad(part))
    color = {"baseColorTexture": {"index": 0}, "metallicFactor": 0.0, "roughnessFactor": 1.0}
    return {
        "asset": {"version": "2.0", "generator": "MVCustom"},
        "extensionsUsed": ["KHR_materials_unlit"],
        "buffers": [{"byteLength": offset}],
        "bufferViews": views,
        "accessors": [
            {"bufferView": 0, "componentType": FLOAT, "count": points, "type": "VEC3", **bounds},
            {"bufferView": 1, "componentType": FLOAT, "count": points, "type": "VEC2"},
            {"bufferView": 2, "componentType": UNSIGNED_INT, "count": corners, "type": "SCALAR"},
        ],
        "images": [{"bufferView": 3, "mimeType": "image/png"}],
        "samplers": [{"magFilter": LINEAR, "minFilter": LINEAR, "wrapS": CLAMP, "wrapT": CLAMP}],
        "textures": [{"source": 0, "sampler": 0}],
        "materials": [{"pbrMetallicRoughness": color, "extensions": {"KHR_materials_unlit": {}}, "doubleSided": True}],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0, "TEXCOORD_0": 1}, "indices": 2, "material": 0}]}],
        "nodes": [{"mesh": 0}],
        "scenes": [{"nodes": [0]}],
        "scene": 0,
    }


def _encode(texture: Tensor) -> bytes:
    """The picture as PNG."""
    pixels = (texture * 255).round().clamp(0, 255).byte().permute(1, 2, 0).cpu().numpy()
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, format="PNG", compress_level=4)
    return file.getvalue()


def _pad(part: bytes) -> bytes:
    return part + b"\0" * (-len(part) % 4)
