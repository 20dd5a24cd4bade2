"""Naming the misconception behind a wrong result.

First the exercise's own mistakes: a mistake is named if a function that makes it gives, on the same inputs, what
the student's function gave. Then what any gradient can suffer: a wrong factor, a lost mask, a transpose.
Everything has to agree on several cases of different sizes; when in doubt nothing is named, because a
wrong diagnosis is worse than none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from bpkit.checking.compare import Finding, Misfit, changed, close, leaf, numeric, structure
from bpkit.checking.exercise import Case, Exercise, Mistake, Sizes, run
from bpkit.checking.explain import classify
from bpkit.checking.observe import Failure, Observation

SAME = 1e-6


@dataclass(frozen=True)
class Diagnosis:
    """A named misconception: its id, what it looks like, and the question to ask."""

    id: str
    says: str
    hint: str
    parts: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Effect:
    """What one call amounts to: an error, arguments it changed, or a result in labelled parts.

    `parts` is None where the result does not have the structure asked for, and `misfit` says why; `findings` tells
    what is wrong with single parts.
    """

    failure: tuple[str, str] | None = None
    changes: tuple[str, ...] = ()
    value: Any = None
    parts: dict[str, Any] | None = None
    misfit: Finding | None = None
    findings: dict[str, Finding] = field(default_factory=dict)


@dataclass(frozen=True)
class Trial:
    """One case with the truth and with what the student's function did."""

    exercise: Exercise
    case: Case
    truth: Observation
    seen: Observation

    @cached_property
    def wanted(self) -> dict[str, Any]:
        """The labelled parts of the truth."""
        return self.exercise.parts(self.case, self.truth)

    @cached_property
    def effect(self) -> Effect:
        """What the student's function did."""
        return effect_of(self, self.seen)

    @property
    def wrong(self) -> frozenset[str]:
        """The parts that failed."""
        return frozenset(self.effect.findings)


def effect_of(trial: Trial, seen: Observation) -> Effect:
    """Reduce an observation to what is judged, beside the truth of that trial."""
    exercise, case = trial.exercise, trial.case
    if seen.failure is not None:
        return Effect(failure=signature(seen.failure))
    changes, value, lenient = _changes(trial, seen), seen.value, case.kind == "finite"
    try:
        if exercise.view is None:
            structure(trial.truth.value, value, exercise.returns)
        parts = exercise.parts(case, seen)
    except Misfit as misfit:
        return Effect(changes=changes, value=value, misfit=misfit.finding)
    found = {
        label: leaf(truth, parts[label], label, exercise.exact_dtype, lenient) for label, truth in trial.wanted.items()
    }
    return Effect(
        changes=changes,
        value=value,
        parts=parts,
        findings={label: finding for label, finding in found.items() if finding is not None},
    )


def made(trial: Trial, wrong: Callable[..., Any]) -> Effect:
    """What a function that makes a known mistake does in this trial."""
    return effect_of(trial, run(wrong, trial.case))


def _changes(trial: Trial, seen: Observation) -> tuple[str, ...]:
    """The arguments that a call changed, apart from those that the reference changes too."""
    slack, inputs = trial.exercise.moves_inputs, trial.case.inputs
    return tuple(
        name
        for name, before in inputs.items()
        if changed(before, seen.after.get(name), slack) and not changed(before, trial.truth.after.get(name), slack)
    )


def recognise(exercise: Exercise, trials: list[Trial], steady: bool = True) -> Diagnosis | None:
    """Return the misconception that explains the failing trials, or None if none is certain.

    `steady` says whether the function gave the same result when it was called twice with the same inputs.
    """
    effects: dict[tuple[int, int, int], Effect] = {}  # what was tried already, for the second round
    telling = sorted(trials, key=lambda trial: len(trial.wrong), reverse=True)  # most mistakes are out after the first
    for alike in (_same, _equally_overflown):
        found = [
            Diagnosis(mistake.id, mistake.says, mistake.hint, parts)
            for mistake in exercise.mistakes
            if (parts := explained_by(mistake, telling, alike, effects)) is not None
        ]
        if found:
            return max(found, key=lambda diagnosis: len(diagnosis.parts))
        if all(_is_finite(trial.effect) for trial in trials):
            break  # nothing overflowed, so the second round would find the same
    if not steady:
        hint = "What does your function remember from one call to the next, or where do its random numbers come from?"
        return Diagnosis("not-repeatable", "called twice with the same inputs, it gave two different results.", hint)
    return _general(trials)


def explained_by(
    mistake: Mistake,
    trials: list[Trial],
    alike: Callable[[Any, Any], bool],
    effects: dict[tuple[int, int, int], Effect] | None = None,
) -> frozenset[str] | None:
    """The parts that `mistake` makes wrong, if in every trial the student's function did just the same to them."""
    best: frozenset[str] = frozenset()
    effects = {} if effects is None else effects
    for wrong in mistake.wrong:
        touched = []
        for trial in trials:
            key = id(mistake), id(wrong), id(trial)
            if key not in effects:
                effects[key] = made(trial, wrong)
            parts = _same_failure(trial, effects[key], alike)
            if parts is None:
                break
            touched.append(parts)
        else:
            explained = frozenset().union(*touched)
            if all(trial.wrong & explained <= parts for trial, parts in zip(trials, touched, strict=True)):
                best = max(best, explained, key=len)
    return best or None


def _same_failure(trial: Trial, mutant: Effect, alike: Callable[[Any, Any], bool]) -> frozenset[str] | None:
    """Parts that the mutant makes wrong in this trial; None if the student's function did something else."""
    seen = trial.effect
    if mutant.failure or seen.failure:
        return frozenset({"raised"}) if mutant.failure == seen.failure else None
    if mutant.changes != seen.changes:
        return None
    if mutant.parts is None or seen.parts is None:
        if mutant.parts is None and seen.parts is None and _same_shape_of(mutant.value, seen.value):
            return frozenset({"structure"})
        return None
    if not mutant.findings.keys() <= seen.findings.keys() and not seen.changes:
        return None
    for label in mutant.findings:
        if not alike(mutant.parts[label], seen.parts[label]):
            return None
        if not _nearer(mutant.parts[label], seen.parts[label], trial.wanted[label]):
            return None
    return frozenset(mutant.findings) | {f"changed {name}" for name in mutant.changes}


def _same(wrong: Any, seen: Any) -> bool:
    """Whether two wrong values are the same mistake."""
    w, s = numeric(wrong), numeric(seen)
    if w is None or s is None:
        return type(wrong) is type(seen) and w is s
    return close(w, s, SAME) and _precision_of(wrong) == _precision_of(seen)


def _nearer(wrong: Any, seen: Any, truth: Any) -> bool:
    """Whether a result is far nearer to the known mistake than to the truth; two slight errors may look alike by chance."""
    w, s, t = numeric(wrong), numeric(seen), numeric(truth)
    if w is None or s is None or t is None or not w.shape == s.shape == t.shape or w.size == 0:
        return True
    with np.errstate(invalid="ignore"):
        off, error = np.abs(s - w).max(), np.abs(s - t).max()
    return not off > 0.01 * error  # nan where something overflowed


def _precision_of(value: Any) -> tuple[str, bool]:
    dtype = np.asarray(value).dtype
    if np.ndim(value) == 0 and dtype.kind in "iu":
        return "f", False  # max(loss, 0) is a whole number now and then
    return dtype.kind, dtype.kind == "f" and dtype.itemsize < 8


def _equally_overflown(wrong: Any, seen: Any) -> bool:
    """The same where floats overflow, but whether that gave inf or nan, and in how many entries, does not matter."""
    w, s = numeric(wrong), numeric(seen)
    if w is None or s is None or w.shape != s.shape or np.isfinite(w).all() or np.isfinite(s).all():
        return _same(wrong, seen)
    both = np.isfinite(w) & np.isfinite(s)
    return close(w[both], s[both], SAME)


def _is_finite(effect: Effect) -> bool:
    return effect.parts is not None and all(
        (numbers := numeric(part)) is not None and bool(np.isfinite(numbers).all()) for part in effect.parts.values()
    )


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


def _general(trials: list[Trial]) -> Diagnosis | None:
    """What any function can suffer: first what went wrong with the call, then what its numbers look like."""
    for trial in trials:
        if trial.seen.failure:
            return _failure(trial.seen.failure)
        if trial.effect.changes:
            hint = "Call it twice with the same arrays: same answer? What makes a new array in place of changing one?"
            return Diagnosis("changes-its-input", "an argument was changed.", hint)
        if trial.effect.misfit is not None:
            return _misfit(trial.truth.value, trial.seen.value, trial.effect.misfit)
    for label in sorted(set().union(*(trial.wrong for trial in trials))):
        pairs = _pairs(label, trials)
        if pairs is None:
            continue
        same_shapes = all(pair.truth.shape == pair.got.shape for pair in pairs)
        looks = (_integer, _precision, _overflow, _factor, _mask, _small_bias) if same_shapes else (_shape_habit,)
        for look in looks:
            diagnosis = look(label, pairs)
            if diagnosis is not None:
                return diagnosis
    return None


def _failure(failure: Failure) -> Diagnosis | None:
    kind, advice = classify(failure)
    if kind is None:
        return None
    return Diagnosis(kind, f"your function raised {failure.kind}: {failure.text}", advice)


def _misfit(truth: Any, got: Any, finding: Finding) -> Diagnosis | None:
    """A name for a result whose pieces cannot be told apart."""
    if finding.outcome == "not_finite":
        return Diagnosis(
            "not-finite", finding.text, "Which operation overflows, divides by 0 or takes the log of 0 here?"
        )
    if got is None:
        hint = "Does every path through the function end in a `return`?"
        return Diagnosis("nothing-returned", "nothing is returned.", hint)
    if isinstance(truth, dict) and isinstance(got, dict):
        if all(f"d{key}" in got for key in truth):
            hint = "A grads dict has the keys of its params: what are they called?"
            return Diagnosis("keys-named-after-gradients", finding.text, hint)
        return Diagnosis("missing-keys", finding.text, "Which keys does the docstring list?")
    if isinstance(truth, tuple) and not (isinstance(got, (tuple, list)) and len(got) == len(truth)):
        hint = "How many things does the docstring say are returned, and in which order?"
        return Diagnosis("wrong-number-of-results", finding.text, hint)
    return None


class Pair(NamedTuple):
    """The truth and what was seen of one part in one case."""

    truth: np.ndarray
    got: np.ndarray
    sizes: Sizes
    dtype: np.dtype[Any]
    failed: bool


def _pairs(label: str, trials: list[Trial]) -> list[Pair] | None:
    """The numbers of one part in every case that has it; None if they are no numbers."""
    pairs = []
    for trial in trials:
        if label not in trial.wanted or trial.effect.parts is None:
            continue
        seen = trial.effect.parts[label]
        truth, got = numeric(trial.wanted[label]), numeric(seen)
        if truth is None or got is None:
            return None
        pairs.append(Pair(truth, got, trial.case.sizes, np.asarray(seen).dtype, label in trial.wrong))
    return pairs


def _shape_habit(label: str, pairs: list[Pair]) -> Diagnosis | None:
    """Recognise how a shape went wrong: transposed, broadcast to a square, summed too far or not at all."""
    bad = [pair for pair in pairs if pair.truth.shape != pair.got.shape]

    def every(test: Callable[[tuple[int, ...], tuple[int, ...], Sizes], bool]) -> bool:
        return all(test(pair.truth.shape, pair.got.shape, pair.sizes) for pair in bad)

    habits = (
        (lambda t, g, s: len(t) == 2 and g == t[::-1], "transposed", f"`{label}` looks transposed.", "Which axis of each factor is summed over, and which one is left for the rows?"),
        (lambda t, g, s: g == (s.n, s.n), "broadcast-to-square", f"`{label}` has become a square of (rows, rows): a column met a row, and NumPy broadcast them against each other.", "Print the shapes of the two arrays that meet: is one of them (n, 1) and the other (n,)?"),
        (lambda t, g, s: g == (s.n, *t), "kept-batch-axis", f"`{label}` still has one entry for each example.", "All examples share this parameter: what has to happen to their contributions?"),
        (lambda t, g, s: t != () and g == (), "summed-everything", f"`{label}` is a single number: everything was summed.", "Over which axis only should the sum run?"),
        (lambda t, g, s: [x for x in g if x != 1] == [x for x in t if x != 1] and len(g) > len(t), "kept-dimension", f"`{label}` has an axis of length 1 too many.", "Where did `keepdims` or a reshape leave an axis behind?"),
        (lambda t, g, s: t == () and g == (s.n,), "not-averaged", f"`{label}` still has one entry for each example.", "How do the examples become one number?"),
        (lambda t, g, s: len(t) == 1 and g == (s.n,), "summed-over-wrong-axis", f"`{label}` has one entry for each example: the sum ran over the other axis.", "Which axis are the examples on, and which axis should be left?"),
        (lambda t, g, s: len(t) == len(g) == 2 and g[1] == t[1], "wrong-first-factor", f"`{label}` has the right columns, but its rows belong to another array.", "Which array did this parameter multiply on the way there? Its columns become the rows here."),
        (lambda t, g, s: len(t) == len(g) == 2 and g[0] == t[0], "wrong-second-factor", f"`{label}` has the right rows, but its columns belong to another array.", "Which gradient arrives at this place? Its columns become the columns here."),
        (lambda t, g, s: len(t) == 2 and s.n in g, "not-summed-over-examples", f"`{label}` still has an axis for the examples.", "A sum of products over the examples is a matrix product: which one?"),
        (lambda t, g, s: len(g) < len(t), "summed-too-far", f"`{label}` has lost an axis.", "Over which axis only should the sum run?"),
        (lambda t, g, s: len(g) > len(t), "not-summed", f"`{label}` has an axis too many.", "Over which axis should something be summed?"),
    )  # fmt: skip
    for test, id, says, hint in habits:
        if every(test):
            return Diagnosis(id, says, hint)
    return None


def _integer(label: str, pairs: list[Pair]) -> Diagnosis | None:
    """Recognise a result that was cut to whole numbers, usually because it inherited an integer dtype."""
    bad = [pair for pair in pairs if pair.failed]
    if all(pair.dtype.kind in "iu" and np.abs(pair.got - pair.truth).max(initial=0.0) <= 1.0 for pair in bad):
        return Diagnosis(
            "integer-result",
            f"`{label}` holds whole numbers: what comes after the point is cut off.",
            "What type does the result inherit? An array made like an integer array cannot hold fractions.",
        )
    return None


def _precision(label: str, pairs: list[Pair]) -> Diagnosis | None:
    """Recognise work in single or half precision."""
    if all(pair.dtype.kind == "f" and pair.dtype.itemsize < 8 for pair in pairs):
        return Diagnosis(
            "low-precision",
            f"`{label}` was computed in {pairs[0].dtype}.",
            "How many digits does this dtype carry? Where did it come from?",
        )
    return None


def _overflow(label: str, pairs: list[Pair]) -> Diagnosis | None:
    """Name a result that is not finite, whatever made it so."""
    if any(np.isfinite(pair.truth).all() and not np.isfinite(pair.got).all() for pair in pairs):
        return Diagnosis(
            "not-finite",
            f"`{label}` is not finite.",
            "Which operation overflows, divides by 0 or takes the log of 0 here? What could you rearrange?",
        )
    return None


def _small_bias(label: str, pairs: list[Pair]) -> Diagnosis | None:
    """Recognise a result that is right to a few digits: an epsilon, a clip, float32, or a step that is too small."""
    errors = []
    for pair in pairs:
        size = np.abs(pair.truth).max(initial=0.0)
        errors.append(float(np.abs(pair.got - pair.truth).max(initial=0.0) / size) if size else 0.0)
    if 0 < max(errors) < 1e-3:
        return Diagnosis(
            "nearly-right",
            f"`{label}` is right to a few digits only: something small is added, cut off or rounded on the way.",
            "Is there an epsilon, a clip, a float32 or a tiny step that should not be there, or should be somewhere else?",
        )
    return None


def _factor(label: str, pairs: list[Pair]) -> Diagnosis | None:
    """Recognise a common factor between result and truth, the same expression of the sizes in every case."""
    ratios = []
    for pair in pairs:
        t, g = pair.truth.ravel(), pair.got.ravel()
        if not np.isfinite(g).all() or not t.any():
            return None
        ratio = float(t @ g) / float(t @ t)
        if ratio == 0 or not close(ratio * t, g, SAME, 0.0):
            return None
        ratios.append((ratio, pair))
    for value, id, says, hint in _factors():
        if all(abs(ratio / value(pair) - 1) < SAME for ratio, pair in ratios):
            return Diagnosis(id, f"`{label}` is the right answer {says}.", hint)
    return None


def _factors() -> Iterator[tuple[Callable[[Pair], float], str, str, str]]:
    """Every factor that is known, the simplest first: a function of the sizes, an id, words, and a question."""
    sign = "If the prediction rises a little, does the loss rise or fall? Follow the sign."
    power = "Write the power or the sum out for a single entry: which factor does its derivative bring down?"
    count = "The loss is a mean over what, and how often does that 1/count enter?"
    yield _constant(-1.0), "sign-flipped", "with the opposite sign", sign
    for number, id, word in ((2.0, "doubled", "times 2"), (0.5, "halved", "divided by 2")):
        yield _constant(number), id, word, power
        yield _constant(-number), f"{id}-and-sign-flipped", f"{word}, with the opposite sign", f"{sign} {power}"
    extras = (
        (1.0, "", ""),
        (-1.0, "-and-sign-flipped", ", with the opposite sign"),
        (2.0, "-and-2", ", and by 2"),
        (0.5, "-and-half", ", and by 1/2"),
    )
    for key, (meaning, size) in _COUNTS.items():
        for extra, tail, more in extras:
            yield _scaled(size, extra, 1), f"times-{key}{tail}", f"times {meaning}{more}", count
            yield _scaled(size, extra, -1), f"divided-by-{key}{tail}", f"divided by {meaning}{more}", count


_COUNTS: dict[str, tuple[str, Callable[[Pair], float]]] = {
    "n": ("the number of rows", lambda p: p.sizes.n),
    "size": ("the number of its entries", lambda p: p.truth.size),
    "d": ("the number of inputs", lambda p: p.sizes.d),
    "h": ("the number of hidden units", lambda p: p.sizes.h),
    "k": ("the number of outputs", lambda p: p.sizes.k),
    "nk": ("rows times outputs", lambda p: p.sizes.n * p.sizes.k),
    "nd": ("rows times inputs", lambda p: p.sizes.n * p.sizes.d),
    "nh": ("rows times hidden units", lambda p: p.sizes.n * p.sizes.h),
    "n-squared": ("the number of rows, twice", lambda p: p.sizes.n**2),
    "n-by-k": ("the rows by the outputs", lambda p: p.sizes.n / p.sizes.k),
}


def _constant(number: float) -> Callable[[Pair], float]:
    return lambda pair: number


def _scaled(size: Callable[[Pair], float], extra: float, power: int) -> Callable[[Pair], float]:
    return lambda pair: extra * size(pair) ** power


def _mask(label: str, pairs: list[Pair]) -> Diagnosis | None:
    """Recognise a result that is right wherever the truth is not 0, but not 0 elsewhere."""
    seen = False
    for pair in pairs:
        t, g = pair.truth, pair.got
        if t.ndim == 0 or not t.any():
            return None
        active = t != 0
        if not close(t[active], g[active], SAME):
            return None
        seen = seen or bool(np.abs(g[~active]).max(initial=0.0) > SAME * np.abs(t).max())
    if not seen:
        return None
    return Diagnosis(
        "ignores-mask",
        f"`{label}` is right where something flows, but some entries should be exactly 0.",
        "Which entries had no influence on the loss at all?",
    )
