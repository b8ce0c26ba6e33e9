"""The backbone for learning a concept: private copies of MODEL and CLIP that gradients can pass through, and what makes them fit."""

from __future__ import annotations

import logging
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

from ....mvcustom_core.backbone.recipe import EMBEDDED
from ....mvcustom_core.concept.denoiser import PoseHook, Prompt
from ....mvcustom_core.concept.pose_block import PoseLayout
from ....mvcustom_core.embedded.scenes.grammar import COLORS, SHAPES, TEXTURES, unknown_subject_words
from ..backbone.motion import with_modules
from ..concept.pose import Hooked, find_blocks, pose_patches, record_features
from ..concept.session import POSITIVE, run_references
from ..concept.tokens import mark_token, token_ids
from ..host.call import KEY, Options
from ..host.training_copy import GIB, TrainingCopy, bake_weights, use_torch_attention
from .memory import UpdateSize, estimate_update
from .network import LearningNetwork
from .text import PREFIX, TABLE

HALF_SCALE = 2.0**14  # that the loss is multiplied with where gradients are in float16, whose smallest number is 6e-8

log = logging.getLogger("mvcustom.bridge.learning")


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

    def describe_unknown(self, backbone: str) -> str:
        """What to say of a class word that this kind of backbone has not learned; nothing where it has, or where that is not known."""
        unknown = unknown_subject_words(self.class_word) if backbone == EMBEDDED else []
        if not unknown:
            return ""
        return (
            f"class_word: the embedded backbone has not learned {' '.join(map(repr, unknown))}, so the token starts from a word without "
            f"meaning. It knows {', '.join(SHAPES)}, and before them {', '.join((*COLORS, *TEXTURES))}. Take the shape that is most like "
            "your subject, here and in the prompt."
        )

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
        checkpointing: compute the layers' intermediate results again in the backward pass instead of storing them, whether or not there
            is memory for them.
        bfloat16: compute the backbone in bfloat16 on any device; FeatureNeRF stays in float32.
    """

    checkpointing: bool = False
    bfloat16: bool = False


class ComfyDenoiser:
    """The frozen backbone as a `mvcustom_core.concept.denoiser.Denoiser`, as a context: at its end it leaves the device.

    It computes in float32 where the MODEL does or the device has no bfloat16, and otherwise in bfloat16. Float16, which most MODELs are
    loaded in on a GPU, would round small gradients to zero; it is used, with a scaled loss, where nothing else fits.

    Raises:
        ValueError: if MODEL or CLIP cannot be learned through, or do not fit the device.
    """

    @torch.inference_mode(False)
    def __init__(self, model: ModelPatcher, clip: CLIP, layout: PoseLayout, words: ConceptWords, economy: Economy | None = None) -> None:
        self.model, self.economy = model, economy or Economy()
        self.recomputes = self.economy.checkpointing
        self.needed = self.free = 0  # bytes of an update, and of the device when learning began
        self.size: UpdateSize | None = None
        self._short = False  # whether memory was too short for the best way
        self.network = LearningNetwork(model, clip, _choose_dtype(model, self.economy))
        self.sigmas = self.network.sampling.sigmas.clone()
        self.numbers = frozenset(site.number for site in layout.sites)
        self.blocks = find_blocks(self.network.unet)
        self._options = _make_options(model, self.network)
        self._copy = TrainingCopy(self.network)
        self.device = self._copy.device
        self.load()
        marked, word = mark_token(words.prompt, words.token)
        learned = token_ids(clip, word, bare=True)[0]
        self._prompt = self.network.text.look_up(clip.tokenize(marked)["l"], learned).to(self.device)
        with torch.no_grad():
            self.caption, self.empty = (self._encode(clip, text) for text in (words.caption, ""))

    def _encode(self, clip: CLIP, text: str) -> Tensor:
        return self.network.text.encode(self.network.text.look_up(clip.tokenize(text)["l"]).to(self.device))

    def __enter__(self) -> ComfyDenoiser:
        return self

    def __exit__(self, *_: object) -> None:
        self._copy.unload()

    def load(self) -> None:
        """Load the backbone onto its device. Call it again after another model has run."""
        self._copy.load(self.needed)

    def make_room(self, size: UpdateSize) -> None:
        """Make room for updates of this size; where there is none, compute layers twice, and at last in half precision."""
        plans = self._list_plans()
        for plan in plans:
            dtype, self.recomputes = plan
            self.network.cast(dtype)
            self.needed = estimate_update(self.network.unet, self.network.motion, size, dtype.itemsize, self.recomputes)
            if plan == plans[-1] or self.needed + self._copy.network_bytes < self._copy.total_bytes:
                self.load()
                self.free = self._copy.free_bytes()
                if self.free >= self.needed:
                    break
        self.size, self._short = size, plan != plans[0]
        needed, free = self.needed / GIB, self.free / GIB
        log.info("%s needs about %.2f GiB, %.2f GiB are free on %s. %s", size, needed, free, self.device, self.describe())

    def _list_plans(self) -> list[tuple[torch.dtype, bool]]:
        """Precision and whether layers are computed twice, from the best to the one that takes the least memory."""
        dtypes = [self.network.dtype]
        if self.device.type != "cpu" and dtypes == [torch.float32]:
            dtypes.append(torch.bfloat16 if comfy.model_management.should_use_bf16(self.device) else torch.float16)
        return [(dtype, recomputes) for dtype in dtypes for recomputes in sorted({self.economy.checkpointing, True})]

    def answer_shortage(self, error: Exception) -> None:
        """After memory ran out in an update: compute layers twice from now on.

        Raises:
            ValueError: if they are already; the message has the numbers.
        """
        if self.recomputes:
            raise ValueError(
                f"memory: wanted about {self.needed / GIB:.2f} GiB for {self.size or 'an update'}, got {self.free / GIB:.2f} GiB free on "
                f"{self.device}, and it ran out; use smaller pictures, fewer frames or fewer references"
            ) from error
        self.recomputes = self._short = True
        log.warning("memory ran out: from now on layers are computed again in the backward pass (gradient checkpointing)")

    def describe(self) -> str:
        """How the backbone computes, as a sentence for the run's report."""
        precision = str(self.network.dtype).removeprefix("torch.")
        scaled = " with a scaled loss" if self.loss_scale != 1 else ""
        reason = " because memory is short" if self._short else ""
        recomputed = f"with gradient checkpointing{reason}" if self.recomputes else "without gradient checkpointing"
        return f"The backbone was computed in {precision}{scaled} on {self.device.type}, {recomputed}."

    @property
    def loss_scale(self) -> float:
        """See `Denoiser`."""
        return HALF_SCALE if self.network.dtype == torch.float16 else 1.0

    def reference_features(self, latents: Tensor) -> dict[int, Tensor]:
        """See `Denoiser`."""

        def run(part: Tensor, entries: dict[str, Any]) -> Tensor:
            return run_references(self.network.unet, self.caption.to(self.network.dtype), self._options, part, entries)

        return record_features(run, self.blocks, self.numbers, latents.to(self.device, self.network.dtype))

    def predict(self, noisy: Tensor, sigma: Tensor, token: Tensor, prompt: Prompt, hook: PoseHook) -> Tensor:
        """See `Denoiser`."""
        known = {"class": self.caption, "empty": self.empty}
        context = known[prompt] if prompt in known else self.network.text.encode(self._prompt, token)
        session = Hooked(self.blocks, self.numbers, hook)
        options = {**self._options, KEY: {"pose": session}, "cond_or_uncond": [POSITIVE]}
        if self.recomputes:
            recompute_layers(options)
        return self.network.predict(noisy, sigma, context, options)

    def output_scale(self, sigma: Tensor) -> Tensor:
        """See `Denoiser`. Every sampling type of ComfyUI is linear in the network's prediction."""
        one = torch.ones_like(sigma)
        return self.network.sampling.calculate_denoised(sigma, one, torch.zeros_like(one)).abs()


def _choose_dtype(model: ModelPatcher, economy: Economy) -> torch.dtype:
    is_half = model.model.get_dtype_inference() != torch.float32
    has_bfloat16 = comfy.model_management.should_use_bf16(comfy.model_management.get_torch_device())
    return torch.bfloat16 if economy.bfloat16 or (is_half and has_bfloat16) else torch.float32


def _make_options(model: ModelPatcher, network: LearningNetwork) -> Options:
    """The MODEL's own options with the copied motion modules, the patches of pose blocks, and an attention that can be learned through."""
    options = use_torch_attention(with_modules(model.model_options["transformer_options"], network.motion))
    patches = {name: list(each) for name, each in options["patches"].items()}
    for name, added in pose_patches().items():
        patches[name] = [*patches.get(name, ()), *added]
    return {**options, "patches": patches}


def recompute_layers(options: Options) -> None:
    """Checkpoint the layers that this pack runs (residual blocks, transformers, motion modules): the backward pass recomputes them."""
    handlers = options["patches"]["forward_timestep_embed_patch"]
    again = [(kind, partial(_run_twice, handler)) for kind, handler in handlers]
    options["patches"] = {**options["patches"], "forward_timestep_embed_patch": again}


def _run_twice(
    handler: Callable[..., Tensor], layer: nn.Module, x: Tensor, emb: Tensor, context: Tensor, options: Options, *rest: Any
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


@torch.inference_mode(False)
def token_row(clip: CLIP, word: str) -> Tensor:
    """The embedding row [1, D] of a word's first token, from which learning starts."""
    first = clip.tokenize(word)["l"][0][1][0]  # after the start
    if isinstance(first, Tensor):  # of a textual embedding
        return first.detach().to("cpu", torch.float32, copy=True).view(-1, first.shape[-1])[:1]
    return bake_weights(clip.patcher, PREFIX + TABLE, torch.float32)[""][[first]]
