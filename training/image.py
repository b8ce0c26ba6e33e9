"""Stage 2: single frames with text. The denoiser and the text encoder learn together, predicting v on AnimateDiff's noise schedule."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from ..mvcustom_core.diffusion.prediction import add_noise, prediction_target, scale_signal
from ..mvcustom_core.diffusion.schedule import make_alphas_cumprod
from ..mvcustom_core.embedded.scenes.grammar import VOCABULARY, SceneWords
from ..nodes.bridge.backbone import embedded
from ..nodes.bridge.learning.text import encode_embeddings
from .data import shard_paths
from .engine.processes import join_processes
from .engine.stage import Example, Losses, Stage
from .vae import encode

CAPTION_DROP, WORD_DROP = 0.1, 0.02
MIN_SNR = 5.0
HELD_OUT_STEPS = 16


def alphas_cumprod() -> Tensor:
    """AnimateDiff's linear schedule, [1000]; the same in every stage, so that no stage has to unlearn the last one's."""
    return make_alphas_cumprod("linear").float()


class TinyText(nn.Module):
    """The text encoder with a table of only those tokens that the grammar uses, and one row for all others."""

    def __init__(self) -> None:
        super().__init__()
        clip = embedded.build_clip()
        self.tokenizer, self.model = clip.tokenizer, clip.cond_stage_model.clip_l.transformer.text_model.float()
        embedded.initialize(self.model)
        words = " ".join(word for options in VOCABULARY.values() for word in options)
        ids = sorted({*self.tokens("a an on under ground sky " + words)[0], *self.tokens("")[0]})
        self.register_buffer("ids", torch.tensor(ids), persistent=False)
        self.rows = nn.Embedding(len(ids) + 1, embedded.TEXT_WIDTH)  # the last row: any other token
        nn.init.normal_(self.model.embeddings.position_embedding.weight, std=0.15)  # else places drown the words
        self.model.embeddings.token_embedding = nn.Identity()
        self.model.requires_grad_(True)

    def tokens(self, text: str) -> list[list[int]]:
        return [[token for token, _ in part] for part in self.tokenizer.tokenize_with_weights(text)["l"]]

    def indices(self, captions: list[str]) -> Tensor:
        """Rows of the small table, [N, 77]."""
        tokens = torch.tensor([self.tokens(caption)[0] for caption in captions])
        ids = self.ids.cpu()
        found = torch.searchsorted(ids, tokens).clamp_max(len(ids) - 1)
        return torch.where(ids[found] == tokens, found, len(ids))

    def forward(self, indices: Tensor) -> Tensor:
        return encode_embeddings(self.model, self.rows(indices))


class TinyDenoiser(nn.Module):
    """Denoiser and text encoder, to be trained as one."""

    def __init__(self) -> None:
        super().__init__()
        self.unet = embedded.build_unet().diffusion_model.float()
        embedded.initialize(self.unet)
        self._zero_residual_ends()
        self.text = TinyText()
        self.requires_grad_(True)

    def _zero_residual_ends(self) -> None:
        """Every residual branch starts at zero, as in the original."""
        ends = [self.unet.out[2]]
        ends += [layer.out_layers[3] for layer in self.unet.modules() if hasattr(layer, "out_layers")]
        ends += [layer.proj_out for layer in self.unet.modules() if hasattr(layer, "transformer_blocks")]
        for end in ends:
            nn.init.zeros_(end.weight)
            nn.init.zeros_(end.bias)


class Frames:
    """Single frames with the noise and the level that they are denoised at."""

    def __init__(self, folder: Path, text: TinyText) -> None:
        self.latents, self.captions = load_latents(folder, text, held_out=False)
        self.empty, self.unknown = text.indices([""])[0], len(text.ids)  # [77], and the row of words that the grammar does not have

    def __len__(self) -> int:
        return self.latents.shape[0] * self.latents.shape[1]

    def draw(self, index: int, generator: torch.Generator) -> Example:
        scene, view = divmod(index, self.latents.shape[1])
        x0 = self.latents[scene, view].float()  # [4, h, w]
        return {
            "x0": x0,
            "caption": self.drop(self.captions[scene], generator),
            "t": torch.randint(1000, (), generator=generator),
            "noise": torch.randn(x0.shape, generator=generator),
        }

    def drop(
        self,
        caption: Tensor,  # [77]
        generator: torch.Generator,
    ) -> Tensor:
        """Blank whole captions for guidance, and single tokens so that the row for unknown ones learns to mean nothing, [77]."""
        unknown = torch.rand(caption.shape, generator=generator) < WORD_DROP
        caption = torch.where(unknown & (caption != self.empty), self.unknown, caption)
        return self.empty if torch.rand(1, generator=generator) < CAPTION_DROP else caption


class ImageStage(Stage):
    """Denoising of single frames; the captions of a batch are encoded once a step."""

    name = "image"

    def __init__(self, denoiser: TinyDenoiser, folder: Path) -> None:
        super().__init__()
        self.trained, self.folder, self.examples = denoiser, folder, Frames(folder, denoiser.text)
        self.register_buffer("alphas", alphas_cumprod(), persistent=False)

    def forward(self, batch: Example) -> Losses:
        t = batch["t"]  # [B]
        context = self.trained.text(batch["caption"])  # [B, 77, D]
        loss = v_loss(self.alphas[t], batch["x0"], batch["noise"], partial(self._predict, t, context))
        return loss, {"loss": loss.detach()}

    def held_out(self) -> dict[str, float]:
        latents, captions = load_latents(self.folder, self.trained.text, held_out=True)
        x0, captions = (values.to(self.device) for values in (latents[:32, 3].float(), captions[:32]))
        context, generator, losses = self.trained.text(captions), torch.Generator().manual_seed(0), []
        for t in torch.linspace(20, 980, HELD_OUT_STEPS).long():
            steps, noise = t.repeat(len(x0)).to(x0.device), torch.randn(x0.shape, generator=generator).to(x0)
            losses.append(v_loss(self.alphas[steps], x0, noise, partial(self._predict, steps, context)))
        return {"loss": float(torch.stack(losses).mean())}

    def _predict(self, steps: Tensor, context: Tensor, x: Tensor) -> Tensor:
        return self.trained.unet(x, steps.float(), context)


def v_loss(alpha: Tensor, x0: Tensor, noise: Tensor, predict) -> Tensor:  # noqa: ANN001
    """Min-SNR weighted v-prediction loss; `alpha` [N] is the cumulative product at each sample's step."""
    snr = alpha / (1 - alpha)
    return (v_errors(alpha, x0, noise, predict) * snr.clamp_max(MIN_SNR) / (snr + 1)).mean() * 2


def v_errors(alpha: Tensor, x0: Tensor, noise: Tensor, predict) -> Tensor:  # noqa: ANN001
    """Mean squared error [N] of each sample's predicted v."""
    scales = scale_signal("v", alpha)
    return (predict(add_noise(x0, noise, *scales)) - prediction_target("v", x0, noise, *scales)).square().mean((1, 2, 3))


@torch.no_grad()
def write_latents(folder: Path, first_stage: nn.Module, limit: int) -> None:
    """Encode this process's share of the shards that are not encoded yet."""
    (folder / "latents").mkdir(parents=True, exist_ok=True)
    paths = [*shard_paths(folder / "data", held_out=True), *shard_paths(folder / "data", held_out=False)]
    processes = join_processes()
    first_stage.to(processes.device)
    for path in paths[:limit][processes.process_index :: processes.num_processes]:
        target = folder / "latents" / path.name
        if not target.exists():
            shard = load_file(path)
            images = shard["images"].flatten(0, 1)
            latents = torch.cat([encode(first_stage, part.to(processes.device).float() / 255).cpu() for part in images.split(16)])
            part = target.with_suffix(".part")
            save_file({"latents": latents.half().unflatten(0, shard["images"].shape[:2]), "words": shard["words"]}, part)
            part.replace(target)


def load_latents(folder: Path, text: TinyText, *, held_out: bool) -> tuple[Tensor, Tensor]:
    """Latents [N, V, 4, h, w] of unit deviation and caption indices [N, 77]."""
    shards = [load_file(path) for path in shard_paths(folder / "latents", held_out=held_out)]
    latents, words = (torch.cat([shard[name] for shard in shards]) for name in ("latents", "words"))
    options = list(VOCABULARY.values())
    captions = [SceneWords(*(option[index] for option, index in zip(options, row, strict=True))).caption for row in words.tolist()]
    return latents, text.indices(captions)
