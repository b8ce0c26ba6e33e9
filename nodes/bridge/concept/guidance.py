"""Guidance with separate scales for text and subject: three branches per step (arXiv 2211.09800, section 3.2.1, as in arXiv 2404.12333).

With u the negative prompt without the concept, i the negative prompt with it, and c the positive prompt with it:

    x0 = u + image * (i - u) + text * (c - i)

With an image scale of 0, i is left out and the result is classifier-free guidance.

The pose blocks of a concept also change the surroundings of the subject a little, and an image scale above 1 amplifies this. The scale can
therefore be restricted to the subject (not in the papers): it is then 1 where neither a cell nor its neighbours have any rendered opacity.
"""

from __future__ import annotations

import math
from typing import Any

import comfy.samplers
import node_helpers
from comfy.model_patcher import ModelPatcher
from torch import Tensor

from ..host.call import record_of
from .application import find_applied_concept


class ConceptGuider(comfy.samplers.CFGGuider):
    """A GUIDER for a MODEL that carries a concept.

    Args:
        model: the MODEL.
        positive, negative: ComfyUI conditionings.
        text: guidance scale of the prompt.
        image: guidance scale of the concept; 0 leaves the branch i out.
        beside: share of (image - 1) that acts outside the subject, 0 to 1; 1 is the published formula.

    Raises:
        ValueError: if the model carries no concept.
    """

    concept_branches = frozenset({"positive", "subject"})

    def __init__(  # noqa: PLR0913
        self, model: ModelPatcher, positive: list[Any], negative: list[Any], text: float, image: float, beside: float = 1.0
    ) -> None:
        super().__init__(model)
        if find_applied_concept(model) is None:
            raise ValueError("model: wanted one with a concept, got one without; connect the MODEL of Apply Concept")
        self.set_conds(positive, negative)
        self.set_cfg(text)
        self.image, self.beside = image, beside
        if image:
            self.inner_set_conds({"subject": node_helpers.conditioning_set_values(negative, {"prompt_type": "negative"})})

    def predict_noise(self, x: Tensor, timestep: Tensor, model_options: dict[str, Any] | None = None, seed: int | None = None) -> Tensor:
        """The guided clean latents x0 [V, 4, h, w]. ComfyUI calls this method predict_noise."""
        options = model_options or {}
        if not self.image:
            return super().predict_noise(x, timestep, options, seed)
        conditions = [self.conds["positive"], self.conds["subject"], self.conds["negative"]]
        may_skip = not options.get("disable_cfg1_optimization", False)
        if may_skip and math.isclose(self.image, 1.0):
            conditions[2] = None  # u cancels out
            if math.isclose(self.cfg, 1.0):
                conditions[1] = None
        c, i, u = comfy.samplers.calc_cond_batch(self.inner_model, conditions, x, timestep, options)
        guided = comfy.samplers.cfg_function(
            self.inner_model, c, i, self.cfg, x, timestep, options, cond=conditions[0], uncond=conditions[1]
        )  # i + text * (c - i), with what other nodes do to it
        return guided if conditions[2] is None else guided + (self.image - 1) * self._find_share(x, options) * (i - u)

    def _find_share(self, x: Tensor, options: dict[str, Any]) -> Tensor | float:
        """The share of (image - 1) that acts in each cell, [V, 1, h, w] for latents x [V, 4, h, w]; 1.0 for all cells alike."""
        session = record_of(options["transformer_options"])["concept"]
        if self.beside == 1 or not session.applied.strength:
            return 1.0
        if session.recording is None:  # no prompt that shows the concept has been active yet
            session.prepare(self.inner_model.diffusion_model, tuple(x.shape[-2:]), x.device, self.inner_model.get_dtype_inference())
        return session.find_subject_share(self.beside, x)
