"""`ddsp-tf stream`: plays live sound with an instrument."""

import os
import sys
import time
from typing import IO, TYPE_CHECKING, Any

import click

from ddsp_tf.cli.exit_codes import FAILED
from ddsp_tf.cli.options import (
    gate_option,
    limiter_option,
    loudness_option,
    no_reverb_option,
    reporting_errors,
    semitones_option,
)
from ddsp_tf.cli.pcm import PCM_FORMATS, PcmReader, PcmWriter
from ddsp_tf.cli.terminal import Terminal, duration, echo
from ddsp_tf.errors import AudioFileError

if TYPE_CHECKING:
    from ddsp_tf.inference.live_transfer import LiveTransfer

_SMALL_BLOCK = 32
_BEHIND_S = 0.5
"""So late, and twice as late each time after, is told."""


@click.command(name="stream", short_help="Play live sound with an instrument, stdin to stdout.")
@click.argument("instrument")
@click.option(
    "--sample-rate",
    type=click.IntRange(1000, 768000),
    metavar="HZ",
    help="Of the input and the output (default: the model's).",
)
@click.option(
    "--format",
    "pcm_format",
    type=click.Choice(PCM_FORMATS),
    default="s16le",
    show_default=True,
    help="Of the input and the output: 16-bit integers or floats, little- or big-endian.",
)
@click.option(
    "--block",
    "block_samples",
    type=click.IntRange(1, 1 << 20),
    default=1024,
    show_default=True,
    metavar="SAMPLES",
    help="The most samples taken in at once. Fewer are taken as they come.",
)
@click.option(
    "--octave",
    type=int,
    default=0,
    show_default=True,
    metavar="N",
    help="Shift by whole octaves.",
)
@semitones_option
@loudness_option
@gate_option
@no_reverb_option
@limiter_option
@click.option(
    "--midi", is_flag=True, help="Take lines of notes instead of sound, such as: 0.5 on 60 100"
)
@click.option(
    "--live", is_flag=True, help="With --midi: lines happen when they come, by the clock."
)
@click.option(
    "--voices",
    type=click.IntRange(1, 64),
    metavar="N",
    help="With --midi: notes that sound at once (default: 8, or as many as a piano has).",
)
@click.option(
    "--tail",
    "tail_s",
    type=click.FloatRange(0.0, 3600.0),
    default=1.5,
    show_default=True,
    metavar="S",
    help="With --midi: seconds to play on after the end, in which notes ring out.",
)
@reporting_errors
def command(
    terminal: Terminal,
    instrument: str,
    sample_rate: int | None,
    pcm_format: str,
    block_samples: int,
    octave: int,
    semitones: float,
    loudness_db: float,
    gate_unvoiced: bool,
    no_reverb: bool,
    limiter: bool,
    midi: bool,
    live: bool,
    voices: int | None,
    tail_s: float,
) -> None:
    """Play what comes on stdin with INSTRUMENT, on stdout: raw mono PCM, without a header.

    INSTRUMENT is one by name (`ddsp-tf instruments`), a run, or a model folder. Output comes as
    soon as there is input, in blocks of any size, as many samples as came in, later by the latency
    that is written on stderr; at the end of the input, what is left follows. Nothing but PCM is
    written on stdout.

    With --midi, lines on stdin say what is played: [TIME] on KEY VELOCITY, off KEY, bend SEMITONES,
    pedal VALUE, quiet, or end; keys, velocities and the pedal from 0 to 127, TIME in seconds. Sound
    goes as far as a line's time before it happens; a line without one happens at once. With --live
    the clock goes on between the lines.

    \b
    Examples:
      ddsp-tf stream violin < in.pcm > out.pcm
      ddsp-tf stream violin --sample-rate 48000 --format f32le < in.pcm > out.pcm
      sox melody.wav -t raw -r 16000 -e signed -b 16 -c 1 - | ddsp-tf stream violin > out.pcm
      printf '0 on 60 90\\n0.5 on 64 90\\n1.5 end\\n' | ddsp-tf stream violin --midi > out.pcm
    """
    source, target = sys.stdin.buffer, sys.stdout.buffer
    if live and not midi:
        raise click.UsageError("--live goes with --midi: sound is live without it.")
    if not midi:
        _require_pipe(source, "stdin", "Pipe raw PCM into it")
    _require_pipe(target, "stdout", "Send it to a file or a player")
    terminal.when_interrupted = "What was played so far has been written."
    if midi:
        keys_writer = PcmWriter(target, pcm_format)
        try:
            _play_midi(
                terminal,
                instrument,
                source,
                keys_writer,
                is_live=live,
                tail_s=tail_s,
                block_samples=block_samples,
                voices=voices,
                sample_rate=sample_rate,
                semitones=12.0 * octave + semitones,
                loudness_db=loudness_db,
                reverb=not no_reverb,
                limiter=limiter,
            )
        except BrokenPipeError:
            _silence(target)
            raise SystemExit(FAILED) from None
        _say_clipped(terminal, keys_writer)
        return

    from ddsp_tf.inference.live_transfer import LiveTransfer

    transfer = LiveTransfer(
        instrument,
        sample_rate=sample_rate,
        octave=octave,
        semitones=semitones,
        loudness_db=loudness_db,
        gate_unvoiced=gate_unvoiced,
        reverb=not no_reverb,
        limiter=limiter,
        block_samples=block_samples,
    )
    terminal.note(
        f"{instrument}: {pcm_format}, mono, {transfer.sample_rate} Hz; latency "
        f"{transfer.latency_ms:.1f} ms ({transfer.latency_samples} samples)"
    )
    if block_samples < _SMALL_BLOCK:
        terminal.note(
            f"warning: blocks of {block_samples} take several times as much of a processor as "
            f"blocks of {_SMALL_BLOCK} and more, and may fall behind."
        )
    reader, writer = PcmReader(source, pcm_format), PcmWriter(target, pcm_format)
    try:
        _play(transfer, reader, writer, block_samples, terminal)
    except BrokenPipeError:
        # Whoever read the output has left. Python must not try again when it exits.
        _silence(target)
        raise SystemExit(FAILED) from None
    _check_input(reader, pcm_format)


def _play(
    transfer: "LiveTransfer",
    reader: PcmReader,
    writer: PcmWriter,
    block_samples: int,
    terminal: Terminal,
) -> None:
    meter = _Meter(terminal, transfer.sample_rate)
    start, busy = time.monotonic(), time.process_time()
    while (samples := reader.read(block_samples)) is not None:
        began = time.monotonic()
        played = transfer.process(samples)
        meter.took(time.monotonic() - began, len(samples))
        writer.write(played)
        meter.show(samples, played)
    writer.write(transfer.flush())
    elapsed, busy = time.monotonic() - start, time.process_time() - busy
    seconds = reader.n_samples / transfer.sample_rate
    meter.end()
    if seconds:
        terminal.note(
            f"{duration(seconds)} of sound in {duration(elapsed)}, "
            f"{100.0 * busy / seconds:.0f}% of a processor in real time"
        )
    if transfer.limited_db:
        terminal.note(f"limiter: peaks turned down by up to {transfer.limited_db:.1f} dB")
    _say_clipped(terminal, writer)


def _say_clipped(terminal: Terminal, writer: PcmWriter) -> None:
    if writer.n_clipped:
        terminal.note(
            f"warning: {writer.n_clipped} samples are beyond full scale. "
            "Make the input softer, or add --limiter or --loudness-db -6."
        )


def _play_midi(
    terminal: Terminal,
    instrument: str,
    source: IO[bytes],
    writer: PcmWriter,
    *,
    is_live: bool,
    tail_s: float,
    block_samples: int,
    **playing: Any,
) -> None:
    from ddsp_tf.cli.stream_keys import play_keys
    from ddsp_tf.inference.live_notes import LiveNotes

    keys = LiveNotes(instrument, block_samples=block_samples, **playing)
    terminal.note(
        f"{instrument}: mono, {keys.sample_rate} Hz, {keys.n_voices} voices; latency "
        f"{keys.latency_ms:.1f} ms ({keys.latency_samples} samples)"
    )
    play_keys(
        keys,
        source,
        writer,
        terminal,
        is_live=is_live,
        block_samples=block_samples,
        tail_s=tail_s,
    )
    if keys.limited_db:
        terminal.note(f"limiter: peaks turned down by up to {keys.limited_db:.1f} dB")


def _require_pipe(stream: IO[bytes], name: str, remedy: str) -> None:
    if _is_terminal(stream):
        raise click.UsageError(
            f"{name} is a terminal, and raw PCM is not for terminals. {remedy}, for example: "
            "ddsp-tf stream violin < in.pcm > out.pcm"
        )


def _is_terminal(stream: IO[bytes]) -> bool:
    return stream.isatty()


def _check_input(reader: PcmReader, pcm_format: str) -> None:
    if not reader.n_samples and not reader.n_odd_bytes:
        raise AudioFileError("No sound came on stdin. Check the command before the pipe.")
    if reader.n_odd_bytes:
        raise AudioFileError(
            f"The input ended within a sample: {reader.n_odd_bytes} bytes were left over and not "
            f"played. Check that it is raw {pcm_format}, mono, and was not cut off."
        )


def _silence(stream: IO[bytes]) -> None:
    null = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(null, stream.fileno())
    except OSError:
        pass  # A stream without a file has nothing to flush into.
    finally:
        os.close(null)


class _Meter:
    """Levels of input and output, a line that is written over where there is a terminal."""

    def __init__(self, terminal: Terminal, sample_rate: int) -> None:
        self._live = not terminal.quiet and sys.stderr.isatty()
        self._terminal = terminal
        self._every_s = 0.25 if self._live else 10.0
        self._sample_rate = sample_rate
        self._last = time.monotonic()
        self._n_samples = 0
        self._peaks = [0.0, 0.0]
        self._behind_s, self._told_s = 0.0, _BEHIND_S

    def took(self, seconds: float, n_samples: int) -> None:
        """Takes note of how long a block took, and tells when live sound would be late by it."""
        # A block that is made faster than it lasts makes up for what was late.
        self._behind_s = max(0.0, self._behind_s + seconds - n_samples / self._sample_rate)
        if self._behind_s >= self._told_s:
            self._told_s = 2.0 * self._behind_s
            self._terminal.note(
                f"warning: behind by {self._behind_s:.1f} s. Take larger blocks (--block), or end "
                "what else keeps the processor busy."
            )

    def show(self, *sounds: object) -> None:
        """Takes note of input and output, and now and then shows their peaks."""
        import numpy as np

        now = time.monotonic()
        self._n_samples += len(np.asarray(sounds[0]))
        for index, sound in enumerate(sounds):
            self._peaks[index] = max(
                self._peaks[index], float(np.max(np.abs(np.asarray(sound)), initial=0.0))
            )
        if now - self._last < self._every_s:
            return
        levels = [f"{20.0 * np.log10(max(peak, 1e-5)):.0f} dB" for peak in self._peaks]
        text = f"{self._n_samples / self._sample_rate:.1f} s  in {levels[0]}  out {levels[1]}"
        if self._live:
            echo(f"\r{text:<50}", err=True, nl=False)
        else:
            self._terminal.note(text)
        self._last, self._peaks = now, [0.0, 0.0]

    def end(self) -> None:
        """Leaves the line."""
        if self._live:
            echo("\r" + " " * 50 + "\r", err=True, nl=False)
