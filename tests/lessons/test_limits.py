"""What can be counted of how a lesson teaches is counted; `pytest -s` prints the table."""

import re

import pytest

from tests.lessons.reading import (
    TEACHING,
    cells,
    claims,
    sentences,
    tagged,
    text,
    visible,
    without_dessert,
    word_count,
)
from tests.notebooks import ROOT, blanks, grade_id, read, source

TWO_SITTINGS = {"04_cross_entropy"}
# What every lesson has, whatever it calls it: a cell that carries the tag.
SUBSTANCE = ("goal", "knob", "real-result", "real-bug", "outsider", "try-it", "summary", "interview", "next")


def sittings(lesson):
    return 2 if lesson in TWO_SITTINGS else 1


def solution_lines(cell):
    inner = re.search(r"### BEGIN SOLUTION\n(.*?)### END SOLUTION", source(cell), re.DOTALL)[1]
    return [line for line in inner.splitlines() if line.strip() and not line.strip().startswith("#")]


def predictions(lesson):
    return re.findall(r"\*\*Predict(?:ion)?\b", text(lesson))


def typed_predictions(lesson):
    return [cell for cell in cells(lesson, "code") if re.search(r"(?m)^my_\w*guess\w* *=", source(cell))]


def figures(lesson):
    outputs = (output for cell in cells(lesson, "code") for output in cell["outputs"])
    return [html for output in outputs if "<img" in (html := "".join(output.get("data", {}).get("text/html", ())))]


@pytest.mark.parametrize("lesson", TEACHING)
def test_words_and_minutes(lesson):
    assert word_count(visible(without_dessert(text(lesson)))) <= 2200 * sittings(lesson)
    (goal,) = tagged(lesson, "goal")
    minutes = [int(number) for number in re.findall(r"(\d+) minutes", source(goal))]
    assert minutes, "the time it takes stands at the top"
    assert max(minutes) <= 60


@pytest.mark.parametrize("lesson", TEACHING)
def test_no_sentence_is_longer_than_thirty_words(lesson):
    assert [sentence for sentence in sentences(text(lesson)) if word_count(sentence) > 30] == []


@pytest.mark.parametrize("lesson", TEACHING)
def test_blanks(lesson):
    found = blanks(read("solutions", lesson))
    assert 4 * sittings(lesson) <= len(found) <= 9 * sittings(lesson)
    for cell in found.values():
        assert 1 <= len(solution_lines(cell)) <= 6, grade_id(cell)
        docstring = re.search(r'"""(.*?)"""', source(cell), re.DOTALL)[1]
        assert re.search(r"\d", docstring), f"{grade_id(cell)}: a number as an example"
    copied = claims(lesson).TRANSCRIPTIONS
    assert set(copied) <= set(found)
    assert len(copied) <= len(found) / 2, "at most half the blanks type a displayed formula"


@pytest.mark.parametrize("lesson", TEACHING)
def test_predictions(lesson):
    assert 2 <= len(predictions(lesson)) <= 6 * sittings(lesson)
    assert len(typed_predictions(lesson)) >= 2


@pytest.mark.parametrize("lesson", TEACHING)
def test_maxims(lesson):
    maxims = claims(lesson).MAXIMS
    assert len(maxims) <= 3
    words = " ".join(text(lesson).split())
    assert [maxim for maxim in maxims if maxim not in words] == []


@pytest.mark.parametrize("lesson", TEACHING)
def test_what_every_lesson_has(lesson):
    for tag in SUBSTANCE:
        assert tagged(lesson, tag), f"no cell is tagged {tag!r}"
    folded = "".join(source(cell) for cell in tagged(lesson, "interview"))
    assert folded.count("<summary>") >= 2, "two interview questions with folded answers"
    assert "|---" in "".join(source(cell) for cell in tagged(lesson, "summary")), "a summary table"
    assert any("<details>" in source(cell) for cell in tagged(lesson, "try-it")), "results to fold out"


@pytest.mark.parametrize("lesson", TEACHING)
def test_every_figure_carries_its_words(lesson):
    assert figures(lesson)
    for html in figures(lesson):
        assert len(re.search(r'<img alt="([^"]*)"', html)[1]) >= 40, html[:100]
    for cell in cells(lesson, "code"):
        for output in cell["outputs"]:
            assert "image/png" not in output.get("data", {}), f"{cell['id']}: end it with plots.show(…)"


def test_size_of_each_notebook():
    for lesson in TEACHING:
        assert next((ROOT / "solutions" / lesson).glob("*.ipynb")).stat().st_size < 1_000_000, lesson


def test_print_the_table():
    print(f"\n{'lesson':24}{'words':>7}{'code':>6}{'blanks':>8}{'copied':>8}{'guesses':>9}{'figures':>9}")
    total = 0
    for lesson in TEACHING:
        code = sum(len(source(cell).splitlines()) for cell in cells(lesson, "code"))
        row = (
            word_count(visible(without_dessert(text(lesson)))),
            code,
            len(blanks(read("solutions", lesson))),
            len(claims(lesson).TRANSCRIPTIONS),
            len(predictions(lesson)),
            len(figures(lesson)),
        )
        print(f"{lesson:24}{row[0]:>7}{row[1]:>6}{row[2]:>8}{row[3]:>8}{row[4]:>9}{row[5]:>9}")
        total += row[2]
    assert total > 0
