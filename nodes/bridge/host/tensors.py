"""Checks the pictures and masks that a node is given, and converts ComfyUI's layouts, IMAGE [B, H, W, C] and MASK [B, H, W], to the
channel-first layouts of the core and back.
"""

from __future__ import annotations

from einops import rearrange
from torch import Tensor

COLORS, OPACITY = 3, 4  # channels


def read_images(
    image: Tensor,  # IMAGE [B, H, W, C]
    name: str,
) -> Tensor:
    """Check an input of a node with `check_images`, and convert it to [B, 3, H, W]."""
    return images_from_comfy(check_images(image, name))


def read_masks(
    mask: Tensor,  # MASK [B, H, W]
    name: str,
) -> Tensor:
    """Check an input of a node with `check_masks`, and convert it to [B, 1, H, W]."""
    return masks_from_comfy(check_masks(mask, name))


def check_images(
    image: Tensor,  # IMAGE [B, H, W, C]
    name: str,
) -> Tensor:
    """Check pictures that a node is given. An alpha channel is dropped; a picture of one channel is refused, as core's nodes refuse it.

    Args:
        name: the node's input, for messages.

    Returns:
        IMAGE [B, H, W, 3].

    Raises:
        ValueError: if there is no picture, or one is not RGB or not finite; the message names the input and the picture.
    """
    check_axes(image, name, "IMAGE of [pictures, height, width, channels]", axes=4)
    if image.shape[-1] not in (COLORS, OPACITY):
        raise ValueError(f"{name}: wanted pictures of 3 channels (RGB), got {image.shape[-1]}; convert them to RGB before this node")
    _check_finite(image[..., :COLORS], name, "picture")
    return image[..., :COLORS]


def check_masks(
    mask: Tensor,  # MASK [B, H, W] or [H, W]
    name: str,
) -> Tensor:
    """Check masks that a node is given. As in core's nodes, a mask without a batch axis is a batch of one.

    Args:
        name: the node's input, for messages.

    Returns:
        MASK [B, H, W].

    Raises:
        ValueError: if there is no mask, or one is not finite; the message names the input and the mask.
    """
    masks = mask[None] if mask.ndim == 2 else mask
    check_axes(masks, name, "MASK of [masks, height, width]", axes=3)
    _check_finite(masks, name, "mask")
    return masks


def check_axes(values: Tensor, name: str, wanted: str, axes: int) -> None:
    """Check that values of a node's input have so many axes, none of them empty.

    Raises:
        ValueError: if they have others.
    """
    if values.ndim != axes:
        raise ValueError(f"{name}: wanted {wanted}, got {list(values.shape)}; check the node that it comes from")
    if not values.numel():
        raise ValueError(f"{name}: wanted {wanted}, got an empty one of {list(values.shape)}; check the node that it comes from")


def _check_finite(values: Tensor, name: str, what: str) -> None:
    finite = values.isfinite()
    if finite.all():
        return
    wrong = ~(finite if what == "mask" else finite.all(dim=-1))  # [B, H, W]
    counts = wrong.flatten(1).sum(dim=1)  # [B]
    first, others = int(counts.nonzero()[0]), int((counts > 0).sum()) - 1
    where = f"in {int(counts[first])} of {wrong[0].numel()} pixels of {what} {first}" + (f" and in {others} more" if others else "")
    advice = "check the node that it comes from" + (", such as a VAE in half precision" if what == "picture" else "")
    raise ValueError(f"{name}: wanted finite values, got NaN or infinity {where}, counted from 0; {advice}")


def images_from_comfy(image: Tensor) -> Tensor:
    """Convert IMAGE [B, H, W, C] to [B, 3, H, W]. An alpha channel is dropped."""
    return rearrange(image[..., :COLORS], "B H W C -> B C H W")


def images_to_comfy(images: Tensor) -> Tensor:
    """Convert [B, 3, H, W] to IMAGE [B, H, W, 3] in float32, clamped to 0..1, on the CPU as ComfyUI expects."""
    return rearrange(images, "B C H W -> B H W C").float().clamp(0, 1).cpu().contiguous()


def masks_from_comfy(mask: Tensor) -> Tensor:
    """Convert MASK [B, H, W] to [B, 1, H, W]."""
    return mask[:, None]


def masks_to_comfy(masks: Tensor) -> Tensor:
    """Convert [B, 1, H, W] to MASK [B, H, W] in float32, clamped to 0..1, on the CPU."""
    return masks[:, 0].float().clamp(0, 1).cpu().contiguous()
