"""Runs a learner's updates with an answer to memory that runs out."""

from __future__ import annotations

from collections.abc import Iterator

import comfy.model_management

from ....mvcustom_core.concept.learning.learner import Learner
from ....mvcustom_core.concept.learning.state import StepReport
from .denoiser import ComfyDenoiser


def run_updates(learner: Learner, denoiser: ComfyDenoiser) -> Iterator[StepReport]:
    """Learn to the end, a report after each update. An update in which memory runs out is done again, its layers computed twice.

    Memory runs out before the optimiser's step, which needs less than the gradients before it: what was learned so far stays whole.

    Raises:
        ValueError: if memory runs out although layers are computed twice; the message has the numbers.
    """
    while not learner.is_finished:
        try:
            yield from learner.run()
        except Exception as error:
            if not comfy.model_management.is_oom(error):
                raise
            denoiser.answer_shortage(error)
        else:
            return
        comfy.model_management.soft_empty_cache()  # here, where the failed update's tensors are gone with its error
