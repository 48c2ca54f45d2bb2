"""No sample above the ceiling, nothing changed below it, and nothing heard of it but the level."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from inference_toys import RATE, following_instrument, melody, range_statistics, tone

from ddsp_tf.audio.output import write_blocks
from ddsp_tf.audio.peak_limiter import PeakLimiter
from ddsp_tf.errors import ArgumentError
from ddsp_tf.inference import TimbreTransfer


def bursts(seconds: float, sample_rate: int) -> np.ndarray:
    """Noise whose level jumps ten times a second, from -40 to +20 dBFS."""
    rng = np.random.default_rng(0)
    n_samples = round(seconds * sample_rate)
    gains = 10 ** rng.uniform(-2.0, 1.0, round(10 * seconds))
    return (rng.normal(size=n_samples) * np.repeat(gains, sample_rate // 10)).astype(np.float32)


def limited(audio: np.ndarray, limiter: PeakLimiter, n_blocks: int = 1) -> np.ndarray:
    return np.concatenate(list(limiter.limit(np.array_split(audio, n_blocks))))


@pytest.mark.parametrize("sample_rate", [8000, 16000, 48000])
@pytest.mark.parametrize("ceiling_db", [-6.0, -1.0, 0.0])
def test_no_sample_is_above_the_ceiling(sample_rate: int, ceiling_db: float) -> None:
    limiter = PeakLimiter(sample_rate, ceiling_db=ceiling_db)
    output = limited(bursts(3.0, sample_rate), limiter)
    assert np.abs(output).max() <= np.float32(10 ** (ceiling_db / 20))
    assert np.abs(output).max() > 0.97 * 10 ** (ceiling_db / 20)
    assert limiter.most_reduction_db > 20.0


def test_blocks_of_any_length_give_the_whole() -> None:
    audio = bursts(1.0, RATE)
    whole = limited(audio, PeakLimiter(RATE))
    assert len(whole) == len(audio)
    for n_blocks in (3, 50, 2000):
        np.testing.assert_allclose(limited(audio, PeakLimiter(RATE), n_blocks), whole, atol=1e-6)


def test_what_is_below_the_ceiling_comes_back_bit_by_bit() -> None:
    limiter = PeakLimiter(RATE)
    audio = np.concatenate([tone(440.0, 0.5, 0.3), tone(440.0, 0.2, 3.0), tone(440.0, 1.0, 0.3)])
    output = limited(audio, limiter)
    np.testing.assert_array_equal(output[: RATE // 2 - 80], audio[: RATE // 2 - 80])
    # The loudest peak is 14 dB too high, which takes 0.36 s to be given back.
    back = round(0.7 * RATE) + round((limiter.most_reduction_db / 40.0 + 0.02) * RATE)
    np.testing.assert_array_equal(output[back:], audio[back:])


@pytest.mark.parametrize(("hz", "most_db"), [(110.0, -60.0), (196.0, -60.0), (1000.0, -60.0)])
def test_a_steady_tone_is_turned_down_and_not_distorted(hz: float, most_db: float) -> None:
    time_s = np.arange(2 * RATE) / RATE
    output = limited(3.0 * np.sin(2 * np.pi * hz * time_s), PeakLimiter(RATE))
    middle = output[RATE // 2 : -RATE // 2].astype(np.float64)
    spectrum = np.abs(np.fft.rfft(middle * np.blackman(len(middle)))) ** 2
    near = np.abs(np.fft.rfftfreq(len(middle), 1 / RATE) - hz) < 5.0
    assert 10 * np.log10(spectrum[~near].sum() / spectrum[near].sum()) < most_db


def test_the_gain_falls_before_the_peak_and_rises_at_its_rate() -> None:
    limiter = PeakLimiter(RATE, ceiling_db=0.0, look_ahead_ms=5.0, release_db_per_s=40.0)
    audio = np.full(RATE, 0.1, np.float32)
    audio[RATE // 4] = 4.0
    gain_db = 20 * np.log10(limited(audio, limiter) / audio)
    assert gain_db[RATE // 4 - 81] == 0.0
    assert gain_db[RATE // 4] == pytest.approx(-12.04, abs=0.01)
    assert np.abs(np.diff(gain_db)).max() < 0.4
    rising = slice(RATE // 4 + 400, RATE // 4 + 4000)
    np.testing.assert_allclose(np.diff(gain_db[rising]) * RATE, 40.0, atol=2.0)


def test_it_remembers_nothing_after_a_reset() -> None:
    limiter = PeakLimiter(RATE)
    first = limited(bursts(0.5, RATE), limiter)
    np.testing.assert_array_equal(limited(bursts(0.5, RATE), limiter), first)
    limiter.reset()
    assert limiter.most_reduction_db == 0.0
    assert not limiter.process(np.zeros(0, np.float32)).size


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sample_rate": 0}, "`sample_rate` must be above 0 Hz; got 0"),
        ({"ceiling_db": 1.0}, "`ceiling_db` must be from -80 to 0 dBFS; got 1.0"),
        ({"look_ahead_ms": 0.0}, "`look_ahead_ms` must be from 0.1 to 100; got 0.0"),
        ({"release_db_per_s": 0.0}, "`release_db_per_s` must be above 0; got 0.0"),
    ],
)
def test_refuses_what_is_out_of_range(options: dict[str, float], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        PeakLimiter(**{"sample_rate": RATE, **options})


def test_a_file_is_limited_at_its_own_rate(tmp_path: Path) -> None:
    limiter = PeakLimiter(44100)
    gain_db = write_blocks(
        tmp_path / "o.wav",
        np.array_split(bursts(1.0, RATE), 7),
        block_rate=RATE,
        sample_rate=44100,
        bit_depth=24,
        n_samples=44100,
        normalize_peak=True,
        overwrite=False,
        limiter=limiter,
    )
    written, _ = soundfile.read(tmp_path / "o.wav")
    assert gain_db == 0.0
    assert len(written) == 44100
    assert 0.85 < np.abs(written).max() < 0.892


def test_a_transfer_turns_down_only_its_peaks(tmp_path: Path) -> None:
    """The loud note of the second half costs the first half nothing."""
    options = {"octave": 0, "match_loudness": False, "loudness_db": 40.0}
    song = np.concatenate([melody([330.0], 1.0) * 0.1, melody([440.0], 1.0)])
    instrument = following_instrument(range_statistics())
    whole = TimbreTransfer(instrument, **options)(song, RATE)
    peaks = TimbreTransfer(instrument, limiter=True, **options)(song, RATE)
    assert whole.report.gain_db < -3.0
    assert np.abs(whole.audio).max() == pytest.approx(1.0, abs=1e-6)
    assert np.abs(peaks.audio).max() <= 0.8913
    assert peaks.report.gain_db == 0.0
    assert peaks.report.limited_db > 3.0
    assert f"limiter: peaks turned down by up to {peaks.report.limited_db:.1f} dB" in (
        peaks.report.lines()
    )
    soft = slice(RATE // 4, 3 * RATE // 4)
    gain_db = 20 * np.log10(np.abs(peaks.audio[soft]).max() / np.abs(whole.audio[soft]).max())
    assert gain_db == pytest.approx(-whole.report.gain_db, abs=0.01)
    soundfile.write(tmp_path / "song.wav", song, RATE, subtype="FLOAT")
    filed = TimbreTransfer(instrument, limiter=True, **options).transfer_file(
        tmp_path / "song.wav", tmp_path / "out.wav", bit_depth=24
    )
    np.testing.assert_allclose(filed.audio, peaks.audio, atol=2**-20)
