"""An evaluation as one page: `report.html` beside the store, made from the store alone, with nothing to load from anywhere.

The page's form is in page.html and style.css. Pictures are compressed for it; the lossless ones stay in the store.
"""

from __future__ import annotations

import base64
import io
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jinja2
from PIL import Image

from .answer import answer_questions, check_goals, choose_case
from .catalogue import FIGURE, FIGURES, NEED_1X1_MODULES, PLOTTED, PUBLISHED_LADDER, PUBLISHED_METHODS, RUNG, RUNGS, SECONDS, SHEET
from .plot import draw_bar, draw_figure
from .reading import CaseRecord, Store, read_store
from .table import Table, summarise, tabulate_gains, tabulate_means, write_number

FOLDER = Path(__file__).parent
QUALITY = 85  # of the pictures in the page
MAIN_STEPS = (("customised", "rendering"), ("rendering", "completion"), ("customised", "completion"))
# A comparison: its title, what is said of it, the rungs on the cases that have them all, and the steps between them.
COMPARISONS = (
    (
        "How far the modules look, under feature replacement",
        "Dense modules look at the whole grid, the others along the surface that the depth shows, or along frames only.",
        ("rendering", "rendering_trajectory", "rendering_1x1"),
        (("rendering_1x1", "rendering_trajectory"), ("rendering_trajectory", "rendering"), ("rendering_1x1", "rendering")),
    ),
    (
        "One pass against two",
        "Two passes draw all views, estimate the anchor's depth from them and draw again; one pass draws once.",
        ("customised", "rendering", "completion", "one_pass"),
        (("one_pass", "rendering"), ("one_pass", "completion")),
    ),
    (
        "Baselines",
        "What a camera that does not move, a warp without diffusion, and a word without pose blocks reach on the same cases.",
        ("truth", "frozen", "warped", "inversion", "customised", "rendering", "completion"),
        (("frozen", "completion"), ("warped", "completion"), ("inversion", "completion")),
    ),
)


def write_report(folder: Path) -> Path:
    """Write `report.html` into the folder of a store, finished or not, and return its path.

    Raises:
        ValueError: if nothing is finished there, or a file holds what is no figure.
    """
    store = read_store(folder)
    page, partial = folder / "report.html", folder / "report.html.part"
    partial.write_text(_load_template().render(_gather(store)), encoding="utf-8")
    partial.replace(page)
    return page


def _load_template() -> jinja2.Template:
    """Whatever a prompt or a note holds is escaped; a name that the page lacks is an error."""
    loader = jinja2.FileSystemLoader(FOLDER)
    room = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    room.filters |= {"embed": embed_picture, "number": write_number}
    return room.get_template("page.html")


def _gather(store: Store) -> dict[str, Any]:
    """Everything the page shows, by the names it uses."""
    finished = store.finished()
    accuracy = {rung: summarise(store.rows(rung)).get("camera pose accuracy") for rung in finished}
    return {
        "style": (FOLDER / "style.css").read_text(encoding="utf-8"),
        "run": store.run,
        "facts": list(_list_facts(store.run)),
        "cases": store.cases,
        "trajectories": sorted({case.trajectory for case in store.cases}),
        "answers": answer_questions(store),
        "goals": check_goals(store),
        "bars": {RUNG[rung].title: draw_bar(mean, RUNG[rung].group) for rung, mean in accuracy.items()},
        "shown": choose_case(store),
        "sheet": SHEET,
        "rungs": RUNGS,
        "rung": RUNG,
        "figures": FIGURES,
        "means": tabulate_means(store, "All cases: mean, 95 % interval over cases", finished),
        "gains": tabulate_gains(store, "What each step adds: paired differences on the same cases", MAIN_STEPS),
        "split": list(_split(store)),
        "comparisons": list(_compare(store)),
        "plots": [(FIGURE[key], draw_figure(store, FIGURE[key], finished)) for key in PLOTTED],
        "published": {"ladder": PUBLISHED_LADDER, "methods": PUBLISHED_METHODS},
        "absent": [RUNG[key].title for key in RUNG if key not in finished],
        "need_modules": [RUNG[key].title for key in NEED_1X1_MODULES if key not in finished],
        "uneven": {RUNG[rung].title: len(store.rows(rung)) for rung in SHEET if len(store.rows(rung)) < len(store.cases)},
        "notes": Counter(note for case in store.cases for outcome in case.outcomes.values() for note in outcome.notes).most_common(),
        "raw": {"run": store.run, "cases": [_list_rows(case) for case in store.cases]},
    }


def _split(store: Store) -> Iterator[tuple[str, Table, Table]]:
    for trajectory in sorted({case.trajectory for case in store.cases}):
        part = store.along(trajectory)
        means = tabulate_means(part, f"{trajectory}: mean, 95 % interval over cases", part.finished())
        yield trajectory, means, tabulate_gains(part, f"{trajectory}: what each step adds", MAIN_STEPS)


def _compare(store: Store) -> Iterator[tuple[str, str, Table, Table]]:
    """Each on the cases that have all of its rungs that were run at all."""
    figures = (*FIGURES, SECONDS)
    finished = store.finished()
    for title, what, rungs, steps in COMPARISONS:
        present = [rung for rung in rungs if rung in finished]
        shared = store.sharing(present)
        means = tabulate_means(shared, f"{title}: on the {len(shared.cases)} cases that have all of these", rungs, figures)
        yield title, what, means, tabulate_gains(store, f"{title}: paired differences", steps, figures)


def _list_facts(facts: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    """Settings, machine and versions as pairs of names and values, whatever is nested in them."""
    for name, value in facts.items():
        path = f"{above}, {name}" if above else name
        if isinstance(value, Mapping):
            yield from _list_facts(value, path)
        else:
            yield path, "none" if value is None else str(value)


def _list_rows(case: CaseRecord) -> dict[str, Any]:
    facts = {name: getattr(case, name) for name in ("name", "subject", "shape", "prompt", "trajectory")}
    return facts | {"rungs": {rung: {"row": outcome.row, "notes": outcome.notes} for rung, outcome in case.outcomes.items()}}


def embed_picture(file: Path) -> str:
    """The picture as a data URL."""
    with Image.open(file) as picture, io.BytesIO() as buffer:
        picture.convert("RGB").save(buffer, "WEBP", quality=QUALITY)
        return f"data:image/webp;base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"
