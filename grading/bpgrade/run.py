"""Running a restored hand-in behind the wall, cell by cell, and judging its checks as they come up."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from typing import Any

from bpgrade import customs
from bpgrade.judge import Judge
from bpgrade.records import CRASHED, NO_RECORD, TIME_LIMIT, Outcome
from bpgrade.wall.host import Died, Kernel, Late, Zygote
from bpkit.checking import Verdict
from bpkit.checking.show import CheckFailed, Marks, as_html, as_text

CALL = re.compile(r"(?:#.*\n|\s)*check\((\w+)\)\s*")
MOST_DEATHS = 12


@dataclass(frozen=True)
class Limits:
    """How long things may take, in seconds of wall time."""

    cell: float = 30.0
    whole: float = 240.0


def exercise_of(cell: dict[str, Any]) -> str | None:
    """The exercise that an official test cell checks, or None if the cell is no such test."""
    marks = cell["metadata"].get("nbgrader") or {}
    if cell["cell_type"] != "code" or not marks.get("grade") or marks.get("solution"):
        return None
    match = CALL.fullmatch(cell["source"])
    if match is None:
        raise ValueError(f"the test cell {marks.get('grade_id')!r} is not one call of check(name)")
    return match[1]


@dataclass
class Runner:
    """One hand-in at work.

    Args:
        zygote: where its kernels come from.
        judge: who decides.
        seed: of the hidden inputs.
        limits: how long things may take.
        room: how much of its outputs may still be kept, and what was odd about them.
    """

    zygote: Zygote
    judge: Judge
    seed: int
    limits: Limits
    room: customs.Room = field(default_factory=customs.Room)
    kernel: Kernel | None = None
    ran: list[dict[str, Any]] = field(default_factory=list)
    deaths: int = 0

    def run(self, notebook: dict[str, Any]) -> tuple[Outcome, ...]:
        """Run all cells, write outputs into the notebook's cells, and return the outcomes in the notebook's order.

        Raises:
            WallError: no kernel can be had. That is not the student's doing, so it costs no point.
        """
        self.ends = time.monotonic() + self.limits.whole
        checks = []
        try:
            code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
            for cell in code:
                cell |= {"execution_count": None, "outputs": []}
            for count, cell in enumerate((cell for cell in code if cell["source"].strip()), start=1):
                cell["execution_count"] = count
                exercise = exercise_of(cell)
                if exercise is None:
                    cell["outputs"] = _numbered(self._cell(cell["source"], count), count)
                else:
                    checks.append((cell, self._check(exercise)))
            return tuple(self._settled(cell, verdict) for cell, verdict in checks)
        finally:
            self._drop()

    def _drop(self) -> None:
        if self.kernel is not None:
            self.kernel.kill()
            self.kernel = None

    def _settled(self, cell: dict[str, Any], verdict: Verdict) -> Outcome:
        """The outcome of a check; one that missed a name is tried again now that all cells have run."""
        if verdict.mistake == "undefined-name":
            again = self._check(verdict.exercise)
            verdict = max(verdict, again, key=lambda each: each.score)
        marks = cell["metadata"]["nbgrader"]
        points = float(marks["points"])
        earned = round(verdict.score * points, 2)
        cell["outputs"] = _numbered(test_outputs(verdict, earned, points), cell["execution_count"])
        return Outcome(
            verdict.exercise, marks["grade_id"], earned, points, verdict.outcome, verdict.mistake, verdict.message
        )

    def _cell(self, source: str, count: int) -> list[dict[str, Any]]:
        order = {"op": "cell", "source": source, "count": count}
        seconds = min(self.limits.cell, self.ends - time.monotonic())
        try:
            reply, data = self._kernel().request(order, b"", seconds)
        except Late as late:
            self._lost(late.alive)
            left = customs.outputs(late.reply, late.data, self.room)
            return [*left, _error("TimeLimit", f"stopped after {self._spent(seconds)} seconds")]
        except Died as died:
            self._lost(alive=False)
            return [self._ended(died.why)]
        self.ran.append(order)
        return customs.outputs(reply, data, self.room)

    def _ended(self, why: str) -> dict[str, Any]:
        """What stands below a cell after which no kernel was left."""
        if not why:
            return _error("KernelDied", "this cell ended the whole process")
        self.room.note(f"The process of the notebook was ended for what it sent: {why}.")
        return _error(
            "KernelDied", f"what this cell sent back could not be read, and the whole process was ended: {why}"
        )

    def _spent(self, seconds: float) -> str:
        return f"{max(seconds, 0.0):.0f}"

    def _lost(self, alive: bool) -> None:
        if not alive:
            self._drop()
            self.deaths += 1

    def _kernel(self) -> Kernel:
        """The kernel at hand, or a new one in which the cells that have run so far are run again."""
        if self.kernel is not None and not self.kernel.ended:
            return self.kernel
        if self.deaths > MOST_DEATHS or time.monotonic() >= self.ends:
            raise Late(alive=False)
        self.kernel = self.zygote.kernel()
        again, self.ran = self.ran, []
        for order in again:
            seconds = min(self.limits.cell, self.ends - time.monotonic())
            self.kernel.request(order, b"", seconds)
            self.ran.append(order)
        return self.kernel

    def _check(self, exercise: str) -> Verdict:
        seconds = min(self.limits.cell, self.ends - time.monotonic())
        cases, raw = self.judge.inputs(exercise, self.seed)
        try:
            reply, data = self._kernel().request({"op": "call", "name": exercise, "cases": cases}, raw, seconds)
        except Late as late:
            self._lost(late.alive)
            says = f"Checking `{exercise}` was stopped after {self._spent(seconds)} seconds."
            return Verdict(exercise, TIME_LIMIT, None, 0.0, says, "Which loop never ends, or runs far too often?")
        except Died:
            self._lost(alive=False)
            says = f"The whole process ended while `{exercise}` was being called."
            question = "Does it leave Python, call itself without end, or use up the memory?"
            return Verdict(exercise, CRASHED, None, 0.0, says, question)
        return self._verdict(exercise, reply, data)

    def _verdict(self, exercise: str, reply: dict[str, Any], data: bytes) -> Verdict:
        if reply.get("status") == "missing":
            says = f"No function called `{exercise}` was found when its check ran."
            question = "Is it spelt like this, and does its cell run without an error from a fresh start?"
            return Verdict(exercise, "raised", "undefined-name", 0.0, says, question)
        if reply.get("status") == "interrupted":
            says = f"`{exercise}` raised KeyboardInterrupt, as if somebody had pressed Ctrl-C."
            return Verdict(exercise, "raised", None, 0.0, says, "What should it do in place of that?")
        verdict = None
        if reply.get("status") == "ok":
            verdict = self.judge.verdict(exercise, self.seed, reply.get("seen"), data)
        if verdict is None:
            says = "Nothing that can be judged came back from the notebook."
            question = "Does a cell change Python itself, or how checks work? Run the notebook from a fresh start."
            return Verdict(exercise, NO_RECORD, None, 0.0, says, question)
        return verdict


def test_outputs(verdict: Verdict, earned: float, points: float) -> list[dict[str, Any]]:
    """What `check` leaves in a test cell, for nbgrader to read the score from: the verdict, marks, an error."""
    shown = {"text/plain": as_text(verdict), "text/html": as_html(verdict)}
    found: list[dict[str, Any]] = [{"output_type": "display_data", "data": shown, "metadata": {}}]
    if verdict.outcome == "right":
        return found
    if earned > 0:
        marks = Marks(earned, points)
        data = {"text/plain": repr(marks), "text/html": marks._repr_html_()}
        found.append({"output_type": "execute_result", "data": data, "metadata": {}, "execution_count": None})
    failed = CheckFailed(verdict)
    return [*found, _error("CheckFailed", str(failed), failed._render_traceback_())]


def _numbered(outputs: list[dict[str, Any]], count: int) -> list[dict[str, Any]]:
    """Outputs of which a result carries the number of its cell, as Jupyter stores it."""
    for output in outputs:
        if output["output_type"] == "execute_result":
            output["execution_count"] = count
    return outputs


def _error(name: str, text: str, traceback: list[str] | None = None) -> dict[str, Any]:
    return {"output_type": "error", "ename": name, "evalue": text, "traceback": traceback or [f"{name}: {text}"]}
