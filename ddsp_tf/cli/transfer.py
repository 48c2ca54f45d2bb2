"""`ddsp-tf transfer`: plays melodies, or whatever else a model takes of a sound."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from ddsp_tf.allocator import keep_freed_memory
from ddsp_tf.cli.chosen_timbre import load_with_timbre
from ddsp_tf.cli.each_file import Work, for_each_file, say_made
from ddsp_tf.cli.options import (
    gate_option,
    limiter_option,
    loudness_option,
    no_reverb_option,
    overwrite_option,
    reporting,
    room_option,
    semitones_option,
    timbre_options,
)
from ddsp_tf.cli.output_names import NamedOutput, Plan, plan_outputs
from ddsp_tf.cli.terminal import Advance, Terminal

if TYPE_CHECKING:
    from ddsp_tf.inference import ColumnTransfer, TimbreTransfer
    from ddsp_tf.models import Instrument

_EDITS = {
    "octave": "--octave",
    "semitones": "--semitones",
    "loudness_db": "--loudness-db",
    "match_loudness": "--match-loudness",
    "dynamics": "--dynamics",
    "autotune": "--autotune",
    "scale": "--scale",
    "note_threshold": "--note-threshold",
    "gate_unvoiced": "--gate",
}
_VOICE = {
    "r_d_offset": "--r-d",
    "tract_length_ratio": "--tract-length",
    "vibrato_cents": "--vibrato",
    "vibrato_hz": "--vibrato-rate",
}


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


@click.command(name="transfer", short_help="Play sound, or curves by hand, with an instrument.")
@click.argument("instrument")
@click.argument("inputs", nargs=-1, metavar="AUDIO...")
@click.option(
    "--curves",
    type=click.Path(path_type=Path),
    metavar="FILE.csv",
    help="What the model takes, by hand: a column `time_s`, and one for each curve.",
)
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
    "--dynamics",
    type=click.FloatRange(0.0, 1.0),
    default=1.0,
    show_default=True,
    metavar="0..1",
    help="How far they are mapped: 0 keeps the input's, at the instrument's level.",
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
@click.option(
    "--r-d",
    "r_d_offset",
    type=click.FloatRange(-2.4, 2.4),
    default=0.0,
    metavar="X",
    help="Voices: above 0 breathier, below more pressed.",
)
@click.option(
    "--tract-length",
    "tract_length_ratio",
    type=click.FloatRange(0.5, 2.0),
    default=1.0,
    metavar="RATIO",
    help="Voices: of the vocal tract; above 1 formants fall.",
)
@click.option(
    "--vibrato",
    "vibrato_cents",
    type=click.FloatRange(0.0, 400.0),
    default=0.0,
    metavar="CENTS",
    help="Voices: of a vibrato that is added.",
)
@click.option(
    "--vibrato-rate",
    "vibrato_hz",
    type=click.FloatRange(0.5, 15.0),
    default=5.5,
    show_default=True,
    metavar="HZ",
    help="Its rate.",
)
@timbre_options
@room_option
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
    curves: Path | None,
    output: Path | None,
    timbre: str | None,
    timbre_from: str | None,
    room: str | None,
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

    A model of something else than pitch and loudness gets what it takes from AUDIO too, such as
    loudness and spectral centroid, but no options that edit melodies. --curves draws any of its
    inputs by hand, wins over AUDIO, and needs none if all are drawn. A voice is transposed by
    --semitones and --octave and swings by --vibrato; one of glottis and tract
    (papers/yu2023/golf.gin) is edited by --r-d and --tract-length, too. A model of several
    instruments (models/many_instruments.gin) plays one of them or what lies between (--timbre), or
    sounds like a recording (--timbre-from); without either, like AUDIO itself.

    \b
    Examples:
      ddsp-tf transfer violin melody -o out/
      ddsp-tf transfer violin melody.wav -o out/
      ddsp-tf transfer violin melody.wav -o violin.flac --octave 1 --autotune 0.5
      ddsp-tf transfer runs/mine takes/ 'more/*.flac' -o out/ --format flac --plot
      ddsp-tf transfer violin voice.wav -o out/ --no-reverb --note-threshold 0.7
      ddsp-tf transfer violin voice.wav -o out/ --room urmp_violin_2
      ddsp-tf transfer runs/rain footsteps.wav -o out/
      ddsp-tf transfer runs/voice song.wav -o out/ --r-d 0.8 --tract-length 1.1 --vibrato 40
      ddsp-tf transfer runs/rain --curves curves.csv -o rain.wav
      ddsp-tf transfer runs/many melody -o out/ --timbre violin:0.5,flute:0.5
      ddsp-tf transfer runs/many melody -o out/ --timbre-from oboe.wav
    """
    if room is not None and no_reverb:
        raise click.UsageError("--room and --no-reverb exclude each other; choose one.")
    keep_freed_memory()
    plan = _plan(inputs, curves, output, suffix=f".{file_format}" if file_format else None)

    def prepare() -> Work:
        loaded = load_with_timbre(instrument, timbre, timbre_from)
        loaded = loaded if room is None else loaded.in_room(room)
        play = _player(instrument, loaded, curves, edits, reverb=not no_reverb, limiter=limiter)

        def transfer(named: NamedOutput, advance: Advance) -> dict[str, Any]:
            return _transfer(
                play,
                named,
                named.source if inputs else None,
                advance,
                sample_rate=sample_rate,
                plot=plot,
                overwrite=overwrite,
                terminal=terminal,
            )

        return transfer

    for_each_file(terminal, plan, prepare)


def _plan(
    inputs: tuple[str, ...], curves: Path | None, output: Path | None, *, suffix: str | None
) -> Plan:
    if inputs:
        return plan_outputs(inputs, output, suffix=suffix)
    if curves is None:
        raise click.UsageError("Missing argument 'AUDIO...': give sound to play, or --curves.")
    from ddsp_tf.audio.found_files import FoundFiles

    # With nothing else to play, the curves are what the output is named by.
    return plan_outputs(
        [str(curves)], output, suffix=suffix, search=lambda path: FoundFiles([path], [])
    )


def _player(
    name: str,
    instrument: "Instrument",
    curves: Path | None,
    edits: Mapping[str, Any],
    **options: Any,
) -> "TimbreTransfer | ColumnTransfer":
    """What plays the instrument: a melody's player if it takes melodies, and none is drawn."""
    from ddsp_tf.inference import ColumnTransfer, TimbreTransfer, VoiceEdits

    source = click.get_current_context().get_parameter_source
    given = [key for key in edits if source(key) is not ParameterSource.DEFAULT]
    voice = {key: edits[key] for key in _VOICE}
    melody = {key: x for key, x in edits.items() if key not in _VOICE}
    takes = ", ".join(f"`{column}`" for column in instrument.model.input_signals)
    if curves is None and instrument.model.takes_melodies:
        _refuse(_VOICE, given, f"is for voices of glottis and tract, and `{name}` takes {takes}")
        return TimbreTransfer(instrument, **options, **melody)
    if curves is None and "f0_hz" in instrument.model.input_signals:
        octave = melody.pop("octave")
        voice["semitones"] = melody.pop("semitones") + 12.0 * (0 if octave == "auto" else octave)
    why = "curves are played as they are" if curves else f"`{name}` takes {takes}"
    _refuse({key: _EDITS[key] for key in melody}, given, f"edits a melody, and {why}")
    return ColumnTransfer(instrument, curves=curves, voice=VoiceEdits(**voice), **options)


def _refuse(known: Mapping[str, str], given: Sequence[str], why: str) -> None:
    for key in given:
        if key in known:
            raise click.UsageError(f"{known[key]} {why}. Leave it out.")


def _transfer(
    play: Any,
    named: NamedOutput,
    source: Path | None,
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
        source, named.target, sample_rate=sample_rate, overwrite=overwrite, progress=advance
    )
    took_s = time.monotonic() - start
    if picture is not None:
        save_figure(result.figure(title=named.source.name), picture, overwrite=overwrite)
    return {**say_made(terminal, named, result.report, took_s=took_s), **result.report.to_dict()}
