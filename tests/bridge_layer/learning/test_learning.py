"""Learning on a ComfyUI MODEL: learned as it is sampled, only the concept changes, and cancelling leaves all sound."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import comfy.model_management
import comfy.model_sampling
import comfy.utils
import pytest
import torch
from comfy.ldm.modules.diffusionmodules.openaimodel import ResBlock
from comfy.model_patcher import ModelPatcher
from comfy.sd import CLIP
from torch import Tensor, nn

from mvcustom.mvcustom_core.concept.denoiser import Prompt
from mvcustom.mvcustom_core.concept.feature_nerf import Rendered
from mvcustom.mvcustom_core.concept.pose_block import PoseBlocks
from mvcustom.mvcustom_core.concept.ray_samples import NerfSettings
from mvcustom.mvcustom_core.concept.subject import Subject
from mvcustom.nodes.bridge.backbone.embedded import load_embedded
from mvcustom.nodes.bridge.concept.tokens import add_token, clip_text_model, encode_caption, token_ids
from mvcustom.nodes.bridge.learning.denoiser import ComfyDenoiser, ConceptWords, Economy, token_row
from mvcustom.nodes.bridge.learning.network import LearningNetwork
from mvcustom.nodes.bridge.learning.text import TextCopy
from mvcustom.tests.bridge_layer.learning.runs import PHOTOGRAPHS, WORDS, learn, make_pictures
from mvcustom.tests.host.embedded import SPEC, apply_once, draw_weights, load_once, make_cameras, make_concept, sample


def make_denoiser(model: ModelPatcher, clip: CLIP | None = None, economy: Economy | None = None) -> ComfyDenoiser:
    return ComfyDenoiser(model, clip or load_once()[1], SPEC.pose_layout, WORDS, economy)


def predict(denoiser: ComfyDenoiser, prompt: Prompt = "subject") -> Tensor:
    noisy = 3 * torch.randn(2, 4, 8, 8, generator=torch.Generator().manual_seed(4))
    with torch.no_grad():
        return denoiser.predict(noisy, torch.full((2,), 3.0), make_concept().token, prompt, lambda number, tokens, attend: tokens)


@pytest.fixture
def contexts(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Tensor]]:
    """The prompts that the U-Net is called under."""
    seen: list[Tensor] = []
    network_predict = LearningNetwork.predict

    def look(self: LearningNetwork, noisy: Tensor, sigma: Tensor, context: Tensor, options: dict[str, Any]) -> Tensor:
        seen.append(context.detach().clone())
        return network_predict(self, noisy, sigma, context, options)

    monkeypatch.setattr(LearningNetwork, "predict", look)
    yield seen


# The text encoder


@pytest.mark.parametrize("text", ["", "a teddy bear", "a red box on snowy ground, " * 9])
def test_encoding_with_gradients_is_comfyuis(text: str):
    clip = load_once()[1]
    with torch.inference_mode():
        wanted = encode_caption(clip, text)
    copied = TextCopy(clip).requires_grad_(False)
    prompt = copied.look_up(clip.tokenize(text)["l"])
    rows = prompt.rows.requires_grad_()
    given = copied.encode(prompt)
    torch.testing.assert_close(given.detach(), wanted.clone(), rtol=0, atol=1e-5)
    given[:, -1].square().sum().backward()
    assert torch.isfinite(rows.grad).all() and (rows.grad[:, 0] != 0).any()


def test_prompt_while_learning_is_the_prompt_of_apply_concept(contexts: list[Tensor]):
    model, clip, _ = load_once()
    denoiser = make_denoiser(model)
    predict(denoiser)
    predict(denoiser, "empty")
    with torch.inference_mode():
        wanted = [encode_caption(add_token(clip, make_concept()), WORDS.prompt).clone(), encode_caption(clip, "").clone()]
        caption = encode_caption(clip, WORDS.caption).clone()
    for given, prompt in zip(contexts, wanted, strict=True):
        torch.testing.assert_close(given, prompt, rtol=0, atol=1e-5)
    torch.testing.assert_close(denoiser.caption, caption, rtol=0, atol=1e-5)


def test_text_patches_count():
    model, clip, _ = load_once()
    key = "clip_l.transformer.text_model.encoder.layers.1.mlp.fc1.weight"
    shape = clip.cond_stage_model.state_dict()[key].shape
    patched = clip.clone()
    assert patched.add_patches({key: ("diff", (torch.randn(shape, generator=torch.Generator().manual_seed(2)),))})
    with torch.inference_mode():
        wanted = [encode_caption(which, WORDS.caption).clone() for which in (patched, clip)]
    assert (wanted[0] - wanted[1]).abs().max() > 1e-3
    for which, caption in zip((patched, clip), wanted, strict=True):
        torch.testing.assert_close(make_denoiser(model, which).caption, caption, rtol=0, atol=1e-5)


# The denoiser


def test_prediction_is_the_models_own(contexts: list[Tensor]):
    with torch.inference_mode():
        model, clip, _, _ = load_embedded()  # of its own: what other tests have loaded and patched is not asked here
    for module in (model.model.diffusion_model, *(patcher.model for patcher in model.get_additional_models())):
        draw_weights(module)
    given = predict(make_denoiser(model, clip))
    noisy = 3 * torch.randn(2, 4, 8, 8, generator=torch.Generator().manual_seed(4))
    options = {**model.model_options["transformer_options"], "cond_or_uncond": [0]}
    context = contexts[0].expand(2, -1, -1)
    # the noise levels are those of the motion modules while the model is loaded
    comfy.model_management.load_models_gpu([model, *model.get_additional_models()])
    with torch.no_grad():
        wanted = model.model.apply_model(noisy, torch.full((2,), 3.0), c_crossattn=context, transformer_options=options)
    torch.testing.assert_close(given, wanted)
    torch.testing.assert_close(make_denoiser(model, clip).sigmas, model.get_model_object("model_sampling").sigmas)


@pytest.mark.parametrize(("sampling", "wanted"), [("EPS", [0.5, 20.0]), ("V_PREDICTION", [0.5 / 1.25**0.5, 20 / 401**0.5])])
def test_output_scale_is_what_the_network_predicts(sampling: str, wanted: list[float]):
    kind = getattr(comfy.model_sampling, sampling)
    model = load_once()[0].clone()
    model.add_object_patch("model_sampling", type("Sampling", (comfy.model_sampling.ModelSamplingDiscrete, kind), {})())
    scale = make_denoiser(model).output_scale(torch.tensor([0.5, 20.0]))
    torch.testing.assert_close(scale, torch.tensor(wanted))


def test_weight_patches_count():
    model, _, _ = load_once()
    key = "diffusion_model.input_blocks.0.0.weight"
    patched = model.clone()
    patched.add_patches({key: ("diff", (0.2 * torch.randn(model.model.state_dict()[key].shape),))})
    plain, changed = predict(make_denoiser(model)), predict(make_denoiser(patched))
    assert (plain - changed).abs().max() > 1e-3
    assert torch.equal(predict(make_denoiser(model)), plain)


def test_learning_starts_from_the_words_own_row():
    clip = load_once()[1]
    table = clip_text_model(clip).embeddings.token_embedding.weight
    assert torch.equal(token_row(clip, "teddy bear"), table[token_ids(clip, "teddy", bare=True)].clone())
    assert not token_row(clip, "box").is_inference()


# Runs


def test_learning_changes_the_concept_alone():
    model, clip, _ = load_once()
    with torch.inference_mode():
        views = sample(model)  # first of all: ComfyUI sets the schedule's buffers when it loads a model
    before = {name: tensor.clone() for name, tensor in model.model.state_dict().items()}
    motion = {name: tensor.clone() for name, tensor in model.get_additional_models()[0].model.state_dict().items()}
    text = {name: tensor.clone() for name, tensor in clip.cond_stage_model.state_dict().items()}
    learned = learn(model)
    concept, curves, preview = learned.concept, learned.losses, learned.preview
    assert learned.report.startswith("No photograph was held out.")
    start = PoseBlocks(SPEC.pose_layout, NerfSettings(samples=4), torch.Generator().manual_seed(0)).state_dict()
    for ending in ("change", "inject"):
        assert all(concept.pose[name].abs().max() > 0 for name in start if name.endswith(ending))
    assert (concept.token - token_row(clip, WORDS.class_word)).abs().max() > 1e-3
    assert (concept.token_text, concept.class_word, concept.caption) == ("<v*>", "teddy bear", "a teddy bear")
    assert {"total", "denoising", "surroundings", "rgb", "foreground", "background"} == set(curves)
    assert all(len(curve) == 2 and torch.isfinite(torch.tensor(curve)).all() for curve in curves.values())
    assert preview.shape == (1, 3, 256, 1024) and 0 <= preview.min() and preview.max() <= 1
    for kept, now in (
        (before, model.model.state_dict()),
        (motion, model.get_additional_models()[0].model.state_dict()),
        (text, clip.cond_stage_model.state_dict()),
    ):
        assert not [name for name, tensor in kept.items() if not torch.equal(tensor.nan_to_num(), now[name].nan_to_num())]
    assert torch.equal(sample(model), views)
    assert torch.isfinite(sample(apply_once(model, concept))).all()


def freeze_in_inference_mode(module: nn.Module) -> None:
    """What a move to the GPU does to weights while a node runs."""
    with torch.inference_mode():
        for part in module.modules():
            for name, parameter in list(part.named_parameters(recurse=False)):
                setattr(part, name, nn.Parameter(parameter.detach().clone(), requires_grad=False))
    assert all(parameter.is_inference() for parameter in module.parameters())


@pytest.mark.usefixtures("quick_preview")
def test_learning_on_weights_of_inference_mode():
    with torch.inference_mode():
        model, clip, *_ = load_embedded()
    for module in (model.model.diffusion_model, model.get_additional_models()[0].model, clip_text_model(clip)):
        freeze_in_inference_mode(module)
    concept = learn(model, steps=2, clip=clip).concept
    assert all(torch.isfinite(tensor).all() for tensor in concept.pose.values())
    assert all(tensor.abs().max() > 0 for name, tensor in concept.pose.items() if name.endswith("inject"))


def test_model_with_a_concept_is_refused():
    with pytest.raises(ValueError, match="got one that carries a concept; connect the model from before Apply Concept"):
        learn(apply_once(load_once()[0], make_concept()))


@pytest.mark.usefixtures("quick_preview", "copied_once")
def test_cancelling_stops_within_a_step_and_the_next_run_works(monkeypatch: pytest.MonkeyPatch):
    model, steps = load_once()[0], []
    predict = ComfyDenoiser.predict

    def count(self: ComfyDenoiser, *args: Any) -> Tensor:
        steps.append(comfy.model_management.in_training)
        return predict(self, *args)

    monkeypatch.setattr(ComfyDenoiser, "predict", count)
    monkeypatch.setattr(comfy.utils, "PROGRESS_BAR_HOOK", lambda *_, **__: comfy.model_management.interrupt_current_processing(True))
    with pytest.raises(comfy.model_management.InterruptProcessingException):
        learn(model, steps=4)
    assert steps == [True, True]  # one update: with the subject and without it
    assert not comfy.model_management.in_training and not comfy.model_management.processing_interrupted()
    monkeypatch.setattr(comfy.utils, "PROGRESS_BAR_HOOK", None)
    curves = learn(model, steps=1).losses
    assert len(curves["total"]) == 1


# Economies, class pictures, preview


@lru_cache
def gradients_of(economy: Economy) -> tuple[Tensor, list[Tensor], int]:
    """A prediction, what is learned from it, and how often a residual block was computed."""
    # of 16 cells a side: of 8, the deepest level is one cell, whose norms over two values bfloat16 makes singular
    denoiser = make_denoiser(load_once()[0], economy=economy)
    pose, token = make_concept(0.05).build_pose_blocks().requires_grad_(), make_concept().token.clone().requires_grad_()
    cameras, generator = make_cameras(4, reach_deg=60.0), torch.Generator().manual_seed(4)
    features = denoiser.reference_features(torch.randn(2, 4, 16, 16, generator=generator))
    rendered: dict[int, Rendered] = {}
    hook = Subject(pose, features, cameras[[0, 3]]).make_hook(cameras[[1, 2]], rendered)
    noisy, calls, forward = 3 * torch.randn(2, 4, 16, 16, generator=generator), [], ResBlock.forward
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ResBlock, "forward", lambda self, *args: [calls.append(1), forward(self, *args)][1])
        predicted = denoiser.predict(noisy, torch.full((2,), 3.0), token, "subject", hook)
        loss = predicted.square().mean() + sum(view.opacity.mean() for view in rendered.values())
        return predicted.detach(), torch.autograd.grad(loss, [token, *pose.parameters()]), len(calls)


def test_recomputed_layers_have_the_same_gradients():
    (plain, wanted, once), (predicted, gradients, calls) = gradients_of(Economy()), gradients_of(Economy(checkpointing=True))
    assert calls > 1.9 * once, "the prediction twice"
    assert torch.equal(predicted, plain)
    for one, other in zip(gradients, wanted, strict=True):
        torch.testing.assert_close(one, other)


def test_bfloat16_is_close_and_another():
    (plain, wanted, _), (predicted, gradients, _) = gradients_of(Economy()), gradients_of(Economy(bfloat16=True))
    assert predicted.dtype == torch.float32 and not torch.equal(predicted, plain)
    assert (predicted - plain).square().mean() < 1e-2 * plain.square().mean()
    one, other = (torch.cat([gradient.flatten() for gradient in each]) for each in (gradients, wanted))
    assert torch.nn.functional.cosine_similarity(one, other, dim=0) > 0.9


@pytest.mark.usefixtures("quick_preview", "copied_once")
def test_class_pictures_take_part():
    pictures = torch.rand(2, 64, 64, 3, generator=torch.Generator().manual_seed(5))
    curves = learn(load_once()[0], steps=2, pictures=make_pictures(pictures), prior_share=1.0).losses
    assert set(curves) == {"total", "denoising"}
    with pytest.raises(ValueError, match="class images: wanted 64x64 as the photographs, got 32x64; resize them before"):
        learn(load_once()[0], pictures=make_pictures(pictures[:, :, :32]))


@pytest.mark.usefixtures("quick_preview", "copied_once")
def test_report_is_on_every_held_out_photograph():
    learned = learn(load_once()[0], steps=1, held_out=2)
    assert learned.held_out.shape == (2, 3, 64, 192) and 0 <= learned.held_out.min() and learned.held_out.max() <= 1
    images = torch.rand(PHOTOGRAPHS, 64, 64, 3, generator=torch.Generator().manual_seed(0))  # as `learn` draws them
    for shown, index in zip(learned.held_out, (1, 3), strict=True):
        assert torch.equal(shown[:, :, :64], images[index].movedim(-1, 0))
        assert torch.equal(shown[0, :, 128:], shown[1, :, 128:]), "opacity is grey"
    *lines, backbone = learned.report.splitlines()
    assert backbone == "The backbone was computed in float32 on cpu, without gradient checkpointing."
    assert [line.split(":")[0] for line in lines] == ["held-out photograph 1 of 2", "held-out photograph 2 of 2", "mean"]
    assert all("IoU" in line and "dB" in line for line in lines)


@pytest.mark.usefixtures("copied_once")
def test_preview_shows_the_held_out_photograph():
    preview = learn(load_once()[0], steps=1, held_out=1).preview
    images = torch.rand(PHOTOGRAPHS, 64, 64, 3, generator=torch.Generator().manual_seed(0))
    shown = preview[0, :, :, :256].unflatten(1, (64, 4))[:, :, 0].unflatten(2, (64, 4))[..., 0]
    assert torch.equal(shown, images[PHOTOGRAPHS // 2].movedim(-1, 0))
    assert preview[0, :, :, 768:].std() > 0 and torch.equal(preview[0, 0, :, 512:768], preview[0, 1, :, 512:768])  # opacity is grey


def test_a_word_of_the_vocabulary_is_no_token():
    clip = load_once()[1]
    for token in ("cat", "sks"):
        with pytest.raises(ValueError, match=f"wanted text that is no word of the text encoder, such as <v\\*>, got '{token}'"):
            ConceptWords(token, "box").check_vocabulary(clip)
    WORDS.check_vocabulary(clip)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("", "box"), "wanted a token and a class word"),
        (("<v*>", " "), "wanted a token and a class word"),
        (("o", "box"), "such as <v\\*>, got 'o'"),
    ],
)
def test_words_that_would_be_mistaken(words: tuple[str, str], message: str):
    with pytest.raises(ValueError, match=message):
        ConceptWords(*words)
