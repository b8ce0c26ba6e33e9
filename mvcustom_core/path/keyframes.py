"""Camera paths from keyframes that a user writes. Each keyframe is a change of one base camera, in film terms such as truck and pan."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence

from ..camera.cameras import Cameras, concatenate_cameras
from .trajectory import Vector, dolly, orbit, pan, pedestal, tilt, truck

SLIDES = {"truck": truck, "pedestal": pedestal, "dolly": dolly}
KEYS = ("azimuth_deg", "elevation_deg", "distance", *SLIDES, "pan_deg", "tilt_deg")


def parse_keyframes(text: str) -> list[dict[str, float]]:
    """Parse keyframes from a JSON text.

    Raises:
        ValueError: if the text is not a list of keyframes; the message names the keyframe and the key.
    """
    try:
        keyframes = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"keyframes: wanted JSON, got {error.msg} in line {error.lineno}, column {error.colno}") from error
    if not isinstance(keyframes, list) or len(keyframes) < 2 or not all(isinstance(keyframe, dict) for keyframe in keyframes):
        raise ValueError(f'keyframes: wanted a list of two or more objects such as {{"azimuth_deg": 10}}, got {text!r:.60}')
    for i, keyframe in enumerate(keyframes):
        for key, value in keyframe.items():
            if key not in KEYS:
                raise ValueError(f"keyframes, number {i}: wanted keys of {', '.join(KEYS)}, got {key!r}")
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
                raise ValueError(f"keyframes, number {i}: wanted {key} to be a finite number, got {value!r}")
    return keyframes


def place_keyframes(base: Cameras, keyframes: Sequence[dict[str, float]], up: Vector) -> Cameras:
    """The cameras of the keyframes: the base camera, first rotated around the subject, then moved along its own axes, then turned."""
    return concatenate_cameras(*(_place_keyframe(base, keyframe, up) for keyframe in keyframes))


def _place_keyframe(base: Cameras, keyframe: dict[str, float], up: Vector) -> Cameras:

    def ends(key: str) -> tuple[float, float]:
        return (keyframe.get(key, 0.0),) * 2

    camera = orbit(base, 1, ends("azimuth_deg"), keyframe.get("elevation_deg", 0.0), keyframe.get("distance"), up=up)
    for name, move in SLIDES.items():
        camera = move(camera, 1, ends(name))
    return tilt(pan(camera, 1, ends("pan_deg"), up), 1, ends("tilt_deg"))
