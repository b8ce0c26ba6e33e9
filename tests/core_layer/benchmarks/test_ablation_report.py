"""The ablation's report on small stores with drawn pictures: complete, unfinished, empty; its numbers worked out again from the files."""

from __future__ import annotations

import json
import random
import re
import statistics
from collections.abc import Callable
from html.parser import HTMLParser
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from mvcustom.benchmarks.ablation.answer import answer_questions, choose_case
from mvcustom.benchmarks.ablation.catalogue import FIGURES, GOALS, LADDER
from mvcustom.benchmarks.ablation.plot import find_ticks
from mvcustom.benchmarks.ablation.reading import read_results
from mvcustom.benchmarks.ablation.report import write_report
from mvcustom.benchmarks.ablation.rungs import RUNGS

VIEWS, SIZE = 8, 32
MEANS = {"truth": 0.96, "frozen": 0.0, "warped": 0.9, "inversion": 0.05, "customised": 0.45, "rendering": 0.72, "completion": 0.75}
PROMPTS = ("V* cone on gravel under a <script>alert('dusk')</script> sky", "V* cone on grass & sand at dawn")
VOID = {"meta", "img", "br"}


class Page(HTMLParser):
    """Checks that tags are balanced, and collects attributes, scripts and the text of table cells."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.open, self.attributes, self.scripts, self.tables, self.headers = [], [], [], [], []
        self.feed(source)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, *pair) for pair in attrs]
        if tag not in VOID:
            self.open.append(tag)
        if ("role", "region") in attrs:
            self.region = dict(attrs)["aria-label"]
        if tag == "table":
            self.tables.append([self.region])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")
            self.headers += [dict(attrs)] if tag == "th" else []

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, *pair) for pair in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "script":
            self.scripts.append(data)
        elif {"td", "th"} & set(self.open):
            self.tables[-1][-1][-1] += data + " "

    def table(self, region: str) -> dict[str, list[str]]:
        """The cells of each row by its title, the number of cases first."""
        found = next(table for table in self.tables if table[0] == region)
        return {row[0].strip(): row[1:] for row in found[1:]}


def build_store(
    folder: Path, subjects: int, leave_out: Callable[[str, str], bool] = lambda case, rung: False, background: str | None = None
) -> Path:
    """A store of `subjects` x 2 prompts x 2 trajectories; `leave_out(case, rung)` says what is not finished. Without a background the
    cases do not say which, as those of older stores."""
    run = {
        "command": "python dev.py evaluate",
        "date": "2026-11-21",
        "machine": {"processor": "a CPU", "gpu": None},
        "weights": "0123456789ab",
    }
    write_json(folder / "run.json", run | {"versions": {"torch": "2"}, "commit": "abc", "settings": {"steps": 20, "frames": VIEWS}})
    for subject, number, trajectory in product(range(1000, 1000 + subjects), range(len(PROMPTS)), ("rotation", "translation")):
        name = f"{subject}-{number}-{trajectory}" + (f"-{background}" if background else "")
        facts = {"name": name, "subject": subject, "shape": "cone", "prompt": PROMPTS[number], "trajectory": trajectory}
        facts |= {"background": background} if background else {}
        write_json(folder / "cases" / name / "case.json", facts)
        for rung in RUNGS:
            if not leave_out(name, rung):
                write_rung(folder / "cases" / name / rung, random.Random(f"{name} {rung}"))
    return folder


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A complete store of 8 cases with its report."""
    folder = build_store(tmp_path_factory.mktemp("whole"), 2)
    assert write_report(folder) == folder / "report.html"
    return folder


@pytest.fixture(scope="module")
def source(whole: Path) -> str:
    return (whole / "report.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(source: str) -> Page:
    return Page(source)


def write_rung(stem: Path, chance: random.Random) -> None:
    level = MEANS.get(stem.name, 0.6)
    share = min(1.0, max(0.0, level + chance.gauss(0, 0.12))) if level else 0.0
    figures = {"camera pose accuracy": share, "points at the target cameras": 60 * share + chance.random(), "AUC@30": share / 2}
    figures |= {"reprojection px": 2 - share if share > 0.3 else None, "retrieval": min(1.0, 0.4 + 0.5 * share), "TSED": share}
    to_truth = {"subject PSNR dB": 14 + 8 * share, "seen PSNR dB": 15 + 9 * share, "revealed PSNR dB": 13 + 6 * share + chance.gauss(0, 1)}
    figures |= {name: 100.0 if stem.name == "truth" else value for name, value in to_truth.items()}
    figures |= {"warp background PSNR dB": 16 + 8 * share, "sharpness ratio": 0.5 + 0.5 * share, "ground read": 0.9, "sky read": share}
    write_json(
        stem.with_suffix(".json"), {"seconds": None if stem.name == "truth" else 20.0, "figures": figures, "notes": ["no <b>judge</b>"]}
    )
    draw_views(chance).save(stem.with_suffix(".png"))


def draw_views(chance: random.Random) -> Image.Image:
    picture = Image.new("RGB", (VIEWS * SIZE, SIZE), (120, 160, 210))
    draw = ImageDraw.Draw(picture)
    for view in range(VIEWS):
        left, shift = view * SIZE, view
        draw.rectangle((left, 20, left + SIZE - 1, SIZE), fill=(90, 120, 60))
        draw.polygon([(left + 4 + shift, 25), (left + 10 + shift, chance.randint(3, 9)), (left + 16 + shift, 25)], fill=(200, 60, 40))
    return picture


def write_json(file: Path, content: Any) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content), encoding="utf-8")


def read_values(folder: Path, rung: str, figure: str, trajectory: str = "") -> dict[str, float]:
    """By case, straight from the files."""
    files = {file.parent.name: json.loads(file.read_text()) for file in folder.glob(f"cases/*{trajectory}/{rung}.json")}
    return {name: found["figures"][figure] for name, found in files.items() if found["figures"][figure] is not None}


def read_numbers(cell: str) -> list[float]:
    return [float(number) for number in re.findall(r"[-+]?\d+(?:\.\d+)?", cell.replace("\N{MINUS SIGN}", "-"))]


def resample(values: list[float], samples: int = 4000) -> tuple[float, float, float]:
    """The mean and its percentile interval, by draws of another kind: how often each value comes up."""
    counts = np.random.default_rng(1).multinomial(len(values), [1 / len(values)] * len(values), samples)
    means = np.sort(counts @ np.array(values) / len(values))
    return statistics.fmean(values), means[round(0.025 * samples)], means[round(0.975 * samples)]


def check_cell(cell: str, values: list[float], digits: int) -> None:
    mean, low, high = resample(values)
    rounding, drawing = 0.51 * 10**-digits, 0.15 * (high - low)
    shown = read_numbers(cell)
    assert shown[0] == pytest.approx(mean, abs=rounding)
    assert shown[1:3] == pytest.approx([low, high], abs=rounding + drawing)


@pytest.mark.parametrize(("name", "trajectory"), [("All cases", ""), ("rotation", "rotation")])
def test_every_number_of_the_tables(whole: Path, page: Page, name: str, trajectory: str) -> None:
    table = page.table(f"{name}: Mean, 95 % interval over cases")
    for key, rung in RUNGS.items():
        count, *cells = table[rung.title]
        assert int(count) == (4 if trajectory else 8)
        for figure, cell in zip(FIGURES, cells, strict=True):
            values = read_values(whole, key, figure.key, trajectory)
            if figure.to_truth and key == "truth":
                assert cell.strip() == "exact"
            elif values:
                check_cell(cell, list(values.values()), figure.digits)
            else:
                assert cell.strip() == "not measured"


def test_far_backgrounds_are_counted_apart(tmp_path: Path, whole: Path) -> None:
    """With far cases beside them the near ones' tables are what they were, and the far ones have tables of their own."""
    folder = build_store(build_store(tmp_path, 2), 1, background="far")
    pages = [Page((write_report(each)).read_text(encoding="utf-8")) for each in (folder, whole)]
    caption = "Mean, 95 % interval over cases"
    for region in (f"All cases: {caption}", f"rotation: {caption}"):
        assert pages[0].table(region) == pages[1].table(region)
    table = pages[0].table(f"far background: {caption}")
    column = [figure.key for figure in FIGURES].index("TSED")
    for key, rung in RUNGS.items():
        values = [value for name, value in read_values(folder, key, "TSED").items() if name.endswith("-far")]
        assert int(table[rung.title][0]) == len(values) == 4
        check_cell(table[rung.title][1 + column], values, FIGURES[column].digits)
    assert int(pages[0].table(f"far background, rotation: {caption}")["+ completion"][0]) == 2
    assert not any("far background" in table[0] for table in pages[1].tables)
    cases = json.loads(pages[0].scripts[0])["cases"]
    assert sorted(case["background"] for case in cases) == ["far"] * 4 + ["near"] * 8


def test_a_store_of_far_backgrounds_alone_is_a_whole_page(tmp_path: Path) -> None:
    source = write_report(build_store(tmp_path, 1, background="far")).read_text(encoding="utf-8")
    assert "a far background" in source
    assert int(Page(source).table("All cases: Mean, 95 % interval over cases")["+ completion"][0]) == 4


def test_every_number_of_the_gains(tmp_path: Path) -> None:
    folder = build_store(tmp_path, 2, lambda case, rung: rung not in LADDER or (rung == "completion" and case == "1001-0-rotation"))
    table = Page(write_report(folder).read_text(encoding="utf-8")).table(
        "All cases: What each step adds: paired differences on the same cases"
    )
    steps = {
        "customised → + rendering": (LADDER[:2], 8),
        "+ rendering → + prediction": (LADDER[1:3], 8),
        "+ prediction → + completion": (LADDER[2:], 7),
    }
    for title, ((first, second), count) in steps.items():
        assert int(table[title][0]) == count
        for figure, cell in zip(FIGURES, table[title][1:], strict=True):
            before, after = (read_values(folder, rung, figure.key) for rung in (first, second))
            gains = [after[name] - before[name] for name in before if name in after]
            check_cell(cell, gains, figure.digits)
            assert f"rose {sum(gain > 0 for gain in gains)}/{len(gains)}" in cell


def test_the_page_needs_nothing_else(source: str, page: Page) -> None:
    links = [value for _, name, value in page.attributes if name in ("src", "href", "srcset", "data", "action")]
    assert links and all(link.startswith(("data:image/webp;base64,", "#")) for link in links)
    assert not re.search(r"https?://|@import|url\(", source)


def test_headers_and_links_are_whole(page: Page) -> None:
    named = [value for _, name, value in page.attributes if name == "id"]
    linked = {value[1:] for tag, name, value in page.attributes if tag == "a" and name == "href"}
    assert len(named) == len(set(named)) and linked <= set(named)
    assert page.headers and all("scope" in header for header in page.headers)


def test_rows_are_embedded_and_words_are_escaped(whole: Path, source: str, page: Page) -> None:
    assert "alert('dusk')</script>" not in source and "<b>judge" not in source
    rows, _ = page.scripts
    cases = json.loads(rows)["cases"]
    assert [case["prompt"] for case in cases] == ([PROMPTS[0]] * 2 + [PROMPTS[1]] * 2) * 2
    assert {case["name"]: case["rungs"]["rendering"]["row"]["TSED"] for case in cases} == read_values(whole, "rendering", "TSED")


def test_pictures_are_described(page: Page) -> None:
    described = [value for tag, name, value in page.attributes if tag == "img" and name == "alt"]
    assert len(described) == 8 * len(RUNGS) + len(LADDER) + 1
    assert "The views of 1000-0-rotation from left to right, + completion" in described


def test_goals_are_reached_or_missed(whole: Path, source: str) -> None:
    accuracy = {rung: read_values(whole, rung, GOALS[0].figure) for rung in LADDER}
    means = {rung: statistics.fmean(values.values()) for rung, values in accuracy.items()}
    wanted = [means["completion"] >= 0.735, means["rendering"] - means["customised"] >= 0.2, means["completion"] >= means["rendering"]]
    goals = re.findall(r'<li><strong class="verdict \w+">(\w+)</strong> <span>(.*?)</span>', source)
    assert [state for state, _ in goals] == [("missed", "reached")[goal] for goal in wanted]
    assert f"{means['completion']:.3f}" in goals[0][1]


def test_an_unfinished_store_says_what_is_missing(tmp_path: Path) -> None:
    later = {"prediction", "completion", "inversion", "rendering_dense", "rendering_1x1"}
    folder = build_store(tmp_path, 1, lambda case, rung: rung in later or (rung == "rendering" and case == "1000-0-rotation"))
    (folder / "cases" / "1000-1-rotation" / "customised.png").unlink()
    source = write_report(folder).read_text(encoding="utf-8")
    assert "+ feature rendering: 3 of 4 cases" in source and "python dev.py train-tiny motion_dense" in source
    assert "Judged of &#39;+ feature rendering&#39;" in source  # the answers are of what there is
    gain = Page(source).table("All cases: What each step adds: paired differences on the same cases")["+ prediction → + completion"]
    assert [cell.strip() for cell in gain] == ["0", "not measured"]
    assert len(re.findall(r"<b>not measured</b>, wanted", source)) == 2  # the goals that need completion


def test_one_case_has_no_interval(tmp_path: Path) -> None:
    folder = build_store(tmp_path, 1, lambda case, rung: case != "1000-0-rotation")
    cells = Page(write_report(folder).read_text(encoding="utf-8")).table("All cases: Mean, 95 % interval over cases")["true views"]
    assert "[" not in cells[1] and "n 1" in cells[1]


def test_the_case_in_the_middle_is_shown(tmp_path: Path) -> None:
    results = read_results(build_store(tmp_path, 1, lambda case, rung: rung == "truth" and case == "1000-0-rotation"))
    accuracy = read_values(tmp_path, "completion", "camera pose accuracy")
    complete = sorted((name for name in accuracy if name != "1000-0-rotation"), key=accuracy.__getitem__)
    assert choose_case(results).name == complete[1]


def test_a_store_with_nothing_in_it(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"run\.json.*python dev\.py evaluate"):
        write_report(tmp_path)
    with pytest.raises(ValueError, match="at least one finished rung"):
        write_report(build_store(tmp_path, 1, lambda case, rung: True))


def test_figures_that_are_no_numbers(tmp_path: Path) -> None:
    file = build_store(tmp_path, 1, lambda case, rung: rung != "rendering") / "cases" / "1000-0-rotation" / "rendering.json"
    file.write_text(file.read_text().replace('"ground read": 0.9', '"ground read": NaN'))
    with pytest.raises(ValueError, match=r"finite figures or null in .*rendering\.json, got NaN"):
        write_report(tmp_path)


@pytest.mark.parametrize(
    ("shares", "verdict"),
    [((0.8, 23.0), "yes"), ((0.8, 18.0), "in part"), ((0.5, 18.0), "in part"), ((0.1, 12.0), "no"), ((None, None), "not measured")],
)
def test_verdicts(tmp_path: Path, shares: tuple[float | None, float | None], verdict: str) -> None:
    case = build_store(tmp_path, 1, lambda case, rung: (case, rung) != ("1000-0-rotation", "completion")) / "cases" / "1000-0-rotation"
    write_json(case / "completion.json", {"seconds": 1.0, "figures": {"retrieval": shares[0], "subject PSNR dB": shares[1]}, "notes": []})
    assert answer_questions(read_results(tmp_path))[1].verdict == verdict


@pytest.mark.parametrize("values", [[0.0, 1.0], [3.2, 17.9], [-4.0, 2.5], [5.0], [], [0.0]])
def test_ticks_hold_every_value(values: list[float]) -> None:
    ticks = find_ticks(values)
    assert 2 <= len(ticks) <= 7 and all(ticks[0] - 1e-9 <= value <= ticks[-1] + 1e-9 for value in values)
    steps = [b - a for a, b in zip(ticks, ticks[1:], strict=False)]
    assert steps == pytest.approx([steps[0]] * len(steps)) and steps[0] > 0
