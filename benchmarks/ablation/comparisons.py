"""What the report sets side by side: steps of the method, comparisons of rungs, and what the paper has published."""

from __future__ import annotations

MAIN_STEPS = (("customised", "rendering"), ("rendering", "prediction"), ("prediction", "completion"), ("customised", "completion"))
# A comparison: its title, what is said of it, the rungs on the cases that have them all, and the steps between them.
COMPARISONS = (
    (
        "How far the modules look, under feature replacement",
        "Feature rendering as above attends along the surface that the depth shows; 1x1 along frames only; dense to the whole grid. "
        "And from independent start noise, as published; and with the prediction rendered, too.",
        ("rendering", "rendering_1x1", "rendering_dense", "own_noise", "own_noise_1x1", "prediction", "prediction_1x1", "prediction_dense"),
        (
            ("rendering_1x1", "rendering"),
            ("rendering_1x1", "rendering_dense"),
            ("rendering_dense", "rendering"),
            ("own_noise_1x1", "own_noise"),
            ("prediction_1x1", "prediction"),
            ("prediction_1x1", "prediction_dense"),
        ),
    ),
    (
        "Features, start noise and prediction",
        "Feature rendering above also lets the start noise move with the anchor's surface, which is ours, as is rendering the prediction: "
        "each without the others.",
        ("customised", "rendering", "own_noise", "noise_alone", "prediction", "prediction_own_noise"),
        (
            ("customised", "own_noise"),
            ("customised", "noise_alone"),
            ("own_noise", "rendering"),
            ("noise_alone", "rendering"),
            ("own_noise", "prediction_own_noise"),
            ("prediction_own_noise", "prediction"),
        ),
    ),
    (
        "From the anchor's picture to the views",
        "What is lost on the way: pass one's anchor carried without loss, on the latents' grid, by whole cells, and drawn anew.",
        ("carried", "own_latents", "own_cells", "prediction", "to_the_end", "rendering"),
        (("carried", "own_latents"), ("own_latents", "own_cells"), ("own_latents", "prediction"), ("to_the_end", "rendering")),
    ),
    (
        "One pass against two",
        "Two passes draw all views, estimate the anchor's depth from them and draw again; one pass draws once.",
        ("customised", "rendering", "one_pass"),
        (("one_pass", "rendering"),),
    ),
    (
        "Baselines",
        "What a camera that does not move, a warp without diffusion, and a word without pose blocks reach on the same cases.",
        (
            "truth",
            "decoded",
            "blurred",
            "frozen",
            "warped",
            "aligned",
            "latents",
            "inversion",
            "carried",
            "customised",
            "rendering",
            "completion",
        ),
        (("warped", "aligned"), ("frozen", "completion"), ("warped", "completion"), ("inversion", "completion"), ("completion", "carried")),
    ),
)


PUBLISHED_LADDER = (("customised only", "36.13", "0.543"), ("+ feature rendering", "43.38", "0.768"), ("+ completion", "45.38", "0.771"))
PUBLISHED_METHODS = (
    ("custom image + SEVA", "0.675", "0.214", "0.504", "0.676"),
    ("CameraCtrl + DreamBooth-LoRA", "not quoted: sources disagree", "0.116", "0.557", "0.723"),
    ("CustomDiffusion360", "0.000", "0.190", "0.417", "0.806"),
    ("MVCustom", "0.735", "0.121", "0.448", "0.744"),
)
