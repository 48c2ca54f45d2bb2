"""`ddsp-tf render`: plays scores with an instrument."""

import time
from pathlib import Path
from typing import Any

import click

from ddsp_tf.allocator import keep_freed_memory
from ddsp_tf.cli.each_file import Work, for_each_file, say_made
from ddsp_tf.cli.options import limiter_option, no_reverb_option, overwrite_option, reporting
from ddsp_tf.cli.output_names import NamedOutput, plan_outputs
from ddsp_tf.cli.terminal import Advance, Terminal


@click.command(name="render", short_help="Play MIDI files with an instrument.")
@click.argument("model")
@click.argument("inputs", nargs=-1, required=True, metavar="SONG.mid...")
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="A folder, or a .wav or .flac file when there is one input. Default: beside the input.",
)
@click.option(
    "--track", type=click.IntRange(1), metavar="N", help="Play one track alone, counted from 1."
)
@click.option(
    "--channel", type=click.IntRange(1, 16), metavar="N", help="Play one channel alone, 1 to 16."
)
@click.option(
    "--transpose",
    type=click.IntRange(-127, 127),
    default=0,
    metavar="N",
    help="Play so many semitones higher; -12 is an octave lower.",
)
@click.option(
    "--tail",
    "tail_s",
    type=click.FloatRange(0.0, 3600.0),
    default=1.5,
    show_default=True,
    metavar="S",
    help="Seconds to play on after the last note, in which it rings out.",
)
@no_reverb_option
@limiter_option
@click.option("--sample-rate", type=int, metavar="HZ", help="Of the output (default: the model's).")
@click.option(
    "--format",
    "file_format",
    type=click.Choice(["wav", "flac"]),
    help="Of the outputs in a folder (default: wav).",
)
@overwrite_option
@reporting
def command(
    terminal: Terminal,
    model: str,
    inputs: tuple[str, ...],
    output: Path | None,
    transpose: int,
    tail_s: float,
    no_reverb: bool,
    limiter: bool,
    file_format: str | None,
    **options: Any,
) -> None:
    """Play SONG.mid with MODEL: an instrument by name, a run, or a model folder.

    The songs are files, folders (their tree is kept below the output folder) or patterns. A model
    of notes or voices plays what is written; an instrument of pitch and loudness plays a melody,
    one note at a time, as loud as the velocities say within its own dynamics. A file that fails
    does not stop the others.

    \b
    Examples:
      ddsp-tf render violin song.mid -o song.wav
      ddsp-tf render violin songs/ 'more/*.mid' -o out/ --format flac
      ddsp-tf render cello quartet.mid -o cello.wav --track 4 --transpose -12
      ddsp-tf render runs/piano chords.mid -o chords.wav --tail 4
    """
    keep_freed_memory()
    from ddsp_tf.inference import Render
    from ddsp_tf.midi import search_scores

    suffix = f".{file_format}" if file_format else None
    plan = plan_outputs(inputs, output, suffix=suffix, added="", search=search_scores)

    def prepare() -> Work:
        play = Render(
            model, transpose=transpose, tail_s=tail_s, reverb=not no_reverb, limiter=limiter
        )

        def render(named: NamedOutput, advance: Advance) -> dict[str, Any]:
            start = time.monotonic()
            report = play.render_file(named.source, named.target, progress=advance, **options)
            about = say_made(terminal, named, report, took_s=time.monotonic() - start)
            return {**about, **report.to_dict()}

        return render

    for_each_file(terminal, plan, prepare)
