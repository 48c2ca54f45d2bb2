"""`ddsp-tf transfer`: plays melodies with an instrument."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ddsp_tf.allocator import keep_freed_memory
from ddsp_tf.cli.exit_codes import describe, report_failures
from ddsp_tf.cli.options import (
    gate_option,
    limiter_option,
    loudness_option,
    no_reverb_option,
    overwrite_option,
    reporting,
    semitones_option,
)
from ddsp_tf.cli.output_names import NamedOutput, plan_outputs
from ddsp_tf.cli.terminal import Advance, Terminal, duration

if TYPE_CHECKING:
    from ddsp_tf.inference import TimbreTransfer, TransferReport


class _Octave(click.ParamType):  # type: ignore[type-arg]
    name = "octave"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> int | str:
        """Reads `auto` or a whole number."""
        if value == "auto" or isinstance(value, int):
            return value
        try:
            return int(value)
        except ValueError:
            self.fail(f"{value!r} is neither `auto` nor a whole number.", param, ctx)


@click.command(name="transfer", short_help="Play melodies with an instrument.")
@click.argument("instrument")
@click.argument("inputs", nargs=-1, required=True, metavar="AUDIO...")
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="A folder, or a .wav or .flac file when there is one input. Default: beside the input.",
)
@click.option(
    "--octave",
    type=_Octave(),
    default="auto",
    show_default=True,
    metavar="N",
    help="Shift by whole octaves; auto: where the instrument plays best.",
)
@semitones_option
@loudness_option
@click.option(
    "--match-loudness/--no-match-loudness",
    "--match-stats/--no-match-stats",
    default=True,
    help="Map the dynamics to those the instrument was trained on (default: yes).",
)
@click.option(
    "--autotune",
    type=click.FloatRange(0.0, 1.0),
    default=0.0,
    metavar="0..1",
    help="Pull notes to the nearest semitone.",
)
@click.option(
    "--scale",
    type=click.Choice(["chromatic", "major"]),
    default="chromatic",
    help="What --autotune pulls to.",
)
@click.option(
    "--note-threshold",
    type=click.FloatRange(0.0, 2.0),
    default=1.0,
    metavar="0..2",
    help="How clear and loud a note must be; 0 keeps everything.",
)
@gate_option
@no_reverb_option
@limiter_option
@click.option("--sample-rate", type=int, metavar="HZ", help="Of the output (default: the model's).")
@click.option(
    "--format",
    "file_format",
    type=click.Choice(["wav", "flac"]),
    help="Of the outputs in a folder (default: wav).",
)
@click.option("--plot", is_flag=True, help="Draw input and output, as a PNG beside each output.")
@overwrite_option
@reporting
def command(
    terminal: Terminal,
    instrument: str,
    inputs: tuple[str, ...],
    output: Path | None,
    no_reverb: bool,
    limiter: bool,
    sample_rate: int | None,
    file_format: str | None,
    plot: bool,
    overwrite: bool,
    **edits: Any,
) -> None:
    """Play AUDIO with INSTRUMENT: one by name (`ddsp-tf instruments`), a run, or a model folder.

    AUDIO is files, folders (their tree is kept below the output folder) or patterns, of any
    length, rate and number of channels, with one melody at a time. A file that fails does not
    stop the others. `melody` is a short one that ships with the package.

    \b
    Examples:
      ddsp-tf transfer violin melody -o out/
      ddsp-tf transfer violin melody.wav -o out/
      ddsp-tf transfer violin melody.wav -o violin.flac --octave 1 --autotune 0.5
      ddsp-tf transfer runs/mine takes/ 'more/*.flac' -o out/ --format flac --plot
      ddsp-tf transfer violin voice.wav -o out/ --no-reverb --note-threshold 0.7
    """
    keep_freed_memory()
    from ddsp_tf.inference import TimbreTransfer
    from ddsp_tf.models import Instrument

    plan = plan_outputs(inputs, output, suffix=f".{file_format}" if file_format else None)
    failures = dict(plan.failures)
    for sentence in plan.skipped:
        terminal.note(sentence)
    if plan.earlier:
        terminal.note(plan.describe_earlier())
    results: list[dict[str, Any]] = []
    if plan.outputs:
        play = TimbreTransfer(
            Instrument.load(instrument),
            reverb=not no_reverb,
            limiter=limiter,
            **edits,
        )
        for index, named in enumerate(plan.outputs):
            counter = f"[{index + 1}/{len(plan.outputs)}] " if len(plan.outputs) > 1 else ""
            try:
                with terminal.progress(f"{counter}{named.source.name}") as advance:
                    results.append(
                        _transfer(
                            play,
                            named,
                            advance,
                            sample_rate=sample_rate,
                            plot=plot,
                            overwrite=overwrite,
                            terminal=terminal,
                        )
                    )
            except Exception as error:
                if terminal.debug:
                    raise
                failures[str(named.source)] = describe(error)
    terminal.result({"files": results, "failed": failures})
    report_failures(failures, n_done=len(results))


def _transfer(
    play: "TimbreTransfer",
    named: NamedOutput,
    advance: Advance,
    *,
    sample_rate: int | None,
    plot: bool,
    overwrite: bool,
    terminal: Terminal,
) -> dict[str, Any]:
    from ddsp_tf.files import check_writable
    from ddsp_tf.plotting import save_figure

    picture = named.target.with_suffix(".png") if plot else None
    if picture is not None:
        check_writable(picture, overwrite=overwrite)
    start = time.monotonic()
    result = play.transfer_file(
        named.source, named.target, sample_rate=sample_rate, overwrite=overwrite, progress=advance
    )
    elapsed = time.monotonic() - start
    if picture is not None:
        save_figure(result.figure(title=named.source.name), picture, overwrite=overwrite)
    report = result.report
    speed = report.seconds / max(elapsed, 1e-3)
    _describe(terminal, named, report, f"{duration(elapsed)}, {speed:.1f} x real time")
    return {
        "input": str(named.source),
        "output": str(named.target),
        "took_s": elapsed,
        "times_real_time": speed,
        **report.to_dict(),
    }


def _describe(terminal: Terminal, named: NamedOutput, report: "TransferReport", speed: str) -> None:
    terminal.say(f"{named.source} -> {named.target}  ({duration(report.seconds)} in {speed})")
    for line in report.lines():
        terminal.say(f"  {line}")
    for warning in report.warnings:
        terminal.note(f"  warning: {warning}")
