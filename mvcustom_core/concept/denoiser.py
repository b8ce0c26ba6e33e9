"""What learning needs of a frozen backbone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Protocol

from torch import Tensor

from .feature_nerf import TextAttention

PoseHook = Callable[[int, Tensor, TextAttention | None], Tensor]
"""`hook(number, tokens, text_attention)`: called once in each pose block after its text cross-attention with the tokens [V, P, C] of the
V frames; returns the tokens [V, P, C] to go on with."""

Prompt = Literal["subject", "class", "empty"]  # with the learned token; with the class word alone; no text


class Denoiser(Protocol):
    """What the loop needs of a frozen backbone."""

    sigmas: Tensor  # [T] the model's noise levels, ascending, on the CPU
    loss_scale: float  # that the loss is multiplied with before the backward pass, so that small gradients are no zeros; 1 for float32

    def reference_features(self, latents: Tensor) -> dict[int, Tensor]:
        """Outputs [N, C, h, w] of every pose block's transformer block for clean latents [N, 4, h, w], each image on its own."""
        ...

    def predict(self, noisy: Tensor, sigma: Tensor, token: Tensor, prompt: Prompt, hook: PoseHook) -> Tensor:
        """Predicted x_0 [V, 4, h, w] of one clip, with gradients to the token and through the hook.

        Args:
            noisy: [V, 4, h, w], x_0 + sigma eps.
            sigma: [V].
            token: [1, D] the learned row, for the prompt "subject".
        """
        ...

    def output_scale(self, sigma: Tensor) -> Tensor:
        """How much of x_0 one unit of what the network itself predicts makes up: sigma [V] where that is the noise, in size; [V]."""
        ...
