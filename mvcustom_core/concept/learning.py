"""Learning a concept from posed photographs: pose blocks and one token row, with the backbone frozen (arXiv 2404.12333, section 3.3)."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import Tensor, nn

from ..shapes import check_shape
from .concept import Concept, check_state, choose_references
from .denoiser import Denoiser, PoseHook
from .feature_nerf import Rendered, TextAttention
from .learning_plan import Clip, LearningSettings, check_run, draw_clip, seed_step
from .learning_state import LearningState, StepReport
from .losses import background_loss, denoising_loss, dilate_mask, foreground_loss, resize_area, rgb_loss
from .photographs import Photographs
from .pose_block import PoseBlocks, PoseLayout
from .ray_samples import RaySamples, sample_rays


class Learner:
    """One learning run; after each update, interrupted or not, `state` and `concept` give what is learned so far.

    Args:
        photographs: their latents are on the device to learn on.
        layout: which transformers get a pose block.
        token: [1, D] the row to start from, such as that of the class word.
        state: of an earlier run with the same layout, to continue it.

    Raises:
        ValueError: if photographs, settings or state do not allow the run; nothing has run then.
    """

    @torch.inference_mode(False)
    def __init__(
        self,
        photographs: Photographs,
        denoiser: Denoiser,
        layout: PoseLayout,
        token: Tensor,  # [1, D]
        settings: LearningSettings,
        state: LearningState | None = None,
    ) -> None:
        check_run(photographs, layout, token, settings)
        self._photographs = _own(photographs)
        self._denoiser = denoiser
        self._layout = layout
        self._settings = settings
        self._features: dict[int, Tensor] | None = None
        self._history: list[StepReport] = []
        device = photographs.latents.device
        self._pose = PoseBlocks(layout, settings.nerf, seed_step(settings, 0)).to(device)
        self._token = nn.Parameter(token.detach().to(device, torch.float32, copy=True))
        groups = [
            {"params": list(self._pose.parameters()), "lr": settings.pose_rate, "weight_decay": settings.weight_decay},
            {"params": [self._token], "lr": settings.token_rate, "weight_decay": 0.0},
        ]
        self._optimizer = torch.optim.AdamW(groups)
        if state is not None:
            self._restore(state)

    @property
    def state(self) -> LearningState:
        """A copy of where the run stands, after its last whole update."""
        moments = self._optimizer.state_dict()["state"]
        return LearningState(
            pose=_copy(self._pose.state_dict()),
            token=self._token.detach().clone(),
            moments=_copy({f"{index}.{name}": tensor for index, named in moments.items() for name, tensor in named.items()}),
            history=tuple(self._history),
        )

    def concept(self, token_text: str, class_word: str, caption: str, licence: str = "", references: int = 8) -> Concept:
        """What is learned so far, with equally spaced photographs as references; see `Concept` for the words."""
        chosen = choose_references(self._photographs.cameras, references)
        last = self._history[-1] if self._history else None
        return Concept(
            pose=_copy(self._pose.state_dict()),
            token=self._token.detach().clone(),
            token_text=token_text,
            class_word=class_word,
            caption=caption,
            latents=self._photographs.latents[chosen],
            cameras=self._photographs.cameras[chosen],
            layout=self._layout,
            nerf=self._settings.nerf,
            metadata={"steps": len(self._history), "losses": last.losses if last else {}, "licence": licence},
        )

    @torch.inference_mode(False)
    @torch.no_grad()
    def render(self, view: int, references: int = 8) -> tuple[Rendered, tuple[int, int]]:
        """What the finest pose block sees from one photograph's camera without looking at that photograph, and its grid (h, w)."""
        if self._features is None:
            self._features = self._compute_features()
        site = min(self._layout.sites, key=lambda site: site.level)
        cameras = self._photographs.cameras
        others = [index for index in choose_references(cameras, references) if index != view]
        features = self._features[site.number][others].to(cameras.K.device)
        samples = sample_rays(cameras[view], cameras[others], *features.shape[-2:], self._settings.nerf)
        return self._pose[site.number].nerf(features, samples), tuple(features.shape[-2:])

    def run(self) -> Iterator[StepReport]:
        """Learn, a report after each update, up to `steps` in all. May be closed at any report and run again."""
        while len(self._history) < self._settings.steps:
            yield self._update()

    @torch.inference_mode(False)
    @torch.enable_grad()
    def _update(self) -> StepReport:
        started, step = time.perf_counter(), len(self._history)
        generator = seed_step(self._settings, step + 1)
        clip = draw_clip(self._photographs, self._denoiser.sigmas, self._settings, generator)
        losses = self._losses(clip, generator)
        total = sum(getattr(self._settings.weights, name) * loss for name, loss in losses.items())
        if not torch.isfinite(total):
            raise ValueError(f"learning: wanted a finite loss at step {step + 1}, got {total.item()}; lower the learning rates")
        factor = 0.5 * (1 + math.cos(math.pi * step / self._settings.steps)) if self._settings.schedule == "cosine" else 1.0
        for group, rate in zip(self._optimizer.param_groups, (self._settings.pose_rate, self._settings.token_rate), strict=True):
            group["lr"] = rate * factor
        self._optimizer.zero_grad(set_to_none=True)
        total.backward()
        self._optimizer.step()
        values = {name: loss.item() for name, loss in losses.items()}
        self._history.append(StepReport(step + 1, total.item(), values, clip.sigma, time.perf_counter() - started))
        return self._history[-1]

    def _losses(self, clip: Clip, generator: torch.Generator) -> dict[str, Tensor]:
        clean = self._photographs.latents[clip.targets]
        rendered: dict[int, Rendered] = {}
        hook = self._make_hook(clip, generator, rendered)
        sigma = clean.new_full((len(clean),), clip.sigma)
        predicted = self._denoiser.predict(clean + clip.sigma * clip.noise, sigma, self._token, clip.with_text, hook)
        if set(rendered) != set(self._pose):
            raise ValueError(f"denoiser: wanted a call of the hook in pose blocks {list(self._pose)}, got {sorted(rendered)}")

        masks = self._photographs.masks
        mask = None if masks is None else masks[clip.targets]
        region = torch.ones_like(clean[:, :1]) if mask is None else dilate_mask(resize_area(mask, *clean.shape[-2:]))
        images = self._photographs.images[clip.targets]
        losses: dict[str, list[Tensor]] = {"rgb": []} if mask is None else {"foreground": [], "background": [], "rgb": []}
        for number, view in rendered.items():
            size = self._features[number].shape[-2:]
            if mask is not None:
                covered = resize_area(mask, *size)
                losses["foreground"].append(foreground_loss(view.opacity, covered))
                losses["background"].append(background_loss(view.alpha, covered))
            losses["rgb"].append(rgb_loss(view.rgb, resize_area(images, *size), resize_area(region, *size)))
        noise_error = (predicted - clean) / clip.sigma
        return {"denoising": denoising_loss(noise_error, region)} | {name: torch.stack(each).mean() for name, each in losses.items()}

    def _make_hook(self, clip: Clip, generator: torch.Generator, rendered: dict[int, Rendered]) -> PoseHook:
        """A hook that keeps what each block rendered."""
        if self._features is None:
            self._features = self._compute_features()
        targets, references = self._photographs.cameras[clip.targets], self._photographs.cameras[clip.references]
        shared: dict[torch.Size, RaySamples] = {}

        def hook(number: int, tokens: Tensor, text_attention: TextAttention | None) -> Tensor:
            features = self._features[number][clip.references].to(tokens.device)
            size = features.shape[-2:]
            if size not in shared:
                shared[size] = sample_rays(targets, references, *size, self._settings.nerf, allowed=clip.allowed, generator=generator)
            block = self._pose[number]
            rendered[number] = block.nerf(features, shared[size], text_attention)
            return block.merge(tokens, rendered[number].features)

        return hook

    @torch.no_grad()
    def _compute_features(self) -> dict[int, Tensor]:
        features = self._denoiser.reference_features(self._photographs.latents)
        for site in self._layout.sites:
            wanted = (len(self._photographs), site.channels)
            got = tuple(features[site.number].shape) if site.number in features else None
            if got is None or got[:2] != wanted:
                raise ValueError(f"denoiser: wanted features [{wanted[0]}, {wanted[1]}, h, w] of transformer {site.number}, got {got}")
        return features

    def _restore(self, state: LearningState) -> None:
        check_state(state.pose, {name: tuple(tensor.shape) for name, tensor in self._pose.state_dict().items()})
        check_shape(state.token, "1 D", self._token, "1 D")
        self._pose.load_state_dict(state.pose)
        self._token.data.copy_(state.token)
        moments: dict[int, dict[str, Tensor]] = {}
        for key, tensor in state.moments.items():
            index, name = key.split(".", 1)
            moments.setdefault(int(index), {})[name] = tensor.clone()
        self._optimizer.load_state_dict({"state": moments, "param_groups": self._optimizer.state_dict()["param_groups"]})
        self._history = list(state.history)


def _own(photographs: Photographs) -> Photographs:
    """Copies in float32 on the latents' device. Copies, because autograd refuses tensors made in inference mode."""

    def own(tensor: Tensor) -> Tensor:
        return tensor.detach().to(photographs.latents.device, torch.float32, copy=True)

    cameras = replace(photographs.cameras, w2c=own(photographs.cameras.w2c), K=own(photographs.cameras.K))
    masks = None if photographs.masks is None else own(photographs.masks)
    return Photographs(own(photographs.latents), own(photographs.images), masks, cameras)


def _copy(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.detach().clone() for name, tensor in tensors.items()}
