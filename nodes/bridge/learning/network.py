"""The network that a concept is learned through: private copies of a MODEL's U-Net and motion modules and of a CLIP's text encoder."""

from __future__ import annotations

import copy

import comfy.ldm.modules.diffusionmodules.openaimodel as openai
import comfy.ops
import torch
from comfy.model_patcher import ModelPatcher
from comfy.sd import CLIP
from torch import Tensor, nn

from ....mvcustom_core.backbone.motion import MotionModules
from ..backbone.motion import MOTION_ATTACHMENT, find_modules
from ..host.call import Options
from ..host.training_copy import bake_weights, check_patches
from .text import TextCopy

PREFIX = "diffusion_model."
PLAIN = comfy.ops.disable_weight_init  # layers that use their weights as they are


class LearningNetwork(nn.Module):
    """U-Net, motion modules, text encoder and the tables of the noise levels.

    Args:
        dtype: of U-Net and motion modules; the text encoder is in float32, as ComfyUI encodes.

    Raises:
        ValueError: if MODEL or CLIP carry what no copy can hold.
    """

    @torch.inference_mode(False)
    def __init__(self, model: ModelPatcher, clip: CLIP, dtype: torch.dtype) -> None:
        super().__init__()
        _check(model)
        self.dtype = dtype
        self.unet = copy_unet(model, dtype)
        self.motion = _copy_motion(model, dtype)
        self.text = TextCopy(clip)
        self.sampling = copy.deepcopy(model.get_model_object("model_sampling")).cpu()

    @torch.inference_mode(False)
    def cast(self, dtype: torch.dtype) -> None:
        """Change the precision of U-Net and motion modules."""
        self.dtype = dtype
        self.unet.to(dtype)
        self.motion.to(dtype)

    def predict(self, noisy: Tensor, sigma: Tensor, context: Tensor, options: Options) -> Tensor:
        """Predicted x_0 [V, 4, h, w] of one clip, in float32.

        Args:
            noisy: [V, 4, h, w] samples at noise levels sigma [V].
            context: [1, L, D] the encoded prompt.
            options: the transformer options; ComfyUI writes to them.
        """
        scaled, steps = self.sampling.calculate_input(sigma, noisy), self.sampling.timestep(sigma).float()
        context = context.to(self.dtype).expand(len(noisy), -1, -1)
        output = self.unet(scaled.to(self.dtype), steps, context=context, transformer_options=options)
        return self.sampling.calculate_denoised(sigma, output.float(), noisy)


def _check(model: ModelPatcher) -> None:
    check_patches("model", model, PREFIX)
    others = [key for key, patchers in model.additional_models.items() if key != MOTION_ATTACHMENT and patchers]
    others += [type(patcher.model).__name__ for patcher in model.model_patches_models()]
    if others:
        raise ValueError(
            f"model: wanted a U-Net with motion modules, got one with another node's model beside it ({', '.join(others)}), which learning "
            "cannot go through; connect the MODEL from before that node"
        )


def copy_unet(model: ModelPatcher, dtype: torch.dtype) -> nn.Module:
    """A private copy of a MODEL's U-Net on the CPU, with its weight patches in it."""
    config = {**model.model.model_config.unet_config, "dtype": dtype}
    unet = openai.UNetModel(**config, device=torch.device("meta"), operations=PLAIN)
    unet.load_state_dict(bake_weights(model, PREFIX, dtype), assign=True)
    return unet


def _copy_motion(model: ModelPatcher, dtype: torch.dtype) -> MotionModules:
    source = find_modules(model.model_options["transformer_options"])
    patchers = model.get_additional_models_with_key(MOTION_ATTACHMENT)
    # modules without a patcher are the caller's, who keeps them as they are
    patcher = patchers[0] if patchers else ModelPatcher(source, torch.device("cpu"), torch.device("cpu"))
    check_patches("motion", patcher)
    motion = MotionModules(source.settings, PLAIN, device="meta", dtype=dtype)
    motion.load_state_dict(bake_weights(patcher, "", dtype), assign=True)
    return motion
