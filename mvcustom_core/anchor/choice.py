"""Which view shows the others most, and how much of each view the anchors show.

The view is chosen before any depth is known, so a stand-in takes the surface's place: the subject as a ball about the origin, before a
plane through the origin that faces the view. Ball and plane are this project's own choice.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ..camera.cameras import Cameras, unit_depth_rays
from ..camera.framing import measure_room
from ..camera.rays import cell_centers
from ..rendering.operator import OperatorSettings, RenderOperator, build_render_operator
from ..surface.depth import AnchorDepth, DepthMap
from ..surface.raster import RasterSettings

PROXY_SIZE = 32  # pixels, longer side of the stand-in's depth map
GRID_SIZE = 16  # cells, longer side
OTHERS = 8  # views that a candidate is rendered into, spread evenly over the trajectory
USEFUL = 0.15  # share of the other views below which rendering hardly ties them together


@dataclass(frozen=True, eq=False)
class AnchorChoice:
    """The view that shows the others most.

    Attributes:
        view: its number.
        shares: [V] for every view as the anchor, the mean share of the others that it would show; 0 where the origin is not before it.
    """

    view: int
    shares: Tensor  # [V]

    @property
    def text(self) -> str:
        least = int(self.shares.argmin())
        return f"view {self.view} shows most of the others: {self.shares[self.view]:.0%}; view {least} least: {self.shares[least]:.0%}"


@dataclass(frozen=True, eq=False)
class CoverageReport:
    """How much of each view comes from the anchors; the three shares of a view sum to 1.

    Attributes:
        anchors: A view numbers.
        rendered: [V] share that is rendered from the anchors, 1 on their own views.
        partial: [V] share that is left to latent completion although the anchors see a little of it: edges, and surface seen aslant.
        unseen: [V] share that is left to it because no anchor sees it.
    """

    anchors: tuple[int, ...]
    rendered: Tensor  # [V]
    partial: Tensor  # [V]
    unseen: Tensor  # [V]

    @property
    def warning(self) -> str | None:
        """What to do if the anchors show too little of the other views to be of use."""
        others = self._others()
        mean = float(self.rendered[others].mean()) if others else 1.0
        if mean >= USEFUL:
            return None
        return (
            f"warning: the anchors show {mean:.0%} of the other views on average, too little to tie them together; choose an anchor in the "
            "middle of the trajectory, add a second one, shorten the trajectory, or check the depth"
        )

    @property
    def text(self) -> str:
        """One line for each view that is no anchor, before them the mean, and at the end the warning if there is one."""
        names = "view" if len(self.anchors) == 1 else "views"
        lines = [f"anchor {names} {', '.join(str(view) for view in self.anchors)}"]
        if others := self._others():
            lines[0] += f"; the other {len(others)} on average: {self._describe(others)}"
        lines += [f"view {view}: {self._describe([view])}" for view in others]
        return "\n".join([*lines, self.warning] if self.warning else lines)

    def _others(self) -> list[int]:
        return [view for view in range(len(self.rendered)) if view not in self.anchors]

    def _describe(self, views: list[int]) -> str:
        rendered, partial, unseen = (float(share[views].mean()) for share in (self.rendered, self.partial, self.unseen))
        return f"{rendered:.0%} rendered, {partial + unseen:.0%} to be completed ({unseen:.0%} never seen)"


def summarize_coverage(operator: RenderOperator) -> CoverageReport:
    """Count how much of each view is rendered, seen in part, and never seen."""
    missing = 1 - operator.mask.flatten(1)  # [V, (h w)]
    blank = missing * ~operator.known
    rendered, left, unseen = (share.mean(dim=1).cpu() for share in (operator.mask.flatten(1), missing, blank))
    return CoverageReport(anchors=operator.anchors, rendered=rendered, partial=left - unseen, unseen=unseen)


def choose_anchor(cameras: Cameras, subject_radius: float | None = None) -> AnchorChoice:
    """Choose the view whose stand-in surface covers the other views best; of equally good ones the nearest to the trajectory's middle.

    Args:
        cameras: V views about the origin.
        subject_radius: of the ball, world units; None takes half of the largest ball that the pictures hold whole.

    Raises:
        ValueError: if the origin is behind every camera, or the radius is not positive.
    """
    if subject_radius is not None and not subject_radius > 0:
        raise ValueError(f"anchor choice: wanted a subject radius above 0, got {subject_radius}")
    exact = cameras.to("cpu", torch.float64)
    radius = measure_room(exact) / 2 if subject_radius is None else subject_radius
    ahead = exact.w2c[:, 2, 3] > RasterSettings().near
    if not ahead.any():
        raise ValueError("anchor choice: wanted cameras that look at the subject at the world's origin, got none; name the anchor by hand")
    shares = torch.tensor([_cover_others(exact, view, radius) if ahead[view] else 0.0 for view in range(len(exact))])
    middle = (len(exact) - 1) / 2
    best = max(range(len(exact)), key=lambda view: (bool(ahead[view]), round(float(shares[view]), 3), -abs(view - middle)))
    return AnchorChoice(view=best, shares=shares)


def _cover_others(cameras: Cameras, view: int, radius: float) -> float:
    """The mean mask over the other views, or over an even choice of them; 1 if there are none."""
    some = {round(index) for index in torch.linspace(0, len(cameras) - 1, min(len(cameras), OTHERS)).tolist()} - {view}
    if not some:
        return 1.0
    proxy = AnchorDepth(0, _make_proxy(cameras[view], radius))
    operator = build_render_operator(
        [proxy], cameras[[view, *sorted(some)]], _fit_size(cameras, GRID_SIZE), OperatorSettings(supersample=2)
    )
    return float(operator.mask[1:].mean())


def _fit_size(cameras: Cameras, longer: int) -> tuple[int, int]:
    scale = longer / max(cameras.width, cameras.height)
    return max(round(cameras.height * scale), 1), max(round(cameras.width * scale), 1)


def _make_proxy(camera: Cameras, radius: float) -> DepthMap:
    """The ball before the plane as one camera sees them; a camera inside the ball sees the plane alone."""
    height, width = _fit_size(camera, PROXY_SIZE)
    K, origin = camera.resize(width, height).K[0], camera.w2c[0, :3, 3]  # the origin in the camera's frame
    cells = cell_centers(height, width, dtype=K.dtype)
    rays = unit_depth_rays(K, cells)  # [(H W), 3]
    along, length = rays @ origin, rays.square().sum(dim=-1)
    root = along.square() - length * (origin.square().sum() - radius**2)
    ball = (along - root.clamp(min=0).sqrt()) / length
    depth = torch.where((root > 0) & (ball > 0), ball.minimum(origin[2]), origin[2]).reshape(height, width)
    return DepthMap(depth, torch.ones_like(depth, dtype=torch.bool), "stand-in", 1.0, "ball and plane at the origin")
