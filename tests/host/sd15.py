"""Stable Diffusion 1.5 of reduced width, and files under the names that the workflows ask for, all with random weights."""

from __future__ import annotations

from pathlib import Path

import comfy.ops
import comfy.sd
import comfy.sd1_clip
import comfy.supported_models_base
import safetensors.torch
import torch
from comfy.ldm.depth_anything_3.model import DepthAnything3Net
from comfy.model_patcher import ModelPatcher

from mvcustom.devtools.stand_in import CHANNELS, CONTEXT, HEADS, TrueSD15, make_model, make_motion, randomize
from mvcustom.mvcustom_core.backbone.motion import MotionSettings
from mvcustom.mvcustom_core.backbone.positions import make_frame_positions
from mvcustom.mvcustom_core.backbone.recipe import SD15
from mvcustom.mvcustom_core.concept.pose_block import SD15_LAYOUT, PoseLayout
from mvcustom.mvcustom_core.concept.ray_samples import NerfSettings
from mvcustom.nodes.bridge.backbone.motion import apply_motion
from mvcustom.nodes.bridge.backbone.spec import BACKBONE_ATTACHMENT, BackboneSpec, offered_layout
from mvcustom.tests.host.embedded import load_once

V3 = MotionSettings(channels=CHANNELS, heads=HEADS, max_frames=32)
CLIP = {
    "hidden_size": CONTEXT,
    "intermediate_size": 2 * CONTEXT,
    "num_attention_heads": 4,
    "num_hidden_layers": 2,
    "projection_dim": CONTEXT,
}


VAE = {
    "double_z": True, "z_channels": 4, "resolution": 256, "in_channels": 3, "out_ch": 3, "ch": 128, "ch_mult": [1, 2, 4, 4],
    "num_res_blocks": 2, "attn_resolutions": [], "dropout": 0.0,
}  # fmt: skip


class NarrowTokenizer(comfy.sd1_clip.SD1Tokenizer):
    """ComfyUI's CLIP tokenizer for embeddings of this width."""

    def __init__(self, embedding_directory: str | None = None, tokenizer_data: dict | None = None) -> None:
        super().__init__(embedding_directory, tokenizer_data or {})
        self.clip_l.embedding_size = CONTEXT


@torch.inference_mode(False)
def make_backbone() -> tuple[ModelPatcher, comfy.sd.CLIP, comfy.sd.VAE]:
    """MODEL with motion modules as those of AnimateDiff v3, CLIP and VAE; pose blocks where Stable Diffusion 1.5 has them."""
    model = apply_motion(make_model(), make_motion(V3))
    numbers = {site.number for site in SD15_LAYOUT.sites}
    sites = tuple(site for site in offered_layout(model).sites if site.number in numbers)
    spec = BackboneSpec(SD15, PoseLayout(sites, CONTEXT), rendering_levels=(1, 2), nerf=NerfSettings())
    model.set_attachments(BACKBONE_ATTACHMENT, spec)
    target = comfy.supported_models_base.ClipTarget(NarrowTokenizer, comfy.sd1_clip.SD1ClipModel)
    clip = comfy.sd.CLIP(target, model_options={"clip_l_model_config": CLIP})
    randomize(clip.cond_stage_model, seed=2)
    return model, clip, load_once()[2]


@torch.inference_mode(False)
def save_checkpoint(path: Path) -> None:
    """A checkpoint of true size in half precision, as ComfyUI writes and detects it: 2.1 GB."""
    model = make_model(TrueSD15, torch.float16)
    clip = comfy.sd.CLIP(comfy.supported_models_base.ClipTarget(comfy.sd1_clip.SD1Tokenizer, comfy.sd1_clip.SD1ClipModel))
    vae = comfy.sd.VAE(sd={"x": torch.zeros(1)}, config={"params": {"ddconfig": VAE, "embed_dim": 4}})
    for seed, module in enumerate((clip.cond_stage_model, vae.first_stage_model)):
        randomize(module.half(), seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    comfy.sd.save_checkpoint(str(path), model, clip, vae)


def save_motion(path: Path) -> None:
    """Motion modules of true size in half precision, in the layout that AnimateDiff v3 is published in: 0.8 GB."""
    weights = {name: tensor.clone() for name, tensor in make_motion(MotionSettings(), torch.float16).model.state_dict().items()}
    for name in [name for name in weights if name.endswith("to_q.weight")]:
        channels = len(weights[name])
        weights[name.replace("to_q.weight", "pos_encoder.pe")] = make_frame_positions(32, channels, 32)[None]
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save({"state_dict": {f"module.{name}": tensor for name, tensor in weights.items()}}, path)


def save_depth_anything(path: Path) -> None:
    """The smallest Depth Anything 3 that ComfyUI detects, with the head of Mono-Large."""
    network = DepthAnything3Net(
        backbone_name="vits", out_layers=(5, 7, 9, 11), alt_start=-1, qknorm_start=-1, rope_start=-1, cat_token=False, head_type="dpt",
        head_dim_in=384, head_output_dim=1, head_features=32, head_out_channels=(16, 16, 16, 16), head_use_sky_head=True,
        dtype=torch.float32, device=torch.device("cpu"), operations=comfy.ops.disable_weight_init,
    )  # fmt: skip
    randomize(network, seed=3)
    path.parent.mkdir(parents=True, exist_ok=True)
    safetensors.torch.save_file({key: tensor.half().contiguous() for key, tensor in network.state_dict().items()}, path)
