"""Whether generated views show the subject that was learned, and not another: retrieval among 16 procedural subjects.

For every concept that `concept_quality` has left in `.cache/concept_quality`, views of it are generated under new captions and along an
orbit, with the concept and, of the same seeds, without it (its class word in its place). Each view goes to the subject of the gallery whose
photographs it is most like, as `kit/identity.py` sees it. `photographs` is how often that ruler is right on the held-out photographs.
"""

from __future__ import annotations

import argparse
import random
import sys

import comfy.sample
import comfy.samplers
import torch
from comfy.sd import CLIP, VAE
from torch import Tensor

from ..mvcustom_core.camera.cameras import Cameras
from ..mvcustom_core.concept.concept import load_concept
from ..mvcustom_core.embedded.scenes.grammar import SceneWords, sample_words
from ..mvcustom_core.path.trajectory import orbit
from ..nodes.bridge.backbone.embedded import SIZE, VIEWS, load_embedded
from ..nodes.bridge.concept.application import apply_to_both
from ..nodes.bridge.concept.tokens import encode_caption
from .concept_quality import FIRST_SEED, FOLDER, HELD_OUT_EVERY, photograph
from .kit.identity import SubjectEncoder, crop_subject, load_encoder, retrieve

GALLERY = 16
COLUMNS = ("photographs", "with", "without")


def main() -> int:
    parser = argparse.ArgumentParser(prog="concept_retrieval", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--concepts", type=int, default=8, help="learned subjects to look at (default: %(default)s)")
    parser.add_argument("--steps", type=int, default=20, help="of sampling (default: %(default)s)")
    parser.add_argument("--guidance", type=float, default=3.0, help="(default: %(default)s)")
    parser.add_argument("--reach", type=float, default=45.0, help="half of the orbit, degrees (default: %(default)s)")
    parser.add_argument("--pictures", action="store_true", help="keep the views as pictures beside the concepts")
    options = parser.parse_args()
    torch.set_num_threads(1)
    encoder = load_encoder()
    taken = [photograph(FIRST_SEED + index) for index in range(GALLERY)]
    crops = [crop_subject(views.images, cameras) for _, views, cameras in taken]
    held = torch.arange(HELD_OUT_EVERY - 1, len(crops[0]), HELD_OUT_EVERY)
    gallery = [pictures[[view for view in range(len(pictures)) if view not in held]] for pictures in crops]
    rows: list[dict[str, float]] = []
    print(f"{'seed':>6} {'shape':>9}" + "".join(f"{name:>13}" for name in COLUMNS), flush=True)
    for index in range(options.concepts):
        shares = {"photographs": find_share(encoder, crops[index][held], gallery, index)}
        for name, (pictures, cameras) in generate_both(FIRST_SEED + index, taken[index][2], options).items():
            shares[name] = find_share(encoder, crop_subject(pictures, cameras), gallery, index)
        rows.append(shares)
        print(f"{FIRST_SEED + index:6} {taken[index][0].words.shape:>9}" + "".join(f"{shares[name]:13.3f}" for name in COLUMNS), flush=True)
    print(f"{'mean':>6} {'':>9}" + "".join(f"{sum(row[name] for row in rows) / len(rows):13.3f}" for name in COLUMNS))
    return 0


def find_share(encoder: SubjectEncoder, crops: Tensor, gallery: list[Tensor], subject: int) -> float:
    return float((retrieve(encoder, crops, gallery) == subject).float().mean())


def generate_both(seed: int, cameras: Cameras, options: argparse.Namespace) -> dict[str, tuple[Tensor, Cameras]]:
    """Views [V, 3, H, W] and their cameras, with the concept and without."""
    concept = load_concept(FOLDER / f"{seed}.safetensors")
    rng = random.Random(f"prompt {seed}")
    words, path = sample_words(rng), orbit(cameras[[rng.randrange(len(cameras))]], VIEWS, (-options.reach, options.reach))
    model, clip, vae, _ = load_embedded()
    found = {}
    with torch.inference_mode():
        patched, knowing = apply_to_both(model, clip, concept, path, 1.0)
        for name, kind, encoder, subject in (
            ("with", patched, knowing, f"{concept.token_text} {concept.class_word}"),
            ("without", model, clip, concept.class_word),
        ):
            found[name] = sample_views(kind, encoder, vae, words, subject, seed, options), path
            if options.pictures:
                keep_pictures(found[name][0], f"{seed}_{name}")
    return found


def sample_views(model, clip: CLIP, vae: VAE, words: SceneWords, subject: str, seed: int, options: argparse.Namespace) -> Tensor:  # noqa: ANN001
    """Views [V, 3, H, W] of a subject under a caption."""
    positive, negative = ([[encode_caption(clip, text), {}]] for text in (words.caption_of(subject), ""))
    latent = torch.zeros(VIEWS, 4, SIZE // 8, SIZE // 8)
    samples = comfy.sample.sample(
        model, comfy.sample.prepare_noise(latent, seed), options.steps, options.guidance, "euler", "simple", positive, negative, latent,
        disable_pbar=True, seed=seed,
    )  # fmt: skip
    return vae.decode(samples).movedim(-1, 1).float().clamp(0, 1)


def keep_pictures(views: Tensor, name: str) -> None:
    from PIL import Image

    sheet = (255 * views).round().byte().permute(2, 0, 3, 1).flatten(1, 2)  # [H, (V W), 3]
    Image.fromarray(sheet.numpy()).save(FOLDER / f"{name}.png")


if __name__ == "__main__":
    sys.exit(main())
