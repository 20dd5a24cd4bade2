"""The judge: from what a function did on some inputs to one verdict.

It takes plain observations and does not care whether the function ran beside it or behind a wall.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from bpkit.checking.choice import Choice
from bpkit.checking.compare import Finding, equal
from bpkit.checking.exercise import SIZES, Case, Exercise, result_of, run
from bpkit.checking.explain import explain
from bpkit.checking.observe import Failure, Observation
from bpkit.checking.recognise import Diagnosis, Trial, recognise

# Also the order in which the recogniser asks: the first one that applies is the verdict.
OUTCOMES = (
    "not_attempted",
    "raised",
    "mutated",
    "wrong_type",
    "wrong_shape",
    "wrong_dtype",
    "not_finite",
    "looks_like",
    "wrong",
    "right",
)


@dataclass(frozen=True)
class Verdict:
    """What the judge found, in a form that a page, a terminal and a gradebook can show.

    Attributes:
        exercise: name of the exercise.
        outcome: one of `OUTCOMES`.
        mistake: id of the recognised mistake, or None.
        score: share of the marks earned, 0 to 1.
        says: what was seen, in a sentence or two.
        question: the question to think about next; with a right answer, why it works.
    """

    exercise: str
    outcome: str
    mistake: str | None
    score: float
    says: str
    question: str
    printed: str = field(default="", compare=False)

    @property
    def message(self) -> str:
        """Everything the learner is told, as plain text; it never holds an expected value."""
        return "\n".join(text for text in (self.says, self.question) if text)


@dataclass
class _Examined:
    """One case: the finding about the call as a whole, if any, and the findings about single parts."""

    trial: Trial
    whole: Finding | None
    parts: dict[str, Finding]

    @property
    def findings(self) -> list[Finding]:
        return [self.whole] if self.whole else list(self.parts.values())


def judge(exercise: Exercise, cases: list[Case], seen: list[Observation]) -> Verdict:
    """Compare what a function did on `cases` with the reference and say what it means."""
    if isinstance(exercise, Choice):
        return _chosen(exercise, seen)
    examined = [_examine(exercise, case, observation) for case, observation in zip(cases, seen, strict=True)]
    graded = [entry for entry in examined if entry.trial.case.kind != "tip"]
    failing = [entry for entry in graded if entry.findings]
    printed = next((observation.printed for observation in seen if observation.printed), "")
    if not failing:
        return Verdict(exercise.name, "right", None, 1.0, "", exercise.why + _remarks(examined), printed)
    ordinary = [entry for entry in failing if entry.trial.case.kind == "ordinary"]
    group = ordinary or failing
    worst = min(
        (finding for entry in group for finding in entry.findings), key=lambda finding: OUTCOMES.index(finding.outcome)
    )
    place = next(entry.trial.case for entry in group if worst in entry.findings)
    if worst.outcome == "not_attempted":
        return Verdict(exercise.name, "not_attempted", None, 0.0, worst.text, exercise.asks, printed)
    steady = equal(seen[0].value, seen[len(SIZES)].value)  # the first case is tried once more after the ordinary ones
    relevant = [entry.trial for entry in graded if not ordinary or entry.trial.case.kind == "ordinary"]
    diagnosis = recognise(exercise, relevant, steady)
    outcome = "looks_like" if worst.outcome == "wrong" and diagnosis else worst.outcome
    says, question = _wording(exercise, worst, place, diagnosis, failing, bool(ordinary))
    return Verdict(
        exercise.name, outcome, diagnosis.id if diagnosis else None, _score(exercise, failing), says, question, printed
    )


def _chosen(exercise: Choice, seen: list[Observation]) -> Verdict:
    """The verdict on the answer to a multiple-choice question; each wrong one has a reply of its own."""
    name, printed = exercise.name, seen[0].printed
    failure = next((observation.failure for observation in seen if observation.failure), None)
    if failure is not None:
        found = _failed(exercise, failure)
        blank = found.outcome == "not_attempted"
        return Verdict(
            name, found.outcome, None, 0.0, found.text, exercise.asks if blank else explain(failure), printed
        )
    letters = {exercise.letter(observation.value) for observation in seen}
    letter = letters.pop()
    if letters:
        says = "It gives one answer when it is called, and another when it is called again."
        return Verdict(name, "wrong", "not-repeatable", 0.0, says, "Which of them is yours?", printed)
    if letter is None:
        says = f"An answer is one letter in quotes, from {exercise.letters[0]} to {exercise.letters[-1]}."
        return Verdict(name, "wrong_type", None, 0.0, says, 'Does it end in a line such as `return "a"`?', printed)
    if letter == exercise.right:
        return Verdict(name, "right", None, 1.0, "", exercise.why, printed)
    option = exercise.options[exercise.letters.index(letter)]
    return Verdict(name, "looks_like", option.id, 0.0, f"You answer {letter}. {option.reply}", option.ask, printed)


def _examine(exercise: Exercise, case: Case, seen: Observation) -> _Examined:
    trial = Trial(exercise, case, run(exercise.reference, case), seen)
    effect, whole = trial.effect, None
    if seen.failure is not None:
        whole = _failed(exercise, seen.failure)
    elif effect.changes:
        listed = " and ".join(f"`{name}`" for name in effect.changes)
        verb, pronoun = ("is", "it") if len(effect.changes) == 1 else ("are", "them")
        whole = Finding("mutated", f"{listed} {verb} no longer as your function found {pronoun}.")
    else:
        whole = effect.misfit
    return _Examined(trial, whole, effect.findings)


def _failed(exercise: Exercise, failure: Failure) -> Finding:
    if failure.kind == "NotImplementedError":
        if failure.function in ("", exercise.name):
            return Finding("not_attempted", f"`{exercise.name}` is still a blank.")
        return Finding(
            "raised", f"`{failure.function}`, which your function calls, is still a blank. Fill that one in first."
        )
    at = f" in the line `{failure.line}`" if failure.line else ""
    inside = f" (inside `{failure.function}`)" if failure.function not in ("", exercise.name) else ""
    said = f": {failure.text}" if failure.text else ""
    return Finding("raised", f"Your function raised {failure.kind}{at}{inside}{said}")


def _score(exercise: Exercise, failing: list[_Examined]) -> float:
    """Share of the graded results that are right in every case; less than 1 whenever anything failed."""
    graded = exercise.graded
    return min(len(_right(exercise, failing)), len(graded) - 1) / len(graded)


def _right(exercise: Exercise, failing: list[_Examined]) -> list[str]:
    """The graded results in which nothing was wrong."""
    if any(entry.whole for entry in failing):
        return []
    wrong = {result_of(label) for entry in failing for label in entry.parts}
    return [name for name in exercise.graded if name not in wrong]


def _wording(
    exercise: Exercise,
    worst: Finding,
    place: Case,
    diagnosis: Diagnosis | None,
    failing: list[_Examined],
    ordinary: bool,
) -> tuple[str, str]:
    shapes = ", ".join(f"{name} {value.shape}" for name, value in place.inputs.items() if hasattr(value, "shape"))
    edge = "" if ordinary else f"On ordinary inputs it is right, but not for this one: {place.name}. "
    where = f" (Tried with {shapes}.)" if shapes and worst.outcome not in ("mutated", "raised") else ""
    right = [f"`{name}`" for name in _right(exercise, failing)]
    praise = f" Already right: {', '.join(right)}." if right else ""
    if diagnosis is not None and worst.outcome != "raised":
        return f"{edge}This looks like a known slip: {diagnosis.says}{_detail(worst)}{where}{praise}", diagnosis.hint
    if worst.outcome == "raised":
        if "still a blank" in worst.text:
            return worst.text, ""
        return f"{edge}{worst.text}", diagnosis.hint if diagnosis else _explained(failing)
    return f"{edge}{worst.text}{where}{praise}", _generic_question(worst.outcome, exercise)


def _detail(worst: Finding) -> str:
    return "" if worst.outcome in ("wrong", "looks_like") else f" {worst.text}"


def _explained(failing: list[_Examined]) -> str:
    failure = next(entry.trial.seen.failure for entry in failing if entry.trial.seen.failure)
    return explain(failure)


def _generic_question(outcome: str, exercise: Exercise) -> str:
    return {
        "mutated": "Call it twice with the same arrays: would it give the same answer? Work on a copy, or make a new array.",
        "wrong_type": f"Compare with the docstring: what should `{exercise.signature}` return?",
        "wrong_shape": "Write the shape beside every array on paper: which operation gives this one?",
        "wrong_dtype": "Which operation decided the dtype?",
        "not_finite": "Which operation overflows, divides by 0 or takes the log of 0 here? What could you rearrange?",
        "wrong": f"Try the example of the docstring by hand. `hint({exercise.name})` asks the next question.",
    }[outcome]


def _remarks(examined: list[_Examined]) -> str:
    """What is worth saying about a right answer: a warning on the way, or inputs it could meet later in the course."""
    remarks = ""
    warned = next((text for entry in examined for text in entry.trial.seen.warned), "")
    if warned:
        remarks += f"\n(NumPy warned on the way: {warned}. The answer is right all the same; can you find a form without the warning?)"
    for entry in examined:
        if entry.trial.case.kind == "tip" and entry.findings:
            remarks += f"\n(It would not yet work for {entry.trial.case.name}: {entry.findings[0].text})"
    return remarks
