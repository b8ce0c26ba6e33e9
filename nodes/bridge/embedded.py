"""The embedded backbone: a small SD1.5 of the true architecture, built from ComfyUI's own classes and the weights in models/tiny.

The block layout is SD1.5's (12 input, middle, 12 output blocks, 16 transformers); only widths differ. All sizes are here, once.
"""

from __future__ import annotations

import comfy.latent_formats
import comfy.model_base
import comfy.ops
import comfy.sd
import comfy.sd1_clip
import comfy.supported_models
import comfy.supported_models_base
import comfy.taesd.taesd
import torch
from torch import nn

SIZE, VIEWS = 128, 8  # pixels a side and views that it was trained with
LEVEL_CHANNELS = (64, 128, 128, 64)
TEXT_WIDTH = 128
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
CLIP = {"hidden_size": TEXT_WIDTH, "intermediate_size": 4 * TEXT_WIDTH, "num_attention_heads": 4, "num_hidden_layers": 3, "projection_dim": 64}


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
