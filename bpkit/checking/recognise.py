"""Naming the misconception behind a wrong result.

First the exercise's own mistakes: a mistake is named if a function that makes it gives, on the same inputs, what
the student's function gave. Then what any gradient can suffer: a wrong factor, a lost mask, a transpose.
Everything has to agree on several cases of different sizes; when in doubt nothing is named, because a
wrong diagnosis is worse than none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from bpkit.checking.compare import Misfit, changed, close, leaf, numeric, structure
from bpkit.checking.exercise import Case, Exercise, Mistake, Sizes
from bpkit.checking.observe import Observation, observe

SAME = 1e-6


@dataclass(frozen=True)
class Diagnosis:
    """A named misconception: its id, what it looks like, and the question to ask."""

    id: str
    says: str
    hint: str
    parts: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Trial:
    """One case with the truth and with what the student's function did; `wrong` lists the parts that failed."""

    case: Case
    truth: Observation
    seen: Observation
    wrong: frozenset[str]


def recognise(exercise: Exercise, trials: list[Trial]) -> Diagnosis | None:
    """Return the misconception that explains the failing trials, or None if none is certain."""
    for alike in (_same, _equally_overflown):
        found = [
            Diagnosis(mistake.id, mistake.says, mistake.hint, parts)
            for mistake in exercise.mistakes
            if (parts := explained_by(mistake, exercise, trials, alike)) is not None
        ]
        if found:
            return max(found, key=lambda diagnosis: len(diagnosis.parts))
    return _general(exercise, trials)


def explained_by(
    mistake: Mistake, exercise: Exercise, trials: list[Trial], alike: Callable[[Any, Any], bool]
) -> frozenset[str] | None:
    """The parts that `mistake` makes wrong, if in every trial the student's function did just the same to them."""
    for wrong in mistake.wrong:
        touched = []
        for trial in trials:
            parts = _same_failure(exercise, trial, observe(wrong, trial.case.inputs), alike)
            if parts is None:
                break
            touched.append(parts)
        else:
            explained = frozenset().union(*touched)
            if explained and all(
                trial.wrong & explained <= parts for trial, parts in zip(trials, touched, strict=True)
            ):
                return explained
    return None


def _same_failure(
    exercise: Exercise, trial: Trial, mutant: Observation, alike: Callable[[Any, Any], bool]
) -> frozenset[str] | None:
    """Parts that the mutant makes wrong in this trial; None if the student's function did something else."""
    seen = trial.seen
    if mutant.failure or seen.failure:
        same = mutant.failure and seen.failure and signature(mutant.failure) == signature(seen.failure)
        return frozenset({"raised"}) if same else None
    mutant_changes, seen_changes = _changes(trial.case, mutant), _changes(trial.case, seen)
    if mutant_changes and mutant_changes != seen_changes:
        return None
    truth = exercise.parts(trial.case, trial.truth)
    wrong_parts, seen_parts = _parts(exercise, trial, mutant), _parts(exercise, trial, seen)
    if wrong_parts is None or seen_parts is None:
        if wrong_parts is None and seen_parts is None and _same_shape_of(mutant.value, seen.value):
            return frozenset({"structure"})
        return None
    lenient = trial.case.kind == "finite"
    touched = {label for label in truth if leaf(truth[label], wrong_parts[label], label, exercise.exact_dtype, lenient)}
    if not touched <= trial.wrong and not seen_changes:
        return None
    if any(not alike(wrong_parts[label], seen_parts[label]) for label in touched):
        return None
    return frozenset(touched) | frozenset(mutant_changes)


def _same(wrong: Any, seen: Any) -> bool:
    """Whether two wrong values are the same mistake."""
    w, s = numeric(wrong), numeric(seen)
    if w is None or s is None:
        return type(wrong) is type(seen) and w is s
    if w.shape != s.shape or np.asarray(wrong).dtype.kind != np.asarray(seen).dtype.kind:
        return False
    odd = ~np.isfinite(w)
    if not np.array_equal(odd, ~np.isfinite(s)) or not np.array_equal(w[odd], s[odd], equal_nan=True):
        return False
    return close(w[~odd], s[~odd], SAME)


def _equally_overflown(wrong: Any, seen: Any) -> bool:
    """The same where floats overflow, but whether that gave inf or nan, and in how many entries, does not matter."""
    w, s = numeric(wrong), numeric(seen)
    if w is None or s is None or w.shape != s.shape or np.isfinite(w).all() or np.isfinite(s).all():
        return _same(wrong, seen)
    both = np.isfinite(w) & np.isfinite(s)
    return close(w[both], s[both], SAME)


def _changes(case: Case, seen: Observation) -> frozenset[str]:
    return frozenset(f"changed {name}" for name in case.inputs if changed(case.inputs[name], seen.after.get(name)))


def _parts(exercise: Exercise, trial: Trial, seen: Observation) -> dict[str, Any] | None:
    try:
        if exercise.view is None:
            structure(trial.truth.value, seen.value, exercise.returns)
        return exercise.parts(trial.case, seen)
    except Misfit:
        return None


def _same_shape_of(a: Any, b: Any) -> bool:
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_same_shape_of(a[key], b[key]) for key in a)
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        return len(a) == len(b) and all(map(_same_shape_of, a, b))
    if a is None or b is None:
        return a is b
    return type(a) is type(b) and _same(a, b)


def signature(failure: Any) -> tuple[str, str]:
    """An exception's type and message without what depends on names, so that equal errors compare equal."""
    return failure.kind, re.sub(r"\w+\(\)", "f()", failure.text)


def _general(exercise: Exercise, trials: list[Trial]) -> Diagnosis | None:
    if any(trial.seen.failure for trial in trials):
        return None
    labels = sorted(set().union(*(trial.wrong for trial in trials)))
    for label in labels:
        pairs = []
        for trial in trials:
            seen = _parts(exercise, trial, trial.seen)
            if seen is None:
                return None
            truth, got = numeric(exercise.parts(trial.case, trial.truth)[label]), numeric(seen[label])
            if truth is None or got is None:
                return None
            pairs.append((truth, got, trial.case.sizes))
        for look in (_shape_habit, _factor, _mask):
            diagnosis = look(label, pairs)
            if diagnosis is not None:
                return diagnosis
    return None


Pairs = list[tuple[np.ndarray, np.ndarray, Sizes]]


def _shape_habit(label: str, pairs: Pairs) -> Diagnosis | None:
    """Recognise how a shape went wrong: transposed, broadcast to a square, summed too far or not at all."""
    if all(np.shape(t) == np.shape(g) for t, g, _ in pairs):
        return None

    def every(test: Any) -> bool:
        return all(test(np.shape(t), np.shape(g), sizes) for t, g, sizes in pairs)

    if every(lambda t, g, s: len(t) == 2 and g == t[::-1]):
        return Diagnosis(
            "transposed",
            f"`{label}` looks transposed.",
            "Which axis of each factor is summed over, and which one is left for the rows?",
        )
    if every(lambda t, g, s: len(g) == 2 and g == (s.n, s.n)):
        return Diagnosis(
            "broadcast-to-square",
            f"`{label}` has become a square of (rows, rows): a column met a row, and NumPy broadcast them against each other.",
            "Print the shapes of the two arrays that meet: is one of them (n, 1) and the other (n,)?",
        )
    if every(lambda t, g, s: g == (s.n, *t)):
        return Diagnosis(
            "kept-batch-axis",
            f"`{label}` still has one entry for each example.",
            "All examples share this parameter: what has to happen to their contributions?",
        )
    if every(lambda t, g, s: t != () and g == ()):
        return Diagnosis(
            "summed-everything",
            f"`{label}` is a single number: everything was summed.",
            "Over which axis only should the sum run?",
        )
    if every(lambda t, g, s: tuple(x for x in g if x != 1) == tuple(x for x in t if x != 1) and len(g) > len(t)):
        return Diagnosis(
            "kept-dimension",
            f"`{label}` has an axis of length 1 too many.",
            "Where did `keepdims` or a reshape leave an axis behind?",
        )
    return None


def _factor(label: str, pairs: Pairs) -> Diagnosis | None:
    """Recognise a common factor between result and truth, the same expression of the sizes in every case."""
    ratios = []
    for truth, got, sizes in pairs:
        t, g = truth.ravel(), got.ravel()
        if t.shape != g.shape or not np.isfinite(g).all() or not t.any():
            return None
        ratio = float(t @ g) / float(t @ t)
        if ratio == 0 or not close(ratio * t, g, SAME, 0.0):
            return None
        ratios.append((ratio, sizes))
    for value, id, says, hint in _factors():
        if all(abs(ratio / value(sizes) - 1) < SAME for ratio, sizes in ratios):
            return Diagnosis(id, f"`{label}` is the right answer {says}.", hint)
    return None


def _factors() -> Iterator[tuple[Any, str, str, str]]:
    sign = "If the prediction rises a little, does the loss rise or fall? Follow the sign."
    power = "Write the power or the sum out for a single entry: which factor does its derivative bring down?"
    count = "The loss is a mean over what, and how often does that 1/count enter?"
    yield lambda s: -1, "sign-flipped", "with the opposite sign", sign
    for number, id, word in ((Fraction(2), "doubled", "times 2"), (Fraction(1, 2), "halved", "divided by 2")):
        yield lambda s, x=number: float(x), id, word, power
        yield (
            lambda s, x=number: -float(x),
            f"{id}-and-sign-flipped",
            f"{word}, with the opposite sign",
            f"{sign} {power}",
        )
    counts = {
        "n": ("the number of rows", lambda s: s.n),
        "d": ("the number of inputs", lambda s: s.d),
        "h": ("the number of hidden units", lambda s: s.h),
        "k": ("the number of outputs", lambda s: s.k),
        "nk": ("the number of entries (rows × outputs)", lambda s: s.n * s.k),
        "nd": ("the number of entries (rows × columns)", lambda s: s.n * s.d),
        "nh": ("the number of entries (rows × columns)", lambda s: s.n * s.h),
        "n-squared": ("the number of rows, twice", lambda s: s.n**2),
    }
    for key, (meaning, size) in counts.items():
        for extra, more in ((1.0, ""), (-1.0, ", with the opposite sign"), (2.0, ", and by 2"), (0.5, ", and by 1/2")):
            tail = {1.0: "", -1.0: "-and-sign-flipped", 2.0: "-and-2", 0.5: "-and-half"}[extra]
            yield (lambda s, f=size, e=extra: f(s) * e), f"times-{key}{tail}", f"times {meaning}{more}", count
            yield (lambda s, f=size, e=extra: e / f(s)), f"divided-by-{key}{tail}", f"divided by {meaning}{more}", count


def _mask(label: str, pairs: Pairs) -> Diagnosis | None:
    """Recognise a result that is right wherever the truth is not 0, but not 0 elsewhere."""
    seen_zero = False
    for t, g, _ in pairs:
        if t.shape != g.shape or t.ndim == 0 or not t.any():
            return None
        active = t != 0
        if not close(t[active], g[active], SAME):
            return None
        seen_zero = seen_zero or bool(np.abs(g[~active]).max(initial=0.0) > SAME * np.abs(t).max())
    if not seen_zero:
        return None
    return Diagnosis(
        "ignores-mask",
        f"`{label}` is right where something flows, but some entries should be exactly 0.",
        "Which entries had no influence on the loss at all?",
    )
