"""Item 10 of the acceptance: ComfyUI's Depth Anything 3, called part by part, does what the core's own backbone and ComfyUI itself do."""

from __future__ import annotations

from types import SimpleNamespace

import comfy.ops
import pytest
import torch
from comfy.image_encoders.dino2 import Dinov2Model
from comfy.ldm.depth_anything_3.dpt import DualDPT
from comfy.ldm.depth_anything_3.model import DepthAnything3Net
from torch import Tensor, nn

from mvcustom.mvcustom_core.gld.checkpoint import check_keys, read_head
from mvcustom.mvcustom_core.gld.da3_keys import rename_backbone, rename_da3
from mvcustom.mvcustom_core.gld.settings import BackboneShape
from mvcustom.mvcustom_core.gld.vit import GeometricBackbone
from mvcustom.nodes.bridge.views.da3_features import PARTS, CoreBackbone, CoreHead, check_parts, read_da3
from mvcustom.tests.core_layer.gld.small import difference, randomise, seeded

OPERATIONS = comfy.ops.manual_cast
SHAPE = BackboneShape(width=32, blocks=10, heads=4, patch=14, first_alternating=2, levels=(3, 5, 7, 9), table=3)
GRID = (2, 4)
BOTH = pytest.mark.parametrize("views", [2, 4])


def make_images(views: int) -> Tensor:
    return torch.rand(views, 3, 14 * GRID[0], 14 * GRID[1], generator=seeded())


def normalise(images: Tensor) -> Tensor:
    mean, std = torch.tensor([0.485, 0.456, 0.406])[:, None, None], torch.tensor([0.229, 0.224, 0.225])[:, None, None]
    return (images - mean) / std


def make_core(state: dict[str, Tensor]) -> Dinov2Model:
    """ComfyUI's transformer at the small size, with these weights."""
    config = {
        "hidden_size": 32, "num_hidden_layers": 10, "num_attention_heads": 4, "use_swiglu_ffn": False, "layer_norm_eps": 1e-6,
        "patch_size": 14, "image_size": 42, "use_mask_token": False, "alt_start": 2, "qknorm_start": 2, "rope_start": 2,
        "cat_token": True, "rope_freq": 100.0,
    }  # fmt: skip
    network = Dinov2Model(config, torch.float32, None, OPERATIONS)
    network.load_state_dict(rename_backbone(state), strict=True)
    return network.eval().requires_grad_(False)


def make_net(device: str | None = None, **changes: object) -> DepthAnything3Net:
    """ComfyUI's smallest Depth Anything 3, with a narrow head."""
    settings = {
        "backbone_name": "vits", "out_layers": [5, 7, 9, 11], "alt_start": 4, "qknorm_start": 4, "rope_start": 4, "cat_token": True,
        "head_type": "dualdpt", "head_dim_in": 768, "head_output_dim": 2, "head_features": 16, "head_out_channels": (8, 8, 8, 8),
        "device": device, "dtype": torch.float32, "operations": OPERATIONS,
    }  # fmt: skip
    return DepthAnything3Net(**(settings | changes)).eval().requires_grad_(False)


@pytest.fixture(scope="module")
def own() -> GeometricBackbone:
    return randomise(GeometricBackbone(SHAPE)).requires_grad_(False)


@pytest.fixture(scope="module")
def core(own: GeometricBackbone) -> CoreBackbone:
    return CoreBackbone(make_core(own.state_dict()), SHAPE.levels)


@BOTH
def test_item_10_core_bridge_is_the_own_backbone(own: GeometricBackbone, core: CoreBackbone, views: int) -> None:
    assert core.shape == SHAPE
    found, wanted = core.extract(make_images(views), range(4)), own.extract(make_images(views), range(4))
    assert all(difference(found[level], wanted[level]) < 1e-5 for level in range(4))
    above = core.propagate(wanted[1][:, 1:], wanted[1][0, 0], GRID)
    assert all(difference(above[level], form) < 1e-5 for level, form in own.propagate(wanted[1][:, 1:], wanted[1][0, 0], GRID).items())


@BOTH
def test_item_10_guard_of_what_comfyui_gives(core: CoreBackbone, views: int) -> None:
    """If this fails after an update of ComfyUI, its transformer goes another way than `FeatureBackbone` does."""
    images = make_images(views)
    pairs, _ = core.network.get_intermediate_layers_da3(normalise(images)[None], SHAPE.levels, ref_view_strategy="first")
    raw = core.extract(images, range(4))
    for level, (form, token) in enumerate(pairs):
        assert difference(core.to_decoder_form(raw[level][:, 1:]), form[0]) < 1e-5
        assert difference(raw[level][:, 0], token[0]) < 1e-5


def test_item_10_guard_of_the_default_order_of_views(core: CoreBackbone) -> None:
    """ComfyUI chooses the reference view itself, whatever comes first, which is why its default is not taken."""
    moved = []
    for turn in range(4):
        images = make_images(4).roll(turn, 0)
        pairs, _ = core.network.get_intermediate_layers_da3(normalise(images)[None], SHAPE.levels)
        moved.append(difference(core.to_decoder_form(core.extract(images, (3,))[3][:, 1:]), pairs[3][0][0]))
    assert max(moved) > 1e-4


def test_item_10_whole_network_and_its_rays() -> None:
    network = randomise(make_net(), strength=0.05)
    backbone, head = read_da3(patch(network), published=False)
    images, network.head.enable_aux = make_images(2), False
    raw = backbone.extract(images, range(4))
    found = head([backbone.to_decoder_form(raw[level][:, 1:]) for level in range(4)], GRID)
    assert network.head.enable_aux is False
    wanted = network(normalise(images)[None], ref_view_strategy="first")
    assert difference(found.depth, wanted["depth"]) < 1e-5 and difference(found.confidence, wanted["depth_conf"]) < 1e-5
    network.head.enable_aux = True
    pairs, _ = network.backbone.get_intermediate_layers_da3(normalise(images)[None], network.out_layers, ref_view_strategy="first")
    rays = network.head(pairs, H=28, W=56, patch_start_idx=0)
    assert found.rays.shape == (2, 16, 32, 6) and difference(found.rays, rays["ray"][0]) < 1e-4
    assert difference(found.ray_confidence, rays["ray_conf"][0]) < 1e-4


def patch(network: nn.Module) -> SimpleNamespace:
    return SimpleNamespace(model=SimpleNamespace(diffusion_model=network))


def test_upstream_file_has_a_place_in_comfyuis_base_model() -> None:
    """At the true size: the authors' key names, 12 blocks of width 768, and the head of 15.4 M parameters."""
    base = make_net("meta", backbone_name="vitb", head_dim_in=1536, head_features=128, head_out_channels=(96, 192, 384, 768))
    with torch.device("meta"):
        own = GeometricBackbone(BackboneShape(768, 12, 12, 14, 4, (5, 7, 9, 11), 37)).state_dict()
    head = base.head.state_dict()
    assert round(sum(value.numel() for value in head.values()) / 1e6, 1) == 15.4
    state = {f"model.backbone.pretrained.{key}": value for key, value in own.items()} | {f"model.head.{key}": head[key] for key in head}
    check_keys("Depth Anything 3", rename_da3(state | {"model.cam_dec.fc_t.weight": torch.zeros(3, 1)}), base.state_dict())
    for key in ("model.backbone.pretrained.mask_token", "model.backbone.pretrained.blocks.0.attn.rel_pos", "student.norm.weight"):
        with pytest.raises(ValueError, match=key.removeprefix("model.backbone.pretrained.")):
            rename_da3(state | {key: torch.zeros(1)})


def test_item_9_published_head_loads_strictly() -> None:
    head = DualDPT(1536, features=128, out_channels=(96, 192, 384, 768), device="meta", dtype=torch.float32, operations=OPERATIONS)
    expected = head.state_dict()
    content = {f"decoder.{key}": value for key, value in expected.items()} | {"stats.mean": torch.zeros(1)}
    head.load_state_dict(read_head({"model": content}, expected), strict=True, assign=True)
    with pytest.raises(ValueError, match=r"missing \(1\): norm\.bias \[1536\]"):
        read_head({key: value for key, value in content.items() if key != "decoder.norm.bias"}, expected)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SimpleNamespace(), "wanted Depth Anything 3, got SimpleNamespace"),
        (lambda: make_net("meta", alt_start=-1, qknorm_start=-1, rope_start=-1, cat_token=False, head_dim_in=384), "one picture at a time"),
        (lambda: make_net("meta"), "Base, got Small"),
        (lambda: make_net("meta", backbone_name="vitl", out_layers=[11, 15, 19, 23], alt_start=8), "Base, got Large"),
        (lambda: make_net("meta", backbone_name="vitb", dtype=torch.float16), "set weight_dtype to fp32"),
    ],
    ids=["another model", "mono", "Small", "Large", "fp16"],
)
def test_other_models_are_refused(make: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_da3(patch(make()))


def test_a_change_of_comfyui_is_named() -> None:
    network = make_net("meta")
    check_parts(network)
    network.backbone.rope = None
    with pytest.raises(ValueError, match="with backbone.rope, got none; ComfyUI has changed"):
        check_parts(network)
    assert "backbone.rope" in PARTS


def test_head_is_set_back_where_it_fails() -> None:
    network = DualDPT(8, features=8, out_channels=(4, 4, 4, 4), dtype=torch.float32, operations=OPERATIONS)
    with pytest.raises(RuntimeError):
        CoreHead(network)([torch.zeros(1, 8, 5)] * 4, GRID)
    assert network.enable_aux is False
