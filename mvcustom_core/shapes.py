"""The shape letters of this project, and the guard that checks them at public doors.

B batch (guidance branches, prompts)   V views along the trajectory   A anchor or reference views
C channels   H W image pixels   h w latent or feature cells   L tokens   D feature width
R rays   S samples along a ray   N points   ... any leading dimensions
"""

from __future__ import annotations

from torch import Tensor


def check_shape(*pairs: Tensor | str) -> dict[str, int]:
    """Check tensors against space-separated shape letters and return the sizes that the letters stand for.

    `check_shape(w2c, "V 4 4", K, "V 3 3")` demands the same V in both. A leading `...` accepts any leading dimensions.

    Raises:
        ValueError: naming the pattern wanted and the shape that came.
    """
    sizes: dict[str, int] = {}
    for tensor, pattern in zip(pairs[0::2], pairs[1::2], strict=True):
        letters, shape = pattern.split(), tuple(tensor.shape)
        if letters[0] == "...":
            letters = letters[1:]
            shape = shape[max(0, len(shape) - len(letters)) :]
        fits = len(letters) == len(shape)
        for letter, size in zip(letters, shape, strict=False):
            wanted = int(letter) if letter.isdigit() else sizes.setdefault(letter, size)
            fits = fits and wanted == size
        if not fits:
            known = ", ".join(f"{letter}={sizes[letter]}" for letter in letters if letter in sizes)
            raise ValueError(f"wanted a tensor of shape [{pattern}]{' with ' + known if known else ''}, got {list(tensor.shape)}")
    return sizes
