"""An evaluation as one page: `report.html` in the folder of its results, made from them alone, with nothing to load from anywhere.

The page's form is in page.html, a template of jinja2 (which torch brings along), and style.css. Pictures are compressed for it; the
lossless ones stay where they are.
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
from .backgrounds import BACKGROUNDS
from .catalogue import FIGURE, FIGURES, LADDER, NEED_DENSE_MODULES, PLOTTED, SECONDS, SHEET, SHOWN
from .comparisons import COMPARISONS, MAIN_STEPS, PUBLISHED_LADDER, PUBLISHED_METHODS
from .plot import draw_bar, draw_figure
from .reading import CaseRecord, Results, read_results
from .table import Table, summarise, tabulate_gains, tabulate_means, write_number

FOLDER = Path(__file__).parent
QUALITY, EFFORT = 85, 2  # of the pictures in the page; more effort takes eight times as long for 3 % of the size


def write_report(folder: Path) -> Path:
    """Write `report.html` into the folder of an evaluation, finished or not, and return its path.

    Raises:
        ValueError: if nothing is finished there, or a file holds what is no figure.
    """
    results = read_results(folder)
    page, partial = folder / "report.html", folder / "report.html.part"
    partial.write_text(_load_template().render(_gather(results)), encoding="utf-8")
    partial.replace(page)
    return page


def _load_template() -> jinja2.Template:
    """Whatever a prompt or a note holds is escaped; a name that the page lacks is an error."""
    loader = jinja2.FileSystemLoader(FOLDER)
    room = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    room.filters |= {"embed": embed_picture, "number": write_number}
    return room.get_template("page.html")


def _gather(results: Results) -> dict[str, Any]:
    """Everything the page shows, by the names it uses. Figures of near and far backgrounds are never pooled: the page is about the first
    kind that there is, and has a section for the other."""
    everything, (main, *others) = results, results.backgrounds()
    results = everything.before(main)
    finished = results.finished()
    accuracy = {rung: summarise(results.rows(rung), [FIGURE["camera pose accuracy"]]) for rung in finished}
    return {
        "style": (FOLDER / "style.css").read_text(encoding="utf-8"),
        "run": results.run,
        "facts": list(_list_facts(results.run)),
        "background": main,
        "backgrounds": BACKGROUNDS,
        "apart": [(background, *_tabulate(part), list(_split(part))) for background in others if (part := everything.before(background))],
        "cases": results.cases,
        "all_cases": everything.cases,
        "trajectories": sorted({case.trajectory for case in results.cases}),
        "answers": answer_questions(results),
        "goals": check_goals(results),
        "bars": {SHOWN[rung].title: draw_bar(mean, SHOWN[rung].group) for rung, means in accuracy.items() for mean in means.values()},
        "shown": choose_case(results),
        "sheet": SHEET,
        "rungs": SHOWN,
        "figures": (*FIGURES, SECONDS),
        "main": _tabulate(results),
        "split": list(_split(results)),
        "comparisons": list(_compare(results)),
        "plots": [(FIGURE[key], draw_figure(results, FIGURE[key], finished)) for key in PLOTTED],
        "published": {"ladder": PUBLISHED_LADDER, "methods": PUBLISHED_METHODS},
        "absent": [SHOWN[key].title for key in SHOWN if key not in finished],
        "need_modules": [SHOWN[key].title for key in NEED_DENSE_MODULES if key not in finished],
        "uneven": {SHOWN[rung].title: len(results.rows(rung)) for rung in LADDER if len(results.rows(rung)) < len(results.cases)},
        "notes": Counter(note for case in everything.cases for outcome in case.outcomes.values() for note in outcome.notes).most_common(),
        "raw": {"run": results.run, "cases": [_list_rows(case) for case in everything.cases]},
    }


def _tabulate(results: Results) -> tuple[Table, Table]:
    """The means of all rungs, and what each step of the method adds."""
    means = tabulate_means(results, "Mean, 95 % interval over cases", results.finished())
    return means, tabulate_gains(results, "What each step adds: paired differences on the same cases", MAIN_STEPS)


def _split(results: Results) -> Iterator[tuple[str, Table, Table]]:
    for trajectory in sorted({case.trajectory for case in results.cases}):
        yield trajectory, *_tabulate(results.along(trajectory))


def _compare(results: Results) -> Iterator[tuple[str, str, Table, Table]]:
    """Each on the cases that have all of its rungs that were run at all."""
    figures = (*FIGURES, SECONDS)
    finished = results.finished()
    for title, what, rungs, steps in COMPARISONS:
        present = [rung for rung in rungs if rung in finished]
        shared = results.sharing(present)
        means = tabulate_means(shared, f"On the {len(shared.cases)} cases that have all of these", rungs, figures)
        yield title, what, means, tabulate_gains(results, "Paired differences on the same cases", steps, figures)


def _list_facts(facts: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    """Settings, machine and versions as pairs of names and values, whatever is nested in them."""
    for name, value in facts.items():
        path = f"{above}: {name}" if above else name
        if isinstance(value, Mapping):
            yield from _list_facts(value, path)
        else:
            yield path, "none" if value is None else str(value)


def _list_rows(case: CaseRecord) -> dict[str, Any]:
    facts = {name: getattr(case, name) for name in ("name", "subject", "shape", "prompt", "trajectory", "background")}
    return facts | {"rungs": {rung: {"row": outcome.row, "notes": outcome.notes} for rung, outcome in case.outcomes.items()}}


def embed_picture(file: Path) -> str:
    """The picture as a data URL."""
    with Image.open(file) as picture, io.BytesIO() as buffer:
        picture.convert("RGB").save(buffer, "WEBP", quality=QUALITY, method=EFFORT)
        return f"data:image/webp;base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"
