"""`ddsp-tf process`: treats sound with an effect."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ddsp_tf.allocator import keep_freed_memory
from ddsp_tf.cli.each_file import Work, for_each_file, say_made
from ddsp_tf.cli.options import overwrite_option, reporting
from ddsp_tf.cli.output_names import NamedOutput, plan_outputs
from ddsp_tf.cli.terminal import Advance, Terminal

if TYPE_CHECKING:
    from ddsp_tf.inference import TreatedFile
    from ddsp_tf.models import Instrument


@click.command(name="process", short_help="Treat sound with a trained effect.")
@click.argument("model")
@click.argument("inputs", nargs=-1, required=True, metavar="AUDIO...")
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path),
    required=True,
    metavar="PATH",
    help="A folder, or a .wav or .flac file when there is one input.",
)
@click.option(
    "--reference",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="How it should sound, for models of style transfer.",
)
@click.option(
    "--refine",
    type=click.IntRange(0),
    default=150,
    show_default=True,
    metavar="N",
    help="Steps by gradient after the network, with --reference.",
)
@click.option(
    "--semitones",
    type=click.FloatRange(-24.0, 24.0),
    metavar="N",
    help="Of `world`: move the pitch; formants stay.",
)
@click.option(
    "--formants",
    type=click.FloatRange(-24.0, 24.0),
    metavar="N",
    help="Of `world`: move the formants by semitones; the pitch stays.",
)
@click.option(
    "--excitation",
    type=click.Choice(["pulses", "sound"]),
    help="Of `world`: said anew by pulses and noise (default), or the sound itself, filtered.",
)
@click.option(
    "--f0",
    "track",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE.csv",
    help="Of `world`: the pitch, as columns `time_s` and `f0_hz`, 0 Hz in rests.",
)
@click.option("--f0-tracker", metavar="NAME", help="Of `world`: what tracks the pitch.")
@click.option(
    "--wet",
    type=click.FloatRange(0.0, 1.0),
    default=1.0,
    show_default=True,
    metavar="0..1",
    help="How much of the treated sound; the rest is the dry one.",
)
@click.option(
    "--tail",
    "tail_s",
    type=click.FloatRange(0.0, 60.0),
    metavar="SECONDS",
    help="Of what rings after the end (default: until it is silent, at most 10 s).",
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
    model: str,
    inputs: tuple[str, ...],
    output: Path,
    reference: Path | None,
    refine: int,
    wet: float,
    tail_s: float | None,
    file_format: str | None,
    overwrite: bool,
    track: Path | None,
    **changes: Any,
) -> None:
    """Treat AUDIO with MODEL: a run or a model folder that was trained on dry and treated sound.

    A model of style transfer treats AUDIO so that it becomes like --reference in tone and dynamics.
    `world` says a voice again with its pitch and its formants moved (--semitones, --formants).

    AUDIO is files, folders or patterns, of any length, rate and number of channels. The output has
    the rate and the channels of its input. A file that fails does not stop the others.

    \b
    Examples:
      ddsp-tf process runs/equalizer mix.wav -o treated/
      ddsp-tf process runs/room takes/ -o treated/ --wet 0.3 --tail 2
      ddsp-tf process style mix.wav -o treated/ --reference like_this.wav
      ddsp-tf process world voice.wav -o higher/ --semitones 4 --formants 1
    """
    keep_freed_memory()
    from ddsp_tf.inference import Effect, Style
    from ddsp_tf.inference.voice_change import can_change_voices, require_vocoder
    from ddsp_tf.models import Instrument

    plan = plan_outputs(inputs, output, suffix=f".{file_format}" if file_format else None)

    def prepare() -> Work:
        instrument = Instrument.load(model)
        style = None
        given = {key: x for key, x in changes.items() if x is not None}
        if given or track is not None:
            require_vocoder(instrument.model)
        if reference is None and can_change_voices(instrument.model):
            options = {"track": track, "wet": wet, **given}
            return _voice_work(terminal, instrument, options, overwrite=overwrite)
        if reference is None:
            effect = Effect(instrument, wet=wet, tail_s=tail_s)
        else:
            style = Style(instrument, reference, n_steps=refine, wet=wet, tail_s=tail_s)

        def process(named: NamedOutput, advance: Advance) -> dict[str, Any]:
            start = time.monotonic()
            if style is None:
                chosen, played = effect, advance
            else:
                chosen = style.effect_for(named.source, progress=lambda x: advance(x / 2))
                played = lambda x: advance((1.0 + x) / 2)  # noqa: E731
            done = chosen.process_file(
                named.source, named.target, overwrite=overwrite, progress=played
            )
            told = say_made(terminal, named, done, took_s=time.monotonic() - start)
            settings = {} if style is None else style.settings_of(chosen)
            if settings:
                listed = ", ".join(f"{key} {value:.3g}" for key, value in settings.items())
                terminal.say(f"  {listed}")
            return {**told, "settings": settings, **_facts(done)}

        return process

    for_each_file(terminal, plan, prepare)


def _voice_work(
    terminal: Terminal,
    instrument: "Instrument",
    options: dict[str, Any],
    *,
    overwrite: bool,
) -> Work:
    """Moves the pitch and the formants of each file, at its own rate."""
    from ddsp_tf.inference import VoiceChange

    def process(named: NamedOutput, advance: Advance) -> dict[str, Any]:
        start = time.monotonic()
        change = VoiceChange(instrument, named.source, **options)
        done = change.process_file(
            named.source, named.target, overwrite=overwrite, progress=advance
        )
        told = say_made(terminal, named, done, took_s=time.monotonic() - start)
        for line in change.lines():
            terminal.note(f"  {line}")
        return {**told, "voiced": change.voiced, **_facts(done)}

    return process


def _facts(done: "TreatedFile") -> dict[str, Any]:
    return {
        "seconds": done.seconds,
        "tail_s": done.tail_s,
        "gain_db": done.gain_db,
        "n_channels": done.n_channels,
        "sample_rate": done.sample_rate,
        "model_rate": done.model_rate,
    }
