"""Measures ddsp_tf against its targets and beside its predecessor.

Rows that are finished are kept in OUTPUT/results.json and not measured again, so an interrupted run
goes on where it was. A missed target is no failure.

Example:
    python scripts/benchmarks/run.py -o results/ --peer peer/bin/python
    python scripts/benchmarks/run.py -o results/ --only 'step-*' --only harmonic
"""

import datetime
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from catalogue import ROWS, choose_rows
from command_runs import CommandError
from machine import OtherWork, describe_machine, source_digest
from report import describe_line, markdown, replace_block
from results_file import ResultsFile, RowResult
from row import LeftOutError, Row
from session import Session
from worker_process import WorkerError

from ddsp_tf.errors import DdspError
from ddsp_tf.files import write_text

INTERRUPTED = 130


@click.command()
@click.option(
    "--output", "-o", type=click.Path(path_type=Path), help="Folder for the results; required."
)
@click.option("--peer", type=click.Path(path_type=Path), help="Python of an environment with ddsp.")
@click.option("--only", multiple=True, metavar="NAME", help="Rows, or a pattern such as 'step-*'.")
@click.option("--runs", type=click.IntRange(1), help="Measurements of each thing.")
@click.option("--quick", is_flag=True, help="Small sizes, once each: tries the benchmarks.")
@click.option("--again", is_flag=True, help="Measure rows that are finished once more.")
@click.option("--melody", type=click.Path(path_type=Path, exists=True), help="To track and play.")
@click.option(
    "--recordings",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="To prepare.",
)
@click.option("--docs", type=click.Path(path_type=Path, exists=True), help="A page to write into.")
@click.option("--tables", is_flag=True, help="Write the tables again, and measure nothing.")
@click.option("--list", "list_rows", is_flag=True, help="Say which rows there are.")
def command(
    output: Path | None,
    peer: Path | None,
    only: tuple[str, ...],
    runs: int | None,
    quick: bool,
    again: bool,
    melody: Path | None,
    recordings: Path | None,
    docs: Path | None,
    tables: bool,
    list_rows: bool,
) -> None:
    """Measure speed and memory, and write a table as Markdown and JSON into the output folder."""
    if list_rows:
        for row in ROWS:
            click.echo(f"{row.name:14} {row.about}")
        return
    if output is None:
        raise click.UsageError("Say where to write: -o results/")
    try:
        rows = choose_rows(only)
        results = ResultsFile(output / "results.json")
        if docs is not None:
            replace_block(docs.read_text(encoding="utf-8"), "")
    except (ValueError, DdspError) as error:
        raise click.UsageError(str(error)) from error
    if tables:
        _write(results, output, docs)
        return
    folder = output / "working"
    folder.mkdir(parents=True, exist_ok=True)
    session = Session(
        folder=folder, peer=peer, runs=runs, quick=quick, melody=melody, recordings=recordings
    )
    try:
        conditions = _conditions(session)
        failed = measure_rows(rows, session, results, conditions, again=again)
    except WorkerError as error:
        raise click.ClickException(str(error)) from error
    except KeyboardInterrupt:
        click.echo("\nInterrupted. The same command goes on after the finished rows.", err=True)
        sys.exit(INTERRUPTED)
    finally:
        _write(results, output, docs)
    if failed:
        raise click.ClickException(f"{len(failed)} rows failed: {', '.join(failed)}.")


def measure_rows(
    rows: Sequence[Row],
    session: Session,
    results: ResultsFile,
    conditions: Callable[[Row], Mapping[str, Any]],
    *,
    again: bool = False,
) -> list[str]:
    """Measures rows that are not finished, and keeps each as soon as it is.

    Args:
        rows: In their order.
        session: What they are measured with.
        results: Where they are kept.
        conditions: What has to be the same for a row to count as finished.
        again: Whether finished ones are measured too.

    Returns:
        The names of those that failed.
    """
    failed = []
    for index, row in enumerate(rows):
        head = f"[{index + 1}/{len(rows)}] {row.name}"
        wanted = conditions(row)
        if not again and results.is_finished(row.name, wanted):
            click.echo(f"{head}: kept from before", err=True)
            continue
        if row.cpu_only and session.gpu:
            click.echo(f"{head}: left out on a GPU, because {row.cpu_only}", err=True)
            continue
        session.report = lambda text, head=head: click.echo(f"{head}: {text}", err=True)  # type: ignore[misc]
        start, others = time.monotonic(), OtherWork()
        try:
            lines = row.measure(session)
        except LeftOutError as error:
            click.echo(f"{head}: left out, because {error}", err=True)
            continue
        except (WorkerError, CommandError) as error:
            click.echo(f"{head}: failed. {error}", err=True)
            failed.append(row.name)
            continue
        took_s = time.monotonic() - start
        facts = {
            "measured": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            "took_s": round(took_s, 1),
            "others_share": others.share(),
        }
        results.keep(row.name, RowResult(tuple(lines), wanted, facts))
        click.echo(f"{head}: done in {took_s:.0f} s", err=True)
        for line in lines:
            click.echo(f"  {describe_line(line)}", err=True)
    return failed


def _conditions(session: Session) -> Callable[[Row], Mapping[str, Any]]:
    """Asks the workers what they are, and leaves out a peer on another kind of device."""
    click.echo("Looking at the machine", err=True)
    with session.ours() as worker:
        ours = worker.describe()
    session.gpu = bool(ours["gpus"])
    peer: Mapping[str, Any] = {}
    if session.peer is not None:
        with session.theirs() as worker:
            theirs = worker.describe()
        if bool(theirs["gpus"]) == session.gpu:
            peer = theirs["versions"]
        else:
            click.echo("The peer does not use the same device, so it is left out.", err=True)
            session.peer = None
    material = [str(path) for path in (session.melody, session.recordings) if path is not None]
    common = {
        "machine": {
            **describe_machine(),
            "gpus": ours["gpus"],
            "tensor_float_32": ours["tensor_float_32"],
        },
        "versions": ours["versions"],
        "source": source_digest(),
        "quick": session.quick,
        "runs": session.runs,
        "material": material,
    }
    return lambda row: {**common, "peer": dict(peer) if row.with_peer else None}


def _write(results: ResultsFile, output: Path, docs: Path | None) -> None:
    rows = results.in_order([row.name for row in ROWS])
    if not rows:
        return
    text = markdown(rows)
    write_text(output / "results.md", text, overwrite=True)
    click.echo(f"Wrote {output / 'results.json'} and {output / 'results.md'}", err=True)
    if docs is not None:
        write_text(docs, replace_block(docs.read_text(encoding="utf-8"), text), overwrite=True)
        click.echo(f"Wrote the results into {docs}", err=True)


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command."""
    # Whoever ends it otherwise than with Ctrl-C gets the tables too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    command(arguments)


if __name__ == "__main__":
    main()
