"""The stage that trains MVGD on procedural scenes: colour and depth of targets from one to three pictures far apart."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ...mvcustom_core.mvgd.codes import clamp_code, decode_depth
from ...mvcustom_core.mvgd.losses import Batch, Pixels, diffusion_loss, total_loss
from ...mvcustom_core.mvgd.model import MVGD, Group
from ...mvcustom_core.mvgd.schedule import step, to_x0
from ..engine.stage import Example, Losses, Stage
from .data import load_scenes
from .examples import Drawing, Targets

HELD_OUT, STEPS = 24, 2


class MVGDStage(Stage):
    """One pass for the samples of a batch that have as many pictures and the same tasks."""

    name = "mvgd"
    uneven = True  # a batch may lack a task

    def __init__(self, model: MVGD, folder: Path, drawing: Drawing) -> None:
        super().__init__()
        self.trained, self.drawing, self.folder = model, drawing, folder
        self.examples = Targets(load_scenes(folder, held_out=False), model.settings, drawing)

    def forward(self, batch: Example) -> Losses:
        parts = [diffusion_loss(self.trained, part) for part in split_batch(batch)]
        total = torch.cat([total_loss(losses) for losses in parts]).sum() / len(batch["u"])
        nothing = total.detach() * math.nan  # a batch in which no sample had the task
        found = {task: [losses[task].detach() for losses in parts if task in losses] for task in ("rgb", "depth")}
        means = {task: torch.cat(losses).mean() if losses else nothing for task, losses in found.items()}
        return total, {task: torch.nan_to_num(mean) for task, mean in means.items()}

    def held_out(self) -> dict[str, float]:
        """PSNR and relative error of depth, by one to three pictures, at few steps: of the weights as they are."""
        scenes = Targets(load_scenes(self.folder, held_out=True), self.trained.settings, self.drawing)
        generator = torch.Generator().manual_seed(0)
        rows = [self._sample(scenes, index, 1 + index % self.drawing.views, generator) for index in range(HELD_OUT)]
        return {"psnr": sum(row[0] for row in rows) / len(rows), "absolute_relative": sum(row[1] for row in rows) / len(rows)}

    def describe_settings(self) -> dict[str, Any]:
        return {"network": asdict(self.trained.settings), "drawing": asdict(self.drawing)}

    def describe_data(self) -> str:
        return f"{len(self.examples)} targets of wide sectors"

    def _sample(self, scenes: Targets, index: int, count: int, generator: torch.Generator) -> tuple[float, float]:
        sample = scenes.place(index, 0, torch.arange(1, 1 + count))
        images, cells, rays = (sample[name].to(self.device) for name in ("images", "scene_rays", "rays"))
        features = self.trained.encode(images / 255.0)
        keys = self.trained.read_scene(self.trained.embed_scene(features.flatten(0, 1)[None], cells.flatten(0, 1)[None]))
        values = {"rgb": sample["rgb"], "depth": sample["depth"]}
        noisy = {task: torch.randn(1, *value.shape, generator=generator).to(self.device) for task, value in values.items()}
        previous = None
        for place in range(STEPS):
            u, following = (torch.full((1,), 1 - (place + k) / STEPS, device=self.device) for k in (0, 1))
            v, previous = self.trained([Group(task, value, rays[None]) for task, value in noisy.items()], u, keys, previous)
            clean = {
                task: clamp_code(task, to_x0(value, one, u), self.trained.settings)
                for (task, value), one in zip(noisy.items(), v, strict=True)
            }
            noisy = {task: step(noisy[task], clean[task], u, following) for task in noisy}
        psnr = -10 * ((clean["rgb"][0].cpu() - values["rgb"]) / 2).square().mean().log10()
        depth, true = (decode_depth(code, 1.0, self.trained.settings)[0] for code in (clean["depth"][0].cpu(), values["depth"]))
        return float(psnr), float(((depth - true).abs() / true).mean())


def split_batch(batch: Example) -> list[Batch]:
    """The samples of a batch with equal shapes together: as many conditioning pictures, the same tasks."""
    kinds = defaultdict(list)
    for row, kind in enumerate(zip(*(batch[name].tolist() for name in ("count", "uses_rgb", "uses_depth")), strict=True)):
        kinds[kind].append(row)
    return [_take(batch, torch.tensor(rows, device=batch["u"].device), *kind) for kind, rows in sorted(kinds.items())]


def _take(batch: Example, rows: Tensor, count: int, uses_rgb: bool, uses_depth: bool) -> Batch:
    part = {name: values[rows] for name, values in batch.items()}
    valid = torch.ones(part["rays"].shape[:2], dtype=torch.bool, device=rows.device)
    return Batch(
        images=part["images"][:, :count] / 255.0,
        scene_rays=part["scene_rays"][:, :count],
        rays=part["rays"],
        u=part["u"],
        again=part["again"],
        rgb=Pixels(part["rgb"], part["noise"][..., :3], valid) if uses_rgb else None,
        depth=Pixels(part["depth"], part["noise"][..., 3:], valid) if uses_depth else None,
    )
