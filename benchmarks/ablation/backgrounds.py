"""What lies behind a subject: the kinds of background, and what the page says of them."""

from __future__ import annotations

NEAR, FAR = "near", "far"
BACKGROUNDS = {
    NEAR: "ground up to a sky that is a sphere 3 units about the subject, as the embedded backbone was trained on it",
    FAR: "ground, hills 10 to 40 units away that no prompt names and the embedded backbone has never seen, and a sky at infinity: what "
    "carries the truth shows what the geometry can do there, what is sampled draws the ground and sky that the backbone knows",
}
