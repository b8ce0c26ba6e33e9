"""The image model whose motion modules are trained: its U-Net, its encoders, and the modules to start from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import comfy.model_management
import comfy.model_sampling
import comfy.sd
import torch
from comfy.model_patcher import ModelPatcher
from torch import Tensor, nn

from ...mvcustom_core.backbone.attention import Scope
from ...mvcustom_core.backbone.checkpoint import read_motion_checkpoint
from ...mvcustom_core.backbone.files import load_state_dict_file
from ...mvcustom_core.backbone.motion import MotionModules, MotionSettings
from ...mvcustom_core.diffusion.prediction import Prediction
from ...nodes.bridge.backbone import embedded
from ...nodes.bridge.backbone.checkpoint import check_checkpoint
from ...nodes.bridge.backbone.motion import check_host
from ...nodes.bridge.host.fingerprint import fingerprint_clip, fingerprint_model, fingerprint_vae
from ...nodes.bridge.learning.network import copy_unet
from .cache import Encoders
from .network import VideoUNet
from .widening import Widening

EMBEDDED, NEW, SHIPPED = "embedded", "new", "shipped"
CONTEXT_FRAMES = 32  # of new modules for Stable Diffusion 1.5: as many as AnimateDiff v3 has


@dataclass(frozen=True, slots=True)
class Backbone:
    """An image model as ComfyUI loads it.

    Attributes:
        name: for people and for file names.
        size, frames: side of the pictures in pixels and frames of a clip that it is usually trained with.
    """

    name: str
    model: ModelPatcher
    clip: comfy.sd.CLIP
    vae: comfy.sd.VAE
    size: int
    frames: int

    @property
    def prediction(self) -> Prediction:
        """What the U-Net predicts."""
        is_v = isinstance(self.model.get_model_object("model_sampling"), comfy.model_sampling.V_PREDICTION)
        return "v" if is_v else "eps"

    @property
    def digest(self) -> str:
        """What its weights are recognised by."""
        return fingerprint_model(self.model).digest[:16]

    def make_encoders(self) -> Encoders:
        """Its autoencoder and text encoder."""
        digest = fingerprint_vae(self.vae).digest[:8] + fingerprint_clip(self.clip).digest[:8]
        return Encoders(self._encode_frames, self._encode_text, digest)

    @torch.no_grad()
    def _encode_frames(
        self,
        frames: Tensor,  # [N, 3, H, W]
    ) -> Tensor:
        """[N, 4, h, w] on the CPU."""
        return self.model.model.process_latent_in(self.vae.encode(frames.movedim(1, -1))).cpu()

    @torch.no_grad()
    def _encode_text(self, text: str) -> Tensor:
        """[L, D] on the CPU."""
        return self.clip.encode_from_tokens(self.clip.tokenize(text))[0].float().cpu()


def load_backbone(checkpoint: str) -> Backbone:
    """The embedded backbone, or a Stable Diffusion 1.5 checkpoint.

    Raises:
        ValueError: if the file is missing or another model.
    """
    if checkpoint == EMBEDDED:
        return Backbone(EMBEDDED, embedded.load_unet(), embedded.load_clip(), embedded.load_vae(), embedded.SIZE, embedded.VIEWS)
    path = Path(checkpoint)
    if not path.is_file():
        raise ValueError(f"--backbone: wanted {EMBEDDED!r} or a Stable Diffusion 1.5 checkpoint, got {checkpoint}, which is no file")
    check_checkpoint(path)
    model, clip, vae, *_ = comfy.sd.load_checkpoint_guess_config(str(path))
    check_host(model)
    return Backbone(path.stem, model, clip, vae, 512, 16)


def read_start(backbone: Backbone, motion: str | None) -> tuple[MotionSettings, dict[str, Tensor]]:
    """Settings and weights of the motion modules to start from; of new ones no weights.

    Args:
        motion: a motion file, or NEW, or SHIPPED; None: what the backbone has, else new ones.

    Raises:
        ValueError: if the file does not fit the backbone.
    """
    motion = motion or (SHIPPED if backbone.name == EMBEDDED else NEW)
    if motion == SHIPPED:
        if backbone.name != EMBEDDED:
            raise ValueError(
                f"--motion: wanted a file or {NEW!r} for {backbone.name}, got {SHIPPED!r}, which only the embedded backbone has"
            )
        return embedded.MOTION, {name: tensor.float() for name, tensor in embedded.load_embedded_motion().model.state_dict().items()}
    config = backbone.model.model.model_config.unet_config
    channels = tuple(config["model_channels"] * factor for factor in config["channel_mult"])
    if motion == NEW:
        return embedded.MOTION if backbone.name == EMBEDDED else MotionSettings(channels=channels, max_frames=CONTEXT_FRAMES), {}
    if not Path(motion).is_file():
        raise ValueError(f"--motion: wanted a motion file, {NEW!r} or {SHIPPED!r}, got {motion}, which is no file")
    file = read_motion_checkpoint(*load_state_dict_file(motion))
    if file.settings.channels != channels:
        raise ValueError(
            f"--motion: wanted modules of channels {channels}, as {backbone.name} has, got {file.settings.channels} in {Path(motion).name}"
        )
    return file.settings, {name: tensor.float() for name, tensor in file.weights.items()}


def make_network(
    backbone: Backbone, start: tuple[MotionSettings, dict[str, Tensor]], widening: Widening, dtype: torch.dtype, checkpointing: bool
) -> VideoUNet:
    """U-Net and motion modules for training: the U-Net in `dtype`, the modules in float32, with gates where the scope widens."""
    settings, weights = start
    wide = any(scope != Scope(1) for _, scopes in widening.steps for scope in scopes)
    settings = replace(
        settings,
        scopes=widening.scopes_at(0),
        entropy_correction=True,
        spatial_position=settings.spatial_position or wide,
    )
    motion = MotionModules(settings)
    if weights:
        motion.load_state_dict(weights, strict=False)  # but for the gates of the 2-D position, at zero
    unet: nn.Module = copy_unet(backbone.model, dtype)
    return VideoUNet(unet, motion, checkpointing)


def release_encoders() -> None:
    """Take what the cache was filled with off the device."""
    comfy.model_management.unload_all_models()
    comfy.model_management.soft_empty_cache()
