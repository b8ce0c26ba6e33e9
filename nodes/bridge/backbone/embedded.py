"""The embedded backbone: a small model with SD1.5's block layout, built from ComfyUI's own classes and the weights in models/tiny.

It has 12 input blocks, a middle block, 12 output blocks and 16 transformers, as SD1.5 does; the widths are smaller, and the autoencoder has
TAESD's layout. All sizes are defined in this file.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from pathlib import Path

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
from comfy.model_patcher import ModelPatcher
from safetensors import safe_open
from torch import Tensor, nn

from ....mvcustom_core.backbone.attention import Scope
from ....mvcustom_core.backbone.checkpoint import MotionFile
from ....mvcustom_core.backbone.motion import MotionSettings
from ....mvcustom_core.backbone.presets import MotionChoices
from ....mvcustom_core.backbone.recipe import EMBEDDED as KIND
from ....mvcustom_core.concept.pose_block import PoseLayout, PoseSite
from ....mvcustom_core.concept.ray_samples import NerfSettings
from ....mvcustom_core.embedded.depth_head import DepthHead
from ..host.folders import PACK
from .motion import apply_motion, describe_run
from .motion_model import REPORT, build_motion_patcher, load_motion_patcher
from .spec import BACKBONE_ATTACHMENT, BackboneSpec

DEFAULT_CHOICES = MotionChoices()

NAME = "embedded (small, procedural scenes)"
FILE = PACK / "models" / "tiny" / "backbone.safetensors"
SIZE, VIEWS = 128, 8  # side in pixels and number of views in training
LEVEL_CHANNELS = (64, 128, 128, 64)
TEXT_WIDTH, VOCABULARY_SIZE = 128, 49408
LATENT_SCALE = 0.18215  # ComfyUI multiplies SD1.5 latents by this; those of the embedded VAE then have unit standard deviation

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
    scopes=(Scope(1),) * len(LEVEL_CHANNELS),  # wider scopes gave a larger error: see the model card
    entropy_correction=True,
    spatial_position=False,
)
# The paper renders at 32x32 and 16x16 cells. Latents of 128 px have 16x16 cells, so levels 0 and 1 are used here.
SPEC = BackboneSpec(
    kind=KIND,
    pose_layout=PoseLayout((PoseSite(3, 128, 1), PoseSite(11, 128, 1), PoseSite(13, 64, 0), PoseSite(14, 64, 0)), TEXT_WIDTH),
    rendering_levels=(0, 1),
    # Its subjects lie within 0.6 of the origin. Two passes of 8 cost what one of 12 does, and learn colour faster.
    nerf=NerfSettings(samples=8, importance=8, near=0.4, far=1.6),
)


class EmbeddedSD15(comfy.supported_models.SD15):
    """SD1.5's configuration with smaller widths and four heads. It predicts v, which a small network learns faster than noise."""

    unet_config = {**comfy.supported_models.SD15.unet_config, "context_dim": TEXT_WIDTH, "model_channels": UNET["model_channels"]}
    unet_extra_config = {"num_heads": 4, "num_head_channels": -1}

    def model_type(self, state_dict: dict, prefix: str = "") -> comfy.model_base.ModelType:
        return comfy.model_base.ModelType.V_PREDICTION


class EmbeddedTokenizer(comfy.sd1_clip.SD1Tokenizer):
    """ComfyUI's CLIP tokenizer, set to the width of this text encoder's embeddings."""

    def __init__(self, embedding_directory: str | None = None, tokenizer_data: dict | None = None) -> None:
        super().__init__(embedding_directory, tokenizer_data or {})
        self.clip_l.embedding_size = TEXT_WIDTH


def build_unet() -> comfy.model_base.BaseModel:
    """Build the U-Net without weights, in fp32 on the CPU."""
    config = EmbeddedSD15(dict(UNET))
    config.set_inference_dtype(torch.float32, None)
    return config.get_model({}, "", device=torch.device("cpu"))


def load_embedded(
    choices: MotionChoices = DEFAULT_CHOICES, motion_file: Path | None = None
) -> tuple[ModelPatcher, comfy.sd.CLIP, comfy.sd.VAE, str]:
    """Load MODEL with motion modules, CLIP, VAE, and a one-line report on the motion modules.

    Args:
        motion_file: motion modules trained for this backbone; None: its own.

    Raises:
        FileNotFoundError: if the weights file is missing.
        ValueError: if the motion file holds modules of another width.
    """
    model = load_unet()
    prior = {name: tensor.float() for name, tensor in _part(read_weights(), "pose").items()}
    model.set_attachments(BACKBONE_ATTACHMENT, replace(SPEC, pose_prior=prior))
    motion = load_embedded_motion() if motion_file is None else load_motion_patcher(motion_file, torch.float32)
    settings = choices.apply_to(motion.model.settings)
    report = f"{motion.get_attachment(REPORT)}; {describe_run(settings)}"
    return apply_motion(model, motion, settings), load_clip(), load_vae(), report


def load_unet(disable_dynamic: bool = False) -> ModelPatcher:
    """Load the U-Net without motion modules. ComfyUI calls this again when it needs a fresh copy, and so with the loaders below."""
    with torch.inference_mode(False):  # nodes run in inference mode, whose tensors could never be trained
        model = build_unet()
        model.diffusion_model.load_state_dict({name: tensor.float() for name, tensor in _part(read_weights(), "unet").items()})
    patcher_class = ModelPatcher if disable_dynamic else comfy.model_patcher.CoreModelPatcher
    patcher = patcher_class(
        model, load_device=comfy.model_management.get_torch_device(), offload_device=comfy.model_management.unet_offload_device()
    )
    patcher.cached_patcher_init = (load_unet, ())
    return patcher


def load_embedded_motion(disable_dynamic: bool = False) -> ModelPatcher:
    """Load the motion modules."""
    file = MotionFile(MOTION, _part(read_weights(), "motion"), "embedded")
    motion = build_motion_patcher(MOTION, file.weights, torch.float32, disable_dynamic)
    motion.cached_patcher_init = (load_embedded_motion, ())
    motion.set_attachments(REPORT, file.report)
    return motion


def load_clip(disable_dynamic: bool = False) -> comfy.sd.CLIP:
    """Load the text encoder."""
    clip = build_clip(disable_dynamic)
    encoder = clip.cond_stage_model.clip_l.transformer
    text = {f"text_model.{name}": tensor for name, tensor in _expand_tokens(_part(read_weights(), "text")).items()}
    # nothing was trained behind the encoder; without weights ComfyUI's layer of dynamic memory has none at all and cannot run
    encoder.load_state_dict({**text, "text_projection.weight": torch.eye(TEXT_WIDTH)})
    clip.patcher.cached_patcher_init = (load_clip_patcher, ())
    return clip


def load_clip_patcher(disable_dynamic: bool = False) -> ModelPatcher:
    """The text encoder as ComfyUI rebuilds it."""
    return load_clip(disable_dynamic).patcher


def load_vae() -> comfy.sd.VAE:
    """Load the autoencoder."""
    vae = build_vae({name: tensor.float() for name, tensor in _part(read_weights(), "vae").items()})
    vae.patcher.cached_patcher_init = (load_vae_patcher, ())
    return vae


def load_vae_patcher(disable_dynamic: bool = False) -> ModelPatcher:
    """The autoencoder as ComfyUI rebuilds it."""
    vae = load_vae()
    if not disable_dynamic:
        return vae.patcher
    return ModelPatcher(vae.first_stage_model, load_device=vae.patcher.load_device, offload_device=vae.patcher.offload_device)


def load_depth_head() -> DepthHead:
    """Load the depth network on the CPU, where it takes milliseconds."""
    head = DepthHead()
    head.load_state_dict({name: tensor.float() for name, tensor in _part(read_weights(), "depth").items()})
    return head.requires_grad_(False).eval()


@lru_cache(maxsize=1)
def read_weights() -> dict[str, Tensor]:
    """All tensors of the weights file, under names of the form "part.name"."""
    if not FILE.is_file():
        raise FileNotFoundError(f"embedded backbone: wanted {FILE.name} in the pack's models/tiny, found none; reinstall the pack")
    with safe_open(FILE, "pt") as file:
        return {name: file.get_tensor(name) for name in file.keys()}


def _part(weights: dict[str, Tensor], part: str) -> dict[str, Tensor]:
    return {name.removeprefix(f"{part}."): tensor for name, tensor in weights.items() if name.startswith(f"{part}.")}


def _expand_tokens(text: dict[str, Tensor]) -> dict[str, Tensor]:
    """Build the full token table: the trained rows at their ids, and the last stored row at every other id."""
    rows, ids = text.pop("rows"), text.pop("ids").long()
    table = rows[-1].repeat(VOCABULARY_SIZE, 1)
    table[ids] = rows[:-1]
    return {name: tensor.float() for name, tensor in {**text, "embeddings.token_embedding.weight": table}.items()}


def build_vae(state_dict: dict[str, torch.Tensor]) -> comfy.sd.VAE:
    """Build the autoencoder. It has TAESD's layout, which has no norms: group norms over so few channels would lose uniform colours."""
    return comfy.sd.VAE(sd=state_dict)


def build_clip(disable_dynamic: bool = False) -> comfy.sd.CLIP:
    """Build the text encoder without weights."""
    target = comfy.supported_models_base.ClipTarget(EmbeddedTokenizer, comfy.sd1_clip.SD1ClipModel)
    return comfy.sd.CLIP(target, model_options={"clip_l_model_config": dict(CLIP)}, disable_dynamic=disable_dynamic)


def build_first_stage() -> nn.Module:
    """Build the network of the autoencoder without weights."""
    first_stage = comfy.taesd.taesd.TAESD()
    first_stage.vae_scale.data.fill_(LATENT_SCALE)
    return first_stage


def initialize(module: nn.Module) -> None:
    """Initialise layers that ComfyUI leaves uninitialised, by torch's defaults."""
    for layer in module.modules():
        for kind in (nn.Linear, nn.Conv2d, nn.GroupNorm, nn.LayerNorm, nn.Embedding):
            if isinstance(layer, kind) and next(layer.parameters(recurse=False), None) is not None:
                kind.reset_parameters(layer)
