"""Lets the CUDA build of torchvision import beside a CPU build of torch. Copied into `.venv` where nothing else helps.

That torchvision cannot load its compiled library, then fails to import because it describes two operators of that library to torch.
Declaring them first is enough: transforms, models and io work; calling `nms` itself raises. Costs nothing until torchvision is imported.
"""

from __future__ import annotations

import sys

OPERATORS = ("nms", "qnms")


class OperatorDeclarer:
    """An import hook that finds nothing: it acts once, when torchvision is first looked for."""

    library = None  # torch drops the declarations when the library object is collected

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        if name != "torchvision":
            return
        sys.meta_path.remove(self)
        import torch

        if torch.version.cuda is None:
            OperatorDeclarer.library = torch.library.Library("torchvision", "DEF")
            for operator in OPERATORS:
                self.library.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")


sys.meta_path.insert(0, OperatorDeclarer())
