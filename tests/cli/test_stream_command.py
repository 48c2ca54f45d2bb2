"""`ddsp-tf stream`: PCM in, PCM out, and nothing else on stdout."""

import functools
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from cli_toys import SAMPLE_RATE, melody
from click.testing import CliRunner, Result

from ddsp_tf.audio import PeakLimiter
from ddsp_tf.cli import pcm
from ddsp_tf.cli import stream as stream_command
from ddsp_tf.cli.main import cli
from ddsp_tf.inference import live_notes, live_transfer
from ddsp_tf.midi.live_events import LiveEvent


class Echo:
    """Stands for the transfer where only the command is tested: plays what comes in."""

    latency_samples = 7
    latency_ms = 1.0
    limited_db = 0.0

    def __init__(self, *_: object, sample_rate: int | None = None, **__: object) -> None:
        self.sample_rate = sample_rate or SAMPLE_RATE

    def process(self, audio: np.ndarray) -> np.ndarray:
        return audio

    def flush(self) -> np.ndarray:
        return np.zeros(7, np.float32)


@pytest.fixture
def echo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_transfer, "LiveTransfer", Echo)


def stream(*arguments: object, data: bytes) -> Result:
    return CliRunner().invoke(cli, ["stream", *map(str, arguments)], input=data)


def test_plays_an_instrument(instrument: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    uncompiled = functools.partial(live_transfer.LiveTransfer, xla=False)
    monkeypatch.setattr(live_transfer, "LiveTransfer", uncompiled)
    notes = melody([262.0, 330.0], 0.5)
    limited = functools.partial(PeakLimiter, ceiling_db=-60.0)
    monkeypatch.setattr(live_transfer, "PeakLimiter", limited)
    flags = ("--format", "f32le", "--limiter")
    result = stream(instrument, *flags, data=notes.astype("<f4").tobytes())
    assert result.exit_code == 0, result.output
    assert "f32le, mono, 16000 Hz; latency 25.0 ms (400 samples)" in result.stderr
    assert "limiter: peaks turned down by up to " in result.stderr
    assert "of sound in" in result.stderr
    played = np.frombuffer(result.stdout_bytes, "<f4")
    assert len(played) == len(notes) + 400
    assert np.isfinite(played).all()
    assert 0.97e-3 < np.abs(played).max() <= np.float32(1e-3)
    assert played[400] == played[-1] == 0.0


@pytest.mark.usefixtures("echo")
@pytest.mark.parametrize(
    ("pcm_format", "dtype"),
    [("s16le", "<i2"), ("f32le", "<f4"), ("s16be", ">i2"), ("f32be", ">f4")],
)
def test_formats_come_through_unchanged(pcm_format: str, dtype: str) -> None:
    samples = (melody([300.0], 0.1) * (32767 if dtype.endswith("i2") else 1)).astype(dtype)
    result = stream("any", "--format", pcm_format, "--block", "33", data=samples.tobytes())
    assert result.exit_code == 0
    np.testing.assert_array_equal(np.frombuffer(result.stdout_bytes, dtype)[:-7], samples)


@pytest.mark.usefixtures("echo")
def test_quiet_writes_pcm_alone() -> None:
    result = stream("any", "--quiet", data=b"\0\0" * 50)
    assert (result.exit_code, result.stderr) == (0, "")
    assert len(result.stdout_bytes) == 2 * 57


@pytest.mark.usefixtures("echo")
@pytest.mark.parametrize(
    ("arguments", "data", "message"),
    [
        ((), b"", "Error: No sound came on stdin. Check the command before the pipe."),
        ((), b"\0\0\0", "ended within a sample: 1 bytes were left over and not played. Check that"),
        (("--format", "f32le"), b"\0" * 6, "2 bytes were left over"),
        (
            ("--format", "f32le"),
            np.array([0.0, np.nan], "<f4").tobytes(),
            "Error: Sample 1 of the input is NaN or infinite. Repair the source, or check that it "
            "is raw f32le: mono, without a header.",
        ),
        (
            (),
            b"RIFF$\0\0\0WAVEfmt ",
            "Error: The input begins as a WAV file does, and raw s16le is needed. Take the header "
            "off: ffmpeg -i FILE -f s16le -ac 1 -ar RATE -",
        ),
    ],
)
def test_bad_input_fails_with_one_line(
    arguments: tuple[str, ...], data: bytes, message: str
) -> None:
    result = stream("any", *arguments, data=data)
    assert result.exit_code == 1
    assert message in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--format", "s24le"), "'s24le' is not one of 's16le', 'f32le'"),
        (("--sample-rate", "0"), "0 is not in the range"),
        (("--block", "0"), "0 is not in the range"),
        (("--octave", "auto"), "'auto' is not a valid integer"),
        (("--octave", "99"), "`octave` must be"),
        (("--json",), "No such option"),
    ],
)
def test_wrong_usage(instrument: Path, arguments: tuple[str, ...], message: str) -> None:
    result = stream(instrument, *arguments, data=b"\0\0")
    assert result.exit_code == 2
    assert message in result.stderr
    assert result.stdout_bytes == b""


def test_an_unknown_instrument_fails() -> None:
    result = stream("violn", data=b"\0\0")
    assert result.exit_code == 1
    assert "Did you mean `violin`?" in result.stderr


@pytest.mark.usefixtures("echo")
def test_a_reader_that_leaves_ends_it_quietly(monkeypatch: pytest.MonkeyPatch) -> None:
    def leave(*_: object) -> None:
        raise BrokenPipeError

    monkeypatch.setattr(pcm.PcmWriter, "write", leave)
    result = stream("any", "--quiet", data=b"\0\0" * 10)
    assert (result.exit_code, result.output) == (1, "")


@pytest.mark.usefixtures("echo")
def test_a_terminal_gets_no_pcm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_command, "_is_terminal", lambda stream: stream is sys.stdout.buffer)
    result = stream("any", data=b"\0\0")
    assert result.exit_code == 2
    assert "stdout is a terminal, and raw PCM is not for terminals. Send it to" in result.stderr


@pytest.mark.usefixtures("echo")
def test_clipping_is_told() -> None:
    loud = np.array([0.0, 2.0, -3.0], "<f4").tobytes()
    result = stream("any", "--format", "f32le", data=loud)
    assert "warning: 2 samples are beyond full scale. Make the input softer" in result.stderr
    clipped = pcm.PcmWriter(bytes_io := _Bytes(), "s16le")
    clipped.write(np.array([2.0, -2.0, 0.5], np.float32))
    assert np.frombuffer(bytes_io.data, "<i2").tolist() == [32767, -32768, 16384]


@pytest.mark.usefixtures("echo")
def test_falling_behind_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of 0.1 s that take 0.5 s each: told at 0.8 s, and no sooner than twice as much."""
    clock = iter(np.arange(0.0, 1000.0, 0.5))
    monkeypatch.setattr(stream_command.time, "monotonic", lambda: float(next(clock)))
    result = stream("any", "--block", str(SAMPLE_RATE // 10), data=bytes(2 * SAMPLE_RATE))
    assert result.exit_code == 0
    told = [line for line in result.stderr.splitlines() if "behind by" in line]
    assert told[0] == (
        "warning: behind by 0.8 s. Take larger blocks (--block), or end what else keeps the "
        "processor busy."
    )
    assert 2 <= len(told) <= 3


@pytest.mark.usefixtures("echo")
def test_tiny_blocks_are_warned_of() -> None:
    result = stream("any", "--block", "1", data=bytes(20))
    assert "warning: blocks of 1 take several times as much of a processor" in result.stderr


class _Bytes:
    data = b""

    def write(self, data: bytes) -> None:
        self.data += data

    def flush(self) -> None:
        pass


@pytest.mark.slow
def test_in_a_real_pipe(instrument: Path) -> None:
    command = f"{sys.executable} -m ddsp_tf stream {instrument} --quiet"
    notes = (melody([300.0], 1.0) * 32767).astype("<i2").tobytes()
    whole = subprocess.run(
        ["bash", "-c", command], input=notes, capture_output=True, timeout=250, check=True
    )
    assert len(whole.stdout) == len(notes) + 2 * 320
    assert whole.stderr == b""
    cut = subprocess.run(
        ["bash", "-o", "pipefail", "-c", f"{command} | head -c 100"],
        input=notes,
        capture_output=True,
        timeout=250,
        check=False,
    )
    assert len(cut.stdout) == 100
    assert (cut.returncode, cut.stderr) == (1, b"")


EVENTS = """# a chord, then a bend
0 on 60 100
0.1 on 64 100
0.2 bend 2
0.3 off 60
0.4 end
"""


class Silence:
    """Stands for the voices where only the command is tested."""

    latency_samples, latency_ms, limited_db, n_stolen, sample_rate = 0, 0.0, 0.0, 0, SAMPLE_RATE
    n_voices = 4

    def __init__(self, *_: object, **__: object) -> None:
        self.time_s = 0.0
        self.heard: list[str] = []

    def hear(self, event: LiveEvent) -> None:
        self.heard.append(event.kind)

    def play_until(self, time_s: float) -> np.ndarray:
        played = np.zeros(max(0, round((time_s - self.time_s) * SAMPLE_RATE)), np.float32)
        self.time_s = max(self.time_s, time_s)
        return played

    def flush(self) -> np.ndarray:
        return np.zeros(0, np.float32)


@pytest.mark.slow
def test_lines_of_notes_are_played(instrument: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    uncompiled = functools.partial(live_notes.LiveNotes, xla=False)
    monkeypatch.setattr(live_notes, "LiveNotes", uncompiled)
    flags = ("--midi", "--voices", "2", "--tail", "0.1", "--format", "f32le", "--no-reverb")
    result = stream(instrument, *flags, data=EVENTS.encode())
    assert result.exit_code == 0, result.output
    assert "mono, 16000 Hz, 2 voices; latency " in result.stderr
    played = np.frombuffer(result.stdout_bytes, "<f4")
    assert 0.5 * SAMPLE_RATE <= len(played) < 0.52 * SAMPLE_RATE
    assert np.abs(played[1000:6000]).max() > 0
    assert np.abs(played[-300:]).max() < 1e-6


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("0 on 60\n", "Line 1: `0 on 60` is no event. A line is [TIME] on KEY VELOCITY"),
        ("0 on 60 100\n0.5 on 200 1\n", "Line 2: In `0.5 on 200 1`, KEY should be a number from 0"),
        ("1 on 60 100\n0.5 off 60\n", "Line 2 has the time 0.5 s, and 1 s have been played"),
    ],
)
def test_lines_that_are_no_notes(lines: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_notes, "LiveNotes", Silence)
    wrong = stream("any", "--midi", data=lines.encode())
    assert wrong.exit_code == 1
    assert words in wrong.stderr


def test_the_clock_goes_on_between_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_notes, "LiveNotes", Silence)
    start = time.monotonic()
    result = stream("any", "--midi", "--live", "--tail", "0", data=b"on 60 90\n0.2 off 60\n")
    assert result.exit_code == 0, result.output
    assert time.monotonic() - start > 0.19
    assert 0.2 * SAMPLE_RATE <= len(result.stdout_bytes) / 2 < 0.4 * SAMPLE_RATE
    assert stream("any", "--live", data=b"").exit_code == 2
