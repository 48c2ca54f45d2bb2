"""What commands share that make one file of each of many."""

from collections.abc import Callable
from typing import Any

from ddsp_tf.cli.exit_codes import describe, report_failures
from ddsp_tf.cli.output_names import NamedOutput, Plan
from ddsp_tf.cli.terminal import Advance, Terminal, duration

Work = Callable[[NamedOutput, Advance], dict[str, Any]]
"""Makes one output, and gives what of it belongs into the result."""


def say_left_out(terminal: Terminal, plan: Plan) -> None:
    """Says what of the inputs isn't taken."""
    for sentence in plan.skipped:
        terminal.note(sentence)
    if plan.earlier:
        terminal.note(plan.describe_earlier())


def for_each_file(terminal: Terminal, plan: Plan, prepare: Callable[[], Work]) -> None:
    """Makes every output; one that fails does not stop the others, and is told at the end.

    Args:
        terminal: Where it is said.
        plan: Inputs and outputs.
        prepare: Gives what makes an output; it is called if there is any to make.

    Raises:
        SystemExit: A file failed.
    """
    failures = dict(plan.failures)
    say_left_out(terminal, plan)
    results: list[dict[str, Any]] = []
    if plan.outputs:
        work = prepare()
        for index, named in enumerate(plan.outputs):
            counter = f"[{index + 1}/{len(plan.outputs)}] " if len(plan.outputs) > 1 else ""
            try:
                with terminal.progress(f"{counter}{named.source.name}") as advance:
                    results.append(work(named, advance))
            except Exception as error:
                if terminal.debug:
                    raise
                failures[str(named.source)] = describe(error)
    terminal.result({"files": results, "failed": failures})
    report_failures(failures, n_done=len(results))


def say_made(
    terminal: Terminal, named: NamedOutput, report: Any, *, took_s: float
) -> dict[str, Any]:
    """Says what was made of a file and how fast, and gives both for the result.

    Args:
        terminal: Where it is said.
        named: The file.
        report: With `seconds` of sound and `lines()`, and perhaps `warnings`.
        took_s: How long it took.
    """
    speed = report.seconds / max(took_s, 1e-3)
    terminal.say(
        f"{named.source} -> {named.target}  ({duration(report.seconds)} in {duration(took_s)}, "
        f"{speed:.1f} x real time)"
    )
    for line in report.lines():
        terminal.say(f"  {line}")
    for warning in getattr(report, "warnings", ()):
        terminal.note(f"  warning: {warning}")
    return {
        "input": str(named.source),
        "output": str(named.target),
        "took_s": took_s,
        "times_real_time": speed,
    }
