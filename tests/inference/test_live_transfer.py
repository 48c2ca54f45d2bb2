"""Live transfer plays what the transfer of the recording plays, 40 ms later."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr
from inference_toys import (
    RATE,
    cents_between,
    following_instrument,
    fundamental_hz,
    level_db,
    melody,
    tone,
)

from ddsp_tf.errors import ArgumentError
from ddsp_tf.features import Features, extract_features
from ddsp_tf.inference import TimbreTransfer
from ddsp_tf.inference.live_gate import LiveGate
from ddsp_tf.inference.live_transfer import LiveTransfer
from ddsp_tf.models import Autoencoder, Instrument


def play(transfer: LiveTransfer, audio: np.ndarray, longest: int = 1500) -> np.ndarray:
    """Plays in blocks of random lengths, and leaves out the latency."""
    rng = np.random.default_rng(0)
    parts, start = [], 0
    while start < len(audio):
        count = int(rng.integers(1, longest))
        parts.append(transfer.process(audio[start : start + count]))
        start += count
    parts.append(transfer.flush())
    played = np.concatenate(parts)
    assert len(played) == len(audio) + transfer.latency_samples
    return played[transfer.latency_samples :]


@pytest.fixture(scope="module")
def toy() -> LiveTransfer:
    return LiveTransfer(following_instrument(), block_samples=256, xla=False)


def test_plays_the_notes_that_come_in(toy: LiveTransfer) -> None:
    notes = (262.0, 330.0, 440.0)
    played = play(toy, melody(notes, 0.6))
    for index, hz in enumerate(notes):
        middle = played[round((0.6 * index + 0.15) * RATE) : round((0.6 * index + 0.5) * RATE)]
        assert abs(cents_between(fundamental_hz(middle, hz), hz)) < 8


def test_as_many_samples_come_out_as_go_in(toy: LiveTransfer) -> None:
    toy.reset()
    assert toy.latency_samples == 192 + 64  # this instrument has no noise
    for count in (1, 700, 3, 64, 0, 255):
        assert toy.process(tone(300.0, 1.0)[:count]).shape == (count,)
    toy.reset()
    assert toy.flush().shape == (0,)


def test_a_note_is_heard_after_the_latency_and_before_its_end(toy: LiveTransfer) -> None:
    toy.reset()
    silence = np.zeros(RATE // 2, np.float32)
    played = play(toy, np.concatenate([silence, tone(440.0, 0.5), silence]))
    loud = np.flatnonzero(np.abs(played) > 0.02)
    # Being sure that it is a note takes CREPE about 30 ms of it.
    assert 0.0 < loud[0] / RATE - 0.5 < 0.055
    assert abs(loud[-1] - RATE) < 0.1 * RATE
    assert level_db(played[: RATE // 2 - 400]) < -60
    open_all_the_time = LiveTransfer(
        following_instrument(), gate_unvoiced=False, block_samples=64, xla=False
    )
    ungated = play(open_all_the_time, np.concatenate([silence, tone(440.0, 0.5)]))
    assert abs(np.flatnonzero(np.abs(ungated) > 0.02)[0] / RATE - 0.5) < 0.012


def test_begins_and_ends_at_zero_and_below_the_ceiling() -> None:
    """A wave that is cut at both ends, played too loud."""
    transfer = LiveTransfer(
        following_instrument(),
        gate_unvoiced=False,
        loudness_db=30.0,
        limiter=True,
        block_samples=256,
        xla=False,
    )
    assert transfer.latency_samples == 192 + 64 + 80
    wave = 0.3 * np.sin(2 * np.pi * 440 / RATE * np.arange(RATE) + 1.0)
    played = play(transfer, wave, longest=700)
    assert transfer.limited_db > 6.0
    assert 0.97 * 10 ** (-1 / 20) < np.abs(played).max() <= np.float32(10 ** (-1 / 20))
    assert played[0] == played[-1] == 0.0
    assert np.abs(np.diff(played[:20])).max() < 0.02
    assert np.abs(np.diff(played[-20:])).max() < 0.02
    middle = played[RATE // 4 : -RATE // 4]
    assert abs(cents_between(fundamental_hz(middle, 440.0), 440.0)) < 8
    assert np.abs(middle).max() > 0.85
    transfer.reset()
    assert transfer.limited_db == 0.0


def test_shifts_what_it_is_told_to() -> None:
    plain, shifted = (
        LiveTransfer(following_instrument(), block_samples=64, xla=False, **options)
        for options in ({}, {"octave": -1, "semitones": 5, "loudness_db": -6.0})
    )
    features = Features(np.full(90, 440.0), np.ones(90), np.full(90, -20.0))
    before, after = plain.edited(features), shifted.edited(features)
    np.testing.assert_allclose(after.f0_hz, 440.0 * 2 ** (-7 / 12), rtol=1e-5)
    np.testing.assert_allclose(before.loudness_db - after.loudness_db, 6.0, atol=1e-4)


def test_the_gate_opens_for_notes_and_passes_over_short_gaps() -> None:
    gate = LiveGate(250.0)
    confidence = np.repeat([0.9, 0.1, 0.9, 0.1], [50, 8, 50, 60])
    gain = gate.gain(Features(np.full(168, 440.0), confidence, np.full(168, -20.0)))
    assert gain[:108].min() == 1.0
    assert gain[-1] == 0.0
    assert np.diff(gain[60:]).min() > -0.1  # it closes without a click
    assert gate.gain(Features(np.full(9, 440.0), np.ones(9), np.full(9, -70.0))).max() == 0.0


def test_resamples_on_the_way() -> None:
    transfer = LiveTransfer(
        following_instrument(), sample_rate=44100, block_samples=1024, xla=False
    )
    played = play(transfer, soxr.resample(tone(440.0, 0.8), RATE, 44100))
    middle = soxr.resample(played, 44100, RATE)[RATE // 4 : RATE // 2]
    assert abs(cents_between(fundamental_hz(middle, 440.0), 440.0)) < 8
    assert transfer.latency_ms == pytest.approx(16.0, abs=0.05)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"octave": "auto"}, "`octave` must be a whole number from -8 to 8; got 'auto'"),
        ({"octave": 9}, "`octave` must be"),
        ({"semitones": 200.0}, "`semitones` must be from -96 to 96"),
        ({"sample_rate": 10}, "`sample_rate` must be from 1000 to 768000 Hz; got 10"),
        ({"block_samples": 0}, "`block_samples` must be at least 1; got 0"),
    ],
)
def test_refuses_what_is_out_of_range(options: dict[str, object], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        LiveTransfer(following_instrument(), **options)


def test_refuses_sound_that_is_none(toy: LiveTransfer) -> None:
    with pytest.raises(ArgumentError, match="NaN or infinite"):
        toy.process(np.array([np.inf]))
    with pytest.raises(ArgumentError, match=r"\[n_samples\]; got shape \(2, 2\)"):
        toy.process(np.zeros([2, 2]))


def test_an_instrument_that_can_not_stream_is_refused_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    instrument = following_instrument()
    monkeypatch.setattr(type(instrument.model.decoder), "causal", False)
    with pytest.raises(ArgumentError, match="its decoder `following` reads frames of the future"):
        LiveTransfer(instrument)
    assert isinstance(instrument.model, Autoencoder)


@pytest.mark.slow
def test_the_violin_plays_a_recording_as_the_transfer_does(recordings: Path) -> None:
    source = recordings / "phrases" / "trumpet_jazz_phrase.flac"
    audio, rate = soundfile.read(source, dtype="float32", always_2d=True)
    audio = soxr.resample(audio.mean(axis=1), rate, RATE)[: 6 * RATE]
    violin = Instrument.load("violin")
    whole = TimbreTransfer(violin, octave=0, match_loudness=False)(audio, RATE).audio
    live = play(LiveTransfer(violin, block_samples=1024), audio)
    expected, found = (extract_features(x, violin.features) for x in (whole, live))
    notes = (expected.f0_confidence > 0.7) & (expected.loudness_db > -45)
    assert notes.mean() > 0.2
    cents = np.abs(1200 * np.log2(found.f0_hz / expected.f0_hz))[notes]
    assert np.median(cents) < 10
    correlation = np.corrcoef(found.loudness_db, expected.loudness_db)[0, 1]
    assert correlation > 0.8
