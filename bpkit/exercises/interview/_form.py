"""How the interview's questions are written down."""

from __future__ import annotations

from bpkit.checking.choice import Choice, Option, choice

LESSON = "12_interview"


def right(text: str) -> Option:
    """The right answer."""
    return Option(text)


def wrong(text: str, id: str, reply: str, ask: str) -> Option:
    """A wrong answer, with why one believes it, and the question that leads on."""
    return Option(text, id, reply, ask)


def question(name: str, asks: str, *options: Option, why: str, look: str) -> Choice:
    """A question of this lesson."""
    return choice(name, LESSON, asks, *options, why=why, look=look)
