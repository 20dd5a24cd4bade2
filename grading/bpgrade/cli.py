"""The `bpgrade` command."""

from __future__ import annotations

import json
import os
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from bpgrade.grade import Progress, Summary
    from bpgrade.records import Record

app = typer.Typer(no_args_is_help=True, add_completion=False, help="The instructor's side of bpkit.")

REPOSITORY = Path(os.environ.get("BPKIT_COURSE") or Path(__file__).resolve().parents[2])
GRADING = REPOSITORY / "grading"
NO_ISOLATION = (
    "WITHOUT ISOLATION: students' code runs under your account, with your files and your network in reach. "
    "A hand-in can read them, change them, and change its own score."
)

Out = Annotated[Path, typer.Option("--out", help="Folder of gradebook.db, autograded/ and feedback/.")]
Lesson = Annotated[str | None, typer.Option("--assignment", help="Id of one lesson.")]


class Format(StrEnum):
    """Who reads an export."""

    canvas = "canvas"
    moodle = "moodle"
    csv = "csv"


def _stop(error: Exception, code: int = 1) -> NoReturn:
    typer.echo(f"bpgrade: {error}", err=True)
    raise typer.Exit(code)


@app.command()
def lessons(
    only: Annotated[list[str] | None, typer.Argument(help="Ids of lessons; all if none is given.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Change nothing; fail if lessons/ is not fresh.")] = False,
) -> None:
    """Run the solutions, store their outputs, and generate lessons/ from them."""
    from bpgrade import lessons as work

    if check:
        old = work.stale(REPOSITORY)
        if old:
            typer.echo(f"Not fresh: {', '.join(old)}. Run `make lessons` and commit what it changes.")
            raise typer.Exit(1)
        return
    ids = only or work.lesson_ids(REPOSITORY)
    for lesson in ids:
        for notebook in sorted((REPOSITORY / "solutions" / lesson).glob("*.ipynb")):
            typer.echo(f"running {notebook.relative_to(REPOSITORY)}")
            work.execute(notebook)
        typer.echo(f"generated {work.release(REPOSITORY, lesson).relative_to(REPOSITORY)}")


@app.command()
def grade(
    source: Annotated[Path, typer.Argument(help="submitted/ tree, a folder of notebooks, or a zip from an LMS.")],
    out: Out = GRADING,
    assignment: Annotated[str | None, typer.Option(help="The lesson of files that do not tell.")] = None,
    workers: Annotated[int, typer.Option(min=0, help="Hand-ins at a time; 0 for one more than cores.")] = 0,
    force: Annotated[bool, typer.Option("--force", help="Grade again what has not changed, on new inputs.")] = False,
    roster: Annotated[Path | None, typer.Option(help="CSV of everybody in the class, with a column id.")] = None,
    rows: Annotated[Path | None, typer.Option("--json", help="Write one row for each exercise here.")] = None,
    dask: Annotated[str, typer.Option(help="Address of a running Dask scheduler.")] = "",
    no_isolation: Annotated[bool, typer.Option("--no-isolation", help="Grade even where it is not safe.")] = False,
    cell_seconds: Annotated[float, typer.Option(min=0.1, help="Time limit of one cell.")] = 30.0,
    seconds: Annotated[float, typer.Option(min=1.0, help="Time limit of one hand-in.")] = 240.0,
) -> None:
    """Grade a class behind a wall. Only what is new or has changed is graded; Ctrl-C loses nothing."""
    from bpgrade import grade as work
    from bpgrade.book import BookError
    from bpgrade.run import Limits
    from bpgrade.wall.host import WallError
    from bpgrade.work import Refusal

    limits = Limits(cell_seconds, seconds)
    options = work.Options(workers, force, assignment, not no_isolation, limits, dask, roster)
    try:
        with _progress() as progress:
            summary = work.grade_class(source, out, REPOSITORY, options, progress)
    except (BookError, Refusal, ValueError, WallError) as error:
        _stop(error)
    except KeyboardInterrupt:
        typer.echo("\nStopped. What was graded is recorded; the same command goes on from here.", err=True)
        raise typer.Exit(130) from None
    _print_summary(summary)
    if rows is not None:
        _write_rows(out, rows)
    for fault in summary.faults:
        typer.echo(f"bpgrade: the grader itself failed on {fault}", err=True)
    if summary.faults:
        raise typer.Exit(1)


class _progress:
    """A bar with the time left; one line for each hand-in where there is no terminal to draw on."""

    def __enter__(self) -> Progress:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (
            TextColumn("grading"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.description}"),
        )
        self.bar = Progress(*columns, console=Console(stderr=True), transient=True)
        self.task = self.bar.add_task("", total=None)
        self.bar.start()
        return self.step

    def step(self, done: int, of: int, last: Record | None) -> None:
        from rich.markup import escape

        name = escape(f"{last.student} {last.assignment}"[:60]) if last else ""
        self.bar.update(self.task, completed=done, total=of, description=name)

    def __exit__(self, *_: object) -> None:
        self.bar.stop()


def _print_summary(summary: Summary) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    broken, odd = summary.broken, summary.suspicious
    console = Console()
    if summary.level not in ("", "isolated"):
        console.print(Text(NO_ISOLATION, style="bold"))
    table = Table(title=None)
    for name in ("graded", "unchanged", "broken", "suspicious"):
        table.add_column(name, justify="right")
    table.add_row(*map(str, (summary.done - len(broken), summary.unchanged, len(broken), len(odd))))
    console.print(table)
    for title, records in (("broken", broken), ("suspicious: look at these", odd)):
        if records:
            table = Table("student", "assignment", "why", title=title, title_justify="left")
            for record in records:
                why = record.reason or "\n".join(f"{flag.exercise}: {flag.text}".lstrip(": ") for flag in record.flags)
                table.add_row(*map(_plain, (record.student, record.assignment, why)))
            console.print(table)
    for name, reason in summary.ignored:
        console.print(Text(f"not a hand-in: {_plain(name)}: {_plain(reason)}"))


def _plain(value: str) -> str:
    """Text of a student's without what moves a terminal's cursor or colours, and without rich's markup."""
    from rich.markup import escape

    return escape("".join(c if c.isprintable() or c == "\n" else " " for c in value)[:500])


def _write_rows(out: Path, path: Path) -> None:
    from bpgrade.records import load

    everything = [row for record in load(out).records for row in record.rows()]
    path.write_text(json.dumps(everything, indent=1, ensure_ascii=True) + "\n", encoding="utf-8")


@app.command()
def feedback(out: Out = GRADING) -> None:
    """Write the feedback pages again, with the scores and comments given by hand in formgrader."""
    from bpgrade import feedback as pages
    from bpgrade.records import load

    try:
        known = load(out)
    except FileNotFoundError as error:
        _stop(error)
    for record in known.records:
        pages.write(record, out / "feedback", known.names.get(record.student, ""))
    typer.echo(f"{len(known.records)} pages in {out / 'feedback'}")


@app.command()
def report(
    out: Out = GRADING,
    assignment: Lesson = None,
    to: Annotated[Path | None, typer.Option("--to", help="Where to write it; OUT/report.html if not given.")] = None,
) -> None:
    """Write one page about the class: scores, misconceptions, broken and suspicious hand-ins."""
    from bpgrade import report as pages
    from bpgrade.records import load

    path = to or out / "report.html"
    try:
        path.write_text(pages.page(load(out), assignment), encoding="utf-8")
    except (FileNotFoundError, ValueError) as error:
        _stop(error)
    typer.echo(path)


@app.command()
def export(
    format: Annotated[Format, typer.Option("--format", help="Who reads it.")],
    out: Out = GRADING,
    assignment: Lesson = None,
    to: Annotated[
        Path | None, typer.Option("--to", help="Where to write it; OUT/grades-FORMAT.csv if not given.")
    ] = None,
    roster: Annotated[Path | None, typer.Option(help="The LMS's own exported CSV, to fill in.")] = None,
    feedback_zip: Annotated[Path | None, typer.Option("--feedback", help="Also zip the feedback pages here.")] = None,
) -> None:
    """Write grades for an LMS, and a zip of the feedback in the names that it expects."""
    from bpgrade import export as work
    from bpgrade.records import load

    try:
        known = load(out)
        done = [work.write(known, format.value, to or out / f"grades-{format.value}.csv", assignment, roster)]
        if feedback_zip is not None:
            done.append(work.feedback_zip(known, out / "feedback", feedback_zip, assignment))
    except (FileNotFoundError, ValueError) as error:
        _stop(error)
    for each in done:
        typer.echo(f"{each.path}: {each.graded}")
        for name in each.unmatched:
            typer.echo(f"  without a match: {name}")
        for note in each.notes:
            typer.echo(f"  {note}")


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def formgrader(context: typer.Context, out: Out = GRADING) -> None:
    """Open nbgrader's formgrader: look at hand-ins, give points and comments by hand. More options go to Jupyter."""
    from bpgrade import formgrader as work

    try:
        raise typer.Exit(work.run(REPOSITORY, out, context.args))
    except work.FormgraderError as error:
        _stop(error)


@app.command("open", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def open_notebook(
    context: typer.Context,
    student: Annotated[str, typer.Argument(help="Id of a student.")],
    lesson: Annotated[str, typer.Argument(help="Id of a lesson.")],
    out: Out = GRADING,
) -> None:
    """Run a student's notebook yourself: in JupyterLab, behind the wall, on a server that holds nothing else."""
    from bpgrade import opened
    from bpgrade.work import Refusal

    try:
        raise typer.Exit(opened.run(out, student, lesson, context.args))
    except (opened.OpenError, Refusal) as error:
        _stop(error)


@app.command()
def kernel(
    user: Annotated[
        bool, typer.Option("--user", help="For all of this user's environments, not just this one.")
    ] = False,
) -> None:
    """Give Jupyter a kernel behind the wall, in which to open a hand-in: "bpkit, behind the wall"."""
    from bpgrade import provisioner

    try:
        typer.echo(provisioner.install(user))
    except OSError as error:
        _stop(error)


@app.command()
def sample(
    into: Annotated[Path, typer.Argument(help="A new or empty folder.")] = GRADING / "sample" / "submitted",
    lesson: Annotated[str | None, typer.Option("--lesson", help="Id of one lesson.")] = None,
) -> None:
    """Write the hand-ins of a sample class of 24: right, partly right, broken, hostile."""
    from bpgrade.sample import write_class

    ids = write_class(REPOSITORY, into, lesson)
    typer.echo(f"{len(ids)} students, hand-ins in {into}")


if __name__ == "__main__":
    app()
