"""`ddsp-tf render`: plays scores with instruments."""

import time
from pathlib import Path
from typing import Any

import click

from ddsp_tf.allocator import keep_freed_memory
from ddsp_tf.cli.each_file import Work, for_each_file, say_made
from ddsp_tf.cli.options import limiter_option, no_reverb_option, overwrite_option, reporting
from ddsp_tf.cli.output_names import NamedOutput, plan_outputs
from ddsp_tf.cli.render_arguments import sort_arguments
from ddsp_tf.cli.terminal import Advance, Terminal


@click.command(name="render", short_help="Play MIDI files with one or several instruments.")
@click.argument("arguments", nargs=-1, required=True, metavar="SONG.mid... INSTRUMENT[=PARTS]...")
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="A folder, or a .wav or .flac file when there is one song. Default: beside the song.",
)
@click.option(
    "--stems", is_flag=True, help="Also write each instrument into a file, beside the mix."
)
@click.option(
    "--performer",
    default="rules",
    show_default=True,
    metavar="rules|plain|FOLDER",
    help="Who plays: with attack, legato, late vibrato and phrasing; exactly as written; or as it "
    "was learned from recordings with their scores.",
)
@click.option(
    "--expression",
    type=click.Path(path_type=Path),
    metavar="CSV",
    help="Play each note as this table says; for a model with an expression of its own.",
)
@click.option(
    "--expression-out",
    type=click.Path(path_type=Path),
    metavar="CSV",
    help="Write how each note is played.",
)
@click.option(
    "--controls",
    type=click.Path(path_type=Path),
    metavar="CSV",
    help="Play the pitch and levels of this table; for such a model.",
)
@click.option(
    "--controls-out",
    type=click.Path(path_type=Path),
    metavar="CSV",
    help="Write pitch and levels of every frame.",
)
@click.option(
    "--voices",
    type=click.IntRange(1, 64),
    metavar="N",
    help="Notes of an instrument that sound at once at most; 1 plays the top line (default: as "
    "many as the score has, up to 16).",
)
@click.option(
    "--humanise",
    "--humanize",
    type=click.FloatRange(0.0, 1.0),
    default=0.0,
    show_default=True,
    metavar="0..1",
    help="How inaccurately it is played, in time, loudness and pitch.",
)
@click.option(
    "--seed",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    metavar="N",
    help="Of those inaccuracies; the same gives the same.",
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
    "--fit-range",
    is_flag=True,
    help="Move notes beyond an instrument's range into it, by octaves.",
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
@click.option(
    "--plot",
    type=click.Path(path_type=Path),
    metavar="PNG",
    help="Draw the notes over the spectrogram; one song only.",
)
@no_reverb_option
@limiter_option
@click.option(
    "--sample-rate", type=int, metavar="HZ", help="Of the output (default: the instruments')."
)
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
    arguments: tuple[str, ...],
    output: Path | None,
    plot: Path | None,
    no_reverb: bool,
    file_format: str | None,
    track: int | None,
    channel: int | None,
    stems: bool,
    sample_rate: int | None,
    overwrite: bool,
    expression: Path | None,
    expression_out: Path | None,
    controls: Path | None,
    controls_out: Path | None,
    **playing: Any,
) -> None:
    """Play SONG.mid with each INSTRUMENT: one by name, a run, or a model folder.

    Several instruments share the parts of the score out, in order; INSTRUMENT=PARTS says which
    ones play what: by number (violin=1, cello=3,4), track or channel ('flute=track 2'), or the
    track's name (cello=Violoncello). FOLDER:NAME is one instrument of a model of several.
    `ddsp-tf inspect SONG.mid` lists the parts. Songs are files, folders (their tree is kept below
    the output folder) or patterns. A file that fails does not stop the others.

    \b
    Examples:
      ddsp-tf render song.mid violin -o song.wav
      ddsp-tf render duet.mid violin cello -o duet.wav --stems
      ddsp-tf render quartet.mid violin=1,2 cello=3,4 -o out/ --plot quartet.png
      ddsp-tf render songs/ 'more/*.mid' flute -o out/ --format flac --performer plain
      ddsp-tf render chords.mid runs/piano -o chords.wav --tail 4
      ddsp-tf render song.mid violin --performer runs/performer -o song.wav
      ddsp-tf render song.mid runs/wu:flute --expression-out song.csv -o song.wav
    """
    keep_freed_memory()
    songs, seats = sort_arguments(arguments)
    from ddsp_tf.midi import search_scores

    suffix = f".{file_format}" if file_format else None
    plan = plan_outputs(songs, output, suffix=suffix, added="", search=search_scores)
    if plot is not None:
        _check_plot(plot, n_songs=len(plan.outputs), overwrite=overwrite)
    tables = {
        "expression": expression,
        "controls": controls,
        "expression_out": expression_out,
        "controls_out": controls_out,
    }
    if any(tables.values()) and (len(plan.outputs) > 1 or len(seats) > 1):
        raise click.UsageError(
            "Tables of expression and controls are of one song and one instrument: there are "
            f"{len(plan.outputs)} songs and {len(seats)} instruments."
        )

    def prepare() -> Work:
        from ddsp_tf.inference import (
            Ensemble,
            EnsemblePlayer,
            PlayingFiles,
            Render,
            get_performer,
        )
        from ddsp_tf.models import Instrument

        loaded = {seat.instrument: Instrument.load(seat.instrument) for seat in seats}
        seed = playing.pop("seed")
        playing["performer"] = get_performer(playing["performer"])
        playing["files"] = PlayingFiles(**tables, overwrite=overwrite)
        ensemble = Ensemble(
            [
                EnsemblePlayer(
                    seat.name,
                    Render(
                        loaded[seat.instrument],
                        player=seat.player,
                        reverb=not no_reverb,
                        seed=seed + place,
                        **playing,
                    ),
                    seat.parts,
                )
                for place, seat in enumerate(seats)
            ]
        )

        def render(named: NamedOutput, advance: Advance) -> dict[str, Any]:
            start = time.monotonic()
            report = ensemble.render_file(
                named.source,
                named.target,
                track=track,
                channel=channel,
                stems=stems,
                sample_rate=sample_rate,
                overwrite=overwrite,
                progress=advance,
            )
            about = say_made(terminal, named, report, took_s=time.monotonic() - start)
            if plot is not None:
                _draw(plot, named, report, overwrite=overwrite)
                terminal.say(f"  plot: {plot}")
            for written in (expression_out, controls_out):
                if written is not None:
                    terminal.say(f"  table: {written}")
            return {**about, **report.to_dict()}

        return render

    for_each_file(terminal, plan, prepare)


def _check_plot(plot: Path, *, n_songs: int, overwrite: bool) -> None:
    from ddsp_tf.errors import ArgumentError
    from ddsp_tf.files import check_writable

    if plot.suffix.lower() not in (".png", ".svg", ".pdf"):
        raise ArgumentError(f"`--plot {plot}` should end in .png, .svg or .pdf.")
    if n_songs > 1:
        raise ArgumentError(f"`--plot` draws one song, and there are {n_songs}.")
    check_writable(plot, overwrite=overwrite)


def _draw(plot: Path, named: NamedOutput, report: Any, *, overwrite: bool) -> None:
    from ddsp_tf.audio import read_audio
    from ddsp_tf.plotting import piano_roll_overview, save_figure

    audio, sample_rate = read_audio(named.target)
    figure = piano_roll_overview(
        audio=audio if audio.ndim == 1 else audio.mean(axis=1),
        sample_rate=sample_rate,
        notes={
            f"{place}. {name}": notes
            for place, ((name, _, _), notes) in enumerate(
                zip(report.players, report.notes, strict=True), 1
            )
        },
        title=named.source.name,
    )
    save_figure(figure, plot, overwrite=overwrite)
