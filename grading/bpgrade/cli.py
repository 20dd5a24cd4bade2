"""The `bpgrade` command."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, add_completion=False, help="The instructor's side of bpkit.")

REPOSITORY = Path(__file__).resolve().parents[2]


@app.callback()
def main() -> None:
    """Keep `bpgrade` a command with subcommands, however many there are."""


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
