"""Every displayed formula stands in the lesson's list, to the letter, beside a check that evaluates it.

So a sign that changes in a text cell fails here: the list has to be changed with it, and then its check speaks.
"""

import pytest

from tests.lessons.reading import TEACHING, claims, formulas


@pytest.mark.parametrize("lesson", TEACHING)
def test_text_and_list_hold_the_same_formulas(lesson):
    listed = [" ".join(formula.split()) for formula in claims(lesson).FORMULAS]
    assert set(formulas(lesson)) - set(listed) == set(), "displayed, but not in FORMULAS"
    assert set(listed) - set(formulas(lesson)) == set(), "in FORMULAS, but not displayed"


@pytest.mark.parametrize(
    ("lesson", "formula"), [(lesson, formula) for lesson in TEACHING for formula in claims(lesson).FORMULAS]
)
def test_formula_holds(lesson, formula):
    check = claims(lesson).FORMULAS[formula]
    if isinstance(check, str):
        assert len(check) > 15, "say why nothing can be evaluated"
    else:
        check()


@pytest.mark.parametrize("lesson", TEACHING)
def test_most_formulas_are_evaluated(lesson):
    checks = list(claims(lesson).FORMULAS.values())
    assert sum(callable(check) for check in checks) >= 0.8 * len(checks)
