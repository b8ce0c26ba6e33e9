"""The main graph in API format, small enough for a test: learn a concept, two passes along a trajectory."""

from __future__ import annotations

from typing import Any

EMBEDDED = "embedded (small, procedural scenes)"


def whole_path(*, views: int = 3, size: int = 64, learning_steps: int = 2, steps: int = 4, anchor: int = 1) -> dict[str, Any]:
    """From rendered photographs to views; node ids are words."""

    def node(kind: str, **inputs: Any) -> dict[str, Any]:
        return {"class_type": kind, "inputs": inputs, "_meta": {"title": kind}}

    path = {"path": "orbit", "path.azimuth_start_deg": -15.0, "path.azimuth_end_deg": 15.0, "path.elevation_deg": 0.0}
    camera = {"base_cameras": ["photographs", 2], "base_view": 0, "width": size, "height": size, "views": views}
    learning = {"token": "<v*>", "class_word": ["photographs", 3], "steps": learning_steps, "learning_rate": 2e-3}
    learning |= {"token_learning_rate": 1e-3, "frames": 2, "references": 3, "seed": 0, "warm_start": True}
    return {
        "backbone": node("MVCustomLoadBackbone", checkpoint=EMBEDDED, motion_file="none (embedded backbone)"),
        "photographs": node("MVCustomRenderDemoSubject", seed=3, views=6, size=size),
        "learn": node(
            "MVCustomLearnConcept",
            model=["backbone", 0],
            clip=["backbone", 1],
            vae=["backbone", 2],
            images=["photographs", 0],
            masks=["photographs", 1],
            cameras=["photographs", 2],
            **learning,
        ),
        "trajectory": node("MVCustomCameraTrajectory", **camera, **path),
        "concept": node(
            "MVCustomApplyConcept",
            model=["backbone", 0],
            clip=["backbone", 1],
            concept=["learn", 0],
            cameras=["trajectory", 0],
            strength=1.0,
        ),
        "positive": node("CLIPTextEncode", text="a <v*> box on a snowy ground under a violet sky", clip=["concept", 1]),
        "negative": node("CLIPTextEncode", text="", clip=["concept", 1]),
        "latents": node("EmptyLatentImage", width=size, height=size, batch_size=views),
        "noise": node("RandomNoise", noise_seed=5),
        "sigmas": node("BasicScheduler", model=["concept", 0], scheduler="simple", steps=steps, denoise=1.0),
        "euler": node("KSamplerSelect", sampler_name="euler"),
        "guider": node("CFGGuider", model=["concept", 0], positive=["positive", 0], negative=["negative", 0], cfg=4.0),
        "first": node(
            "SamplerCustomAdvanced",
            noise=["noise", 0],
            guider=["guider", 0],
            sampler=["euler", 0],
            sigmas=["sigmas", 0],
            latent_image=["latents", 0],
        ),
        "first_views": node("VAEDecode", samples=["first", 0], vae=["backbone", 2]),
        "depth": node(
            "MVCustomEstimateAnchorDepth",
            views=["first_views", 0],
            cameras=["trajectory", 0],
            anchor=anchor,
            depth_image_meaning="disparity",
            model=["concept", 0],
        ),
        "hook": node(
            "MVCustomDepthRenderHook",
            model=["concept", 0],
            depth=["depth", 0],
            cameras=["trajectory", 0],
            views=["first_views", 0],
            strength=1.0,
            until=0.7,
            shared_noise=True,
        ),
        "completion": node("MVCustomLatentCompletionSampler", masks=["hook", 1], until=0.25, repeats=1, feather=1, noise="independent"),
        "hooked_guider": node("CFGGuider", model=["hook", 0], positive=["positive", 0], negative=["negative", 0], cfg=4.0),
        "second": node(
            "SamplerCustomAdvanced",
            noise=["noise", 0],
            guider=["hooked_guider", 0],
            sampler=["completion", 0],
            sigmas=["sigmas", 0],
            latent_image=["latents", 0],
        ),
        "views": node("VAEDecode", samples=["second", 0], vae=["backbone", 2]),
        "save": node("SaveImage", images=["views", 0], filename_prefix="test/views"),
    }
