"""Every number in a lesson's text comes from a cell beside it, or is computed in the lesson's list."""

import math

import pytest

from tests.lessons.reading import HELD, claims, numbers, printed, text, value

SMALL = 20  # whole numbers up to here count, number sections and stand in exponents


def digits_after_point(number):
    return len(number.partition("e")[0].partition(".")[2])


def agrees(number, computed):
    """Whether a computed value, rounded as the text rounds, is the number of the text."""
    if "e" in number.lower():
        return math.isclose(value(number), computed, rel_tol=0.6 * 10.0 ** -max(digits_after_point(number), 1))
    return abs(value(number) - computed) <= 0.5001 * 10.0 ** -digits_after_point(number)


@pytest.mark.parametrize("lesson", HELD)
def test_every_number_has_a_source(lesson):
    beside = [value(number) for number in numbers(printed(lesson))]
    for number in numbers(text(lesson)):
        if value(number) <= SMALL and value(number) == int(value(number)):
            continue
        if number in claims(lesson).NUMBERS:
            continue
        exact = "." not in number and "e" not in number
        near = value(number) in beside if exact else any(agrees(number, other) for other in beside)
        assert near, f"{number} is neither printed by a cell nor in NUMBERS"


@pytest.mark.parametrize(
    ("lesson", "number"), [(lesson, number) for lesson in HELD for number in claims(lesson).NUMBERS]
)
def test_number_is_what_is_computed(lesson, number):
    assert number in numbers(text(lesson)), "in NUMBERS, but not in the text"
    source = claims(lesson).NUMBERS[number]
    if isinstance(source, str):
        assert len(source) > 5, "say where it comes from"
    else:
        assert agrees(number, source()), source()
