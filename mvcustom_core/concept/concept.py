"""A learned subject and its one file: pose blocks, token, and the posed references that it is rendered from.

References are kept as clean latents, not as features: eight forward passes make features of them again, those of whatever checkpoint the
concept is applied to, and on SD1.5 the features of eight references would take 58 MB in half precision where the latents take half a MB.
"""

from __future__ import annotations

from collections.abc import Sized
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..camera.cameras import Cameras
from ..shapes import check_shape
from .pose_block import PoseBlocks, PoseLayout, PoseSite
from .ray_samples import NerfSettings
from .storage import read_tensors, strip_prefix, write_tensors

KIND = "mvcustom-concept"
REFERENCES = 8  # photographs that a concept keeps and is rendered from
OPTIONAL = ("masks", "thumbnail")  # parts that a concept may lack


@dataclass(frozen=True, eq=False)
class Concept:
    """What one learning run knows of a subject.

    Attributes:
        pose: state dict of `PoseBlocks`.
        token: [1, D] learned row of the text encoder's token embedding.
        token_text: what stands for the row in a prompt, such as "<v*>".
        class_word: what the subject is, such as "teddy bear".
        caption: the prompt under which reference features are computed.
        latents: [A, 4, h, w] clean latents of the references, in the scale the U-Net sees.
        cameras: the references' A cameras, normalised: subject at the origin, farthest camera of the capture at distance 1.
        layout: the backbone's fingerprint.
        nerf: how the blocks were learned to sample.
        metadata: steps, losses, licence and the like, as JSON can hold it.
        backbone: fingerprint of the checkpoint that it was learned on; empty where unknown.
        masks: [A, 1, h, w] the share of each latent cell that shows the subject, in 0..1.
        thumbnail: [3, H, W] uint8, a small picture of the subject.

    Raises:
        ValueError: if the parts do not fit one another.
    """

    pose: dict[str, Tensor]
    token: Tensor  # [1, D]
    token_text: str
    class_word: str
    caption: str
    latents: Tensor  # [A, 4, h, w]
    cameras: Cameras
    layout: PoseLayout
    nerf: NerfSettings
    metadata: dict[str, Any] = field(default_factory=dict)
    backbone: str = ""
    masks: Tensor | None = None  # [A, 1, h, w]
    thumbnail: Tensor | None = None  # [3, H, W] uint8

    def __post_init__(self) -> None:
        D = check_shape(self.token, "1 D")["D"]
        A = check_shape(self.latents, "A 4 h w")["A"]
        if self.masks is not None:
            check_shape(self.latents, "A 4 h w", self.masks, "A 1 h w")
        if self.thumbnail is not None:
            check_shape(self.thumbnail, "3 H W")
        if D != self.layout.text_width:
            raise ValueError(f"concept: wanted a token of width {self.layout.text_width}, got {D}")
        if A != len(self.cameras) or A < 1:
            raise ValueError(f"concept: wanted a camera per reference, got {A} latents and {len(self.cameras)} cameras")
        with torch.device("meta"):
            wanted = {name: tuple(tensor.shape) for name, tensor in PoseBlocks(self.layout, self.nerf).state_dict().items()}
        check_state(self.pose, wanted)

    def build_pose_blocks(self) -> PoseBlocks:
        """The learned pose blocks, on the CPU, in float32, without gradients."""
        with torch.device("meta"):
            blocks = PoseBlocks(self.layout, self.nerf)
        blocks.load_state_dict({name: tensor.detach().float().cpu().clone() for name, tensor in self.pose.items()}, assign=True)
        return blocks.requires_grad_(False)


def choose_references(cameras: Sized, count: int = REFERENCES, offset: int = 0) -> list[int]:
    """Indices of `count` views at equal spacing in capture order, all of them where there are fewer.

    Args:
        offset: views to start after, cyclically.

    Raises:
        ValueError: if count is not positive.
    """
    if count < 1:
        raise ValueError(f"references: wanted at least 1, got {count}")
    views = len(cameras)
    count = min(count, views)
    return [(i * views // count + offset) % views for i in range(count)]


def check_backbone(concept: Concept, layout: PoseLayout) -> None:
    """Refuse a backbone that the concept was not learned on.

    Args:
        layout: the transformers that the backbone offers; it may offer more than the concept uses.

    Raises:
        ValueError: naming the widths of both.
    """
    offered = {site.number: site for site in layout.sites}
    if concept.layout.text_width == layout.text_width and all(offered.get(site.number) == site for site in concept.layout.sites):
        return
    raise ValueError(
        f"concept {concept.token_text}: wanted the backbone it was learned on, {_describe(concept.layout)}; got {_describe(layout)}; "
        "load that backbone or learn the concept on this one"
    )


def check_state(pose: dict[str, Tensor], wanted: dict[str, tuple[int, ...]]) -> None:
    """Demand the names and shapes of a state dict.

    Raises:
        ValueError: naming the first difference.
    """
    for name in sorted(wanted.keys() | pose.keys()):
        got = tuple(pose[name].shape) if name in pose else None
        if got != wanted.get(name):
            raise ValueError(f"pose weights: wanted {name} {wanted.get(name, 'absent')}, got {got or 'none'}; the layout is another one")


def save_concept(path: Path | str, concept: Concept) -> None:
    """Write a concept to one safetensors file, atomically.

    Raises:
        OSError: as `write_tensors`.
    """
    tensors, facts = pack_concept(concept)
    write_tensors(path, tensors, KIND, facts)


def load_concept(path: Path | str) -> Concept:
    """Read what `save_concept` wrote.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is empty, truncated, no concept, of a newer version, or its parts do not make one.
    """
    tensors, facts = read_tensors(path, KIND)
    try:
        return unpack_concept(tensors, facts)
    except KeyError as error:
        raise ValueError(f"{Path(path).name}: wanted a whole concept, got one without {error}; save it again") from error
    except (TypeError, ValueError) as error:
        raise ValueError(f"{Path(path).name}: wanted a whole concept, got parts that do not fit ({error}); save it again") from error


def pack_concept(concept: Concept) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The tensors of a concept by name, and everything else about it as JSON can hold it."""
    tensors = {f"pose.{name}": tensor for name, tensor in concept.pose.items()}
    tensors |= {"token": concept.token, "latents": concept.latents, "cameras.w2c": concept.cameras.w2c, "cameras.K": concept.cameras.K}
    tensors |= {name: tensor for name in OPTIONAL if (tensor := getattr(concept, name)) is not None}
    facts = {
        "token_text": concept.token_text,
        "class_word": concept.class_word,
        "caption": concept.caption,
        "image_size": [concept.cameras.width, concept.cameras.height],
        "layout": {"sites": [list(site) for site in concept.layout.sites], "text_width": concept.layout.text_width},
        "nerf": asdict(concept.nerf),
        "metadata": concept.metadata,
        "backbone": concept.backbone,
    }
    return tensors, facts


def unpack_concept(tensors: dict[str, Tensor], facts: dict[str, Any]) -> Concept:
    """The concept that `pack_concept` took apart.

    Raises:
        KeyError: if a part is missing.
        TypeError, ValueError: if parts do not fit.
    """
    width, height = facts["image_size"]
    layout = facts["layout"]
    return Concept(
        pose=strip_prefix(tensors, "pose."),
        token=tensors["token"],
        token_text=facts["token_text"],
        class_word=facts["class_word"],
        caption=facts["caption"],
        latents=tensors["latents"],
        cameras=Cameras.checked(w2c=tensors["cameras.w2c"], K=tensors["cameras.K"], width=width, height=height),
        layout=PoseLayout(sites=tuple(PoseSite(*site) for site in layout["sites"]), text_width=layout["text_width"]),
        nerf=NerfSettings(**facts["nerf"]),
        metadata=facts["metadata"],
        backbone=facts.get("backbone", ""),  # files of the first release have none
        **{name: tensors.get(name) for name in OPTIONAL},
    )


def _describe(layout: PoseLayout) -> str:
    sites = ", ".join(f"{site.number}: {site.channels} at 1/{2**site.level}" for site in layout.sites)
    return f"text width {layout.text_width}, transformers {{{sites}}}"
