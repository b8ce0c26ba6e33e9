"""Motion modules beside everything else that a graph may put on a MODEL.

Each composition is sampled twice by ComfyUI: with our patches, and with the same modules built into a U-Net of its own as plain layers
(`make_inserted`), which knows no patch. Both must agree, and the MODEL that the patches were put on must come out as it went in.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import comfy.cldm.cldm
import comfy.controlnet
import comfy.hooks
import comfy.ldm.modules.attention
import comfy.model_management
import comfy.ops
import comfy.sample
import comfy.samplers
import comfy.sd
import comfy.utils
import pytest
import torch
from comfy.model_patcher import ModelPatcher
from torch import Tensor

from mvcustom.devtools.stand_in import CHANNELS, CONTEXT, HEADS, LAYOUT, make_model, make_motion, randomize
from mvcustom.mvcustom_core.backbone.attention import Scope
from mvcustom.mvcustom_core.backbone.motion import MotionSettings
from mvcustom.nodes.bridge.backbone.motion import MOTION_ATTACHMENT, apply_motion, has_motion
from mvcustom.tests.host.inserted import make_inserted

FRAMES = 4
SETTINGS = MotionSettings(
    channels=CHANNELS, mid_block=True, heads=HEADS, max_frames=16, scopes=(Scope(3), Scope(None), Scope(None), Scope(None))
)
TOLERANCE = 1e-5

Conditioning = list[list[Any]]


@dataclass(slots=True)
class Run:
    """One sampling run, as a graph asks for it."""

    model: ModelPatcher
    positive: Conditioning
    negative: Conditioning
    cfg: float = 5.0
    frames: int = FRAMES
    options: dict[str, Any] = field(default_factory=dict)

    @torch.inference_mode()
    def sample(self, steps: int = 1) -> Tensor:
        noise = torch.randn(self.frames, 4, 8, 8, generator=torch.Generator().manual_seed(5))
        return comfy.sample.sample(
            self.model, noise, steps, self.cfg, "euler", "normal", self.positive, self.negative, torch.zeros_like(noise),
            disable_pbar=True, seed=1, **self.options,
        )  # fmt: skip


def make_prompt(seed: int, rows: int = 1, **extra: Any) -> Conditioning:
    return [[torch.randn(rows, 7, CONTEXT, generator=torch.Generator().manual_seed(seed)), extra]]


def make_run(model: ModelPatcher) -> Run:
    return Run(model, make_prompt(1), make_prompt(2))


@pytest.fixture(scope="module")
def motion() -> ModelPatcher:
    return make_motion(SETTINGS)


@pytest.fixture(scope="module")
def base() -> ModelPatcher:
    return make_model()


@pytest.fixture(scope="module")
def inserted(motion: ModelPatcher) -> ModelPatcher:
    return make_inserted(motion.model)


@pytest.fixture(scope="module")
def plain(base: ModelPatcher, motion: ModelPatcher) -> Tensor:
    """What the motion modules alone give."""
    return make_run(apply_motion(base, motion)).sample()


def measure_error(ours: Tensor, theirs: Tensor) -> float:
    return float((ours - theirs).norm() / theirs.norm())


Change = Callable[[Run], None]


def with_plain(run: Run) -> None:
    """Nothing beside the motion modules."""


def with_cfg_one(run: Run) -> None:
    run.cfg = 1.0


def with_two_prompts(run: Run) -> None:
    run.positive = [*make_prompt(1), *make_prompt(3)]


def with_prompt_per_frame(run: Run) -> None:
    run.positive = make_prompt(1, rows=FRAMES)


def with_areas(run: Run) -> None:
    left, right = (make_prompt(seed, area=(8, 5, 0, x), strength=1.0)[0] for seed, x in ((1, 0), (3, 3)))
    run.positive = [left, right, *make_prompt(4)]


def with_mask(run: Run) -> None:
    run.positive = [*make_prompt(1, mask=torch.linspace(0, 1, 64).reshape(1, 8, 8), mask_strength=1.0), *make_prompt(3)]


def with_prompt_in_time(run: Run) -> None:
    run.positive = [*make_prompt(1, start_percent=0.0, end_percent=0.5), *make_prompt(3, start_percent=0.5, end_percent=1.0)]


def with_windows(run: Run) -> None:
    run.frames = 7
    node = comfy_extra("nodes_context_windows").ContextWindowsManualNode
    run.model = node.execute(
        run.model, context_length=FRAMES, context_overlap=1, context_schedule="standard_static", context_stride=1, closed_loop=False,
        fuse_method="pyramid", dim=0, freenoise=False,
    ).result[0]  # fmt: skip


def with_hook_lora(run: Run) -> None:
    run.positive = comfy.hooks.set_hooks_for_conditioning(run.positive, comfy.hooks.create_hook_lora(make_lora(), 0.8, 0.0))


def with_controlnet(run: Run) -> None:
    control = comfy.controlnet.ControlNet(make_controlnet(), load_device=comfy.model_management.get_torch_device())
    hint = torch.rand(FRAMES, 3, 64, 64, generator=torch.Generator().manual_seed(7))
    control.set_cond_hint(hint, 0.9, (0.0, 1.0))
    run.positive, run.negative = make_prompt(1, control=control), make_prompt(2, control=control)


def with_image_prompt(run: Run) -> None:
    """As IPAdapter does it: each text cross-attention sees image tokens too, by a replacement keyed by the block."""
    tokens = torch.randn(1, 5, CONTEXT, generator=torch.Generator().manual_seed(8))
    run.model = run.model.clone()
    unet = run.model.model.diffusion_model
    places = [("input", i) for i in (1, 2, 4, 5, 7, 8)] + [("output", i) for i in range(3, 12)] + [("middle", 0)]
    for number, (side, index) in enumerate(places):
        width = CHANNELS[min({"input": index // 3, "output": 3 - index // 3, "middle": 3}[side], 3)]
        weights = torch.randn(2, CONTEXT, width, generator=torch.Generator().manual_seed(100 + number)) / CONTEXT**0.5

        def attend(q: Tensor, k: Tensor, v: Tensor, options: dict[str, Any], weights: Tensor = weights) -> Tensor:
            kernel = comfy.ldm.modules.attention.optimized_attention
            image_k, image_v = ((tokens @ weight).expand(len(q), -1, -1) for weight in weights)
            return kernel(q, k, v, options["n_heads"]) + 0.5 * kernel(q, image_k, image_v, options["n_heads"])

        run.model.set_model_attn2_replace(attend, side, index)
    assert unet is run.model.model.diffusion_model


CHANGES: dict[str, Change] = {name.removeprefix("with_"): change for name, change in list(globals().items()) if name.startswith("with_")}


def comfy_extra(name: str) -> Any:
    import importlib

    return importlib.import_module(f"comfy_extras.{name}")


@lru_cache
def make_lora(prefix: str = "diffusion_model.") -> dict[str, Tensor]:
    """A LoRA on the self-attention of every block, in the names of ComfyUI's own U-Net; none of them moves when layers are inserted."""
    generator = torch.Generator().manual_seed(9)
    weights = {
        name.removesuffix(".weight"): weight
        for name, weight in make_model().model.diffusion_model.state_dict().items()
        if ".attn1.to_" in name and name.endswith("weight")
    }
    lora = {}
    for layer, weight in weights.items():
        lora[f"{prefix}{layer}.lora_up.weight"] = 0.3 * torch.randn(len(weight), 2, generator=generator)
        lora[f"{prefix}{layer}.lora_down.weight"] = torch.randn(2, weight.shape[1], generator=generator) / weight.shape[1] ** 0.5
    return lora


def make_controlnet() -> comfy.cldm.cldm.ControlNet:
    layout = {key: value for key, value in LAYOUT.items() if key not in ("out_channels", "transformer_depth_output", "image_size")}
    layout = layout | {"model_channels": CHANNELS[0], "context_dim": CONTEXT, "num_heads": HEADS, "hint_channels": 3}
    for name in ("use_temporal_resblock", "use_temporal_attention"):
        layout.pop(name)
    network = comfy.cldm.cldm.ControlNet(image_size=32, operations=comfy.ops.disable_weight_init, dtype=torch.float32, **layout)
    randomize(network, seed=6)
    return network.eval()


@pytest.mark.parametrize("name", CHANGES)
def test_composition(name: str, base: ModelPatcher, motion: ModelPatcher, inserted: ModelPatcher) -> None:
    weights = {key: value.clone() for key, value in base.model.state_dict().items()}
    before = set(vars(base.model)), set(base.additional_models), set(base.attachments), dict(base.model_options["transformer_options"])
    results = []
    for model in (apply_motion(base, motion), inserted, base):
        run = make_run(model)
        CHANGES[name](run)
        results.append(run.sample(steps=2 if name == "prompt_in_time" else 1))
    ours, theirs, without = results
    assert measure_error(without, theirs) > 0.05  # the modules matter in this composition
    assert measure_error(ours, theirs) <= TOLERANCE
    after = set(vars(base.model)), set(base.additional_models), set(base.attachments), dict(base.model_options["transformer_options"])
    assert after == before and has_motion(base) is None
    state = base.model.state_dict()
    assert state.keys() == weights.keys() and all(torch.equal(state[key], weights[key]) for key in weights)
    assert not any(MOTION_ATTACHMENT in str(key) for module in base.model.modules() for key in vars(module))


@pytest.mark.parametrize("order", ["before", "after"])
def test_lora(order: str, base: ModelPatcher, motion: ModelPatcher, inserted: ModelPatcher, plain: Tensor) -> None:
    """ComfyUI's own loading of LoRAs, before the motion modules and after them."""

    def load(model: ModelPatcher) -> ModelPatcher:
        return comfy.sd.load_lora_for_models(model, None, make_lora(), 0.8, 0.0)[0]

    ours = apply_motion(load(base), motion) if order == "before" else load(apply_motion(base, motion))
    result = make_run(ours).sample()
    assert measure_error(result, plain) > 0.01
    assert measure_error(result, make_run(load(inserted)).sample()) <= TOLERANCE


def test_the_adapter_lora_of_v3(base: ModelPatcher, motion: ModelPatcher, plain: Tensor) -> None:
    """v3 comes with an image LoRA in the names of diffusers' attention processors; ComfyUI's Load LoRA takes every weight of it."""
    names = comfy.utils.unet_to_diffusers(base.model.model_config.unet_config)
    layers = [(theirs.removesuffix(".weight"), ours) for theirs, ours in names.items() if ".attn" in theirs and ".to_" in theirs]
    layers = [(theirs, ours) for theirs, ours in layers if not theirs.endswith("bias")]
    state = base.model.diffusion_model.state_dict()
    lora = {}
    for number, (theirs, ours) in enumerate(layers):
        stem = theirs.removesuffix(".0").replace(".to_", ".processor.to_")
        generator = torch.Generator().manual_seed(number)
        height, width = state[ours].shape
        lora[f"{stem}_lora.up.weight"] = torch.randn(height, 2, generator=generator)
        lora[f"{stem}_lora.down.weight"] = torch.randn(2, width, generator=generator)
    patched = comfy.sd.load_lora_for_models(apply_motion(base, motion), None, lora, 1.0, 0.0)[0]
    assert len(layers) == 16 * 8 == len(patched.patches)
    assert measure_error(make_run(patched).sample(), plain) > 0.1


def test_two_scopes_of_the_same_modules(base: ModelPatcher, motion: ModelPatcher, plain: Tensor) -> None:
    """Two clones in one graph, used in turns: neither leaves anything behind for the other."""
    narrow = apply_motion(base, motion, replace(SETTINGS, scopes=(Scope(1),) * 4))
    wide = apply_motion(base, motion)
    first = make_run(narrow).sample()
    assert measure_error(first, plain) > 0.01
    assert torch.equal(make_run(wide).sample(), plain) and torch.equal(make_run(narrow).sample(), first)


def test_memory_splits_conditions(base: ModelPatcher, motion: ModelPatcher, plain: Tensor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where memory is short, ComfyUI runs one condition at a time: the same pictures."""
    calls: list[int] = []
    model = apply_motion(base, motion)
    model.model_options["model_function_wrapper"] = lambda call, a: (
        calls.append(len(a["cond_or_uncond"])),
        call(a["input"], a["timestep"], **a["c"]),
    )[1]
    monkeypatch.setattr(ModelPatcher, "get_free_memory", lambda *_: 0)
    apart = make_run(model).sample()
    assert set(calls) == {1}
    assert measure_error(apart, plain) <= TOLERANCE


ATTENTIONS = ["attention_basic", "attention_split", "attention_sub_quad", "attention_pytorch"]


@pytest.mark.parametrize("name", ATTENTIONS)
def test_attention_kernels(name: str, base: ModelPatcher, motion: ModelPatcher, plain: Tensor) -> None:
    """The user's choice of kernel, which ComfyUI hands through the transformer options, runs in the modules too."""
    kernel, calls = getattr(comfy.ldm.modules.attention, name), []

    def override(_: Any, q: Tensor, k: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        calls.append(k.shape[1])
        kwargs.pop("transformer_options", None)
        return kernel(q, k, *args, **kwargs)

    model = apply_motion(base, motion)
    model.model_options["transformer_options"]["optimized_attention_override"] = override
    assert measure_error(make_run(model).sample(1), plain) <= TOLERANCE
    assert max(calls) > 64  # one frame has 64 cells: these keys are of several frames
