"""Denoising of whole clips by a frozen image model with motion modules, which alone are trained.

Every noise level counts alike. What frames have to settle among themselves is where things are, and that is decided where there is much
noise; the weights that an image model learns best by leave hardly a gradient there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from ...mvcustom_core.backbone.checkpoint import motion_metadata
from ...mvcustom_core.backbone.motion import MotionSettings, Observation
from ...mvcustom_core.cameo.loss import Recorder
from ...mvcustom_core.diffusion.prediction import Prediction, add_noise, prediction_target, scale_signal
from ...mvcustom_core.diffusion.schedule import TIMESTEPS, make_alphas_cumprod
from ..engine.stage import Example, Losses, Stage
from .network import BlockKey, VideoUNet
from .widening import Widening, describe_scopes

HELD_OUT_CLIPS = 16
LEVELS = {"low": 120, "middle": 360, "high": 600}  # of 1000: the noise that held-out figures are told for


@dataclass(frozen=True, slots=True)
class Clips:
    """Clips with their encoded captions, as their source gives them; all of one size.

    Attributes:
        count: how many there are.
        draw: a clip by its number: latents [F, 4, h, w], context [L, D], and whatever else a term of the loss reads. A source of longer
            clips takes F frames at a place that the random numbers decide.
        empty: [L, D] the encoded empty caption.
        description: what tells these clips from others.
    """

    count: int
    draw: Callable[[int, torch.Generator], Example]
    empty: Tensor  # [L, D]
    description: str


class ClipTerm(nn.Module):
    """A further term of the loss, which reads queries and keys of one motion module's first attention. It may have weights of its own.

    `forward(seen, batch)` returns the term [], from what the module's observer was shown and from a batch of prepared examples.

    Attributes:
        name: in the metrics.
        block: whose module is read.
        weight: factor of the term.
    """

    name: str
    block: BlockKey
    weight: float

    def prepare(self, example: Example, generator: torch.Generator) -> Example:
        """The example with what the term needs of it; on the CPU, where examples are drawn."""
        return example

    def judge(self, seen: Observation, batch: Example) -> dict[str, float]:
        """Further held-out figures."""
        return {}


def prepare(example: Example, terms: Iterable[ClipTerm], generator: torch.Generator) -> Example:
    """An example with what all terms need."""
    for term in terms:
        example = term.prepare(example, generator)
    return example


@dataclass(frozen=True, slots=True)
class NoisyClips:
    """Clips with the noise and the noise level that they are denoised at. The other way round is a clip too where `turn` says so.

    Attributes:
        caption_drop: share of the clips that lose their caption, so that guidance has something to guide away from.
        terms: of the loss, which prepare what they need; the stage puts its own here.
    """

    clips: Clips
    turn: bool = False
    caption_drop: float = 0.1
    terms: Sequence[ClipTerm] = ()

    def __len__(self) -> int:
        return self.clips.count

    def draw(self, index: int, generator: torch.Generator) -> Example:
        example = self.clips.draw(index, generator)
        chances = torch.rand(2, generator=generator).tolist()
        if self.turn and chances[0] < 0.5:
            example |= {name: tensor.flip(0) for name, tensor in example.items() if name != "context"}  # every other is one of frames
        if chances[1] < self.caption_drop:
            example["context"] = self.clips.empty
        noise = torch.randn(example["latents"].shape, generator=generator)
        t = torch.randint(TIMESTEPS, (), generator=generator)
        return prepare(example | {"noise": noise, "t": t}, self.terms, generator)


class VideoStage(Stage):
    """Trains motion modules on clips while their scope widens.

    Args:
        network: U-Net and modules.
        prediction: what the U-Net predicts.
        examples: what is learned from.
        held_out: clips that are not learned from.
        widening: the scopes over the updates.
        terms: what is added to the error of the prediction, no two for the same block.
    """

    def __init__(
        self, name: str, network: VideoUNet, prediction: Prediction, examples: NoisyClips, held_out: Clips, widening: Widening,
        terms: Sequence[ClipTerm] = (),
    ) -> None:  # fmt: skip
        super().__init__()
        self.name, self.network, self.prediction, self.widening = name, network, prediction, widening
        self.examples, self.held_out_clips, self.terms = replace(examples, terms=tuple(terms)), held_out, nn.ModuleList(terms)
        self.trained = network.motion
        self.origin: dict[str, str] = {}  # where the network comes from
        alphas = make_alphas_cumprod(network.motion.settings.beta_schedule).float()
        self.register_buffer("alphas", alphas, persistent=False)  # [1000]

    def forward(self, batch: Example) -> Losses:
        recorders = self._make_recorders()
        loss = self.clip_errors(batch, recorders).mean()
        parts = {"loss": loss.detach()}
        for term in self.terms:
            value = term(recorders[term.block].seen, batch)
            loss = loss + term.weight * value
            parts[term.name] = value.detach()
        return loss, parts

    def clip_errors(self, batch: Example, recorders: Mapping[BlockKey, Recorder] | None = None) -> Tensor:
        """Mean squared error of the prediction for each frame, [(B F)].

        Args:
            batch: latents and noise [B, F, 4, h, w], context [B, L, D], t [B].
        """
        frames = batch["latents"].shape[1]
        x0, noise = (batch[name].flatten(0, 1).float() for name in ("latents", "noise"))  # [(B F), 4, h, w]
        t = batch["t"].repeat_interleave(frames)  # [(B F)]
        context = batch["context"].float().repeat_interleave(frames, dim=0)  # [(B F), L, D]
        scales = scale_signal(self.prediction, self.alphas[t])
        predicted = self.network(add_noise(x0, noise, *scales), t.float(), context, frames, recorders)
        return (predicted.float() - prediction_target(self.prediction, x0, noise, *scales)).square().mean((1, 2, 3))

    def held_out(self) -> dict[str, float]:
        """Error of the held-out clips at a few noise levels, and what the terms tell of them."""
        figures: dict[str, list[float]] = {}
        for name, t in LEVELS.items():
            for index in range(min(self.held_out_clips.count, HELD_OUT_CLIPS)):
                for key, value in self.judge_clip(index, t).items():
                    figures.setdefault(f"{name} {key}".strip(), []).append(value)
        return {name: float(torch.tensor(values).mean()) for name, values in figures.items()}

    def judge_clip(self, index: int, t: int) -> dict[str, float]:
        """Figures of one held-out clip at one timestep; the error has no name."""
        generator = torch.Generator().manual_seed(index)
        clip = self.held_out_clips.draw(index, generator)
        clip |= {"noise": torch.randn(clip["latents"].shape, generator=generator), "t": torch.tensor(t)}
        clip = prepare(clip, self.terms, generator)
        batch = self.place({name: tensor[None] for name, tensor in clip.items()})
        recorders = self._make_recorders()
        figures = {"": float(self.clip_errors(batch, recorders).mean())}
        for term in self.terms:
            figures |= term.judge(recorders[term.block].seen, batch)
        return figures

    def _make_recorders(self) -> dict[BlockKey, Recorder]:
        return {term.block: Recorder() for term in self.terms}

    def find_change(self, update: int) -> Callable[[], str] | None:
        """Widen the scope."""
        if not self.widening.changes_at(update):
            return None

        def widen() -> str:
            self.go_to(update)
            return f"scopes {describe_scopes(self.settings.scopes)}"

        return widen

    def go_to(self, update: int) -> None:
        self.network.settings = replace(self.network.settings, scopes=self.widening.scopes_at(update))

    @property
    def settings(self) -> MotionSettings:
        """How the modules compute now."""
        return self.network.settings

    def describe_data(self) -> str:
        return self.examples.clips.description

    def describe_settings(self) -> dict[str, Any]:
        start = replace(self.settings, scopes=self.widening.scopes_at(0))
        return (
            {"widening": str(self.widening), "prediction": self.prediction, "motion": motion_metadata(start)}
            | self.origin
            | {f"term {term.name}": [*term.block, term.weight] for term in self.terms}
        )

    def describe_result(self, update: int, planned: int) -> dict[str, str]:
        ended = f"{update} updates" if update >= planned else f"{update} of {planned} updates"
        origin = "".join(f", {name} {value}" for name, value in self.origin.items())
        training = f"trained for {ended} on {self.describe_data()}, scopes {self.widening}{origin}"
        return motion_metadata(self.settings, training)
