"""The backbone for learning a concept: a frozen MODEL that gradients can pass through, and a text encoder with one learned row."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import comfy.model_management
import torch
from comfy.ldm.modules.attention import SpatialTransformer
from comfy.model_patcher import ModelPatcher
from comfy.sd import CLIP, VAE
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from ....mvcustom_core.concept.denoiser import PoseHook, Prompt
from ....mvcustom_core.concept.pose_block import PoseLayout
from ..concept.pose import Hooked, install_pose_patches, record_features
from ..concept.session import POSITIVE, run_references
from ..concept.tokens import clip_text_model, mark_token, token_ids
from ..host.call import KEY
from .text import encode_embeddings


@dataclass(frozen=True, slots=True)
class ConceptWords:
    """The words for the subject.

    Attributes:
        token: text that stands for the subject in prompts, such as "<v*>".
        class_word: what the subject is, such as "teddy bear".
    """

    token: str
    class_word: str

    def __post_init__(self) -> None:
        if not self.token.strip() or not self.class_word.strip():
            raise ValueError(f"words: wanted a token and a class word, got {self.token!r} and {self.class_word!r}")
        if self.token in self.caption:
            raise ValueError(f"token: wanted text that no other word holds, such as <v*>, got {self.token!r}, which {self.caption!r} holds")

    @property
    def prompt(self) -> str:
        return f"a {self.token} {self.class_word}"

    @property
    def caption(self) -> str:
        return f"a {self.class_word}"

    def check_vocabulary(self, clip: CLIP) -> None:
        """Check that the token is not a word of the text encoder. Otherwise prompts that use the word would show the subject.

        Raises:
            ValueError: if it is.
        """
        if len(token_ids(clip, self.token, bare=True)) == 1:
            raise ValueError(
                f"token: wanted text that is no word of the text encoder, such as <v*>, got {self.token!r}, which is in its vocabulary"
            )


@dataclass(frozen=True, slots=True)
class Economy:
    """Ways to save memory and time while learning.

    Attributes:
        checkpointing: compute the layers' intermediate results again in the backward pass instead of storing them.
        bfloat16: compute the backbone in bfloat16; FeatureNeRF stays in float32.
    """

    checkpointing: bool = False
    bfloat16: bool = False


class ComfyDenoiser:
    """The frozen backbone as a `mvcustom_core.concept.denoiser.Denoiser`."""

    @torch.inference_mode(False)
    def __init__(self, model: ModelPatcher, clip: CLIP, layout: PoseLayout, words: ConceptWords, economy: Economy | None = None) -> None:
        self.model, self.clip, self.economy = _trainable(model), clip, economy or Economy()
        install_pose_patches(self.model)
        self.load()
        self.device = self.model.load_device
        text_model = copy.deepcopy(clip_text_model(clip)).requires_grad_(False).to(self.device, torch.float32)
        self.text_model = _without_inference(text_model)
        self.sigmas = self.model.get_model_object("model_sampling").sigmas.clone()
        self.caption = self._encode(token_ids(clip, words.caption), None, None).detach()
        self.empty = self._encode(token_ids(clip, ""), None, None).detach()
        marked, word = mark_token(words.prompt, words.token)
        self.prompt, self.placeholder = token_ids(clip, marked), token_ids(clip, word, bare=True)[0]
        self.numbers = frozenset(site.number for site in layout.sites)

    @torch.inference_mode(False)
    def load(self) -> None:
        """Load the backbone onto its device. Call it again after another model has run."""
        additional = self.model.get_nested_additional_models()
        # the CLIP too, since its patches are in the weights only while it is loaded
        comfy.model_management.load_models_gpu([self.model, *additional, self.clip.patcher], force_full_load=True)
        for patcher in additional:
            _without_inference(patcher.model)

    def reference_features(self, latents: Tensor) -> dict[int, Tensor]:
        """See `Denoiser`."""
        unet = self.model.model.diffusion_model
        dtype = self.model.model.get_dtype_inference()

        def run(part: Tensor, entries: dict[str, Any]) -> Tensor:
            return run_references(unet, self.caption.to(dtype), self._options(), part, entries)

        return record_features(run, unet, self.numbers, latents.to(self.device, dtype))

    def predict(self, noisy: Tensor, sigma: Tensor, token: Tensor, prompt: Prompt, hook: PoseHook) -> Tensor:
        """See `Denoiser`."""
        known = {"class": self.caption, "empty": self.empty}
        context = known[prompt] if prompt in known else self._encode(self.prompt, self.placeholder, token)
        session = Hooked(self.model.model.diffusion_model, self.numbers, hook)
        options = {**self._options(), KEY: {"pose": session}, "cond_or_uncond": [POSITIVE]}
        if self.economy.checkpointing:
            recompute_layers(options)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.economy.bfloat16):
            return self.model.model.apply_model(
                noisy, sigma, c_crossattn=context.expand(len(noisy), -1, -1), transformer_options=options
            ).float()

    def output_scale(self, sigma: Tensor) -> Tensor:
        """See `Denoiser`. Every sampling type of ComfyUI is linear in the network's prediction."""
        one = torch.ones_like(sigma)
        return self.model.get_model_object("model_sampling").calculate_denoised(sigma, one, torch.zeros_like(one)).abs()

    def _options(self) -> dict[str, Any]:
        return dict(self.model.model_options["transformer_options"])

    def _encode(self, ids: list[int], placeholder: int | None, token: Tensor | None) -> Tensor:
        """Encode token ids to a conditioning [1, L, D]. `token` [1, D] replaces the embedding of the id `placeholder`."""
        tokens = torch.tensor([ids], device=self.device)
        rows = self.text_model.embeddings.token_embedding.weight[tokens].float()  # [1, L, D]
        if token is not None:
            here = (tokens == placeholder)[..., None]
            rows = torch.where(here, token.to(rows), rows)
        return encode_embeddings(self.text_model, rows)


def recompute_layers(options: dict[str, Any]) -> None:
    """Checkpoint the layers that this pack runs (residual blocks, transformers, motion modules): the backward pass recomputes them."""
    handlers = options["patches"]["forward_timestep_embed_patch"]
    again = [(kind, partial(_run_twice, handler)) for kind, handler in handlers]
    options["patches"] = {**options["patches"], "forward_timestep_embed_patch": again}


def _run_twice(
    handler: Callable[..., Tensor], layer: nn.Module, x: Tensor, emb: Tensor, context: Tensor, options: dict[str, Any], *rest: Any
) -> Tensor:
    if not torch.is_grad_enabled():
        return handler(layer, x, emb, context, options, *rest)
    now = dict(options)  # ComfyUI counts layers in it, and will have counted on

    def run(x: Tensor, emb: Tensor, context: Tensor) -> Tensor:
        return handler(layer, x, emb, context, dict(now), *rest)

    x = checkpoint(run, x, emb, context, use_reentrant=False, preserve_rng_state=False)
    if isinstance(layer, SpatialTransformer):
        options["transformer_index"] += 1
    return x


def encode_photographs(model: ModelPatcher, vae: VAE, image: Tensor) -> Tensor:
    """Encode IMAGE [N, H, W, 3] to latents [N, 4, h, w] in the U-Net's scale."""
    return model.model.process_latent_in(vae.encode(image[..., :3]))


def token_row(clip: CLIP, word: str) -> Tensor:
    """The embedding row [1, D] of a word's first token, from which learning starts."""
    with torch.inference_mode(False):
        return clip_text_model(clip).embeddings.token_embedding.weight[token_ids(clip, word, bare=True)[0]].detach().float().clone()[None]


def _trainable(model: ModelPatcher) -> ModelPatcher:
    """A clone for training. Nodes run in inference mode, and weights loaded there cannot be saved for the backward pass."""
    frozen = any(parameter.is_inference() for parameter in model.model.parameters())
    clone = model.clone(force_deepcopy=True) if frozen else model.clone()
    clone.model.requires_grad_(False)
    return clone


def _without_inference(module: nn.Module) -> nn.Module:
    """Replace parameters made in inference mode by ordinary copies."""
    for part in module.modules():
        for name, parameter in list(part.named_parameters(recurse=False)):
            if parameter.is_inference():
                setattr(part, name, nn.Parameter(parameter.clone(), requires_grad=False))
    return module
