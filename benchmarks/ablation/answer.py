"""What the first screen says: three answers with their verdicts, the goals, and the case that is shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...mvcustom_core.evaluation.report import UNKNOWN, VERDICTS
from .bootstrap import Interval
from .catalogue import FIGURE, GOALS, LADDER, QUESTIONS, SHEET, SHOWN, Figure, Goal
from .reading import CaseRecord, Results
from .table import MISSING, Table, find_gains, summarise, tabulate_means, write_interval, write_number


@dataclass(frozen=True, slots=True)
class Answer:
    """A verdict, the sentence that explains it, and the figures that it rests on."""

    question: str
    verdict: str
    reason: str
    table: Table


@dataclass(frozen=True, slots=True)
class GoalCheck:
    """`state` is reached, missed or not measured."""

    title: str
    wanted: str
    state: str
    figure: str
    remark: str


def answer_questions(results: Results) -> list[Answer]:
    return [_answer(results, question, [FIGURE[key] for key in keys], rungs) for question, keys, rungs in QUESTIONS]


def check_goals(results: Results) -> list[GoalCheck]:
    return [_check_goal(results, goal) for goal in GOALS]


def choose_case(results: Results) -> CaseRecord:
    """Not the best one: the case in the middle by pose accuracy, among those that have most of the main rungs."""
    most = max(_count_shown(case) for case in results.cases)
    full = [case for case in results.cases if _count_shown(case) == most]
    return sorted(full, key=_read_accuracy)[(len(full) - 1) // 2]


def judge(figure: Figure, value: float) -> str:
    """What a figure with limits says of its own."""
    return VERDICTS[sum(value < limit for limit in figure.limits or ())]


def _answer(results: Results, question: str, figures: Sequence[Figure], rungs: Sequence[str]) -> Answer:
    """Yes where every figure says yes, no where every one says no; of the highest rung of the ladder that is measured."""
    table = tabulate_means(results, question, rungs, figures)
    for rung in reversed(LADDER):
        means = summarise(results.rows(rung), figures)
        found = {figure: judge(figure, means[figure.key].mean) for figure in figures if figure.key in means}
        if found:
            verdicts = set(found.values())
            verdict = verdicts.pop() if len(verdicts) == 1 else VERDICTS[1]
            return Answer(question, verdict, _explain(rung, found, [figure for figure in figures if figure not in found]), table)
    return Answer(question, UNKNOWN, "No rung of the ladder has a figure for it.", table)


def _explain(rung: str, found: dict[Figure, str], missing: Sequence[Figure]) -> str:
    names = {word: [figure for figure in found if found[figure] == word] for word in VERDICTS}
    said = [f"{word} by {_list_titles(figures)}" for word, figures in names.items() if figures]
    if len(found) == 1:
        said = ["yes from {:g}, no below {:g}".format(*figure.limits) for figure in found]
    if missing:
        said.append(f"{MISSING}: {_list_titles(missing)}")
    lead = "Judged with everything on" if rung == LADDER[-1] else f"Judged of {SHOWN[rung].title!r}"
    return f"{lead}: {'; '.join(said)}"


def _list_titles(figures: Sequence[Figure]) -> str:
    return ", ".join(figure.title.removesuffix(" dB") for figure in figures)


def _check_goal(results: Results, goal: Goal) -> GoalCheck:
    figure, added = FIGURE[goal.figure], goal.over is not None
    found = find_gains(results, goal.over, goal.rung, [figure]) if goal.over else summarise(results.rows(goal.rung), [figure])
    wanted = f"at least {goal.least:g}"
    if (value := found.get(goal.figure)) is None:
        return GoalCheck(goal.title, wanted, MISSING, "", "")
    text = f"{write_number(value.mean, figure.digits, added)} {write_interval(value, figure.digits)} n {value.cases}".replace("  ", " ")
    return GoalCheck(goal.title, wanted, "reached" if value.mean >= goal.least else "missed", text, _doubt(value, goal.least))


def _doubt(value: Interval, least: float) -> str:
    if value.cases == 1:
        return "one case settles nothing"
    return "the interval holds the goal: these cases do not settle it" if value.low < least <= value.high else ""


def _count_shown(case: CaseRecord) -> int:
    return sum(rung in case.outcomes and case.outcomes[rung].picture is not None for rung in SHEET)


def _read_accuracy(case: CaseRecord) -> tuple[float, str]:
    """Of the highest rung of the ladder; where it is missing, -1."""
    found = [case.outcomes[rung].row.get("camera pose accuracy") for rung in LADDER if rung in case.outcomes]
    return (-1.0 if not found or found[-1] is None else found[-1]), case.name
