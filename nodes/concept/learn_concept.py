"""Learn Concept."""

from __future__ import annotations

from comfy_api.latest import io

from ...mvcustom_core.concept.learning.plan import LearningSettings
from ...mvcustom_core.plot import plot_losses
from ..bridge.host.sockets import CamerasSocket, ConceptSocket
from ..bridge.host.tensors import images_to_comfy
from ..bridge.learning.denoiser import ConceptWords, Economy
from ..bridge.learning.run import Backbone, Pictures, RunOptions, run_learning

DEFAULTS = LearningSettings()


class MVCustomLearnConcept(io.ComfyNode):
    """Pose blocks and one word, learned from posed photographs."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="MVCustomLearnConcept",
            display_name="Learn Concept",
            category="MVCustom",
            description="Learns one subject from posed photographs: a word for prompts, and features that turn with the camera.",
            search_aliases=["train", "textual inversion", "feature nerf", "customdiffusion360", "dreambooth"],
            inputs=[
                io.Model.Input("model", tooltip="From Load MVCustom Backbone. It is not changed."),
                io.Clip.Input("clip", tooltip="The CLIP that belongs to the model."),
                io.Vae.Input("vae", tooltip="The VAE that belongs to the model."),
                io.Image.Input("images", tooltip="Photographs of one subject, from Load Posed Images or Render Demo Subject."),
                CamerasSocket.Input("cameras", tooltip="One for each photograph."),
                io.Mask.Input("masks", optional=True, tooltip="White on the subject. Without it the surroundings are learned as well."),
                io.String.Input("token", default="<v*>", tooltip="What stands for the subject in prompts."),
                io.String.Input("class_word", default="object", tooltip="What the subject is, in the model's words: a teddy bear, a car."),
                io.Int.Input("steps", default=DEFAULTS.steps, min=1, max=100000, tooltip="Updates; 1600 for Stable Diffusion 1.5."),
                io.Float.Input(
                    "learning_rate",
                    default=DEFAULTS.pose_rate,
                    min=1e-6,
                    max=1e-1,
                    step=1e-6,
                    tooltip="Of the pose blocks: 1e-4 for Stable Diffusion 1.5; 5e-3, with a cosine schedule, for the embedded backbone.",
                ),
                io.Float.Input(
                    "token_learning_rate", default=DEFAULTS.token_rate, min=0.0, max=1e-1, step=1e-6, advanced=True, tooltip="Of the word."
                ),
                io.Int.Input(
                    "frames", default=DEFAULTS.frames, min=1, max=32, advanced=True, tooltip="Photographs denoised together in an update."
                ),
                io.Int.Input(
                    "references",
                    default=DEFAULTS.references,
                    min=2,
                    max=32,
                    advanced=True,
                    tooltip="Photographs that each is rendered from.",
                ),
                io.Int.Input(
                    "seed", default=0, min=0, max=2**63 - 1, control_after_generate=False, tooltip="The same seed learns the same concept."
                ),
                io.Boolean.Input(
                    "warm_start",
                    default=True,
                    tooltip="Begin with the backbone's own pose blocks, where it has some (the embedded one has); off: from "
                    "nothing, as published.",
                ),
                io.Int.Input(
                    "held_out",
                    default=1,
                    min=0,
                    max=64,
                    optional=True,
                    tooltip="Photographs kept out of learning, at equal spacing; the first of them is the preview. 0 learns from all.",
                ),
                io.Int.Input(
                    "patience",
                    default=DEFAULTS.patience,
                    min=0,
                    max=1000,
                    optional=True,
                    advanced=True,
                    tooltip="Stop when so many looks at the held-out photographs, every 25 updates, bring no progress; 0: never.",
                ),
                io.Int.Input(
                    "rendering_steps",
                    default=DEFAULTS.rendering_steps,
                    min=0,
                    max=100000,
                    optional=True,
                    tooltip="The first so many steps learn shape and colour alone, several times faster, since the backbone does not run "
                    "in them. 0: none, as published.",
                ),
                io.Combo.Input(
                    "schedule",
                    options=["constant", "cosine"],
                    default=DEFAULTS.schedule,
                    optional=True,
                    advanced=True,
                    tooltip="Of the learning rates: constant, as published, or falling to zero over the steps.",
                ),
                io.Boolean.Input(
                    "gradient_checkpointing",
                    default=False,
                    optional=True,
                    advanced=True,
                    tooltip="Much less memory, a third more time: the backbone's layers are computed again in the backward pass.",
                ),
                io.Boolean.Input(
                    "bfloat16",
                    default=False,
                    optional=True,
                    advanced=True,
                    tooltip="The backbone calculates in bfloat16, which recent GPUs do faster. FeatureNeRF stays in full precision.",
                ),
                io.Int.Input(
                    "preview_every",
                    default=50,
                    min=1,
                    max=100000,
                    optional=True,
                    advanced=True,
                    tooltip="Updates between two previews; each generates a picture.",
                ),
                io.Image.Input(
                    "class_images",
                    optional=True,
                    tooltip="Pictures of other things of the class, of the photographs' size: a quarter of the updates keep the model's "
                    "idea of the class by them.",
                ),
            ],
            hidden=[io.Hidden.unique_id],
            outputs=[
                ConceptSocket.Output(display_name="concept", tooltip="For Apply Concept."),
                io.Custom("LOSS_MAP").Output(display_name="loss_map", tooltip="For core's Plot Loss Graph."),
                io.Image.Output(display_name="curves", tooltip="Every loss over the steps."),
                io.Image.Output(
                    display_name="preview",
                    tooltip="A held-out photograph, what the concept renders there, its opacity, and a generated picture.",
                ),
                io.Image.Output(
                    display_name="held_out_views",
                    tooltip="Every photograph that was kept out of learning, beside the colour and the opacity that the concept renders.",
                ),
                io.String.Output(
                    display_name="report",
                    tooltip="How well it renders them: overlap of the outlines (1 is perfect), and colour inside them in dB.",
                ),
            ],
        )

    @classmethod
    def execute(  # noqa: PLR0913
        cls,
        model,  # noqa: ANN001
        clip,  # noqa: ANN001
        vae,  # noqa: ANN001
        images,  # noqa: ANN001
        cameras,  # noqa: ANN001
        token: str,
        class_word: str,
        steps: int,
        learning_rate: float,
        token_learning_rate: float,
        frames: int,
        references: int,
        seed: int,
        warm_start: bool,
        masks=None,  # noqa: ANN001
        held_out: int = 1,
        patience: int = DEFAULTS.patience,
        rendering_steps: int = DEFAULTS.rendering_steps,
        schedule: str = DEFAULTS.schedule,
        gradient_checkpointing: bool = False,
        bfloat16: bool = False,
        preview_every: int = 50,
        class_images=None,  # noqa: ANN001
    ) -> io.NodeOutput:
        settings = LearningSettings(
            steps=steps,
            rendering_steps=rendering_steps,
            frames=frames,
            references=references,
            pose_rate=learning_rate,
            token_rate=token_learning_rate,
            schedule=schedule,
            seed=seed,
            held_out=held_out,
            patience=patience,
        )
        options = RunOptions(
            warm_start, Economy(gradient_checkpointing, bfloat16), preview_every, cls.hidden.unique_id if cls.hidden else None
        )
        pictures, words = Pictures(images, masks, cameras, class_images), ConceptWords(token, class_word)
        learned = run_learning(Backbone(model, clip, vae), pictures, words, settings, options)
        curves, preview, held_out_views = (
            images_to_comfy(picture) for picture in (plot_losses(learned.losses)[None], learned.preview, learned.held_out)
        )
        return io.NodeOutput(learned.concept, {"loss": learned.losses["total"]}, curves, preview, held_out_views, learned.report)
