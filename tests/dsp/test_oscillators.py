"""Oscillators against float64: samples, phase after ten minutes, pitch, level, Nyquist."""

from fractions import Fraction

import dsp_oracles
import numpy as np
import pytest
import scipy.signal
import tensorflow as tf
from contracts import check_modes_agree

from ddsp_tf import dsp

SAMPLE_RATE, HOP = 16000, 64


def _vibrato(n_frames: int, f_hz: float, *, depth: float = 0.03) -> np.ndarray:
    time = np.arange(n_frames) * HOP / SAMPLE_RATE
    return (f_hz * (1 + depth * np.sin(2 * np.pi * 5.5 * time))).astype(np.float32)


def _expressive(n_frames: int, n_harmonics: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(11)
    amplitudes = 0.5 + 0.5 * np.sin(np.arange(n_frames) / 17.0)[:, np.newaxis]
    weights = rng.uniform(0.1, 1.0, size=[n_frames, n_harmonics])
    distribution = weights / weights.sum(axis=-1, keepdims=True)
    return amplitudes.astype(np.float32), distribution.astype(np.float32)


def _harmonic(f0_hz: np.ndarray, amplitudes: np.ndarray, distribution: np.ndarray, **kwargs):
    audio = dsp.harmonic(
        f0_hz[np.newaxis, :, np.newaxis],
        amplitudes[np.newaxis],
        distribution[np.newaxis],
        hop_length=HOP,
        sample_rate=SAMPLE_RATE,
        **kwargs,
    )
    return audio.numpy()[0]


@pytest.mark.parametrize("method", ["window", "linear"])
def test_ten_seconds_of_sixty_harmonics_are_within_1e_4_of_float64(method: str) -> None:
    n_frames, n_harmonics = 2500, 60
    f0_hz = _vibrato(n_frames, 125.0)
    amplitudes, distribution = _expressive(n_frames, n_harmonics)
    audio = _harmonic(f0_hz, amplitudes, distribution, amplitude_method=method)
    expected = dsp_oracles.sinusoids(
        f0_hz[:, np.newaxis].astype(np.float64) * np.arange(1, n_harmonics + 1),
        amplitudes.astype(np.float64) * distribution,
        hop_length=HOP,
        sample_rate=SAMPLE_RATE,
        method=method,
    )
    assert np.max(np.abs(expected)) > 0.2
    assert np.max(np.abs(audio - expected)) < 1e-4


def test_compiled_sum_is_the_same_sum() -> None:
    n_frames, n_harmonics = 100, 12
    f0_hz = tf.constant(_vibrato(n_frames + 1, 200.0)[np.newaxis, :, np.newaxis])
    amplitudes, distribution = (
        tf.constant(x[np.newaxis]) for x in _expressive(n_frames + 1, n_harmonics)
    )
    weights = dsp.uniform_noise(1, n_frames * HOP, seed=1)
    results = []
    for jit_compile in (False, True):
        with tf.GradientTape() as tape:
            tape.watch((f0_hz, amplitudes, distribution))
            audio, turns = dsp.stream_harmonic(
                f0_hz,
                amplitudes,
                distribution,
                initial_turns=None,
                hop_length=HOP,
                sample_rate=SAMPLE_RATE,
                jit_compile=jit_compile,
            )
            total = tf.reduce_sum(audio * weights)
        gradients = tape.gradient(total, (f0_hz, amplitudes, distribution))
        results.append([audio, turns, *gradients])
    for plain, compiled in zip(*results, strict=True):
        scale = np.max(np.abs(plain))
        assert scale > 0
        np.testing.assert_allclose(compiled, plain, atol=1e-4 * scale)


def test_phase_after_ten_minutes_at_4_khz_is_within_1e_3_rad() -> None:
    n_frames = 10 * 60 * SAMPLE_RATE // HOP
    f0_hz = _vibrato(n_frames, 3900.0)
    one = np.ones([n_frames, 1], np.float32)
    last_second = _harmonic(f0_hz, one, one)[-SAMPLE_RATE:]
    at_samples = dsp_oracles.interpolate(f0_hz.astype(np.float64), HOP)
    phase = 2 * np.pi * dsp_oracles.phase_turns(at_samples, SAMPLE_RATE)[-SAMPLE_RATE:]
    # Where the sine crosses zero, the difference is the phase error itself.
    assert np.max(np.abs(last_second - np.sin(phase))) < 1e-3


@pytest.mark.slow
def test_phase_after_ten_minutes_of_blocks() -> None:
    n_frames, n_blocks = 1000, 150
    f0_hz = np.float32(3987.3)
    controls = (tf.fill([1, n_frames + 1, 1], f0_hz), *([tf.ones([1, n_frames + 1, 1])] * 2))
    turns = None
    advance = tf.function(
        lambda turns: dsp.stream_harmonic(
            *controls, initial_turns=turns, hop_length=HOP, sample_rate=SAMPLE_RATE
        )
    )
    for _ in range(n_blocks):
        audio, turns = advance(tf.zeros([1, 1], tf.float64) if turns is None else turns)
        assert 0 <= float(turns[0, 0]) < 1
    n_samples = n_frames * HOP * n_blocks
    positions = np.arange(n_samples - n_frames * HOP + 1, n_samples + 1)
    # float32 fractions are exact multiples of a power of two, so this product is exact enough.
    phase = np.remainder(positions.astype(np.longdouble) * f0_hz / SAMPLE_RATE, 1.0)
    expected = np.sin(2 * np.pi * phase.astype(np.float64))
    assert np.max(np.abs(audio.numpy()[0] - expected)) < 1e-3


@pytest.mark.slow
@pytest.mark.parametrize("f0_hz", [1000.123, 437.6543, 1172.9])
def test_phase_after_an_hour_is_within_1e_7_rad_and_blocks_agree(f0_hz: float) -> None:
    n_frames, n_block = 3600 * SAMPLE_RATE // HOP, 10_000
    f0_hz = float(np.float32(f0_hz))
    one = tf.ones([1, n_block + 1, 1])
    # The phase alone: with nothing to play, an hour costs nothing.
    silence = tf.zeros([1, n_frames + 1, 1])
    _, turns = dsp.stream_sinusoidal(
        f0_hz * tf.ones_like(silence),
        silence,
        initial_turns=None,
        hop_length=HOP,
        sample_rate=SAMPLE_RATE,
    )
    exact = n_frames * HOP * Fraction(f0_hz) / SAMPLE_RATE
    error = (float(turns[0, 0]) - float(exact % 1) + 0.5) % 1.0 - 0.5
    assert abs(2 * np.pi * error) < 1e-7
    # The last block of a stream against what was made at once: -80 dB, with room to spare.
    streamed, shares = tf.zeros([1, 1], tf.float64), tf.fill([1, n_block + 1, 7], 1 / 7)
    block = tf.function(
        lambda turns: dsp.stream_harmonic(
            f0_hz * one,
            one,
            shares,
            initial_turns=turns,
            hop_length=HOP,
            sample_rate=SAMPLE_RATE,
        )
    )
    for _ in range(n_frames // n_block):
        audio, streamed = block(streamed)
    _, before = dsp.stream_sinusoidal(
        f0_hz * tf.ones([1, n_frames - n_block + 1, 1]),
        silence[:, n_block:],
        initial_turns=None,
        hop_length=HOP,
        sample_rate=SAMPLE_RATE,
    )
    at_once, _ = block(before)
    difference = np.sqrt(np.mean(np.square(at_once - audio)) / np.mean(np.square(audio)))
    assert 20 * np.log10(difference + 1e-12) < -100


@pytest.mark.parametrize(("f0_hz", "number"), [(440.0, 1), (440.0, 7), (27.5, 40), (3520.0, 2)])
def test_each_partial_is_at_its_pitch_and_level(f0_hz: float, number: int) -> None:
    n_frames = 250
    distribution = np.full([n_frames, 40], 0.01, np.float32)
    distribution[:, number - 1] = 0.6
    audio = _harmonic(
        np.full(n_frames, f0_hz, np.float32), np.full([n_frames, 1], 0.5, np.float32), distribution
    )
    found_hz, amplitude = dsp_oracles.peak(audio, number * f0_hz, SAMPLE_RATE)
    assert abs(dsp_oracles.cents(found_hz, number * f0_hz)) < 1
    assert abs(20 * np.log10(amplitude / 0.3)) < 0.1


def test_partials_at_and_above_nyquist_are_silent() -> None:
    n_frames = 125
    distribution = np.zeros([n_frames, 10], np.float32)
    distribution[:, 1:] = 0.1
    amplitudes = np.ones([n_frames, 1], np.float32)
    at_nyquist = _harmonic(np.full(n_frames, 4000.0, np.float32), amplitudes, distribution)
    np.testing.assert_array_equal(at_nyquist, 0.0)
    below = _harmonic(np.full(n_frames, 3999.0, np.float32), amplitudes, distribution)
    assert dsp_oracles.level_db(below) == pytest.approx(20 * np.log10(0.1) - 3.01, abs=0.3)


@pytest.mark.parametrize("bank", ["harmonic", "sinusoidal"])
def test_a_glide_through_nyquist_leaves_no_alias(bank: str) -> None:
    n_frames = 500
    f_hz = np.linspace(6000, 10000, n_frames, dtype=np.float32)
    one = np.ones([n_frames, 1], np.float32)
    if bank == "harmonic":
        audio = _harmonic(f_hz / 2, one, np.tile(np.float32([0.0, 1.0]), [n_frames, 1]))
    else:
        audio = dsp.sinusoidal(
            f_hz[np.newaxis, :, np.newaxis],
            one[np.newaxis],
            hop_length=HOP,
            sample_rate=SAMPLE_RATE,
        ).numpy()[0]
    at_samples = dsp_oracles.interpolate(f_hz.astype(np.float64), HOP)
    np.testing.assert_array_equal(audio[at_samples >= 8000], 0.0)
    # Up to the last frame below, it sounds as if there were no Nyquist frequency.
    sounding = at_samples < 8000 - 2 * (f_hz[1] - f_hz[0])
    expected = np.sin(2 * np.pi * dsp_oracles.phase_turns(at_samples, SAMPLE_RATE))
    np.testing.assert_allclose(audio[sounding], expected[sounding], atol=1e-4)
    # An alias would come down again from 8 kHz after the crossing.
    _, _, power = scipy.signal.spectrogram(audio, SAMPLE_RATE, nperseg=512)
    after = power[:, power.shape[1] // 2 + 4 :]
    assert 10 * np.log10(after.max() / power.max() + 1e-30) < -60


def test_normalization_keeps_the_level_of_high_notes() -> None:
    f0_hz = tf.constant([[[1000.0], [3000.0], [9000.0]]])
    normalized = dsp.normalize_harmonics(tf.ones([1, 3, 20]), f0_hz, sample_rate=SAMPLE_RATE)
    np.testing.assert_allclose(normalized[0, 0], [1 / 7] * 7 + [0] * 13, rtol=1e-6)
    np.testing.assert_allclose(normalized[0, 1], [1 / 2] * 2 + [0] * 18, rtol=1e-6)
    np.testing.assert_array_equal(normalized[0, 2], np.zeros(20))


def test_shifted_harmonics_equal_free_sinusoids() -> None:
    n_frames, n_harmonics = 250, 8
    f0_hz = _vibrato(n_frames, 300.0)
    amplitudes, distribution = _expressive(n_frames, n_harmonics)
    numbers = np.arange(1, n_harmonics + 1)
    # The stiff string: partials are sharp, more so the higher they are.
    stretch = np.sqrt(1 + 4e-4 * numbers**2) - 1
    shifts = np.tile(stretch, [n_frames, 1]).astype(np.float32)
    audio = _harmonic(f0_hz, amplitudes, distribution, harmonic_shifts=shifts[np.newaxis])
    expected = dsp_oracles.sinusoids(
        f0_hz[:, np.newaxis] * numbers * (1.0 + shifts.astype(np.float64)),
        amplitudes.astype(np.float64) * distribution,
        hop_length=HOP,
        sample_rate=SAMPLE_RATE,
    )
    # float32 holds a frequency to 1e-7 of itself, which a second turns into this much phase.
    assert np.max(np.abs(audio - expected)) < 2e-3


def test_no_shift_is_the_plain_sum() -> None:
    n_frames = 250
    f0_hz = _vibrato(n_frames, 300.0)
    amplitudes, distribution = _expressive(n_frames, 6)
    plain = _harmonic(f0_hz, amplitudes, distribution)
    shifted = _harmonic(
        f0_hz, amplitudes, distribution, harmonic_shifts=np.zeros([1, n_frames, 6], np.float32)
    )
    np.testing.assert_allclose(shifted, plain, atol=2e-3)


def test_a_shifted_partial_is_where_it_should_be() -> None:
    n_frames = 250
    distribution = np.tile(np.float32([0.2, 0.3]), [n_frames, 1])
    shifts = np.tile(np.float32([0.0, 0.02]), [1, n_frames, 1])
    audio = _harmonic(
        np.full(n_frames, 500.0, np.float32),
        np.ones([n_frames, 1], np.float32),
        distribution,
        harmonic_shifts=shifts,
    )
    found_hz, amplitude = dsp_oracles.peak(audio, 1020.0, SAMPLE_RATE)
    assert abs(dsp_oracles.cents(found_hz, 1020.0)) < 1
    assert abs(20 * np.log10(amplitude / 0.3)) < 0.1


@pytest.mark.parametrize("method", ["window", "linear"])
def test_sinusoidal_bank_against_float64(method: str) -> None:
    n_frames = 500
    rng = np.random.default_rng(12)
    f_hz = np.stack([_vibrato(n_frames, f, depth=0.1) for f in (97.3, 440, 1234.5, 6789, 7800)], -1)
    amplitudes = rng.uniform(0, 0.3, size=f_hz.shape).astype(np.float32)
    audio = dsp.sinusoidal(
        f_hz[np.newaxis],
        amplitudes[np.newaxis],
        hop_length=HOP,
        sample_rate=SAMPLE_RATE,
        amplitude_method=method,
    )
    expected = dsp_oracles.sinusoids(
        f_hz.astype(np.float64),
        amplitudes.astype(np.float64),
        hop_length=HOP,
        sample_rate=SAMPLE_RATE,
        method=method,
    )
    assert np.any(f_hz > 8000)
    assert np.max(np.abs(audio.numpy()[0] - expected)) < 1e-4


def test_rows_of_a_batch_do_not_mix() -> None:
    n_frames = 20
    f0_hz = tf.constant([[[200.0]], [[333.0]]]) * tf.ones([2, n_frames, 1])
    amplitudes = tf.constant([[[0.1]], [[1.0]]]) * tf.ones([2, n_frames, 1])
    distribution = tf.constant([[[1.0, 0.0]], [[0.0, 1.0]]]) * tf.ones([2, n_frames, 2])
    rates = {"hop_length": HOP, "sample_rate": SAMPLE_RATE}
    both = dsp.harmonic(f0_hz, amplitudes, distribution, **rates).numpy()
    for row in range(2):
        alone = dsp.harmonic(
            *(x[row : row + 1] for x in (f0_hz, amplitudes, distribution)), **rates
        )
        np.testing.assert_allclose(both[row], alone[0], atol=1e-6)


@pytest.mark.parametrize("shifted", [False, True])
def test_every_mode(shifted: bool) -> None:
    def inputs(batch: int, n_frames: int) -> dict[str, np.ndarray]:
        rng = np.random.default_rng(13)
        drawn = {
            "f0_hz": rng.uniform(100, 700, size=[batch, n_frames, 1]),
            "amplitudes": rng.uniform(0, 1, size=[batch, n_frames, 1]),
            "harmonic_distribution": rng.uniform(0, 1, size=[batch, n_frames, 12]),
        }
        if shifted:
            drawn["harmonic_shifts"] = rng.uniform(-0.1, 0.1, size=[batch, n_frames, 12])
        return {key: x.astype(np.float32) for key, x in drawn.items()}

    check_modes_agree(
        lambda **values: dsp.harmonic(**values, hop_length=HOP, sample_rate=SAMPLE_RATE),
        inputs(2, 30),
        inputs(1, 11),
        tolerance=1e-4,
    )
