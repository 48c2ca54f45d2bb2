"""The engine in C++ equals Python: sample by sample for every instrument that ships."""

import os
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from engine_runner import SHIPPED, play, run
from live_toys import odd_instrument
from streamed_phrases import (
    PHRASES,
    SECONDS,
    controls_of,
    difference_db,
    phrase_of,
    streamed,
)

from ddsp_tf.audio import read_audio
from ddsp_tf.export import export_plugin
from ddsp_tf.export.graph_features import live_settings
from ddsp_tf.features.live_features import LiveFeatures
from ddsp_tf.inference import PlainPerformer, Streamer
from ddsp_tf.inference.live_transfer import LiveTransfer
from ddsp_tf.models import (
    DilatedConvDecoder,
    Instrument,
    MinGruFcDecoder,
    RnnFcDecoder,
)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800), pytest.mark.xdist_group("engine")]


def spectral_difference_db(found: np.ndarray, expected: np.ndarray) -> float:
    """Of magnitudes, which a phase that drifts apart doesn't change."""

    def magnitudes(audio: np.ndarray) -> np.ndarray:
        frames = np.lib.stride_tricks.sliding_window_view(audio, 1024)[::256]
        return np.abs(np.fft.rfft(frames * np.hanning(1024)))

    here, there = magnitudes(found), magnitudes(expected)
    return float(20.0 * np.log10(np.linalg.norm(here - there) / np.linalg.norm(there)))


def resampled(audio: np.ndarray, from_rate: int, to_rate: int, n_samples: int) -> np.ndarray:
    """By the formula of `docs/contract.md`, "Another sample rate", without its delay."""
    cutoff = min(1.0, to_rate / from_rate)
    reach = int(np.ceil(32.0 / cutoff))
    at = np.arange(n_samples) * (from_rate / to_rate)
    first = np.floor(at).astype(int)
    places = np.arange(1 - reach, reach + 1)
    distance = (at - first)[:, np.newaxis] - places
    window = np.i0(9.0 * np.sqrt(np.maximum(1.0 - np.square(distance / reach), 0.0)))
    taps = np.sinc(0.955 * cutoff * distance) * window
    taps /= taps.sum(axis=1, keepdims=True)
    after = max(0, first[-1] + 1 - len(audio))
    padded = np.pad(audio.astype(np.float64), (reach, reach + after))
    read = padded[first[:, np.newaxis] + places + reach]
    return np.einsum("nk,nk->n", read, taps).astype(np.float32)


def test_its_own_tests_pass(engine: Path) -> None:
    run("ctest", "--test-dir", engine, "--output-on-failure")


@pytest.mark.parametrize("sanitize", ["address,undefined", "thread"])
def test_sanitizers_find_nothing(build: Callable[..., Path], sanitize: str) -> None:
    # The 100,000 files are read by the build that is as fast as users have it.
    environment = {**os.environ, "DDSP_FUZZ": "5000"}
    run("ctest", "--test-dir", build(sanitize), "--output-on-failure", env=environment)


@pytest.mark.parametrize("name", SHIPPED)
def test_a_voice_plays_what_streamer_plays(
    name: str, engine: Path, instruments: Path, recordings: Path, tmp_path: Path
) -> None:
    controls = controls_of(name, recordings)
    file = instruments / f"{name}.ddsp"
    for reverb in (True, False):
        flags = () if reverb else ("dry",)
        found = play(engine, "voice", file, "IN", "OUT", *flags, given=controls, folder=tmp_path)
        expected = streamed(name, recordings, reverb=reverb)
        assert np.max(np.abs(expected)) > 0.01
        error_db = difference_db(found, expected)
        print(f"{name}, reverb {reverb}: {error_db:.1f} dB")  # noqa: T201
        assert error_db < -80.0
    # What a quiet passage has, the loud ones don't hide.
    quiet = slice(0, len(expected) // 8)
    assert np.max(np.abs(found[quiet] - expected[quiet])) < 1e-5


@pytest.mark.parametrize(
    ("decoder", "hop_length", "noise", "room"),
    [
        (partial(MinGruFcDecoder, rnn_channels=37, rnn_layers=3, input_cosines=2), 40, True, True),
        (partial(MinGruFcDecoder, rnn_channels=8, layers_per_stack=0), 7, True, False),
        (partial(DilatedConvDecoder, conv_channels=37, input_cosines=3), 64, True, True),
        (
            partial(DilatedConvDecoder, conv_channels=8, kernel_size=2, dilations=[1, 7, 300]),
            64,
            True,
            False,
        ),
        (
            partial(DilatedConvDecoder, conv_channels=33, kernel_size=1, dilations=[1, 2]),
            16,
            False,
            False,
        ),
        (partial(RnnFcDecoder, rnn_channels=37, input_cosines=3), 320, True, True),
        (partial(RnnFcDecoder, rnn_channels=8, layers_per_stack=0), 64, False, True),
        (partial(RnnFcDecoder, rnn_channels=5, layers_per_stack=4), 1, False, False),
        (partial(RnnFcDecoder, rnn_channels=9, input_keys=["f0_scaled"]), 64, True, False),
        (
            partial(RnnFcDecoder, rnn_channels=9, input_keys=["f0_scaled", "loudness_scaled"]),
            64,
            True,
            False,
        ),
    ],
)
def test_odd_instruments_are_played_too(
    decoder: Any, hop_length: int, noise: bool, room: bool, engine: Path, tmp_path: Path
) -> None:
    defaults = {"channels": 11, "layers_per_stack": 2}
    toy = odd_instrument(
        decoder(**{key: x for key, x in defaults.items() if key not in decoder.keywords}),
        hop_length,
        noise=noise,
        room=room,
    )
    export_plugin(toy, tmp_path, name="odd")
    n_frames = 120
    position = np.linspace(0.0, 1.0, n_frames)
    controls = np.stack(
        [60.0 * 90.0**position, -75.0 + 80.0 * np.sin(np.pi * position)], axis=1
    ).astype(np.float32)
    found = play(
        engine, "voice", tmp_path / "odd.ddsp", "IN", "OUT", given=controls, folder=tmp_path
    )
    expected = Streamer(toy, xla=False).process(*controls.T[:, np.newaxis])[0]
    assert np.max(np.abs(expected)) > 1e-3
    assert difference_db(found, expected) < -90.0


@pytest.mark.parametrize("name", ["violin", "violin_48k", "trumpet"])
def test_it_hears_what_live_features_hear(
    name: str, engine: Path, instruments: Path, recordings: Path, tmp_path: Path
) -> None:
    instrument = Instrument.load(name)
    assert instrument.statistics is not None
    rate = instrument.features.sample_rate
    audio = phrase_of(name, recordings, rate)
    middle = instrument.statistics.f0_midi_quantiles[50]
    live = LiveFeatures(
        live_settings(instrument.features), initial_f0_hz=440.0 * 2.0 ** ((middle - 69.0) / 12.0)
    )
    expected = live.push(audio)
    file = instruments / f"{name}.ddsp"
    found = play(engine, "features", file, "IN", "OUT", given=audio, folder=tmp_path)
    f0_hz, confidence, loudness_db = found.reshape(-1, 3)[: expected.n_frames].T
    n = len(f0_hz)
    assert expected.n_frames - n < 5
    cents = 1200.0 * np.abs(np.log2(f0_hz / expected.f0_hz[:n]))
    # At other rates than the tracker's the two resample by other filters.
    own_rate = rate == 16000
    assert np.max(cents) < (0.05 if own_rate else 1.0)
    np.testing.assert_allclose(
        confidence, expected.f0_confidence[:n], atol=1e-4 if own_rate else 1e-2
    )
    np.testing.assert_allclose(loudness_db, expected.loudness_db[:n], atol=1e-3)


@pytest.mark.parametrize("name", ["violin", "cello"])
def test_an_effect_plays_what_live_transfer_plays(
    name: str, engine: Path, instruments: Path, recordings: Path, tmp_path: Path
) -> None:
    instrument = Instrument.load(name)
    audio = phrase_of(name, recordings, 16000)
    edits = {"octave": 1, "semitones": -2.0, "loudness_db": 3.0, "xla": False}
    transfer = LiveTransfer(instrument, **edits)  # type: ignore[arg-type]
    latency = transfer.latency_samples
    expected = transfer.process(audio)
    file = instruments / f"{name}.ddsp"
    options = ("octave=1", "transpose=-2", "loudness=3")
    found = play(
        engine, "effect", file, 16000, 480, "IN", "OUT", *options, given=audio, folder=tmp_path
    )
    start = latency + 100  # after the fade at the start of a file, which a plug-in has not
    assert spectral_difference_db(found[start:], expected[start:]) < -60.0

    # At 48 kHz it hears and gives the same, resampled, and later by what it says.
    high, _ = read_audio(recordings / "phrases" / f"{PHRASES[name]}.flac", sample_rate=48000)
    high = high[: 48000 * SECONDS]
    path = tmp_path / "out.f32"
    high.astype("<f4").tofile(tmp_path / "in.f32")
    said = run(
        engine / "ddsp_player", "effect", file, 48000, 512, tmp_path / "in.f32", path, *options
    )
    late = int(re.search(r"latency (\d+)", said)[1])  # type: ignore[index]
    found = np.fromfile(path, "<f4")[late:]
    transfer.reset()
    wanted = transfer.process(resampled(high, 48000, 16000, 16000 * SECONDS))[latency:]
    n = min(len(found), 3 * len(wanted) - 300)
    difference = spectral_difference_db(found[300:n], resampled(wanted, 16000, 48000, n)[300:])
    print(f"{name}, host at 48 kHz: {difference:.1f} dB")  # noqa: T201
    assert difference < -70.0


def test_notes_are_performed_as_in_python(engine: Path, instruments: Path, tmp_path: Path) -> None:
    """A slurred melody, whose every frame the two have to agree on."""
    violin = Instrument.load("violin")
    hop, rate = violin.features.hop_length, violin.features.sample_rate
    frames = [(0, 100, 69, 0.3), (100, 220, 76, 0.9), (220, 300, 71, 0.6), (300, 420, 64, 0.8)]
    notes = np.array([[a * hop / rate, b * hop / rate, key, v, 0] for a, b, key, v in frames])
    n_frames = 500
    about = {"statistics": violin.statistics, "frame_rate": rate / hop, "n_frames": n_frames}
    played = PlainPerformer().perform(notes, **about)
    streamer = Streamer(violin, reverb=False, xla=False)
    audio = [streamer.process(played.f0_hz[np.newaxis], played.loudness_db[np.newaxis])[0]]
    dry = np.concatenate([*audio, streamer.flush()[0]])[streamer.latency_samples :]
    gain = np.interp(np.arange(n_frames * hop) / hop, np.arange(n_frames), played.gate)
    dry = dry * gain
    room = violin.model.processor_group.processors[-1]
    response = np.array(room.controls({"audio": None})["impulse_response"], np.float64)
    response[0] = 1.0
    size = len(dry) + len(response)
    expected = np.fft.irfft(np.fft.rfft(dry, size) * np.fft.rfft(response, size), size)[: len(dry)]

    lines = []
    for a, b, key, velocity in frames:
        lines += [(a * hop, 1, f"on 0 {key} {velocity}"), (b * hop, 0, f"off 0 {key} 0")]
    text = "\n".join(f"{at} {what}" for at, _, what in sorted(lines))
    (tmp_path / "notes.txt").write_text(text)
    found = play(
        engine,
        *("notes", instruments / "violin.ddsp", rate, 100, tmp_path / "notes.txt"),
        *((n_frames + 2) * hop / rate, "OUT", "voices=1"),
        given=np.zeros(1),
        folder=tmp_path,
    )
    late = streamer.latency_samples
    assert np.max(np.abs(expected)) > 0.05
    assert difference_db(found[late : late + len(expected)], expected) < -80.0


def test_it_is_fast_enough(engine: Path, instruments: Path) -> None:
    printed = run(engine / "ddsp_benchmark", instruments / "violin.ddsp")
    shares = re.findall(r"(\d+ notes?|sound) +block +64 +([\d.]+) %", printed)
    percent = {what: float(share) for what, share in shares}
    assert percent["1 note"] < 5.0
    assert percent["8 notes"] < 30.0
