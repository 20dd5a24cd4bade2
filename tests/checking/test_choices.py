"""The interview's questions: one right letter, a reply to every other one, and nothing gained by being clever."""

import re
from collections import Counter

import numpy as np
import pytest

from bpkit.checking import CheckFailed, Option, check, choice, evaluate, hint
from bpkit.exercises import of_lesson
from tests.checking.rounds import CHOICES, FUNCTIONS

NUMBERS = [exercise.name for exercise in of_lesson("12_interview") if exercise.name in FUNCTIONS]


def always(value):
    return lambda: value


def words(text):
    return len(text.split())


@pytest.mark.parametrize("name", CHOICES)
def test_right_is_accepted_and_each_wrong_answer_has_its_own_reply(name):
    question = CHOICES[name]
    replies = set()
    for letter, option in zip(question.letters, question.options, strict=True):
        verdict = evaluate(always(letter), exercise=name)
        if letter == question.right:
            assert (verdict.outcome, verdict.mistake, verdict.score) == ("right", None, 1.0)
            assert verdict.message == question.why
        else:
            assert (verdict.outcome, verdict.mistake, verdict.score) == ("looks_like", option.id, 0.0)
            assert option.reply in verdict.message
            assert option.ask in verdict.message
            replies.add(verdict.message)
    assert len(replies) == len(question.letters) - 1


@pytest.mark.parametrize("name", CHOICES)
def test_replies_are_short_ask_on_and_give_nothing_away(name):
    question = CHOICES[name]
    right = question.options[question.letters.index(question.right)].text
    assert len({option.text for option in question.options}) == len(question.options) == 4
    for option in question.options:
        if option.id:
            assert 10 <= words(option.reply) + words(option.ask) <= 45, option.id
            assert option.ask.endswith("?")
            assert right.lower() not in (option.reply + option.ask).lower()
            assert not re.search(r"\b(answer|option|letter) [a-d]\b", option.reply + option.ask)
    assert words(question.why) <= 30
    assert right.lower() not in question.hints[0].lower()


def test_neither_the_letter_nor_the_length_of_an_answer_tells():
    letters = Counter(question.right for question in CHOICES.values())
    assert set(letters) == set("abcd")
    assert max(letters.values()) <= len(CHOICES) / 3
    longest = shortest = 0
    for question in CHOICES.values():
        lengths = [len(option.text) for option in question.options]
        assert max(lengths) <= 1.8 * min(lengths), question.name
        mine = lengths[question.letters.index(question.right)]
        longest += mine == max(lengths)
        shortest += mine == min(lengths)
    assert longest <= 0.35 * len(CHOICES)
    assert shortest <= 0.35 * len(CHOICES)


@pytest.mark.parametrize("name", CHOICES)
def test_a_blank_is_not_attempted(name):
    space = {}
    exec(f"def {name}():\n    raise NotImplementedError()", space)
    verdict = evaluate(space[name])
    assert (verdict.outcome, verdict.score) == ("not_attempted", 0.0)
    assert CHOICES[name].asks in verdict.message


class Equal(str):
    def __eq__(self, other):
        return True

    def __hash__(self):
        return 0

    def strip(self, *ignored):
        return self

    lower = strip


class Same:
    def __eq__(self, other):
        return True

    def __hash__(self):
        return 0


def alternating():
    letters = iter("abcdabcd")
    return lambda: next(letters)


def changing():
    calls = []

    def fn():
        calls.append(1)
        return "abcd"[len(calls) % 4]

    return fn


NO_ANSWER = {
    "nothing": lambda: None,
    "every letter at once": lambda: "abcd",
    "a list of letters": lambda: list("abcd"),
    "a set": lambda: set("abcd"),
    "a dict": lambda: dict.fromkeys("abcd", True),
    "no letter": lambda: "",
    "a letter too far": lambda: "e",
    "a number": lambda: 2,
    "the text of an option": lambda: "Slopes",
    "a long text": lambda: "b" * 1_000_000,
    "equal to everything": lambda: Same(),
    "a text that is equal to everything": lambda: Equal("z"),
    "a right letter in a text of its own kind": lambda: np.str_("b"),
    "bytes": lambda: b"b",
    "True": lambda: True,
    "an error": lambda: 1 / 0,
    "an argument too many": lambda answer: answer,
}


@pytest.mark.parametrize("what", NO_ANSWER)
def test_what_is_no_letter_earns_nothing_and_is_told_nothing(what):
    for name, question in CHOICES.items():
        verdict = evaluate(NO_ANSWER[what], exercise=name)
        assert verdict.outcome in ("wrong_type", "raised"), verdict
        assert (verdict.score, verdict.mistake) == (0.0, None)
        assert question.why not in verdict.message
        assert not any(option.reply and option.reply in verdict.message for option in question.options)


@pytest.mark.parametrize("make", [alternating, changing])
def test_who_gives_several_answers_has_given_none(make):
    for name in CHOICES:
        for _ in range(4):
            verdict = evaluate(make(), exercise=name)
            assert (verdict.outcome, verdict.mistake, verdict.score) == ("wrong", "not-repeatable", 0.0)


@pytest.mark.parametrize("written", ["{}", "{} ", "({})", "{})", "{}."])
def test_a_letter_may_be_written_in_several_ways(written):
    for name, question in CHOICES.items():
        for letter in (question.right, question.right.upper()):
            assert evaluate(always(written.format(letter)), exercise=name).outcome == "right"


def test_a_question_has_exactly_one_right_answer():
    wrong = Option("no", "no", "One may think so.", "Really?")
    for options in ((wrong, wrong), (Option("yes"), Option("also"))):
        with pytest.raises(ValueError, match="exactly one right answer"):
            choice("question", "12_interview", "Which?", *options, why="So.", look="There.")


def test_check_and_hint_speak_of_a_question(capsys):
    question = CHOICES["why_cross_entropy"]

    def why_cross_entropy():
        return next(letter for letter in "abcd" if letter != question.right)

    with pytest.raises(CheckFailed, match="why_cross_entropy: Not yet"):
        check(why_cross_entropy)
    hint(why_cross_entropy)
    hint(why_cross_entropy)
    shown = capsys.readouterr().out
    assert question.options[0].reply in shown
    assert f"Hint 1 of 1 for why_cross_entropy: {question.hints[0]}" in shown


@pytest.mark.parametrize("name", NUMBERS)
def test_no_constant_is_a_number_at_the_whiteboard(name):
    """Each draw wants another number, so one that is right for somebody is wrong for the judge."""
    exercise = FUNCTIONS[name]
    for seed in range(20):
        for case in exercise.cases(seed):
            guessed = exercise.reference(**case.inputs)
            assert evaluate(lambda *args, guessed=guessed: guessed, seed=seed, exercise=name).score == 0
