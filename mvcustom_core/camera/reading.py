"""How else the matrices of cameras may be meant, for files that seem to have another convention than they should.

Two things are commonly exchanged: OpenCV's camera axes (y down, looking along z) with OpenGL's (y up, looking along -z), and
camera-from-world matrices with their inverses. Either puts the subject behind the cameras, or leaves them without one. Other axes of the
world move cameras and subject alike, so they cannot be told and do no harm.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch

from .cameras import Cameras
from .framing import find_views_of
from .normalisation import find_center

MOST = 0.9  # share of the pictures in which a subject lies that all were aimed at
OPENCV, OPENGL = "OpenCV axes (y down, looking along z)", "OpenGL axes (y up, looking along -z)"


@dataclass(frozen=True)
class Reading:
    """What is to be exchanged in camera-from-world matrices with OpenCV axes to get what was meant.

    Attributes:
        flipped: the signs of the camera's y and z axes.
        inverted: the matrices and their inverses.
    """

    flipped: bool = False
    inverted: bool = False

    def apply(self, cameras: Cameras) -> Cameras:
        """The cameras as they were meant, in a world of some axes."""
        w2c = cameras.c2w if self.inverted else cameras.w2c
        signs = w2c.new_tensor([1.0, -1.0, -1.0, 1.0])
        return replace(cameras, w2c=signs[:, None] * w2c if self.flipped else w2c)

    def describe(self, opengl: bool) -> str:
        """What the file holds.

        Args:
            opengl: the format has world-from-camera matrices with OpenGL axes, and not camera-from-world ones with OpenCV axes.
        """
        has_opengl = self.flipped == self.inverted if opengl else self.flipped  # the file's inverse is flipped on its other side
        return f"{'camera-from-world' if self.inverted == opengl else 'world-from-camera'} matrices with {OPENGL if has_opengl else OPENCV}"


AS_READ = Reading()
OTHERS = (Reading(flipped=True), Reading(inverted=True), Reading(flipped=True, inverted=True))


def find_other_reading(cameras: Cameras) -> Reading | None:
    """The reading under which nearly all cameras look at one point; None if none is, or if they do so as they are."""
    exact = cameras.to("cpu", torch.float64)
    if _look_at_one_point(exact):
        return None
    return next((reading for reading in OTHERS if _look_at_one_point(reading.apply(exact))), None)


def _look_at_one_point(exact: Cameras) -> bool:
    try:
        center = find_center(exact)
    except ValueError:  # it says why they do not
        return False
    return float(find_views_of(center, exact).double().mean()) >= MOST
