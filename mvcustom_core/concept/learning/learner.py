"""Learning a concept from posed photographs: pose blocks and one token row, with the backbone frozen (arXiv 2404.12333, section 3.3).

Beyond the published losses, what the backbone predicts beside the subject is held to what it predicts without the subject, so that the
surroundings stay the prompt's. And some updates may be on pictures of the class, rendered from references that show nothing: what the pose
blocks do to tokens then stays harmless where there is no subject (prior preservation, arXiv 2208.12242, section 3.2).
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import Tensor, nn

from ...camera.cameras import Cameras
from ...shapes import check_shape
from ..concept import REFERENCES, Concept, check_state, choose_references
from ..denoiser import Denoiser
from ..pose_block import PoseBlocks, PoseLayout
from ..subject import Subject
from ..transfer import read_numbers, send, send_rows
from .correspondence import DrawnMatches, draw_matches, send_matches
from .features import ReferenceFeatures
from .held_out import measure_loss
from .losses import Batch, concept_loss, resize_area
from .photographs import Photographs
from .plan import Draw, LearningSettings, check_run, draw_update, is_plateau, scale_rate, seed_step, split_views
from .state import LearningState, StepReport

MEASURE_EVERY = 25  # steps between two looks at the held-out photographs
SCALE_STEP = 16.0  # by which a loss is scaled less where its gradients are too large


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
        self._photographs = photographs[learned].detached_copy()
        self._held = photographs[held].detached_copy() if held else None
        device = photographs.latents.device
        self._class_latents = None if class_latents is None else class_latents.detach().to(device, torch.float32, copy=True)
        self._denoiser = denoiser
        self._layout = layout
        self.settings = settings
        self._features: ReferenceFeatures | None = None
        self._history: list[StepReport] = []
        self._pose = PoseBlocks(layout, settings.nerf, seed_step(settings, 0)).to(device)
        self._token = nn.Parameter(token.detach().to(device, torch.float32, copy=True))
        groups = [
            {"params": list(self._pose.parameters()), "lr": settings.pose_rate, "weight_decay": settings.weight_decay},
            {"params": [self._token], "lr": settings.token_rate, "weight_decay": 0.0},
        ]
        self._optimizer = torch.optim.AdamW(groups)

    @property
    @torch.inference_mode(False)
    def state(self) -> LearningState:
        """A copy of where the run stands after its last whole update, on the CPU: a device whose memory ran out has no room for it."""
        moments = self._optimizer.state_dict()["state"]
        return LearningState(
            pose=_copy(self._pose.state_dict()),
            token=_copy_to_cpu(self._token),
            moments=_copy({f"{index}.{name}": tensor for index, named in moments.items() for name, tensor in named.items()}),
            history=tuple(self._history),
        )

    @property
    def token(self) -> Tensor:
        """The learned row [1, D] as it stands."""
        return self._token.detach()

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
        return len(self._history) >= self.settings.steps or is_plateau(measured, self.settings.patience)

    @torch.inference_mode(False)
    def concept(self, token_text: str, class_word: str, caption: str, licence: str = "", references: int = REFERENCES) -> Concept:
        """What is learned so far, on the CPU, with equally spaced photographs as references; see `Concept` for the words."""
        chosen = self._photographs[choose_references(self._photographs.cameras, references)]
        last = self._history[-1] if self._history else None
        return Concept(
            pose=_copy(self._pose.state_dict()),
            token=_copy_to_cpu(self._token),
            token_text=token_text,
            class_word=class_word,
            caption=caption,
            latents=chosen.latents.cpu(),
            cameras=chosen.cameras.to("cpu"),
            layout=self._layout,
            nerf=self.settings.nerf,
            metadata={"steps": len(self._history), "losses": last.losses if last else {}, "licence": licence},
            masks=None if chosen.masks is None else resize_area(chosen.masks, *chosen.latents.shape[-2:]),
        )

    @torch.inference_mode(False)
    def show(self, references: int = REFERENCES) -> tuple[Photographs, Subject]:
        """The held-out photographs, or the first one where none is, and the subject as the others show it."""
        chosen = choose_references(self._photographs.cameras, references)
        if self._held is not None:
            return self._held, self._subject(chosen)
        return self._photographs[[0]], self._subject([index for index in chosen if index != 0])

    def run(self) -> Iterator[StepReport]:
        """Learn, a report after each update, until it `is_finished`. May be closed at any report and run again."""
        while not self.is_finished:
            yield self._update()

    @torch.inference_mode(False)
    @torch.enable_grad()
    def _update(self) -> StepReport:
        started, step, settings = time.perf_counter(), len(self._history), self.settings
        sigma, losses = self._find_gradients(step)
        factor = scale_rate(step, settings)
        for group, rate in zip(self._optimizer.param_groups, (settings.pose_rate, settings.token_rate), strict=True):
            group["lr"] = rate * factor
        self._optimizer.step()
        total = losses.pop("total")
        due = self._held is not None and (step + 1) % MEASURE_EVERY == 0
        held_out = measure_loss(self.show()[1], self._held, settings.weights) if due else None
        self._history.append(StepReport(step + 1, total, losses, sigma, time.perf_counter() - started, held_out))
        return self._history[-1]

    def _find_gradients(self, step: int) -> tuple[float, dict[str, float]]:
        """Leave finite gradients in the parameters; returns the noise level and the losses. Where a scaled loss is beyond half precision,
        the same update is computed again with a smaller scale, so that it does not depend on earlier ones.

        Raises:
            ValueError: if a loss or a gradient is not finite. Nothing is learned from it.
        """
        scale = 1.0 if step < self.settings.rendering_steps else self._denoiser.loss_scale
        while True:
            sigma, losses = self._find_losses(step)
            self._optimizer.zero_grad(set_to_none=True)
            (losses["total"] * scale).backward()
            learned = (*self._pose.parameters(), self._token)
            gradients = [parameter.grad for parameter in learned if parameter.grad is not None]
            if scale != 1:
                for gradient in gradients:
                    gradient.div_(scale)
            # a sum is finite only if all its parts are; all are read at once, since each read makes the host wait for the device
            numbers = read_numbers([*losses.values(), torch.stack([gradient.sum() for gradient in gradients]).sum()])
            values = dict(zip(losses, numbers[:-1], strict=True))
            _check_losses(values, step)
            if math.isfinite(numbers[-1]):
                return sigma, values
            if scale == 1:
                raise ValueError(f"learning: wanted finite gradients at step {step + 1}, got {numbers[-1]}; lower the learning rates")
            scale = max(1.0, scale / SCALE_STEP)

    def _find_losses(self, step: int) -> tuple[float, dict[str, Tensor]]:
        """The noise level and the losses of an update."""
        generator = seed_step(self.settings, step + 1)
        is_rendering = step < self.settings.rendering_steps
        pictures = 0 if self._class_latents is None or is_rendering else len(self._class_latents)
        draw = draw_update(self._photographs, pictures, self._denoiser.sigmas, self.settings, generator)
        subject = self._subject(draw.references, nothing=draw.class_picture is not None)
        denoiser = None if is_rendering else self._denoiser
        batch = self._load(draw, generator)
        if self.settings.weights.correspondence and draw.class_picture is None:
            batch = replace(batch, matches=self._draw_matches(draw, step))
        return draw.sigma, concept_loss(batch, subject, denoiser, self.settings.weights)

    def _load(self, draw: Draw, generator: torch.Generator) -> Batch:
        """What was drawn, on the device. A class picture has no camera of its own, and is not compared as a picture."""
        taken, device, of_class = self._photographs, self._token.device, draw.class_picture is not None
        return Batch(
            token=self._token,
            latents=send_rows(*((self._class_latents, [draw.class_picture]) if of_class else (taken.latents, draw.targets)), device),
            noise=send(draw.noise, device),
            sigma=draw.sigma,
            prompt=draw.prompt,
            cameras=self._send_cameras(draw.targets),
            allowed=None if of_class else send(draw.allowed, device),
            images=None if of_class else send_rows(taken.images, draw.targets, device),
            masks=None if of_class or taken.masks is None else send_rows(taken.masks, draw.targets, device),
            generator=generator,
        )

    def _draw_matches(self, draw: Draw, step: int) -> DrawnMatches:
        """Matches for an update, drawn by a generator of their own: all else is drawn as without them."""
        taken = self._photographs
        size, generator = (taken.cameras.width, taken.cameras.height), seed_step(self.settings, step + 1)
        return send_matches(draw_matches(taken.matches, draw.targets, draw.references, size, generator), self._token.device)

    def _subject(self, references: list[int], nothing: bool = False) -> Subject:
        """The pose blocks before some of the photographs, or before as many pictures of nothing."""
        if self._features is None:
            self._features = ReferenceFeatures(self._denoiser, self._layout, self._photographs.latents)
        features = self._features.select_nothing(len(references)) if nothing else self._features.select(references)
        return Subject(self._pose, features, self._send_cameras(references))

    def _send_cameras(self, index: list[int]) -> Cameras:
        cameras, device = self._photographs.cameras, self._token.device
        return replace(cameras, w2c=send_rows(cameras.w2c, index, device), K=send_rows(cameras.K, index, device))


def _check_losses(values: dict[str, float], step: int) -> None:
    """Refuse losses that are not finite, naming the ones from which that comes."""
    if not math.isfinite(values["total"]):
        parts = {name: value for name, value in values.items() if name != "total"}
        names = ", ".join(name for name, value in parts.items() if not math.isfinite(value)) or "total"
        raise ValueError(f"learning, {names}: wanted a finite loss at step {step + 1}, got {values['total']}; lower the learning rates")


def _copy(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: _copy_to_cpu(tensor) for name, tensor in tensors.items()}


def _copy_to_cpu(tensor: Tensor) -> Tensor:
    return tensor.detach().to("cpu", copy=True)
