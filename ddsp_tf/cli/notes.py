"""`ddsp-tf notes`: writes down what a recording plays."""

import time
from pathlib import Path
from typing import Any

import click

from ddsp_tf.allocator import keep_freed_memory
from ddsp_tf.cli.each_file import Work, for_each_file, say_made
from ddsp_tf.cli.options import overwrite_option, reporting
from ddsp_tf.cli.output_names import NamedOutput, plan_outputs
from ddsp_tf.cli.terminal import Advance, Terminal


@click.command(name="notes", short_help="Write a melody's notes as MIDI.")
@click.argument("inputs", nargs=-1, required=True, metavar="RECORDING...")
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="A folder, or a .mid file when there is one input. Default: beside the recording.",
)
@overwrite_option
@reporting
def command(
    terminal: Terminal, inputs: tuple[str, ...], output: Path | None, overwrite: bool
) -> None:
    """Find the notes of each RECORDING, one at a time, and write them as a MIDI file.

    Recordings are files, folders (their tree is kept below the output folder) or patterns, of any
    instrument that plays a melody. The MIDI file lies in time with the recording; beside it, under
    its name, it is the score that `ddsp-tf prepare --source scores` looks for.

    \b
    Examples:
      ddsp-tf notes takes/violin.wav -o violin.mid
      ddsp-tf notes takes/
      ddsp-tf notes 'takes/*.flac' -o scores/
    """
    keep_freed_memory()
    plan = plan_outputs(inputs, output, suffix=".mid", added="", written=(".mid", ".midi"))

    def prepare() -> Work:
        from ddsp_tf.inference.transcribe import transcribe_file

        def transcribe(named: NamedOutput, advance: Advance) -> dict[str, Any]:
            start = time.monotonic()
            report = transcribe_file(
                named.source, named.target, overwrite=overwrite, progress=advance
            )
            about = say_made(terminal, named, report, took_s=time.monotonic() - start)
            return {**about, **report.to_dict()}

        return transcribe

    for_each_file(terminal, plan, prepare)
