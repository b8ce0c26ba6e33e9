"""All cases of the tier: every option of the whole path that changes what is computed where."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from mvcustom.tests.gpu import weights
from mvcustom.tests.gpu.case import Case
from mvcustom.tests.gpu.graphs import (
    Change,
    add_anchor,
    add_area,
    add_class_images,
    add_lora_hook,
    complete_with,
    evaluate,
    forget_concept_in_depth,
    guide,
    keep_photograph,
    learn,
    load_lora,
    preview,
    probe_attention,
    put,
    save_and_load,
    show,
    show_depth,
    stop_after_first_pass,
    use_one_pass,
)
from mvcustom.tests.gpu.test_learning import learn_from_matches

PICTURE = put("depth", depth_image=["first_views", 0])
cut_masks: Change = lambda graph: graph["learn"]["inputs"].pop("masks")  # noqa: E731
to_scope = partial(put, "backbone")

CASES: dict[str, Case] = weights.CASES | {
    "two passes": show(),
    "two passes, VAE as ComfyUI chooses": show(exact_vae=False),
    "two passes, guider": show(guide()),
    "two passes, guider with surroundings": show(guide(surroundings=1.0)),
    "hook: background only": show(put("hook", inside_subject="background only")),
    "hook: blend": show(put("hook", inside_subject="blend")),
    "hook: trajectory, prediction": show(put("hook", scope="trajectory", render_prediction=True), guide()),
    "hook: all sites, half strength": show(
        put("hook", sites="decoder 16 + 32 + 64", soft_end=0.0, strength=0.5, shared_noise=False, subject_share=0.3)
    ),
    "several anchors": show(add_anchor, put("hook", scope="trajectory", inside_subject="blend", render_prediction=True)),
    "a photograph is kept": show(keep_photograph),
    "one pass": show(use_one_pass, steps=4, exact_vae=False),
    "completion: dpmpp_2m": show(*complete_with("dpmpp_2m"), steps=4),
    "completion: uni_pc": show(*complete_with("uni_pc"), steps=4),
    "completion: heun": show(*complete_with("heun"), steps=4),
    "completion: dpmpp_sde": show(*complete_with("dpmpp_sde"), steps=4),
    "completion: shared noise": show(
        put("completion", noise="shared by infinite homography", repeats=2, until=0.5, cameras=["trajectory", 0])
    ),
    "depth: head and concept": show(show_depth),
    "depth: head, subject mask, max coverage": show(forget_concept_in_depth, show_depth),
    "depth: disparity": show(PICTURE, put("depth", near=0.5, far=2.0), show_depth),
    "depth: relative depth": show(PICTURE, put("depth", depth_image_meaning="relative depth"), show_depth),
    "depth: metric": show(PICTURE, put("depth", depth_image_meaning="metric", near=0.5, far=2.0), show_depth),
    "evaluation": show(evaluate),
    "attention probe": show(probe_attention),
    "previews": Case(preview),
    "scope: 1x1": show(to_scope(scope="AnimateDiff (1x1)"), stop_after_first_pass),
    "scope: balanced": show(to_scope(scope="balanced (dense up to 32, 9x9 at 64)"), stop_after_first_pass),
    "scope: dense, across frames": show(
        to_scope(scope="dense", entropy_correction="on", norm_mode="cross_frame"), stop_after_first_pass
    ),
    "scope: trajectory": show(use_one_pass, to_scope(scope="trajectory (with the Depth-Aware Render Hook)"), steps=4),
    "scope: by level": show(to_scope(scope_64="5", scope_32="3", scope_16="dense", scope_8="3"), stop_after_first_pass),
    "area": show(add_area, stop_after_first_pass),
    "LoRA on MODEL and CLIP": show(load_lora),
    "LoRA as a hook": replace(
        show(add_lora_hook), not_dynamic="core's CLIP.clone gives hooks another network than the one that it encodes with"
    ),
    "LoRA as a hook, on the MODEL alone": show(partial(add_lora_hook, strength_clip=0.0)),
    "learning": learn(seed=1, exact_vae=False),
    "learning: checkpointing": learn(seed=12, gradient_checkpointing=True),
    "learning: bfloat16": learn(seed=3, bfloat16=True, least_db=20.0),
    "learning: checkpointing, bfloat16, rendering updates": learn(
        seed=4, gradient_checkpointing=True, bfloat16=True, rendering_steps=2, held_out=2, schedule="cosine", least_db=20.0
    ),
    "learning: class pictures": learn(add_class_images, seed=5),
    "learning: no masks, no warm start": learn(cut_masks, seed=6, warm_start=False),
    "learning: matched features": Case(learn_from_matches),
    "learning: LoRA on MODEL and CLIP": learn(load_lora, seed=7),
    "save and load": Case(save_and_load),
}  # fmt: skip
