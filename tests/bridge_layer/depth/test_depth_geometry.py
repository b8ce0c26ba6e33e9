"""Core's own depth nodes on random weights, and what this pack makes of what they give."""

from __future__ import annotations

from typing import Any

import comfy.model_management
import comfy.model_patcher
import comfy.ops
import pytest
import torch
from comfy.ldm.depth_anything_3.model import DepthAnything3Net
from comfy.ldm.moge.model import MoGeModel
from comfy_extras.nodes_depth_anything_3 import DA3Inference
from comfy_extras.nodes_moge import MoGeInference
from torch import Tensor, nn

from mvcustom.nodes.bridge.depth.geometry import read_da3, read_moge

IMAGES = torch.rand(3, 56, 84, 3, generator=torch.Generator().manual_seed(0))
VIEWS = IMAGES.movedim(-1, 1)


def load_da3(head: str) -> comfy.model_patcher.ModelPatcher:
    """Core's network with random weights: "dpt" as Mono and Metric-Large, "dualdpt" as Small and Base."""
    several = head == "dualdpt"
    network = DepthAnything3Net(
        backbone_name="vits", out_layers=(5, 7, 9, 11), alt_start=4 if several else -1, qknorm_start=4 if several else -1,
        rope_start=4 if several else -1, cat_token=several, head_type=head, head_dim_in=768 if several else 384,
        head_output_dim=2 if several else 1, head_features=32, head_out_channels=(16, 16, 16, 16), head_use_sky_head=not several,
        dtype=torch.float32, device=torch.device("cpu"), operations=comfy.ops.disable_weight_init,
    )  # fmt: skip
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(0.05 * torch.randn(parameter.shape, generator=generator))
    holder = nn.Module()
    holder.diffusion_model = network.eval()
    cpu = torch.device("cpu")
    return comfy.model_patcher.ModelPatcher(holder, load_device=cpu, offload_device=cpu)


def infer(head: str, mode: dict[str, Any]) -> dict[str, Any]:
    (geometry,) = DA3Inference.execute(load_da3(head), IMAGES, 140, "upper_bound_resize", mode).result
    return geometry


@pytest.mark.parametrize(
    ("head", "mode", "known"),
    [
        ("dpt", {"mode": "mono"}, {"depth", "image", "mode", "sky"}),
        ("dualdpt", {"mode": "mono"}, {"depth", "image", "mode", "confidence"}),
        (
            "dualdpt",
            {"mode": "multiview", "ref_view_strategy": "first", "pose_method": "ray_pose"},
            {"depth", "image", "mode", "confidence", "extrinsics", "intrinsics"},
        ),
    ],
)
def test_what_cores_node_gives_is_understood(head: str, mode: dict[str, Any], known: set[str]):
    geometry = infer(head, mode)
    assert set(geometry) == known
    for view in range(3):
        estimate = read_da3(geometry, VIEWS, view, 0.0)
        assert torch.equal(estimate.values, geometry["depth"][view]) and estimate.meaning == "scaled depth"
        assert (estimate.valid | estimate.sky).all() if "sky" in known else estimate.valid.all()
    assert ("all views together" in estimate.origin) == (mode["mode"] == "multiview")


class BallBeforeWall(nn.Module):
    """In MoGe's place: points without their shift along z, a mask without the upper rows, and the factor to metres."""

    def forward(self, image: Tensor, num_tokens: int) -> dict[str, Tensor]:
        points = torch.stack([*RAYS, torch.ones_like(TRUE_DEPTH)], dim=-1) * TRUE_DEPTH[..., None]
        points[..., 2] -= 0.7
        mask = torch.ones_like(TRUE_DEPTH)
        mask[:5] = 0
        count = len(image)
        return {"points": points.repeat(count, 1, 1, 1), "mask": mask.repeat(count, 1, 1), "metric_scale": torch.full((count,), 3.0)}


ROWS, COLUMNS = torch.meshgrid((torch.arange(56) + 0.5) - 28, (torch.arange(84) + 0.5) - 42, indexing="ij")
RAYS = (COLUMNS / 70, ROWS / 70)
TRUE_DEPTH = torch.where((ROWS.square() + COLUMNS.square()).sqrt() < 18, 1.0, 2.0)


def load_moge() -> MoGeModel:
    """Core's MoGe with its own inference around a network of known answer."""
    moge, cpu = object.__new__(MoGeModel), torch.device("cpu")
    moge.model, moge.load_device, moge.dtype, moge.version = BallBeforeWall(), cpu, torch.float32, "v2"
    moge.patcher = comfy.model_patcher.ModelPatcher(moge.model, load_device=cpu, offload_device=cpu)
    moge.mask_threshold, moge.num_tokens_range = 0.5, (1200, 3600)
    return moge


@pytest.mark.parametrize("apply_mask", [True, False])
def test_moge_is_z_depth_in_metres_with_its_mask(apply_mask: bool):
    (geometry,) = MoGeInference.execute(load_moge(), IMAGES, 9, 0.0, 4, True, apply_mask).result
    estimate = read_moge(geometry, VIEWS, 2)
    assert not estimate.valid[:5].any() and estimate.valid[5:].all() and estimate.meaning == "scaled depth"
    assert torch.allclose(estimate.values[5:], 3 * TRUE_DEPTH[5:], rtol=0.02)
