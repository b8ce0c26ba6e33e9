"""Writes the report on posed photographs: the format found, photographs left out and why, and what was done to the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from ....mvcustom_core.camera.crop import Square
from ....mvcustom_core.camera.framing import measure_room, measure_subject
from ....mvcustom_core.capture.files.left_out import list_reasons
from .preparation import CENTRAL, WHOLE, PhotographSettings, PreparedPhotographs
from .source import PhotographSource

ROUNDING = 1e-6  # of the scene: a centre nearer to the origin is on it
NO_MASKS = (
    "masks: none found, so the masks output is white all over, which Learn Concept takes for no masks; to show it the subject, make masks "
    "with a background remover"
)


def measure_radius(photographs: PreparedPhotographs) -> tuple[float, bool]:
    """The subject's radius in world units and True, if masks show it; else that of the largest ball in the pictures, and False."""
    shown = None if photographs.masks is None else measure_subject(photographs.cameras, photographs.masks)
    return (measure_room(photographs.cameras), False) if shown is None else (shown, True)


def write_report(source: PhotographSource, settings: PhotographSettings, photographs: PreparedPhotographs) -> str:
    """Write the whole report."""
    used, unused = len(photographs.images), len(photographs.left_out)
    listed = len(source.names) + len(source.left_out)
    lines = [*source.origin, f"photographs: {used} of {listed}{_describe_choice(settings)}"]
    lines += [f"left out: {unused}" if unused else "left out: none", *(f"  {reason}" for reason in list_reasons(photographs.left_out))]
    lines += [*_describe_sizes(settings, photographs), *_describe_lenses(source, photographs), _describe_masks(source, photographs)]
    lines += _describe_world(settings, photographs)
    notes = Counter(note for notes in photographs.notes for note in notes)
    return "\n".join([*lines, *(f"note: {count} photographs {note}" for note, count in notes.items())])


def _describe_choice(settings: PhotographSettings) -> str:
    passed = f", {settings.skip} passed over after each one taken" if settings.skip else ""
    return passed + (f", at most {settings.limit} wanted" if settings.limit else "")


def _describe_sizes(settings: PhotographSettings, photographs: PreparedPhotographs) -> Iterator[str]:
    """Yield a line for each size of photographs, the most frequent size first."""
    for size, count in Counter(photographs.sizes).most_common():
        squares = [square for square, other in zip(photographs.squares, photographs.sizes, strict=True) if other == size]
        which = "" if count == len(photographs.sizes) else f"{count} of "
        yield f"size: {which}{size[0]}x{size[1]}, {_describe_cut(settings, squares)}"
    lost = max(1 - min(size) / max(size) for size in photographs.sizes)
    if settings.crop == CENTRAL and lost:
        yield f"crop: only the middle square is used, which cuts off up to {lost:.0%} of a photograph; set crop to {WHOLE!r} to keep it"


def _describe_cut(settings: PhotographSettings, squares: Sequence[Square]) -> str:
    size, sides, square = settings.size, sorted({square.side for square in squares}), squares[0]
    if settings.crop == CENTRAL:
        cut = f"cropped to {square.side}x{square.side} at ({square.left}, {square.top})"
    elif settings.crop == WHOLE:
        cut = f"padded with black to {square.side}x{square.side}"
    else:
        cut = f"cropped about the subject to squares of {sides[0]} to {sides[-1]}"
    verb = "enlarged to" if size > sides[-1] else "reduced to" if size < sides[0] else "kept at" if len(sides) == 1 else "resized to"
    return f"{cut}, {verb} {size}"


def _describe_lenses(source: PhotographSource, photographs: PreparedPhotographs) -> Iterator[str]:
    models = sorted({lens.model for lens in source.lenses if not lens.is_pinhole})
    yield f"lens: distortion corrected ({', '.join(models)}); the focal length stays" if models else "lens: no distortion"
    K = photographs.cameras.K
    spans = []
    for name, (row, column) in {"fx": (0, 0), "fy": (1, 1), "cx": (0, 2), "cy": (1, 2)}.items():
        low, high = f"{K[:, row, column].min():.1f}", f"{K[:, row, column].max():.1f}"
        spans.append(f"{name} {low}" + (f" to {high}" if high != low else ""))
    yield f"intrinsics: pinhole, {', '.join(spans)} pixels of the squares"


def _describe_masks(source: PhotographSource, photographs: PreparedPhotographs) -> str:
    if photographs.masks is None:
        return NO_MASKS
    masks = photographs.masks
    return f"masks: {len(masks)} from {source.masks_from or 'transparency'}, {masks.mean():.0%} of the pictures on average"


def _describe_world(settings: PhotographSettings, photographs: PreparedPhotographs) -> Iterator[str]:
    world = photographs.world
    center = ", ".join(f"{x if abs(x) > ROUNDING * world.scale else 0:.4g}" for x in world.center.tolist())
    way = "where the optical axes meet" if settings.center is None else "given by hand"
    radius, is_shown = measure_radius(photographs)
    what = "radius" if is_shown else "radius unknown without masks, the pictures hold"
    yield f"subject: centre ({center}), {way}; {what} {radius * world.scale:.4g}, in units of the given cameras"
    why = "the farthest camera's distance" if settings.radius is None else "given by hand"
    reach = photographs.cameras.centers.norm(dim=-1)
    yield (
        f"world: the subject is at the origin, 1 unit is {world.scale:.4g} of the given cameras' ({why}); in it the cameras are at "
        f"{reach.min():.3g} to {reach.max():.3g}, {'the subject' if is_shown else 'a ball that the pictures hold'} has radius {radius:.3g}"
    )
