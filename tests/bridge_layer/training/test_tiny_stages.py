"""Every stage of the embedded backbone, on two small shards: examples are repeatable, and the loss reaches what the stage trains."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch.utils.data import default_collate

from mvcustom.mvcustom_core.embedded.depth_head import DepthHead
from mvcustom.nodes.bridge.backbone import embedded
from mvcustom.training.data import SIZE
from mvcustom.training.depth import DepthStage
from mvcustom.training.engine.stage import Stage, result_prefix, trained_parameters
from mvcustom.training.engine.weights import load_result
from mvcustom.training.image import ImageStage, TinyDenoiser
from mvcustom.training.motion import DENSE_SETTINGS, make_motion_stage, plan_widening
from mvcustom.training.pose import PoseStage
from mvcustom.training.reader import ReaderStage
from mvcustom.training.rings import STORED_SIZE
from mvcustom.training.vae import VaeStage, initialize

SCENES, VIEWS, RING = 2, 2, 11
CELLS = SIZE // 8


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Shards of noise, one held out and one to learn from."""
    folder = tmp_path_factory.mktemp("tiny")
    for index in range(2):
        generator = torch.Generator().manual_seed(index)

        def draw(*shape: int, generator: torch.Generator = generator) -> torch.Tensor:
            return torch.randn(SCENES, *shape, generator=generator)

        words = torch.randint(4, (SCENES, 5), generator=generator)
        cameras = {
            "w2c": torch.eye(4).repeat(SCENES, RING, 1, 1),
            "K": torch.tensor([[90.0, 0, 64], [0, 90, 64], [0, 0, 1]]).repeat(SCENES, RING, 1, 1),
        }
        cameras["w2c"][..., 2, 3] = 1.0
        images = {"images": draw(VIEWS, 3, SIZE, SIZE).mul(60).byte(), "depth": draw(VIEWS, SIZE, SIZE).abs().add(1).half(), "words": words}
        rings = {
            "latents": draw(RING, 4, CELLS, CELLS).half(),
            "images": draw(RING, 3, STORED_SIZE, STORED_SIZE).mul(60).byte(),
            "masks": torch.full((SCENES, RING, 1, STORED_SIZE, STORED_SIZE), 255, dtype=torch.uint8),
            "words": words,
        }
        shards = {"data": images, "latents": {"latents": draw(VIEWS, 4, CELLS, CELLS).half(), "words": words}, "rings": rings | cameras}
        for name, tensors in shards.items():
            (folder / name).mkdir(exist_ok=True)
            save_file(tensors, folder / name / f"{index:04d}.safetensors")
    return folder


def make_vae(folder: Path, **options: bool) -> VaeStage:
    first_stage = embedded.build_first_stage()
    initialize(first_stage)
    return VaeStage(first_stage, folder / "data", **options)


def make_dense(folder: Path) -> Stage:
    denoiser = TinyDenoiser()
    with torch.no_grad():
        for parameter in denoiser.parameters():
            parameter.add_(0.02 * torch.randn_like(parameter))  # as after training: its last layer starts at zero
    return make_motion_stage("motion_dense", denoiser, folder, DENSE_SETTINGS, plan_widening(9))


STAGES: dict[str, Callable[[Path], Stage]] = {
    "vae": make_vae,
    "decoder": lambda folder: make_vae(folder, decoder_only=True),
    "image": lambda folder: ImageStage(TinyDenoiser(), folder),
    "motion_dense": make_dense,
    "depth": lambda folder: DepthStage(DepthHead(), folder / "data"),
    "pose": lambda folder: PoseStage(TinyDenoiser(), folder),
    "reader": lambda folder: ReaderStage(folder / "data"),
}
AT_ZERO = ("vae", "decoder", "image", "pose")  # stages with layers that start at zero, behind which nothing has a gradient yet


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_draws_repeatably_and_its_loss_reaches_what_it_trains(folder: Path, name: str) -> None:
    torch.manual_seed(0)
    stage = STAGES[name](folder)
    first, again = (stage.examples.draw(1, torch.Generator().manual_seed(5)) for _ in range(2))
    other = stage.examples.draw(1, torch.Generator().manual_seed(6))
    assert all(torch.equal(first[key], again[key]) for key in first)
    assert any(not torch.equal(first[key], other[key]) for key in first)
    loss, parts = stage(default_collate([first, other]))
    loss.backward()
    assert torch.isfinite(loss) and all(not part.requires_grad for part in parts.values())
    reached = {key: parameter.grad is not None and bool(parameter.grad.any()) for key, parameter in trained_parameters(stage).items()}
    assert all(key.startswith(result_prefix(stage)) for key in reached)
    share = sum(reached.values()) / len(reached)
    assert 0 < share < 1 if name in AT_ZERO else share > 0.8
    assert all(parameter.grad is None for parameter in stage.parameters() if not parameter.requires_grad)


def test_weights_of_a_stage_that_was_not_trained_are_asked_for(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="wanted the weights of stage motion in .*, found none; train that stage first"):
        load_result(tmp_path / "motion.safetensors")
