"""Step previews: a sheet of all views after ComfyUI's own preview, and nothing else is touched."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import latent_preview
import pytest
import torch
from comfy.cli_args import LatentPreviewMethod, args
from comfy.samplers import calculate_sigmas, sampler_object
from comfy.utils import set_progress_bar_global_hook
from PIL import Image
from torch import Tensor

from mvcustom.mvcustom_core.rendering.completion import CompletionSettings
from mvcustom.nodes.bridge.concept.tokens import encode_caption
from mvcustom.nodes.bridge.host import previews
from mvcustom.nodes.bridge.host.previews import arrange_latents, show_all_views
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


class Decoder:
    """Stands for TAESD: it paints 8 x 8 pixels for each latent cell, and notes what it was given."""

    def __init__(self) -> None:
        self.given: list[tuple[int, ...]] = []

    def decode(self, latents: Tensor) -> Tensor:
        self.given.append(tuple(latents.shape))
        return torch.nn.functional.interpolate(latents[:, :3], scale_factor=8)


@pytest.fixture
def decoder(monkeypatch: pytest.MonkeyPatch) -> Decoder:
    """ComfyUI's previewer of small decoders, which may be made once only."""
    found, made = Decoder(), []

    def get(*_: Any) -> latent_preview.TAESDPreviewerImpl:
        made.append(1)
        assert len(made) == 1, "loaded twice"
        return latent_preview.TAESDPreviewerImpl(found)

    monkeypatch.setattr(latent_preview, "get_previewer", get)
    return found


def test_the_sheet_is_decoded_at_once_by_the_previewer_that_comfyui_has_loaded(sent: Sent, decoder: Decoder):
    """16 views of 64 x 64 cells cost as much as one of them: the sheet is no larger than it will be shown."""
    x0 = torch.rand(16, 4, 64, 64, generator=torch.Generator().manual_seed(0))
    model = load_once()[0]
    guider = SimpleNamespace(model_patcher=model)
    show_all_views(lambda *given: given[3](0, x0, x0, 1), guider, torch.ones(2), {}, latent_preview.prepare_callback(model, 1))
    assert decoder.given == [(1, 4, 64, 64)] * 2
    assert [preview[1].size for *_, preview in sent] == [(512, 512)] * 2
    corner = torch.tensor(sent[1][2][1].crop((384, 384, 512, 512)).resize((1, 1), Image.Resampling.BOX).getpixel((0, 0)))
    assert (corner - (x0[15, :3].mean((1, 2)) / 2 + 0.5) * 255).abs().max() < 2  # the last view stands in the last corner


def test_a_callback_that_is_not_comfyuis_gets_a_previewer_of_its_own(sent: Sent, decoder: Decoder):
    steps: list[int] = []
    x0, guider = torch.rand(4, 4, 8, 8), SimpleNamespace(model_patcher=load_once()[0])
    show_all_views(lambda *given: given[3](0, x0, x0, 1), guider, torch.ones(2), {}, lambda step, *_: steps.append(step))
    assert steps == [0] and decoder.given == [(1, 4, 16, 16)] and len(sent) == 1


def test_quick_steps_show_the_last_sheet_again(sent: Sent, decoder: Decoder, monkeypatch: pytest.MonkeyPatch):
    now = 0.0
    monkeypatch.setattr(previews.time, "monotonic", lambda: now)
    x0, guider = torch.rand(4, 4, 8, 8), SimpleNamespace(model_patcher=load_once()[0])

    def sample_quickly(*given: Any) -> None:
        nonlocal now
        for step in range(10):
            given[3](step, x0, x0, 10)
            now += 0.1

    show_all_views(sample_quickly, guider, torch.ones(11), {}, lambda *_: None)
    assert [message[:2] for message in sent] == [(step + 1, 10) for step in range(10)]
    assert len(decoder.given) == 4  # at 0, 0.3, 0.6 and 0.9 seconds, which is the last step


@pytest.mark.parametrize(("count", "size"), [(1, (3, 2)), (2, (6, 2)), (3, (6, 4)), (4, (6, 4)), (5, (9, 4)), (8, (9, 6)), (16, (12, 8))])
def test_sheet_is_filled_row_by_row(count: int, size: tuple[int, int]):
    latents = torch.arange(1.0, count + 1)[:, None, None, None].expand(count, 1, 2, 3)
    sheet = arrange_latents(latents, 100)[0, 0]
    assert tuple(sheet.shape) == size[::-1]
    columns = size[0] // 3
    assert [sheet[number // columns * 2, number % columns * 3].item() for number in range(count)] == list(range(1, count + 1))


@pytest.mark.parametrize(("count", "most", "size"), [(16, 64, (64, 64)), (3, 64, (64, 64)), (2, 64, (64, 32)), (1, 32, (32, 32))])
def test_sheet_is_no_larger_than_it_is_shown(count: int, most: int, size: tuple[int, int]):
    sheet = arrange_latents(torch.ones(count, 4, 64, 64), most)
    assert tuple(sheet.shape) == (1, 4, *size[::-1]) and sheet.max() == 1
