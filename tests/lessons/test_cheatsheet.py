"""Each statement of the cheatsheet has its cells: they are there, speak of it, and are tagged; no other cell is."""

import pytest

from tests.lessons.cheatsheet import TABLE
from tests.lessons.lesson_12 import CHEATSHEET
from tests.lessons.reading import cells, tagged
from tests.notebooks import LESSONS, source

LESSON = {lesson[:2]: lesson for lesson in LESSONS}
ROWS = [(row, found) for rows in TABLE.values() for row, found in rows.items()]


def folded(words):
    return " ".join(words.split())


@pytest.mark.parametrize(("row", "found"), ROWS, ids=[row for row, _ in ROWS])
def test_a_row_is_where_the_table_says(row, found):
    assert found, "no cell"
    for number, id, words in found:
        (cell,) = (cell for cell in cells(LESSON[number]) if cell["id"] == id)
        assert len(words) >= 3
        assert folded(words) in folded(source(cell)), (number, id)


@pytest.mark.parametrize("number", LESSON)
def test_the_tag_marks_just_these_cells(number):
    named = {id for _, found in ROWS for lesson, id, _ in found if lesson == number}
    assert {cell["id"] for cell in tagged(LESSON[number], "cheatsheet")} == named


def test_all_ten_questions_are_rows():
    assert len(CHEATSHEET) == len(TABLE["Interview questions"]) == 10
