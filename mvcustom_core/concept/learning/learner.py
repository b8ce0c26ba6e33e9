"""Learning a concept from posed photographs: pose blocks and one token row, with the backbone frozen (arXiv 2404.12333, section 3.3).

Beyond the published losses, what the backbone predicts beside the subject is held to what it predicts without the subject, so that the
surroundings stay the prompt's. And some updates may be on pictures of the class, rendered from references that show nothing: what the pose
blocks do to tokens then stays harmless where there is no subject (prior preservation, arXiv 2208.12242, section 3.2).
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import torch
from torch import Tensor, nn

from ...shapes import check_shape
from ..concept import Concept, check_state, choose_references
from ..denoiser import Denoiser, Prompt
from ..feature_nerf import Rendered
from ..pose_block import PoseBlocks, PoseLayout
from ..subject import Subject, generate_views
from .held_out import ViewFigures, measure_views
from .losses import FINENESS, denoising_loss, find_region, rendering_losses, resize_area
from .photographs import Photographs
from .plan import Clip, LearningSettings, check_run, draw_clip, is_plateau, scale_rate, seed_step, split_views
from .state import LearningState, StepReport

MEASURE_EVERY = 25  # steps between two looks at the held-out photographs
GENERATION_STEPS = 12


class Learner:
    """One learning run; after each update, interrupted or not, `state` and `concept` give what is learned so far.

    Args:
        photographs: their latents are on the device to learn on.
        layout: which transformers get a pose block.
        token: [1, D] the row to start from, such as that of the class word.
        class_latents: [M, 4, h, w] pictures of the class, in the scale the U-Net sees; None for none.

    Raises:
        ValueError: if photographs or settings do not allow the run; nothing has run then.
    """

    @torch.inference_mode(False)
    def __init__(
        self,
        photographs: Photographs,
        denoiser: Denoiser,
        layout: PoseLayout,
        token: Tensor,  # [1, D]
        settings: LearningSettings,
        class_latents: Tensor | None = None,  # [M, 4, h, w]
    ) -> None:
        check_run(photographs, layout, token, settings)
        learned, held = split_views(len(photographs), settings.held_out)
        self._photographs, self._held = photographs[learned].own(), photographs[held].own() if held else None
        device = photographs.latents.device
        self._class_latents = None if class_latents is None else class_latents.detach().to(device, torch.float32, copy=True)
        self._denoiser = denoiser
        self._layout = layout
        self._settings = settings
        self._features: dict[int, Tensor] | None = None  # of the photographs, and last of nothing
        self._history: list[StepReport] = []
        self._pose = PoseBlocks(layout, settings.nerf, seed_step(settings, 0)).to(device)
        self._token = nn.Parameter(token.detach().to(device, torch.float32, copy=True))
        groups = [
            {"params": list(self._pose.parameters()), "lr": settings.pose_rate, "weight_decay": settings.weight_decay},
            {"params": [self._token], "lr": settings.token_rate, "weight_decay": 0.0},
        ]
        self._optimizer = torch.optim.AdamW(groups)

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

    @torch.inference_mode(False)
    def restore(self, state: LearningState) -> None:
        """Go on from the state of a run with the same layout, to the same bits where everything else is the same as well.

        Raises:
            ValueError: if the state is of another layout.
        """
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

    @property
    def is_finished(self) -> bool:
        """Whether all steps are done, or the held-out photographs say that more would not help."""
        measured = [report.held_out for report in self._history if report.held_out is not None]
        return len(self._history) >= self._settings.steps or is_plateau(measured, self._settings.patience)

    def concept(self, token_text: str, class_word: str, caption: str, licence: str = "", references: int = 8) -> Concept:
        """What is learned so far, with equally spaced photographs as references; see `Concept` for the words."""
        chosen = self._photographs[choose_references(self._photographs.cameras, references)]
        last = self._history[-1] if self._history else None
        return Concept(
            pose=_copy(self._pose.state_dict()),
            token=self._token.detach().clone(),
            token_text=token_text,
            class_word=class_word,
            caption=caption,
            latents=chosen.latents,
            cameras=chosen.cameras,
            layout=self._layout,
            nerf=self._settings.nerf,
            metadata={"steps": len(self._history), "losses": last.losses if last else {}, "licence": licence},
            masks=None if chosen.masks is None else resize_area(chosen.masks, *chosen.latents.shape[-2:]),
        )

    @torch.inference_mode(False)
    @torch.no_grad()
    def look(self, references: int = 8) -> tuple[Photographs, Rendered, Tensor]:
        """A held-out photograph, or the first one where none is, and how it is rendered and generated from the others.

        Returns:
            the photograph, what the finest pose block sees from its camera, and latents [1, 4, h, w] that the backbone makes there.
        """
        photographs, subject, finest = self._show(references)
        photograph = photographs[[0]]
        noise = torch.randn(photograph.latents.shape, generator=seed_step(self._settings, 0)).to(photograph.latents)
        levels = torch.linspace(len(self._denoiser.sigmas) - 1, 0, GENERATION_STEPS).long()
        sigmas = torch.cat([self._denoiser.sigmas[levels].to(noise), noise.new_zeros(1)])
        generated = generate_views(self._denoiser.predict, subject, photograph.cameras, noise, sigmas, self._token)
        return photograph, subject.render(finest, photograph.cameras), generated

    @torch.inference_mode(False)
    @torch.no_grad()
    def judge(self, references: int = 8) -> tuple[Photographs, Tensor, Tensor, list[ViewFigures]]:
        """All held-out photographs, or the first one where none is, and how the finest pose block renders them from the others.

        Returns:
            photographs, colour [V, 3, h, w], opacity [V, 1, h, w] with several rays for each of the block's cells, and the figures.
        """
        photographs, subject, finest = self._show(references)
        height, width = subject.features[finest].shape[-2:]
        views = subject.render(finest, photographs.cameras, (FINENESS * height, FINENESS * width))
        rgb, opacity = (maps.mT.unflatten(2, views.size) for maps in (views.rgb, views.opacity))
        return photographs, rgb, opacity, measure_views(rgb, opacity, photographs.images, photographs.masks, (height, width))

    def run(self) -> Iterator[StepReport]:
        """Learn, a report after each update, until it `is_finished`. May be closed at any report and run again."""
        while not self.is_finished:
            yield self._update()

    @torch.inference_mode(False)
    @torch.enable_grad()
    def _update(self) -> StepReport:
        started, step = time.perf_counter(), len(self._history)
        generator = seed_step(self._settings, step + 1)
        is_rendering = step < self._settings.rendering_steps
        pictures = 0 if self._class_latents is None or is_rendering else len(self._class_latents)
        clip = draw_clip(self._photographs, pictures, self._denoiser.sigmas, self._settings, generator)
        losses = self._rendering_losses(clip, generator) if is_rendering else self._losses(clip, generator)
        total = self._weigh(losses)
        if not torch.isfinite(total):
            raise ValueError(f"learning: wanted a finite loss at step {step + 1}, got {total.item()}; lower the learning rates")
        factor = scale_rate(step, self._settings)
        for group, rate in zip(self._optimizer.param_groups, (self._settings.pose_rate, self._settings.token_rate), strict=True):
            group["lr"] = rate * factor
        self._optimizer.zero_grad(set_to_none=True)
        total.backward()
        self._optimizer.step()
        values = {name: loss.item() for name, loss in losses.items()}
        held_out = self._measure() if self._held is not None and (step + 1) % MEASURE_EVERY == 0 else None
        self._history.append(StepReport(step + 1, total.item(), values, clip.sigma, time.perf_counter() - started, held_out))
        return self._history[-1]

    def _losses(self, clip: Clip, generator: torch.Generator) -> dict[str, Tensor]:
        """Losses of one update; a class picture has no camera, so it is only denoised, and seen from references that show nothing."""
        of_class = clip.class_picture is not None
        clean = self._class_latents[[clip.class_picture]] if of_class else self._photographs.latents[clip.targets]
        rendered: dict[int, Rendered] = {}
        hook = self._subject(clip.references, nothing=of_class).make_hook(
            self._photographs.cameras[clip.targets], rendered, None if of_class else clip.allowed, generator
        )
        sigma = clean.new_full((len(clean),), clip.sigma)
        noisy = clean + clip.sigma * clip.noise
        predicted = self._denoiser.predict(noisy, sigma, self._token, clip.prompt, hook)
        if set(rendered) != set(self._pose):
            raise ValueError(f"denoiser: wanted a call of the hook in pose blocks {list(self._pose)}, got {sorted(rendered)}")
        targets = self._photographs[clip.targets]
        known = targets.masks is not None and not of_class
        region = find_region(targets.masks, *clean.shape[-2:]) if known else torch.ones_like(clean[:, :1])
        scale = self._denoiser.output_scale(sigma).view(-1, 1, 1, 1)
        losses = {"denoising": denoising_loss((predicted - clean) / scale, region)}
        if of_class:
            return losses
        if known:
            without = self._predict_without(noisy, sigma, "empty" if clip.prompt == "empty" else "class")
            losses["surroundings"] = denoising_loss((predicted - without) / scale, 1 - region)
        return losses | rendering_losses(rendered.values(), targets.images, targets.masks)

    @torch.no_grad()
    def _predict_without(self, noisy: Tensor, sigma: Tensor, prompt: Prompt) -> Tensor:
        """What the backbone predicts of the same noise where nothing is learned."""
        return self._denoiser.predict(noisy, sigma, self._token, prompt, lambda number, tokens, text_attention: tokens)

    def _rendering_losses(self, clip: Clip, generator: torch.Generator) -> dict[str, Tensor]:
        """Losses of an update without the backbone."""
        targets = self._photographs[clip.targets]
        rendered = self._subject(clip.references).render_all(targets.cameras, clip.allowed, generator)
        return rendering_losses(rendered, targets.images, targets.masks)

    @torch.no_grad()
    def _measure(self) -> float:
        """The weighted rendering loss of the held-out photographs, from all the others."""
        held, subject = self._held, self._subject(list(range(len(self._photographs))))
        rendered = [subject.render(number, held.cameras) for number in self._pose]
        return self._weigh(rendering_losses(rendered, held.images, held.masks)).item()

    def _weigh(self, losses: dict[str, Tensor]) -> Tensor:
        return sum(getattr(self._settings.weights, name) * loss for name, loss in losses.items())

    def _show(self, references: int) -> tuple[Photographs, Subject, int]:
        """The held-out photographs, or the first one where none is, the subject as the others show it, and the finest pose block."""
        held = self._held is not None
        chosen = [index for index in choose_references(self._photographs.cameras, references) if held or index != 0]
        finest = min(self._layout.sites, key=lambda site: (site.level, -site.number)).number
        return self._held if held else self._photographs[[0]], self._subject(chosen), finest

    def _subject(self, references: list[int], nothing: bool = False) -> Subject:
        """The pose blocks before some of the photographs, or before as many pictures of nothing."""
        if self._features is None:
            self._features = self._compute_features()
        device = self._photographs.latents.device
        rows = [len(self._photographs)] * len(references) if nothing else references
        features = {number: tensor[rows].to(device) for number, tensor in self._features.items()}
        return Subject(self._pose, features, self._photographs.cameras[references])

    @torch.no_grad()
    def _compute_features(self) -> dict[int, Tensor]:
        latents = self._photographs.latents
        features = self._denoiser.reference_features(torch.cat([latents, torch.zeros_like(latents[:1])]))
        for site in self._layout.sites:
            wanted = (len(latents) + 1, site.channels)
            got = tuple(features[site.number].shape) if site.number in features else None
            if got is None or got[:2] != wanted:
                raise ValueError(f"denoiser: wanted features [{wanted[0]}, {wanted[1]}, h, w] of transformer {site.number}, got {got}")
        return features


def _copy(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.detach().clone() for name, tensor in tensors.items()}
