"""The whole path at Stable Diffusion 1.5's true size with random weights, on whatever device ComfyUI uses, several times over.

Learn Concept on photographs of noise with gradient checkpointing, Apply Concept, a depth, the Depth-Aware Render Hook, and sampling with
guidance; the nodes themselves run. What is looked at: peak memory, whether every number is finite, and whether what the process holds grows
from run to run: the memory of its tensors, and its resident memory once freed memory is given back to the system. Resident memory before
that is shown too. It grows for a while, because glibc keeps freed memory in pieces, and the next run does not fit its tensors into all of
them. The pictures show nothing.

On two cores of 2026 a run at the defaults takes about 10 minutes and the process about 14 GiB; --dtype bf16 halves the weights.
"""

from __future__ import annotations

import argparse
import gc
import sys
import tempfile
import time
from dataclasses import dataclass

import comfy.model_management
import comfy.sd
import comfy.sd1_clip
import comfy.supported_models_base
import folder_paths
import torch
from comfy.model_patcher import ModelPatcher
from torch import Tensor

from ..devtools.stand_in import TrueSD15, make_model, make_motion, randomize
from ..mvcustom_core.backbone.motion import MotionSettings
from ..mvcustom_core.concept.concept import Concept
from ..mvcustom_core.path.trajectory import front_camera, orbit
from ..nodes.bridge.backbone.embedded import load_embedded
from ..nodes.bridge.backbone.motion import apply_motion
from ..nodes.concept.apply_concept import MVCustomApplyConcept
from ..nodes.concept.learn_concept import MVCustomLearnConcept
from ..nodes.depth.estimate_anchor_depth import MVCustomEstimateAnchorDepth
from ..nodes.sampling.depth_render_hook import MVCustomDepthRenderHook
from .kit.measure import GIB, peak_resident_bytes, resident_bytes, return_free_memory, tensor_bytes
from .kit.report import Row, describe, format_table, read_facts
from .kit.sampling import sample

PHOTOGRAPHS = 6
DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
GROWTH_GIB = 0.1  # from the second run to the last; the first fills caches
HELD = ("held_gib", "tensors_gib")  # what must not grow
VAE = {
    "double_z": True, "z_channels": 4, "resolution": 256, "in_channels": 3, "out_ch": 3, "ch": 128, "ch_mult": [1, 2, 4, 4],
    "num_res_blocks": 2, "attn_resolutions": [], "dropout": 0.0,
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Parts:
    """A MODEL with motion modules, its CLIP and VAE."""

    model: ModelPatcher
    clip: comfy.sd.CLIP
    vae: comfy.sd.VAE


def main() -> int:
    parser = argparse.ArgumentParser(prog="python dev.py bench true_size", description=__doc__)
    parser.add_argument("--views", type=int, default=16, help="(default: %(default)s)")
    parser.add_argument("--size", type=int, default=256, help="pixels a side (default: %(default)s)")
    parser.add_argument("--steps", type=int, default=3, help="of sampling (default: %(default)s)")
    parser.add_argument("--updates", type=int, default=3, help="of learning (default: %(default)s)")
    parser.add_argument("--runs", type=int, default=3, help="(default: %(default)s)")
    parser.add_argument("--dtype", choices=DTYPES, default="fp32", help="of the weights (default: %(default)s)")
    parser.add_argument("--small", action="store_true", help="the embedded backbone, to try this out")
    parser.add_argument("--device", choices=("cpu", "cuda"), help="cpu keeps ComfyUI off the GPU")
    arguments = parser.parse_args()
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder, torch.inference_mode():  # as ComfyUI's executor runs nodes
        output = folder_paths.get_output_directory()
        folder_paths.set_output_directory(folder)
        try:
            parts = load_small() if arguments.small else load_true_size(DTYPES[arguments.dtype])
            for number in range(arguments.runs):
                rows.append({"run": number + 1} | run(parts, arguments, seed=number))
                print(f"true_size: {rows[-1]}", file=sys.stderr, flush=True)
        finally:
            folder_paths.set_output_directory(output)
    grown = {name: rows[-1][name] - rows[min(1, len(rows) - 1)][name] for name in HELD}
    finite = all(row["finite"] for row in rows)
    print(format_table(rows))
    print(
        f"\npeak memory {peak_resident_bytes() / GIB:.2f} GiB; since the second run held memory has grown by {grown['held_gib']:.3f} GiB, "
        f"that of tensors by {grown['tensors_gib']:.3f}; {'every number finite' if finite else 'NOT every number finite'}\n\n"
        f"{describe(read_facts('true_size'))}"
    )
    return int(not finite or max(grown.values()) > GROWTH_GIB)


def load_true_size(dtype: torch.dtype) -> Parts:
    """Stable Diffusion 1.5 with AnimateDiff v2's modules, the weights drawn at random; the text encoder and the autoencoder in fp32."""
    model = apply_motion(make_model(TrueSD15, dtype), make_motion(MotionSettings(mid_block=True), dtype))
    clip = comfy.sd.CLIP(comfy.supported_models_base.ClipTarget(comfy.sd1_clip.SD1Tokenizer, comfy.sd1_clip.SD1ClipModel))
    vae = comfy.sd.VAE(sd={"x": torch.zeros(1)}, config={"params": {"ddconfig": VAE, "embed_dim": 4}})
    for module in (clip.cond_stage_model, vae.first_stage_model):
        randomize(module)
    return Parts(model, clip, vae)


def load_small() -> Parts:
    model, clip, vae, _ = load_embedded()
    return Parts(model, clip, vae)


def run(parts: Parts, arguments: argparse.Namespace, seed: int) -> Row:
    """Learn and sample once; what took how long, and what the process keeps afterwards."""
    begin = time.perf_counter()
    concept = learn(parts, arguments, seed)
    learned = time.perf_counter()
    views = sample_views(parts, concept, arguments)
    sampled = time.perf_counter()
    tensors = [views, concept.token, *concept.pose.values()]
    finite = all(bool(torch.isfinite(tensor).all()) for tensor in tensors)
    del concept, views, tensors
    gc.collect()
    comfy.model_management.soft_empty_cache()
    row: Row = {"learning, s": learned - begin, "sampling, s": sampled - learned, "finite": finite}
    row |= {"resident_gib": resident_bytes() / GIB, "tensors_gib": tensor_bytes() / GIB}
    return_free_memory()
    row["held_gib"] = resident_bytes() / GIB
    if torch.cuda.is_initialized():
        row["allocated_gib"] = torch.cuda.max_memory_allocated() / GIB
    return row


def learn(parts: Parts, arguments: argparse.Namespace, seed: int) -> Concept:
    size, generator = arguments.size, torch.Generator().manual_seed(0)
    masks = torch.zeros(PHOTOGRAPHS, size, size)
    masks[:, size // 4 : 3 * size // 4, size // 4 : 3 * size // 4] = 1
    return MVCustomLearnConcept.execute(
        parts.model, parts.clip, parts.vae,
        images=torch.rand(PHOTOGRAPHS, size, size, 3, generator=generator), masks=masks,
        cameras=orbit(front_camera(size), PHOTOGRAPHS, (-60.0, 60.0)), token="<v*>", class_word="box", steps=arguments.updates,
        learning_rate=1e-4, token_learning_rate=1e-4, frames=1, references=4, seed=seed, warm_start=False, held_out=1,
        gradient_checkpointing=True,
    ).result[0]  # fmt: skip


def sample_views(parts: Parts, concept: Concept, arguments: argparse.Namespace) -> Tensor:
    """Latents [V, 4, h, w] under a concept and the render hook; the anchor's depth is a wall with a step."""
    cameras = orbit(front_camera(arguments.size), arguments.views, (-20.0, 20.0))
    depth = torch.full((1, arguments.size, arguments.size, 3), 3.0)
    depth[:, :, arguments.size // 2 :] = 2.0
    middle = arguments.views // 2
    model, clip, *_ = MVCustomApplyConcept.execute(parts.model, parts.clip, concept, cameras, 1.0).result
    pictures = torch.full((arguments.views, arguments.size, arguments.size, 3), 0.5)
    anchor = MVCustomEstimateAnchorDepth.execute(pictures, cameras, middle, depth_image_meaning="metric", depth_image=depth).result[0]
    hooked = MVCustomDepthRenderHook.execute(model, anchor, cameras, views=pictures, strength=1.0, until=0.9, shared_noise=True).result[0]
    prompts = [[[clip.encode_from_tokens(clip.tokenize(text)), {}]] for text in (f"a {concept.token_text} box on grass", "")]
    return sample(hooked, (prompts[0], prompts[1]), arguments.views, arguments.size // 8, arguments.steps)[0]


if __name__ == "__main__":
    sys.exit(main())
