"""The embedded backbone: a small SD1.5 of the true architecture, built from ComfyUI's own classes and the weights in models/tiny.

The block layout is SD1.5's (12 input, middle, 12 output blocks, 16 transformers); only widths differ. All sizes are here, once.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import comfy.model_base
import comfy.model_management
import comfy.model_patcher
import comfy.ops
import comfy.sd
import comfy.sd1_clip
import comfy.supported_models
import comfy.supported_models_base
import comfy.taesd.taesd
import torch
from safetensors import safe_open
from torch import Tensor, nn

from ....mvcustom_core.backbone.attention import Scope
from ....mvcustom_core.backbone.checkpoint import MotionFile
from ....mvcustom_core.backbone.motion import MotionSettings
from ....mvcustom_core.backbone.presets import MotionChoices
from ....mvcustom_core.concept.pose_block import PoseLayout, PoseSite
from ....mvcustom_core.concept.ray_samples import NerfSettings
from ....mvcustom_core.embedded.depth_head import DepthHead
from ..host.folders import PACK
from .motion import apply_motion, describe_run
from .motion_model import build_motion_patcher
from .spec import ATTACHMENT, BackboneSpec

DEFAULT_CHOICES = MotionChoices()

NAME = "embedded (small, procedural scenes)"
FILE = PACK / "models" / "tiny" / "backbone.safetensors"
SIZE, VIEWS = 128, 8  # pixels a side and views that it was trained with
LEVEL_CHANNELS = (64, 128, 128, 64)
TEXT_WIDTH, VOCABULARY_SIZE = 128, 49408
LATENT_SCALE = 0.18215  # ComfyUI multiplies the latents of SD1.5 by this; ours have unit deviation then

UNET = {
    "image_size": 32,
    "in_channels": 4,
    "out_channels": 4,
    "model_channels": 64,
    "num_res_blocks": [2, 2, 2, 2],
    "channel_mult": [1, 2, 2, 1],
    "transformer_depth": [1, 1, 1, 1, 1, 1, 0, 0],
    "transformer_depth_output": [1] * 9 + [0] * 3,
    "transformer_depth_middle": 1,
    "context_dim": TEXT_WIDTH,
    "use_spatial_transformer": True,
    "use_linear_in_transformer": False,
    "use_checkpoint": False,
    "legacy": False,
    "adm_in_channels": None,
    "use_temporal_resblock": False,
    "use_temporal_attention": False,
}
CLIP = {
    "hidden_size": TEXT_WIDTH,
    "intermediate_size": 4 * TEXT_WIDTH,
    "num_attention_heads": 4,
    "num_hidden_layers": 3,
    "projection_dim": 64,
}
MOTION = MotionSettings(
    channels=LEVEL_CHANNELS,
    mid_block=True,
    heads=4,
    max_frames=16,
    scopes=(Scope(1),) * len(LEVEL_CHANNELS),  # wider ones, trained on from these, have not reached them yet: see its card
    entropy_correction=True,
    spatial_position=False,
)
# Its latents have 16x16 cells at 128 px: the paper's two resolutions, a half and a quarter of SD1.5's latents, are levels 0 and 1 here.
SPEC = BackboneSpec(
    pose_layout=PoseLayout((PoseSite(3, 128, 1), PoseSite(11, 128, 1), PoseSite(13, 64, 0), PoseSite(14, 64, 0)), TEXT_WIDTH),
    rendering_levels=(0, 1),
    # Its subjects lie within 0.6 of the origin. Two passes of 8 cost what one of 12 does, and learn colour faster.
    nerf=NerfSettings(samples=8, importance=8, near=0.4, far=1.6),
)


class EmbeddedSD15(comfy.supported_models.SD15):
    """SD1.5 with other widths and four heads; predicts v, which a small network learns faster than noise."""

    unet_config = {**comfy.supported_models.SD15.unet_config, "context_dim": TEXT_WIDTH, "model_channels": UNET["model_channels"]}
    unet_extra_config = {"num_heads": 4, "num_head_channels": -1}

    def model_type(self, state_dict: dict, prefix: str = "") -> comfy.model_base.ModelType:
        return comfy.model_base.ModelType.V_PREDICTION


class EmbeddedTokenizer(comfy.sd1_clip.SD1Tokenizer):
    """The shipped CLIP vocabulary with textual inversions of this width."""

    def __init__(self, embedding_directory: str | None = None, tokenizer_data: dict | None = None) -> None:
        super().__init__(embedding_directory, tokenizer_data or {})
        self.clip_l.embedding_size = TEXT_WIDTH


def build_unet() -> comfy.model_base.BaseModel:
    """The denoiser with weights yet to be loaded, in fp32 on the CPU."""
    config = EmbeddedSD15(dict(UNET))
    config.set_inference_dtype(torch.float32, None)
    return config.get_model({}, "", device=torch.device("cpu"))


def load_embedded(
    choices: MotionChoices = DEFAULT_CHOICES,
) -> tuple[comfy.model_patcher.ModelPatcher, comfy.sd.CLIP, comfy.sd.VAE, str]:
    """MODEL with motion modules, CLIP and VAE, ready to use, and one line about the motion modules.

    Raises:
        FileNotFoundError: if the weights are not in the pack.
    """
    weights = read_weights()
    model = load_unet()
    prior = {name: tensor.float() for name, tensor in _part(weights, "pose").items()}
    model.set_attachments(ATTACHMENT, replace(SPEC, pose_prior=prior))
    motion = MotionFile(MOTION, _part(weights, "motion"), "embedded")
    settings = choices.apply_to(MOTION)
    model = apply_motion(model, build_motion_patcher(MOTION, motion.weights, torch.float32), settings)
    clip = build_clip()
    text = _part(weights, "text")
    clip.cond_stage_model.clip_l.transformer.text_model.load_state_dict(_expand_tokens(text))
    vae = build_vae({name: tensor.float() for name, tensor in _part(weights, "vae").items()})
    return model, clip, vae, f"{motion.report}; {describe_run(settings)}"


def load_unet(disable_dynamic: bool = False) -> comfy.model_patcher.ModelPatcher:
    """The denoiser without motion; ComfyUI calls this again when it needs a fresh copy."""
    with torch.inference_mode(False):  # nodes run in inference mode, whose tensors could never be trained
        model = build_unet()
        model.diffusion_model.load_state_dict({name: tensor.float() for name, tensor in _part(read_weights(), "unet").items()})
    patcher_class = comfy.model_patcher.ModelPatcher if disable_dynamic else comfy.model_patcher.CoreModelPatcher
    patcher = patcher_class(
        model, load_device=comfy.model_management.get_torch_device(), offload_device=comfy.model_management.unet_offload_device()
    )
    patcher.cached_patcher_init = (load_unet, ())
    return patcher


def load_depth_head() -> DepthHead:
    """The depth network, on the CPU, where it takes milliseconds."""
    head = DepthHead()
    head.load_state_dict({name: tensor.float() for name, tensor in _part(read_weights(), "depth").items()})
    return head.requires_grad_(False).eval()


@lru_cache(maxsize=1)
def read_weights() -> dict[str, Tensor]:
    """Every tensor of the file under "part.name"."""
    if not FILE.is_file():
        raise FileNotFoundError(f"embedded backbone: wanted {FILE.name} in the pack's models/tiny, found none; reinstall the pack")
    with safe_open(FILE, "pt") as file:
        return {name: file.get_tensor(name) for name in file.keys()}


def _part(weights: dict[str, Tensor], part: str) -> dict[str, Tensor]:
    return {name.removeprefix(f"{part}."): tensor for name, tensor in weights.items() if name.startswith(f"{part}.")}


def _expand_tokens(text: dict[str, Tensor]) -> dict[str, Tensor]:
    """The whole token table from the trained rows and the one that stands for all others."""
    rows, ids = text.pop("rows"), text.pop("ids").long()
    table = rows[-1].repeat(VOCABULARY_SIZE, 1)
    table[ids] = rows[:-1]
    return {name: tensor.float() for name, tensor in {**text, "embeddings.token_embedding.weight": table}.items()}


def build_vae(state_dict: dict[str, torch.Tensor]) -> comfy.sd.VAE:
    """The autoencoder. Its layout, TAESD's, has no norms: group norms of so few channels each would lose the even colours."""
    return comfy.sd.VAE(sd=state_dict)


def build_clip() -> comfy.sd.CLIP:
    """The text encoder with weights yet to be loaded."""
    target = comfy.supported_models_base.ClipTarget(EmbeddedTokenizer, comfy.sd1_clip.SD1ClipModel)
    return comfy.sd.CLIP(target, model_options={"clip_l_model_config": dict(CLIP)})


def build_first_stage() -> nn.Module:
    """The autoencoder's network with weights yet to be loaded."""
    first_stage = comfy.taesd.taesd.TAESD()
    first_stage.vae_scale.data.fill_(LATENT_SCALE)
    return first_stage


def initialize(module: nn.Module) -> None:
    """Give torch's default initialisation to layers that ComfyUI leaves empty."""
    for layer in module.modules():
        for kind in (nn.Linear, nn.Conv2d, nn.GroupNorm, nn.LayerNorm, nn.Embedding):
            if isinstance(layer, kind) and next(layer.parameters(recurse=False), None) is not None:
                kind.reset_parameters(layer)
