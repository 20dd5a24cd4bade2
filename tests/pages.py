"""The parts of docs/ that are made from the course itself: `python -m tests.pages` writes them, test_pages.py holds them.

In a page such a part stands between `<!-- made: NAME -->` and `<!-- end -->`. Everything outside is written by hand.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable
from functools import cache

from bpkit.checking import Choice, Exercise
from bpkit.checking.show import TITLES
from bpkit.exercises import LESSONS, find, of_lesson
from tests.lessons.cheatsheet import TABLE
from tests.lessons.reading import cells, tagged
from tests.notebooks import LESSONS as OUT
from tests.notebooks import ROOT, grade_id, name_of, source
from tests.verdicts import EXAMPLES, MORE, shown

DOCS = ROOT / "docs"
_PART = re.compile(r"(<!-- made: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)

# Mistakes that are one idea, by the ids that the exercises give them.
FAMILIES = {
    "The sign: a minus too many, a minus too few, a step uphill": (
        "sign-flipped",
        "missing-minus",
        "uphill",
        "second-term-sign",
    ),
    "The mean: forgotten, taken twice, or over another number": (
        "sum-for-mean",
        "forgot-the-mean",
        "mean-taken-twice",
        "divided-by-rows-only",
        "divided-by-all-entries",
        "not-averaged",
    ),
    "What arrives from above is not used, or a slope is left out": ("upstream-forgotten", "slope-missing"),
    "A slope is taken twice, or at the wrong place": ("sigmoid-twice", "sigmoid-slope-again", "outer-slope-at-x"),
    "The wrong axis": ("sum-over-examples", "one-max-for-all-rows", "db-summed-over-all"),
    "Whole numbers in, whole numbers out": ("integer-result", "integer-array"),
    "Scores near 1000": ("no-max-subtracted",),
}

# Weeks of a course: which lessons each week takes.
PLANS = {
    "six": (("00", "01"), ("02", "03"), ("04",), ("06", "07"), ("08", "10"), ("11",)),
    "ten": (("00",), ("01",), ("02",), ("03", "05"), ("04",), ("06",), ("07",), ("08", "09"), ("10", "11"), ("12",)),
    "thirteen": tuple((f"{number:02}",) for number in range(13)),
}


def goal(lesson: str) -> str:
    """The first cell of a lesson."""
    return str(source(tagged(lesson, "goal")[0]))


def title(lesson: str) -> str:
    """A lesson's heading without its number."""
    return re.sub(r"^# (?:\d+ · |Lesson \d+: )", "", goal(lesson).partition("\n")[0])


def minutes(lesson: str) -> int:
    """The time that a lesson says it takes, all sittings together."""
    found = [int(number) for number in re.findall(r"(\d+) minutes", goal(lesson))]
    return 2 * found[0] if "two sittings" in goal(lesson) else sum(found)


def builds_on(lesson: str) -> str:
    """What a lesson says that it builds on, as a sentence's end."""
    text = re.search(r"(?:\*\*It builds on\*\*|It builds on) (.*?)(?=\n\n|\Z)", goal(lesson), re.DOTALL)
    assert text, lesson
    return " ".join(text[1].split())


def marks(lesson: str) -> dict[str, float]:
    """Points of a lesson by nbgrader's name of the cell that earns them."""
    graded = [cell for cell in cells(lesson) if cell["metadata"].get("nbgrader", {}).get("grade")]
    return {grade_id(cell): cell["metadata"]["nbgrader"]["points"] for cell in graded}


def points(lesson: str) -> int:
    """All points of a lesson."""
    return int(sum(marks(lesson).values()))


@cache
def needs(lesson: str) -> dict[str, list[str]]:
    """What a lesson's cells import from earlier lessons: names of functions by lesson."""
    found: dict[str, list[str]] = {}
    for cell in cells(lesson, "code"):
        if "import" not in source(cell):
            continue
        for node in ast.walk(ast.parse(re.sub(r"(?m)^[%!].*$", "", source(cell)))):
            for name in [alias.name for alias in node.names] if isinstance(node, ast.ImportFrom) else []:
                exercise = find(name) if node.module == "bpkit" else None
                if exercise is not None and name not in found.setdefault(exercise.lesson, []):
                    found[exercise.lesson].append(name)
    return dict(sorted(found.items()))


def _link(lesson: str) -> str:
    return f"../lessons/{lesson}/{name_of(lesson)}"


def verdicts() -> Iterable[str]:
    """One example of each verdict, and what it means."""
    which = {"looks_like": ": a mistake that is known", "wrong": ": none that is known"}
    for example in EXAMPLES:
        yield f"### {' '.join(TITLES[example.outcome])}{which.get(example.outcome, '')}\n"
        yield f"{example.means}\n\n{shown(example)}\n"


def more_verdicts() -> Iterable[str]:
    """Verdicts with something besides."""
    for example in MORE:
        yield f"{example.means}\n\n{shown(example)}\n"


def times() -> Iterable[str]:
    """How long each lesson takes and what it builds on."""
    for lesson in OUT:
        number = lesson[:2]
        yield f"- [{number} · {title(lesson)}]({_link(lesson)}): about {minutes(lesson)} minutes, {points(lesson)} points. Builds on {builds_on(lesson)}"


def points_table() -> Iterable[str]:
    """Checks, points and minutes of each lesson."""
    yield "| lesson | graded cells | points | minutes |"
    yield "|---|---|---|---|"
    for lesson in OUT:
        yield f"| [{lesson[:2]} {title(lesson)}]({_link(lesson)}) | {len(marks(lesson))} | {points(lesson)} | {minutes(lesson)} |"
    whole = [sum(of(lesson) for lesson in OUT) for of in (lambda each: len(marks(each)), points, minutes)]
    yield f"| all | {whole[0]} | {whole[1]} | {whole[2]} |"


def assumed() -> Iterable[str]:
    """What each lesson imports from earlier ones."""
    for lesson in OUT:
        given = "; ".join(
            f"of {owner[:2]} " + ", ".join(f"`{name}`" for name in names) for owner, names in needs(lesson).items()
        )
        yield f"- **{lesson[:2]} {title(lesson)}**: {given or 'nothing'}."


def used_later() -> Iterable[str]:
    """For each lesson, the later ones that import its functions."""
    for lesson in OUT:
        users = [each[:2] for each in OUT if lesson in needs(each)]
        yield f"- **{lesson[:2]}**: {', '.join(users) or 'no later lesson'}."


def families() -> Iterable[str]:
    """How many exercises know each of the ideas that go wrong everywhere."""
    for words, ids in FAMILIES.items():
        where = [each for each in _functions() if {mistake.id for mistake in each.mistakes} & set(ids)]
        yield f"- {words}: {len(where)} exercises of {len({each.lesson for each in where})} lessons."


def _functions() -> list[Exercise]:
    return [each for lesson in LESSONS for each in of_lesson(lesson) if not isinstance(each, Choice)]


def wrong() -> Iterable[str]:
    """For each exercise the number of known mistakes, and the first two of its list."""
    for lesson in LESSONS:
        listed = of_lesson(lesson)
        yield f"### {lesson[:2]} {lesson[3:].replace('_', ' ')}: {sum(len(each.mistakes) for each in listed)} known mistakes\n"
        for each in listed:
            if not isinstance(each, Choice):
                first = " ".join(f"“{mistake.says}”" for mistake in each.mistakes[:2])
                yield f"- `{each.name}` ({len(each.mistakes)}): {first}"
        choices = [each for each in listed if isinstance(each, Choice)]
        if choices:
            replies = sum(len(each.mistakes) for each in choices)
            yield f"- {len(choices)} questions with letters: {replies} wrong options, each with a reply of its own."
        yield ""


def plan(weeks: str) -> Callable[[], Iterable[str]]:
    """The table of a course of so many weeks."""

    def table() -> Iterable[str]:
        full = {lesson[:2]: lesson for lesson in LESSONS}
        yield "| week | lessons | minutes | points |"
        yield "|---|---|---|---|"
        for week, numbers in enumerate(PLANS[weeks], start=1):
            known = [full[number] for number in numbers if full[number] in OUT]
            sums = [sum(map(of, known)) if len(known) == len(numbers) else "not yet out" for of in (minutes, points)]
            yield f"| {week} | {', '.join(numbers)} | {sums[0]} | {sums[1]} |"

    return table


def cheatsheet() -> Iterable[str]:
    """Each statement of the cheatsheet and its cells."""
    full = {lesson[:2]: lesson for lesson in OUT}
    for heading, rows in TABLE.items():
        yield f"## {heading}\n"
        for row, found in rows.items():
            by_lesson: dict[str, list[str]] = {}
            for number, id, _ in found:
                by_lesson.setdefault(number, []).append(f"`{id}`")
            where = "; ".join(
                f"[{number}]({_link(full[number])}) {', '.join(dict.fromkeys(ids))}"
                for number, ids in by_lesson.items()
            )
            yield f"- **{row[0].upper() + row[1:]}**: {where}"
        yield ""


PARTS: dict[str, Callable[[], Iterable[str]]] = {
    "verdicts": verdicts,
    "more": more_verdicts,
    "times": times,
    "points": points_table,
    "assumed": assumed,
    "used": used_later,
    "families": families,
    "wrong": wrong,
    "six": plan("six"),
    "ten": plan("ten"),
    "thirteen": plan("thirteen"),
    "cheatsheet": cheatsheet,
}


def fresh(text: str) -> str:
    """A page with its made parts made anew."""
    return _PART.sub(lambda part: part[1] + "\n".join(PARTS[part[2]]()).rstrip() + "\n" + part[3], text)


if __name__ == "__main__":
    for page in sorted(DOCS.glob("*.md")):
        page.write_text(fresh(page.read_text(encoding="utf-8")), encoding="utf-8")
        print(f"{page.relative_to(ROOT)}: {len(_PART.findall(page.read_text(encoding='utf-8')))} parts")
