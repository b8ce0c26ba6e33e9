"""Step previews: a sheet of all views after ComfyUI's own preview, and nothing else is touched."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import latent_preview
import pytest
import torch
from comfy.cli_args import LatentPreviewMethod, args
from comfy.samplers import calculate_sigmas, sampler_object
from comfy.utils import set_progress_bar_global_hook
from PIL import Image

from mvcustom.mvcustom_core.rendering.completion import CompletionSettings
from mvcustom.nodes.bridge.concept.tokens import encode_caption
from mvcustom.nodes.bridge.host.previews import draw_sheet
from mvcustom.nodes.bridge.rendering.completion import build_completion_sampler
from mvcustom.tests.host.embedded import draw_noise, load_once, sample
from mvcustom.tests.host.in_process import ComfyInProcess

Sent = list[tuple[int, int, Any]]
STEPS = 2


@pytest.fixture
def sent() -> Iterator[Sent]:
    """What a browser would be sent: value, total and picture."""
    messages: Sent = []
    set_progress_bar_global_hook(lambda value, total, preview, node_id=None: messages.append((value, total, preview)))
    method, args.preview_method = args.preview_method, LatentPreviewMethod.Latent2RGB
    yield messages
    args.preview_method = method
    set_progress_bar_global_hook(None)


def run_custom(comfy: ComfyInProcess, views: int, sampler: Any) -> tuple[Any, Any]:
    """Output and denoised output of core's SamplerCustom."""
    model, clip, _ = load_once()
    with torch.inference_mode():
        prompts = {name: [[encode_caption(clip, "a box"), {}]] for name in ("positive", "negative")}
        sigmas = calculate_sigmas(model.get_model_object("model_sampling"), "simple", STEPS)
        node = comfy.nodes.NODE_CLASS_MAPPINGS["SamplerCustom"]
        return node.execute(
            model=model, add_noise=True, noise_seed=7, cfg=1.0, sampler=sampler, sigmas=sigmas,
            latent_image={"samples": torch.zeros(views, 4, 8, 8)}, **prompts,
        ).result  # fmt: skip


def test_all_views_are_shown_at_every_step_and_the_outputs_stay(comfy: ComfyInProcess, sent: Sent):
    mask = torch.ones(3, 1, 8, 8)
    mask[1] = 0
    sampler = build_completion_sampler(mask, CompletionSettings(0.5), sampler_object("dpmpp_2m"))
    output, denoised = run_custom(comfy, 3, sampler)
    assert [message[:2] for message in sent] == [(1, STEPS), (1, STEPS), (2, STEPS), (2, STEPS)]
    sizes = [preview[1].size for _, _, preview in sent]
    assert sizes == [(8, 8), (16, 16)] * STEPS
    assert sent[-1][2][0] == "JPEG" and sent[-1][2][2] == latent_preview.MAX_PREVIEW_RESOLUTION
    model = load_once()[0]
    previewer = latent_preview.get_previewer(model.load_device, model.model.latent_format)
    x0 = model.model.process_latent_in(denoised["samples"])
    for view, corner in enumerate([(0, 0), (8, 0), (0, 8)]):
        tile = sent[-1][2][1].crop((*corner, corner[0] + 8, corner[1] + 8))
        assert tile.tobytes() == previewer.decode_latent_to_preview(x0[view : view + 1]).tobytes()
    assert denoised["samples"].shape == output["samples"].shape == (3, 4, 8, 8)
    set_progress_bar_global_hook(None)
    plain = run_custom(comfy, 3, sampler)
    assert torch.equal(plain[0]["samples"], output["samples"]) and torch.equal(plain[1]["samples"], denoised["samples"])


def test_a_single_view_needs_no_sheet(comfy: ComfyInProcess, sent: Sent):
    run_custom(comfy, 1, sampler_object("euler"))
    assert [preview[1].size for _, _, preview in sent] == [(8, 8)] * STEPS


def test_without_previews_there_is_no_sheet(comfy: ComfyInProcess, sent: Sent):
    args.preview_method = LatentPreviewMethod.NoPreviews
    run_custom(comfy, 2, sampler_object("euler"))
    assert sent and all(preview is None for _, _, preview in sent)


def test_nothing_is_drawn_where_nobody_looks(monkeypatch: pytest.MonkeyPatch):
    def fail(*_: Any) -> None:
        raise AssertionError("a previewer was asked for")

    monkeypatch.setattr(latent_preview, "get_previewer", fail)
    steps: list[int] = []
    sample(load_once()[0], steps=1, noise=draw_noise(2), callback=lambda step, *_: steps.append(step))
    sample(load_once()[0], steps=1, noise=draw_noise(2))
    assert steps == [0]


@pytest.mark.parametrize(("count", "size"), [(1, (3, 2)), (2, (6, 2)), (4, (6, 4)), (5, (9, 4)), (8, (9, 6)), (16, (12, 8))])
def test_sheet_is_filled_row_by_row(count: int, size: tuple[int, int]):
    sheet = draw_sheet([Image.new("RGB", (3, 2), (10 * (number + 1), 0, 0)) for number in range(count)])
    assert sheet.size == size
    columns = size[0] // 3
    seen = [sheet.getpixel((number % columns * 3, number // columns * 2))[0] for number in range(count)]
    assert seen == [10 * (number + 1) for number in range(count)]
