"""Prediction types of denoising networks, and the clean latents that follow from a prediction.

A noisy latent is signal x_0 + noise_scale eps. "eps" (arXiv 2006.11239) and "v" (arXiv 2202.00512, appendix D) preserve the variance,
signal^2 + noise_scale^2 = 1; "flow" (arXiv 2209.03003) is a straight line, signal + noise_scale = 1.
"""

from __future__ import annotations

from typing import Literal, get_args

from torch import Tensor

Prediction = Literal["eps", "v", "flow"]


def scale_signal(prediction: Prediction, level: Tensor) -> tuple[Tensor, Tensor]:
    """The factors of signal and of noise in a noisy latent.

    Args:
        level: [...] alpha_bar, the share of signal in the variance; for "flow" the time, 0 (clean) to 1 (noise).

    Returns:
        signal and noise_scale, [...] each.

    Raises:
        ValueError: for a name that is not a prediction.
    """
    _check(prediction)
    return (1 - level, level) if prediction == "flow" else (level.sqrt(), (1 - level).sqrt())


def add_noise(clean: Tensor, noise: Tensor, signal: Tensor, noise_scale: Tensor) -> Tensor:
    """Mix clean latents [..., C, h, w] with unit noise of the same shape, by the factors signal and noise_scale [...]."""
    return _spread(signal) * clean + _spread(noise_scale) * noise


def prediction_target(prediction: Prediction, clean: Tensor, noise: Tensor, signal: Tensor, noise_scale: Tensor) -> Tensor:
    """The training target of the network, [..., C, h, w]: eps, v = signal eps - noise_scale x_0, or the flow's eps - x_0.

    Args:
        clean, noise: [..., C, h, w].
        signal, noise_scale: [...], of `scale_signal`.

    Raises:
        ValueError: for a name that is not a prediction.
    """
    _check(prediction)
    if prediction == "eps":
        return noise
    return noise - clean if prediction == "flow" else _spread(signal) * noise - _spread(noise_scale) * clean


def recover_clean(prediction: Prediction, noisy: Tensor, predicted: Tensor, signal: Tensor, noise_scale: Tensor) -> Tensor:
    """The clean latents x_0 that follow from what was predicted, [..., C, h, w]; the inverse of `prediction_target`.

    Args:
        noisy, predicted: [..., C, h, w].
        signal, noise_scale: [...], of `scale_signal`; "eps" needs some signal.

    Raises:
        ValueError: for a name that is not a prediction.
    """
    _check(prediction)
    if prediction == "eps":
        return (noisy - _spread(noise_scale) * predicted) / _spread(signal)
    return (noisy if prediction == "flow" else _spread(signal) * noisy) - _spread(noise_scale) * predicted


def _check(prediction: str) -> None:
    if prediction not in get_args(Prediction):
        raise ValueError(f"prediction: wanted one of {', '.join(get_args(Prediction))}, got {prediction!r}")


def _spread(scale: Tensor) -> Tensor:
    return scale[..., None, None, None]  # [..., 1, 1, 1]
