"""The multiple-choice question as data: an exercise whose answer is a letter, and a reply to each wrong letter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bpkit.checking.exercise import ONE_ROW, Case, Exercise, Inputs, Mistake, Sizes

LETTERS = "abcdef"


@dataclass(frozen=True)
class Option:
    """One answer to choose from.

    Attributes:
        text: the answer as it stands in the notebook.
        id: what a class report calls somebody who chooses it; "" for the right answer.
        reply: why one may believe it, and what it overlooks; it never tells which answer is right.
        ask: the question that leads on.
    """

    text: str
    id: str = ""
    reply: str = ""
    ask: str = ""


@dataclass(frozen=True)
class Choice(Exercise):
    """A question with one right answer. It asks for a function of no arguments that returns the answer's letter."""

    options: tuple[Option, ...] = ()

    @property
    def letters(self) -> str:
        """The letters that can be answered."""
        return LETTERS[: len(self.options)]

    @property
    def right(self) -> str:
        """The letter of the right answer."""
        return str(self.reference())

    @property
    def graded(self) -> tuple[str, ...]:
        return ("answer",)

    def cases(self, seed: int) -> list[Case]:
        """The call, and the call again: whoever gives two answers has given none."""
        return [Case("ordinary", "", {}, ONE_ROW), Case("edge", "called again", {}, ONE_ROW)]

    def letter(self, value: Any) -> str | None:
        """The letter that a returned value means, "B)" as well as "b"; None if it is none of them."""
        text = value.strip(" ().").lower() if type(value) is str and len(value) < 10 else ""
        return text if len(text) == 1 and text in self.letters else None


def choice(name: str, lesson: str, asks: str, *options: Option, why: str, look: str) -> Choice:
    """Make a question from its options, of which the one without an id is right.

    Args:
        name: name of the exercise.
        lesson: id of the lesson.
        asks: the question.
        options: the answers, a first.
        why: shown with the right answer.
        look: the hint: where the course shows what is needed.
    Raises:
        ValueError: not exactly one option is right.
    """
    right = [letter for letter, option in zip(LETTERS, options, strict=False) if not option.id]
    if len(right) != 1:
        raise ValueError(f"{name} must have exactly one right answer; it has {len(right)}")
    mistakes = tuple(
        Mistake(option.id, _always(letter), option.reply, option.ask)
        for letter, option in zip(LETTERS, options, strict=False)
        if option.id
    )
    return Choice(
        _always(right[0], name),
        lesson,
        asks,
        "answer",
        _nothing,
        mistakes,
        (look,),
        why,
        one_row=False,
        options=options,
    )


def _always(letter: str, name: str = "answer") -> Callable[[], str]:
    def answer() -> str:
        return letter

    answer.__name__ = answer.__qualname__ = name
    return answer


def _nothing(rng: Any, sizes: Sizes) -> Inputs:
    """A question takes no arguments."""
    return {}
