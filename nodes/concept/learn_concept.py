"""Learn Concept: the node that learns a subject from posed photographs."""

from __future__ import annotations

from comfy_api.v0_0_2 import io

from ...mvcustom_core.backbone.recipe import CUSTOM
from ...mvcustom_core.concept.learning.losses import LossWeights
from ...mvcustom_core.concept.learning.plan import LearningSettings
from ...mvcustom_core.embedded.scenes.grammar import SHAPES
from ...mvcustom_core.plot import plot_losses
from ..backbone.preset_choice import preset_input
from ..bridge.host.advice import find_fault
from ..bridge.host.sockets import CamerasSocket, ConceptSocket
from ..bridge.host.tensors import check_images, check_masks, images_to_comfy
from ..bridge.learning.denoiser import ConceptWords, Economy
from ..bridge.learning.inputs import Backbone, Pictures, RunOptions
from ..bridge.learning.preset import Choices, check_numbers, learn_by_preset

DEFAULTS = LearningSettings()


class MVCustomLearnConcept(io.ComfyNode):
    """Learn pose blocks and one token from posed photographs."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="MVCustomLearnConcept",
            display_name="Learn Concept",
            category="MVCustom/concept",
            description="Learns one subject from photographs with known cameras: a token for prompts, and pose blocks that render the "
            "subject's features from any camera.",
            search_aliases=[
                *("train", "learn an object", "textual inversion", "feature nerf", "customdiffusion360", "dreambooth", "subject"),
                "personalization",
            ],
            inputs=[
                io.Model.Input("model", tooltip="A model with MVCustom motion modules, from Load MVCustom Backbone. It is not changed."),
                io.Clip.Input("clip", tooltip="The CLIP of the same checkpoint. It is not changed."),
                io.Vae.Input("vae", tooltip="The VAE of the same checkpoint."),
                io.Image.Input(
                    "images",
                    tooltip="Photographs of one subject in the order they were taken, from Load Posed Images, Pose Images, Solve Cameras "
                    "or Render Demo Subject. At least three; 20 to 60 are usual.",
                ),
                CamerasSocket.Input("cameras", tooltip="One camera for each photograph, from the same node."),
                io.Mask.Input(
                    "masks",
                    optional=True,
                    tooltip="Optional: white on the subject, one for each photograph. Not connected, or white all over: the surroundings "
                    "are learned as part of the subject.",
                ),
                io.String.Input(
                    "token",
                    default="<v*>",
                    tooltip="Text that stands for the subject in prompts. Choose text that no other word contains, such as <v*>.",
                ),
                io.String.Input(
                    "class_word",
                    default="object",
                    tooltip="What the subject is, in words that the model knows, such as teddy bear. The token starts from the embedding "
                    f"of the first of them. The embedded backbone knows only {', '.join(SHAPES)}; take the most similar one.",
                ),
                io.Int.Input(
                    "steps",
                    default=DEFAULTS.steps,
                    min=1,
                    max=100000,
                    tooltip="Number of training updates: 1600 for Stable Diffusion 1.5, 300 for the embedded backbone. More takes longer.",
                ),
                io.Float.Input(
                    "learning_rate",
                    default=DEFAULTS.pose_rate,
                    min=1e-6,
                    max=1e-1,
                    step=1e-6,
                    tooltip="Learning rate of the pose blocks: 1e-4 for Stable Diffusion 1.5; 5e-3 with the cosine schedule for the "
                    "embedded backbone. Lower it if the loss becomes infinite.",
                ),
                io.Float.Input(
                    "token_learning_rate",
                    default=DEFAULTS.token_rate,
                    min=0.0,
                    max=1e-1,
                    step=1e-6,
                    advanced=True,
                    tooltip="Learning rate of the token's embedding: 1e-4 for Stable Diffusion 1.5, 1e-3 for the embedded backbone. 0 "
                    "keeps the embedding of the class word.",
                ),
                io.Int.Input(
                    "frames",
                    default=DEFAULTS.frames,
                    min=1,
                    max=32,
                    advanced=True,
                    tooltip="Number of photographs denoised together in one update: 4 is usual, 2 for the embedded backbone. More "
                    "needs more memory.",
                ),
                io.Int.Input(
                    "references",
                    default=DEFAULTS.references,
                    min=2,
                    max=32,
                    advanced=True,
                    tooltip="Number of other photographs that each one is rendered from while learning. 4 is usual; more needs more "
                    "memory.",
                ),
                io.Int.Input(
                    "seed",
                    default=0,
                    min=0,
                    max=2**63 - 1,
                    control_after_generate=False,
                    tooltip="Seed of all random draws. The same seed learns the same concept.",
                ),
                io.Boolean.Input(
                    "warm_start",
                    default=True,
                    tooltip="On: start from the pose blocks that the backbone brings; the embedded backbone has some, Stable Diffusion "
                    "1.5 has none. Off: start untrained, as in the paper.",
                ),
                io.Int.Input(
                    "held_out",
                    default=1,
                    min=0,
                    max=64,
                    optional=True,
                    tooltip="Number of photographs kept out of training, at equal spacing. They measure how well new views are rendered, "
                    "and the first one is the preview. 1 or 2 are usual; 0 trains on all photographs.",
                ),
                io.Int.Input(
                    "patience",
                    default=DEFAULTS.patience,
                    min=0,
                    max=1000,
                    optional=True,
                    advanced=True,
                    tooltip="Stop early after this many measurements on the held-out photographs, one every 25 updates, without progress "
                    "of at least 1 %. 0 never stops early.",
                ),
                io.Int.Input(
                    "rendering_steps",
                    default=DEFAULTS.rendering_steps,
                    min=0,
                    max=100000,
                    optional=True,
                    tooltip="Number of the first updates that train shape and colour only. The U-Net does not run in them, so they are "
                    "several times faster. 200 for the embedded backbone; 0 as in the paper.",
                ),
                io.Combo.Input(
                    "schedule",
                    options=["constant", "cosine"],
                    default=DEFAULTS.schedule,
                    optional=True,
                    advanced=True,
                    tooltip="How the learning rates change. constant: not at all, as in the paper. cosine: they fall to zero over the "
                    "updates, which is better with few updates.",
                ),
                io.Boolean.Input(
                    "gradient_checkpointing",
                    default=False,
                    optional=True,
                    advanced=True,
                    tooltip="On: less memory and more time, because the U-Net's layers are computed again in the backward pass. Off: still "
                    "done where memory is too short.",
                ),
                io.Boolean.Input(
                    "bfloat16",
                    default=False,
                    optional=True,
                    advanced=True,
                    tooltip="On: the U-Net computes in bfloat16. Off: in bfloat16 if the model is in half precision and the device has it, "
                    "otherwise in float32. The pose blocks and the token stay in float32.",
                ),
                io.Int.Input(
                    "preview_every",
                    default=50,
                    min=1,
                    max=100000,
                    optional=True,
                    advanced=True,
                    tooltip="Number of updates between two previews. 50 is usual; each preview generates a picture, which takes time.",
                ),
                io.Image.Input(
                    "class_images",
                    optional=True,
                    tooltip="Optional: pictures of other things of the same class, at the photographs' size. A quarter of the updates use "
                    "them to preserve the model's idea of the class.",
                ),
                preset_input(
                    "steps, rendering_steps, learning_rate, token_learning_rate, frames, references, schedule, warm_start, "
                    "gradient_checkpointing and bfloat16",
                    "1600 steps, 300 of them rendering_steps, both rates 1e-4 and constant, 4 frames, 4 references, bfloat16 where the "
                    "device has it, gradient checkpointing below 24 GB; a start that has not been measured on published weights.",
                ),
                io.Boolean.Input(
                    "relearn",
                    default=False,
                    optional=True,
                    advanced=True,
                    tooltip="Off: a concept that was learned before from the same inputs is returned at once, and an unfinished run goes "
                    "on, also after a restart. On: learn from the start.",
                ),
                io.Float.Input(
                    "correspondence_weight",
                    default=0.0,
                    min=0.0,
                    max=10.0,
                    step=0.01,
                    optional=True,
                    advanced=True,
                    tooltip="Weight of a loss that holds the rendered shape to features that are matched between the photographs. 0 leaves "
                    "it out. It needs the optional package pycolmap, 4.2 or newer. What it brings is not measured; 0.02 is the published "
                    "weight.",
                ),
            ],
            hidden=[io.Hidden.unique_id],
            outputs=[
                ConceptSocket.Output(display_name="concept", tooltip="The concept. Connect it to Apply Concept or Save Concept."),
                io.Custom("LOSS_MAP").Output(
                    display_name="loss_map", tooltip="The total loss of every update, for core's Plot Loss Graph."
                ),
                io.Image.Output(display_name="curves", tooltip="A plot of every loss over the updates."),
                io.Image.Output(
                    display_name="preview",
                    tooltip="Side by side: a held-out photograph, the colours and the opacity that the concept renders from its camera, "
                    "and a picture generated there.",
                ),
                io.Image.Output(
                    display_name="held_out_views",
                    tooltip="Every held-out photograph, beside the colours and the opacity that the concept renders from its camera.",
                ),
                io.String.Output(
                    display_name="report",
                    tooltip="For every held-out photograph: overlap of the outlines (IoU, 1 is perfect), and PSNR of the colours inside "
                    "them in dB. Then where learning began, and what is kept on disk. The last line lists the settings used.",
                ),
            ],
        )

    @classmethod
    def validate_inputs(
        cls, steps: int | None = None, rendering_steps: int | None = DEFAULTS.rendering_steps, preset: str | None = CUSTOM
    ) -> bool | str:
        return find_fault(cls, check_numbers, steps=steps, rendering_steps=rendering_steps, preset=preset)

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
        preset: str = CUSTOM,
        relearn: bool = False,
        correspondence_weight: float = 0.0,
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
            weights=LossWeights(correspondence=correspondence_weight),
        )
        options = RunOptions(
            warm_start, Economy(gradient_checkpointing, bfloat16), preview_every, cls.hidden.unique_id if cls.hidden else None, relearn
        )
        masks = None if masks is None else check_masks(masks, "masks")
        class_images = None if class_images is None else check_images(class_images, "class_images")
        pictures, words = Pictures(check_images(images, "images"), masks, cameras, class_images), ConceptWords(token, class_word)
        learned = learn_by_preset(Backbone(model, clip, vae), pictures, words, Choices(preset, settings, options))
        plot = plot_losses(learned.losses, phase=(learned.rendering_steps, "without the U-Net"))
        curves, preview, held_out_views = (images_to_comfy(picture) for picture in (plot[None], learned.preview, learned.held_out))
        return io.NodeOutput(learned.concept, {"loss": learned.losses["total"]}, curves, preview, held_out_views, learned.report)
