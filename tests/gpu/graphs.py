"""The whole path as small graphs, what changes them, and what they save."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import lru_cache
from pathlib import Path
from typing import Any

import comfy.utils
import folder_paths
import latent_preview
import numpy as np
import torch
from comfy.cli_args import LatentPreviewMethod, args
from PIL import Image
from safetensors.torch import save_file

from mvcustom.mvcustom_core.concept.concept import save_concept
from mvcustom.nodes.bridge.backbone.embedded import CLIP
from mvcustom.tests.gpu.case import AGREEMENT_DB, Arrays, Case
from mvcustom.tests.host.embedded import load_still, make_concept
from mvcustom.tests.host.graph import whole_path
from mvcustom.tests.host.in_process import ComfyInProcess

Graph = dict[str, Any]
Change = Callable[[Graph], None]
SECOND_PASS = ("depth", "hook", "completion", "hooked_guider", "second", "views")
CONCEPT_FILE, LORA_FILE = "gpu.safetensors", "gpu.safetensors"


def node(kind: str, **inputs: Any) -> Graph:
    return {"class_type": kind, "inputs": inputs, "_meta": {"title": kind}}


def save(source: str, output: int = 0) -> Graph:
    return node("SaveImage", images=[source, output], filename_prefix="gpu/picture")


@lru_cache(maxsize=1)
def keep_concept() -> None:
    """A concept in a file, so that only the graphs of learning learn."""
    path = Path(folder_paths.get_output_directory(), "mvcustom", CONCEPT_FILE)
    path.parent.mkdir(parents=True, exist_ok=True)
    save_concept(path, make_concept(merge=0.1))


@lru_cache(maxsize=1)
def keep_lora() -> None:
    """A LoRA of one layer of the U-Net and one of the text encoder."""
    generator = torch.Generator().manual_seed(3)
    site = "input_blocks_4_1_transformer_blocks_0_attn2_to_k"
    shape = load_still().model.diffusion_model.input_blocks[4][1].transformer_blocks[0].attn2.to_k.weight.shape
    layers = {f"lora_unet_{site}": shape}
    layers["lora_te_text_model_encoder_layers_0_mlp_fc1"] = torch.Size((CLIP["intermediate_size"], CLIP["hidden_size"]))
    weights = {}
    for name, (rows, columns) in layers.items():
        weights[f"{name}.lora_up.weight"] = 0.3 * torch.randn(rows, 2, generator=generator)
        weights[f"{name}.lora_down.weight"] = 0.3 * torch.randn(2, columns, generator=generator)
    path = Path(folder_paths.get_folder_paths("loras")[0], LORA_FILE)
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(weights, path)


@lru_cache
def keep_executor(host: ComfyInProcess, exact_vae: bool) -> Any:
    """One executor for all graphs of a kind, which keeps what two of them have in common, as a user's ComfyUI does."""
    return host.make_executor()


@contextmanager
def load_vae_in_float32() -> Iterator[None]:
    """ComfyUI's flag, while a VAE is loaded."""
    before = {flag: getattr(args, flag) for flag in ("fp16_vae", "bf16_vae", "fp32_vae")}
    vars(args).update(dict.fromkeys(before, False) | {"fp32_vae": True})
    try:
        yield
    finally:
        vars(args).update(before)


def run_graph(graph: Graph, host: ComfyInProcess, exact_vae: bool = True) -> Arrays:
    """Every picture that the graph saves, by node, in [0, 1]; not what nodes show, which a kept executor gives only once.

    Args:
        exact_vae: the VAE computes in float32; else in the type that ComfyUI chooses for the device, whose emulation is slow.
    """
    with load_vae_in_float32() if exact_vae else nullcontext():
        outputs = host.run(graph, keep_executor(host, exact_vae))
    saved = {name: outputs[name]["images"] for name, entry in graph.items() if entry["class_type"] == "SaveImage"}
    return {name: np.stack([_read(image) for image in images]) for name, images in saved.items()}


def _read(image: dict[str, str]) -> np.ndarray:
    folder = Path(folder_paths.get_directory_by_type(image["type"]), image["subfolder"])
    with Image.open(folder / image["filename"]) as picture:
        return np.asarray(picture.convert("RGB"), dtype=np.float32) / 255


def make_graph(*changes: Change, steps: int = 2) -> Graph:
    """Both passes with a concept from a file."""
    keep_concept()
    graph = whole_path(steps=steps)
    graph["learn"] = node("MVCustomLoadConcept", concept_file=CONCEPT_FILE)
    for change in changes:
        change(graph)
    return graph


def show(*changes: Change, steps: int = 2, exact_vae: bool = True) -> Case:
    return Case(lambda host: run_graph(make_graph(*changes, steps=steps), host, exact_vae))


def put(name: str, **inputs: Any) -> Change:
    """Set inputs of a node."""
    return lambda graph: graph[name]["inputs"].update(inputs)


def add(name: str, kind: str, **inputs: Any) -> Change:
    return lambda graph: graph.update({name: node(kind, **inputs)})


def stop_after_first_pass(graph: Graph) -> None:
    for name in SECOND_PASS:
        graph.pop(name)
    graph["save"] = save("first_views")


def show_depth(graph: Graph) -> None:
    """The picture of the anchor's depth and what it renders into the other views, without a second pass."""
    for name in ("completion", "hooked_guider", "second", "views", "save"):
        graph.pop(name)
    graph["save"], graph["save_warped"] = save("depth", 1), save("hook", 2)


def guide(**inputs: Any) -> Change:
    scales = {"text_guidance": 4.0, "image_guidance": 2.0, "surroundings": 0.0} | inputs

    def change(graph: Graph) -> None:
        for name, model in (("guider", "concept"), ("hooked_guider", "hook")):
            prompts = {side: [side, 0] for side in ("positive", "negative")}
            graph[name] = node("MVCustomConceptGuider", model=[model, 0], **prompts, **scales)

    return change


def complete_with(sampler: str) -> tuple[Change, Change]:
    return add("other", "KSamplerSelect", sampler_name=sampler), put("completion", sampler=["other", 0])


def add_anchor(graph: Graph) -> None:
    graph["depth2"] = node("MVCustomEstimateAnchorDepth", **graph["depth"]["inputs"] | {"anchor": 0, "depth": ["depth", 0]})
    graph["hook"]["inputs"]["depth"] = ["depth2", 0]


def use_one_pass(graph: Graph) -> None:
    inputs = {"model": ["concept", 0], "vae": ["backbone", 2], "cameras": ["trajectory", 0], "anchor": 1, "anchor_choice": "index"}
    inputs |= {"depth_model": "embedded depth head", "estimate_at": "0.2, 0.5", "strength": 1.0, "until": 0.9}
    graph["hook"] = node("MVCustomOnePassRenderHook", **inputs, inside_subject="blend", scope="trajectory", render_prediction=True)
    graph["completion"] = node("KSamplerSelect", sampler_name="dpmpp_2m")
    for name in ("depth", "first", "first_views"):
        graph.pop(name)


def forget_concept_in_depth(graph: Graph) -> None:
    graph["depth"]["inputs"].pop("model")
    graph["mask"] = node("SolidMask", value=1.0, width=64, height=64)
    graph["depth"]["inputs"] |= {"anchor_choice": "max coverage", "subject_mask": ["mask", 0]}


def evaluate(graph: Graph) -> None:
    inputs = {"images": ["views", 0], "cameras": ["trajectory", 0], "depth": ["depth", 0], "masks": ["hook", 1]}
    inputs |= {"references": ["photographs", 0], "reference_masks": ["photographs", 1], "true_views": ["first_views", 0]}
    graph["evaluation"] = node("MVCustomEvaluateViews", **inputs, prompt="a box", encoder="none", text_encoder="none")
    graph["save"] = save("evaluation", 2)


def probe_attention(graph: Graph) -> None:
    """The first pass's views judged by their depth. The module is named, since the best one may be another by a rounding."""
    inputs = {"model": ["concept", 0], "positive": ["positive", 0], "vae": ["backbone", 2], "views": ["first_views", 0]}
    inputs |= {"cameras": ["trajectory", 0], "depth": ["depth", 0], "timestep": 300, "seed": 1}
    for name in ("hook", "completion", "hooked_guider", "second", "views"):
        graph.pop(name)
    graph["probe"] = node("MVCustomAttentionProbe", **inputs, module="up_blocks.3.motion_modules.1")
    graph["save"] = save("probe", 2)


def keep_photograph(graph: Graph) -> None:
    """A photograph in place of the first pass, which the noise mask keeps while the other views follow it."""
    graph["photograph"] = node("ImageFromBatch", image=["photographs", 0], batch_index=0, length=1)
    inputs = {"photograph": ["photograph", 0], "vae": ["backbone", 2], "cameras": ["trajectory", 0], "anchor": 1}
    graph["anchored"] = node("MVCustomAnchorPhotograph", **inputs)
    for name in ("depth", "hook"):
        graph[name]["inputs"]["views"] = ["anchored", 1]
    graph["hook"]["inputs"]["render_prediction"] = True
    graph["second"]["inputs"] |= {"latent_image": ["anchored", 0], "sampler": ["euler", 0]}
    for name in ("guider", "first", "first_views", "completion"):
        graph.pop(name)


def add_area(graph: Graph) -> None:
    graph["night"] = node("CLIPTextEncode", text="a <v*> box at night", clip=["concept", 1])
    graph["area"] = node("ConditioningSetArea", conditioning=["night", 0], width=64, height=64, x=32, y=0, strength=1.0)
    graph["both"] = node("ConditioningCombine", conditioning_1=["positive", 0], conditioning_2=["area", 0])
    graph["guider"]["inputs"]["positive"] = ["both", 0]


def load_lora(graph: Graph) -> None:
    """A LoRA between the loader and everything that took its MODEL and CLIP."""
    keep_lora()
    for entry in graph.values():
        for name, value in entry["inputs"].items():
            if value in (["backbone", 0], ["backbone", 1]):
                entry["inputs"][name] = ["lora", value[1]]
    strengths = {"strength_model": 0.8, "strength_clip": 0.8}
    graph["lora"] = node("LoraLoader", model=["backbone", 0], clip=["backbone", 1], lora_name=LORA_FILE, **strengths)


def add_lora_hook(graph: Graph, strength_clip: float = 0.8) -> None:
    """Core's hook LoRA on the prompt's MODEL and CLIP."""
    keep_lora()
    graph["lora"] = node("CreateHookLora", lora_name=LORA_FILE, strength_model=0.8, strength_clip=strength_clip)
    graph["clip"] = node("SetClipHooks", clip=["concept", 1], apply_to_conds=True, schedule_clip=False, hooks=["lora", 0])
    graph["positive"]["inputs"]["clip"] = ["clip", 0]


def learn(*changes: Change, seed: int, least_db: float = AGREEMENT_DB, exact_vae: bool = True, **inputs: Any) -> Case:
    """Learning after a run that samples with the same MODEL; its seed is its own, so that nothing is taken from an earlier one."""

    def run(host: ComfyInProcess) -> Arrays:
        run_graph(make_graph(stop_after_first_pass, put("noise", noise_seed=100 + seed), steps=1), host, exact_vae)
        graph = whole_path(learning_steps=3)
        put("learn", seed=seed, preview_every=1, **inputs)(graph)
        for change in changes:
            change(graph)
        wanted = ("backbone", "photographs", "lora", "others", "learn")
        graph = {name: entry for name, entry in graph.items() if name in wanted}
        return run_graph(graph | {"curves": save("learn", 2), "preview": save("learn", 3), "held_out": save("learn", 4)}, host, exact_vae)

    return Case(run, least_db)


def add_class_images(graph: Graph) -> None:
    graph["others"] = node("MVCustomRenderDemoSubject", seed=4, views=4, size=64)
    graph["learn"]["inputs"] |= {"class_images": ["others", 0], "steps": 6}


def save_and_load(host: ComfyInProcess) -> Arrays:
    """A concept is learned and saved; another graph loads it and shows it."""
    graph = whole_path()
    graph["learn"]["inputs"]["seed"] = 9
    inputs = {"concept": ["learn", 0], "filename_prefix": "gpu_kept", "licence": "CC0", "thumbnail": ["photographs", 0]}
    run_graph({name: graph[name] for name in ("backbone", "photographs", "learn")} | {"keep": node("MVCustomSaveConcept", **inputs)}, host)
    name = max(entry for entry in folder_paths.get_filename_list("mvcustom") if entry.startswith("gpu_kept"))
    return run_graph(make_graph(put("learn", concept_file=name), guide(), stop_after_first_pass), host)


def preview(host: ComfyInProcess) -> Arrays:
    """The last preview of the second pass that a browser would be sent, and the sheet of all views after it."""
    sent: list[Any] = []
    comfy.utils.set_progress_bar_global_hook(lambda value, total, picture, node_id=None: sent.append(picture))
    method, latent_preview.default_preview_method = latent_preview.default_preview_method, LatentPreviewMethod.Latent2RGB
    try:
        run_graph(make_graph(put("noise", noise_seed=6)), host)
    finally:
        latent_preview.default_preview_method = method
        comfy.utils.set_progress_bar_global_hook(None)
    pictures = [np.asarray(picture[1].convert("RGB"), dtype=np.float32) / 255 for picture in sent if picture is not None]
    return {f"preview {i}": picture for i, picture in enumerate(pictures[-2:])}
