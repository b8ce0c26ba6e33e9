"""FeatureNeRF: volume rendering of a subject's features from posed reference feature maps (CustomDiffusion360, arXiv 2404.12333, 3.2).

Every sample of a target ray looks up the references, an MLP reads what it finds there and where it is, the references are averaged by a
learned attention, and the averages are composited along the ray. Two identities make this affordable: a bilinear lookup is linear, so the
first layer acts on the reference map before it; the attention sums to one, so the second layer acts once after the average.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from ..camera.codes import CODE_WIDTH
from ..shapes import check_shape
from .lookup import Seen
from .ray_samples import NerfSettings, RaySamples, sample_pdf
from .transfer import make_constant

EMPTY_DENSITY = -10.0  # log density where no reference sees the sample
DENSITY_LIMIT = 15.0  # log density above which a sample is opaque anyway; keeps exp finite

TextAttention = Callable[[Tensor], Tensor]
"""The pose block's frozen text cross-attention without its residual: tokens [1, L, C] to what it adds to them, [1, L, C].

All views share one prompt. It is called with float32 and with as many tokens at once as `NerfSettings.piece_bytes` admits."""


@dataclass(frozen=True, eq=False)
class Rendered:
    """What V views of P cells see; background is zero.

    Attributes:
        size: (h, w), h w = P.
        places: [V, P, 2] (x, y) where each ray goes through its view, -1..1 from edge to edge.
        features: [V, P, C].
        opacity: [V, P, 1] in 0..1.
        rgb: [V, P, 3] premultiplied by opacity, in 0..1.
        alpha: [V, P, S, 1] opacity of each sample alone.
        depth: [V, P, 1] expected distance along the ray in world units; meaningful where opacity is not small.
        marched: of each piece of rays, every sample's share of its ray's colour and its distance along it, [R, S, 1] both.
    """

    size: tuple[int, int]
    places: Tensor  # [V, P, 2]
    features: Tensor  # [V, P, C]
    opacity: Tensor  # [V, P, 1]
    rgb: Tensor  # [V, P, 3]
    alpha: Tensor  # [V, P, S, 1]
    depth: Tensor  # [V, P, 1]
    marched: tuple[tuple[Tensor, Tensor], ...]  # [R, S, 1] both

    @property
    def samples(self) -> Tensor:
        """Each sample's share, of sum `opacity`, and distance in world units, [V, P, S, 2]; joined here, since few ask for it."""
        return torch.cat([torch.cat(piece, dim=-1) for piece in self.marched]).unflatten(0, (len(self.places), -1))


class FeatureNerf(nn.Module):
    """Renders the features of one transformer block at new cameras.

    The decoder starts at zero, hence with density one everywhere: opacity 1 - exp(-l) over a sampled length l, and half-grey colour.
    """

    def __init__(self, channels: int, settings: NerfSettings, generator: torch.Generator | None = None) -> None:
        super().__init__()
        self.channels = channels
        self.settings = settings
        self.inner = nn.Linear(channels + 2 * CODE_WIDTH, channels)  # reads [features | point | ray]
        self.outer = nn.Linear(channels, channels)
        # The attention's logit has no bias and does not read the point in the target camera: what all references share cancels in softmax.
        self.view = nn.Linear(channels + CODE_WIDTH, 1, bias=False)  # reads [features | reference centre]
        self.decoder = nn.Linear(channels, 4, bias=False)  # [rgb | log density]
        with torch.no_grad():  # torch's own rule for linear layers, drawn from the given generator
            for layer in (self.inner, self.outer, self.view):
                for parameter in layer.parameters():
                    parameter.uniform_(-(layer.in_features**-0.5), layer.in_features**-0.5, generator=generator)
            self.decoder.weight.zero_()

    def forward(self, reference_features: Tensor, samples: RaySamples, text_attention: TextAttention | None = None) -> Rendered:
        """Render the sampled views.

        Args:
            reference_features: [A, C, h, w] this block's output for each reference.
            samples: from `sample_rays`, with the same references.
            text_attention: lets the prompt act on the features; geometry and colour do not see it.

        Raises:
            ValueError: if channels or references differ from those of the block and the samples.
        """
        sizes = check_shape(reference_features, "A C h w")
        A, R, S = samples.shape
        if (sizes["A"], sizes["C"]) != (A, self.channels):
            raise ValueError(f"reference features: wanted [{A}, {self.channels}, h, w], got {list(reference_features.shape)}")

        with torch.autocast(reference_features.device.type, enabled=False):
            maps = self._read_references(reference_features)  # [(A h w), C + 1]
            biases = F.linear(samples.center_code.to(maps), self.view.weight[:, self.channels :])  # [A, V, 1]
            biases = biases.expand(-1, -1, R // samples.views).flatten(1)  # [A, R]
            ray_bytes = A * max(S, self.settings.importance) * max(self.channels, CODE_WIDTH) * maps.element_size()
            rays = max(1, self.settings.piece_bytes // ray_bytes)
            pieces = []
            for start in range(0, R, rays):
                piece = slice(start, start + rays)
                work = (maps, biases[:, piece], samples.select(piece), (sizes["h"], sizes["w"]), text_attention)
                if torch.is_grad_enabled() and rays < R:
                    pieces.append(checkpoint(self._march, *work, use_reentrant=False, preserve_rng_state=False))
                else:
                    pieces.append(self._march(*work))
        *columns, shares, distances = zip(*pieces, strict=True)
        whole = (torch.cat(parts).unflatten(0, (samples.views, -1)) for parts in columns)
        return Rendered(samples.size, samples.places, *whole, tuple(zip(shares, distances, strict=True)))

    def _read_references(self, features: Tensor) -> Tensor:
        """The feature columns of the first layer and of the attention's logit, on every cell of every reference, [(A h w), C + 1]."""
        C = self.channels
        weight = torch.cat([self.inner.weight[:, :C], self.view.weight[:, :C]])  # [C + 1, C]
        return F.linear(features.to(weight).flatten(2).mT, weight).flatten(0, 1)

    def _march(
        self, maps: Tensor, biases: Tensor, samples: RaySamples, size: tuple[int, int], text_attention: TextAttention | None
    ) -> tuple[Tensor, ...]:
        """Features [R, C], opacity [R, 1], rgb [R, 3], alpha [R, S, 1], depth [R, 1], shares and distances [R, S, 1] of some rays."""
        if self.settings.importance:
            samples = self._find_subject(maps, biases, samples, size)
        features, covered = self._gather(maps, biases, samples.look_up(), size)  # [R, S, C], [R, S, 1]
        rgb, density = self._decode(features, covered)
        if text_attention is not None:
            tokens = features.flatten(0, 1)[None]  # [1, (R S), C]
            features = (tokens + text_attention(tokens).to(tokens)).view_as(features)
        alpha, weights = _composite(density, samples)
        opacity = weights.sum(1)
        distances = samples.distances[..., None].to(weights)  # [R, S, 1]
        depth = (weights * distances).sum(1) / opacity.clamp(min=1e-8)
        return (weights * features).sum(1), opacity, (weights * rgb).sum(1), alpha, depth, weights, distances

    @torch.no_grad()
    def _find_subject(self, maps: Tensor, biases: Tensor, samples: RaySamples, size: tuple[int, int]) -> RaySamples:
        """The samples of the second pass."""
        _, density = self._decode(*self._gather(maps, biases, samples.look_up(), size))
        _, weights = _composite(density, samples)
        return samples.resample(sample_pdf(samples.edges.to(weights), weights[..., 0], self.settings.importance))

    def _decode(self, features: Tensor, covered: Tensor) -> tuple[Tensor, Tensor]:
        """Colour [R, S, 3] in 0..1 and density [R, S, 1] of samples."""
        rgb, density = self.decoder(features).split([3, 1], dim=-1)
        return rgb.sigmoid(), density.clamp(max=DENSITY_LIMIT).masked_fill(~covered, EMPTY_DENSITY).exp()

    def _gather(self, maps: Tensor, biases: Tensor, seen: Seen, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
        """Features [R, S, C] of the samples, averaged over the references that see them, and whether any does [R, S, 1]."""
        _, point_weight, ray_weight = self.inner.weight.split([self.channels, CODE_WIDTH, CODE_WIDTH], dim=1)
        height, width = size
        rows, shares = bilinear_taps(seen.positions, height, width, parity=self.settings.parity)  # [A, R, S, 4]
        rows = rows + height * width * torch.arange(len(rows), device=rows.device)[:, None, None, None]
        found = F.embedding_bag(rows.flatten(0, 2), maps, per_sample_weights=shares.to(maps).flatten(0, 2), mode="sum")
        found = found.unflatten(0, seen.visible.shape)  # [A, R, S, C + 1]

        along_ray = F.linear(seen.ray_code.to(maps), ray_weight, self.inner.bias)  # [A, R, C]
        hidden = found[..., :-1] + F.linear(seen.encoded_points.to(maps), point_weight) + along_ray[:, :, None]  # [A, R, S, C]
        # The lowest finite number rather than -inf: where no reference sees a sample, softmax stays finite and so does its gradient.
        logits = (found[..., -1] + biases[..., None]).masked_fill(~seen.visible, torch.finfo(maps.dtype).min)
        attention = logits.softmax(0)[..., None]  # [A, R, S, 1]
        covered = seen.visible.any(0)[..., None]  # [R, S, 1]
        features = self.outer((attention * F.silu(hidden)).sum(0))
        return features.masked_fill(~covered, 0.0), covered


def _composite(density: Tensor, samples: RaySamples) -> tuple[Tensor, Tensor]:
    """Each sample's opacity alone, and its share of the ray's colour, [R, S, 1] both."""
    thickness = density * samples.widths[..., None].to(density)
    alpha = -torch.expm1(-thickness)
    return alpha, alpha * torch.exp(thickness - thickness.cumsum(1))


def bilinear_taps(positions: Tensor, height: int, width: int, *, parity: bool) -> tuple[Tensor, Tensor]:
    """The four cells around each position of a height x width map, and their bilinear shares.

    Positions -1..1 span the map from edge to edge and clamp to its border cells; with `parity` they span the corner cells' centres and
    fade to zero outside, as in the published code.

    Args:
        positions: [..., 2] (x, y).

    Returns:
        row-major cell numbers [..., 4] and shares [..., 4].
    """
    check_shape(positions, "... 2")
    size = make_constant([width, height], positions)
    last = size - 1
    cells = (positions + 1) / 2 * last if parity else (((positions + 1) * size - 1) / 2).clamp(min=torch.zeros_like(last), max=last)
    low = cells.floor()
    corners = low[..., None, :] + torch.stack([make_constant([0, 1, 0, 1], positions), make_constant([0, 0, 1, 1], positions)], -1)
    shares = (1 - (corners - cells[..., None, :]).abs()).prod(-1)
    inside = ((corners >= 0) & (corners <= last)).all(-1)
    x, y = corners.clamp(min=torch.zeros_like(last), max=last).long().unbind(-1)
    return y * width + x, shares * inside
