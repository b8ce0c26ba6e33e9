"""Learning a concept on a ComfyUI MODEL: a frozen copy that gradients can pass through, and the text encoder with a row to learn."""

from __future__ import annotations

import copy
from typing import Any

import comfy.model_management
import torch
from comfy.model_patcher import ModelPatcher
from comfy.sd import CLIP, VAE
from torch import Tensor, nn

from ...mvcustom_core.concept.denoiser import PoseHook
from ...mvcustom_core.concept.pose_block import PoseLayout
from .concept import POSITIVE, run_references
from .pose import KEY, Hooked, install_pose_patches, record_features
from .text import encode_embeddings
from .tokens import clip_text_model, mark_token, token_ids


class ComfyDenoiser:
    """The frozen backbone as `mvcustom_core.concept.denoiser.Denoiser` wants it.

    Args:
        prompt: what the targets are photographs of, with `token_text` where the learned row goes.
        caption: the same with the class word alone, for the references.
    """

    def __init__(self, model: ModelPatcher, clip: CLIP, layout: PoseLayout, prompt: str, token_text: str, caption: str) -> None:
        with torch.inference_mode(False):
            self.model = _trainable(model)
            install_pose_patches(self.model)
            additional = self.model.get_nested_additional_models()
            # the CLIP too, since its patches are in the weights only while it is loaded
            comfy.model_management.load_models_gpu([self.model, *additional, clip.patcher], force_full_load=True)
            for patcher in additional:
                _without_inference(patcher.model)
            self.device = self.model.load_device
            text_model = copy.deepcopy(clip_text_model(clip)).requires_grad_(False).to(self.device, torch.float32)
            self.text_model = _without_inference(text_model)
            self.sigmas = self.model.get_model_object("model_sampling").sigmas.clone()
            self.caption = self._encode(token_ids(clip, caption), None, None).detach()
            self.empty = self._encode(token_ids(clip, ""), None, None).detach()
        marked, word = mark_token(prompt, token_text)
        self.prompt, self.placeholder = token_ids(clip, marked), token_ids(clip, word, bare=True)[0]
        self.numbers = frozenset(site.number for site in layout.sites)

    def reference_features(self, latents: Tensor) -> dict[int, Tensor]:
        """See `Denoiser`."""
        unet = self.model.model.diffusion_model
        dtype = self.model.model.get_dtype_inference()

        def run(part: Tensor, entries: dict[str, Any]) -> Tensor:
            return run_references(unet, self.caption.to(dtype), self._options(), part, entries)

        return record_features(run, unet, self.numbers, latents.to(self.device, dtype))

    def predict(self, noisy: Tensor, sigma: Tensor, token: Tensor, with_text: bool, hook: PoseHook) -> Tensor:
        """See `Denoiser`."""
        context = self._encode(self.prompt, self.placeholder, token) if with_text else self.empty
        session = Hooked(self.model.model.diffusion_model, self.numbers, hook)
        options = {**self._options(), KEY: {"pose": session}, "cond_or_uncond": [POSITIVE]}
        return self.model.model.apply_model(noisy, sigma, c_crossattn=context.expand(len(noisy), -1, -1), transformer_options=options)

    def _options(self) -> dict[str, Any]:
        return dict(self.model.model_options["transformer_options"])

    def _encode(self, ids: list[int], placeholder: int | None, token: Tensor | None) -> Tensor:
        """Prompt embeddings [1, L, D]; the placeholder's id stands for the learned row."""
        tokens = torch.tensor([ids], device=self.device)
        rows = self.text_model.embeddings.token_embedding.weight[tokens].float()  # [1, L, D]
        if token is not None:
            here = (tokens == placeholder)[..., None]
            rows = torch.where(here, token.to(rows), rows)
        return encode_embeddings(self.text_model, rows)


def encode_photographs(model: ModelPatcher, vae: VAE, image: Tensor) -> Tensor:
    """IMAGE [N, H, W, 3] to latents [N, 4, h, w] in the U-Net's scale."""
    return model.model.process_latent_in(vae.encode(image[..., :3]))


def token_row(clip: CLIP, word: str) -> Tensor:
    """The row [1, D] of a word's first token, to start learning from."""
    with torch.inference_mode(False):
        return clip_text_model(clip).embeddings.token_embedding.weight[token_ids(clip, word, bare=True)[0]].detach().float().clone()[None]


def _trainable(model: ModelPatcher) -> ModelPatcher:
    """A clone whose weights autograd may pass: nodes run in inference mode, and weights loaded there cannot be saved for backward."""
    frozen = any(parameter.is_inference() for parameter in model.model.parameters())
    clone = model.clone(force_deepcopy=True) if frozen else model.clone()
    clone.model.requires_grad_(False)
    return clone


def _without_inference(module: nn.Module) -> nn.Module:
    """Replace tensors made in inference mode by ordinary copies."""
    for part in module.modules():
        for name, parameter in list(part.named_parameters(recurse=False)):
            if parameter.is_inference():
                setattr(part, name, nn.Parameter(parameter.clone(), requires_grad=False))
    return module
