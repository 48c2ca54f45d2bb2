"""Harmonic, FilteredNoise and Sinusoidal: what their controls mean, in sound."""

import numpy as np
import pytest
import scipy.signal
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.errors import ArgumentError
from ddsp_tf.processors import FilteredNoise, Harmonic, Sinusoidal

SAMPLE_RATE, HOP = 16000, 64


def _level_db(audio: np.ndarray) -> float:
    return 10 * np.log10(np.mean(np.square(audio, dtype=np.float64)) + 1e-30)


def _harmonic_inputs(f0_hz: float, n_frames: int = 100) -> dict[str, tf.Tensor]:
    flat = tf.zeros([1, n_frames, 30])
    return {
        "amplitudes": flat[..., :1],
        "harmonic_distribution": flat,
        "f0_hz": f0_hz + flat[..., :1],
    }


def test_harmonic_controls_are_the_papers() -> None:
    controls = Harmonic()(_harmonic_inputs(1000.0), return_controls=True)["controls"]
    np.testing.assert_allclose(controls["amplitudes"], 0.405399, rtol=1e-5)
    np.testing.assert_allclose(controls["harmonic_distribution"][0, 0, :7], 1 / 7, rtol=1e-5)
    np.testing.assert_array_equal(controls["harmonic_distribution"][0, 0, 7:], 0)


@pytest.mark.parametrize("f0_hz", [110.0, 1000.0, 2500.0])
def test_harmonic_level_is_that_of_its_audible_partials(f0_hz: float) -> None:
    n_audible = min(30, int(7999.9 // f0_hz))
    audio = Harmonic()(_harmonic_inputs(f0_hz, 250)).numpy()[0]
    expected = 20 * np.log10(0.405399 / n_audible) + 10 * np.log10(n_audible / 2)
    assert _level_db(audio) == pytest.approx(expected, abs=0.1)


def test_without_normalization_below_nyquist_high_notes_are_softer() -> None:
    inputs = _harmonic_inputs(4100.0, 250)
    full, reduced = (
        _level_db(Harmonic(normalize_below_nyquist=flag)(inputs).numpy()) for flag in (True, False)
    )
    assert full - reduced == pytest.approx(20 * np.log10(30), abs=0.1)


def test_harmonic_plays_nothing_above_nyquist_during_a_glide() -> None:
    inputs = _harmonic_inputs(0.0, 500)
    inputs["f0_hz"] = tf.linspace(1500.0, 8500.0, 500)[tf.newaxis, :, tf.newaxis]
    inputs["harmonic_distribution"] = tf.concat(
        [tf.fill([1, 500, 1], -40.0), tf.zeros([1, 500, 29])], axis=-1
    )
    audio = Harmonic(normalize_below_nyquist=False)(inputs).numpy()[0]
    f0_hz = np.interp(np.arange(len(audio)), np.arange(500) * HOP, np.linspace(1500, 8500, 500))
    # Above 4 kHz the second partial is out; the first was left out by the distribution.
    loudest = np.max(np.abs(audio))
    assert np.max(np.abs(audio[f0_hz >= 4000])) < 1e-3 * loudest
    # Below it, whatever sounds is at a multiple of f0: an alias would be in between.
    piece = audio[(f0_hz > 3000) & (f0_hz < 3014)]
    spectrum = np.abs(np.fft.rfft(piece * scipy.signal.get_window("hann", len(piece)), 16000))
    lowest = spectrum[:5000].max()
    assert lowest < 0.02 * spectrum.max()


def test_noise_has_the_magnitudes_asked_for_within_half_a_decibel() -> None:
    f = np.linspace(0, 1, 65)
    magnitudes = 0.05 * 10 ** (0.5 * np.cos(2 * np.pi * f)).astype(np.float32)
    noise = FilteredNoise(scale=False)
    audio = noise({"noise_magnitudes": np.tile(magnitudes, [8, 2500, 1])}).numpy()
    _, power = scipy.signal.welch(
        audio, nperseg=256, window="hann", detrend=False, return_onesided=False
    )
    half = slice(0, 129)
    spectrum = np.sqrt(power.mean(axis=0)[half] * 3)  # White noise in [-1, 1) has a power of 1/3.
    expected = np.interp(np.arange(129) / 128, f, magnitudes)
    error_db = 20 * np.log10(spectrum / expected)
    assert np.ptp(20 * np.log10(magnitudes)) > 15
    assert np.max(np.abs(error_db)) < 0.5


def test_noise_of_equal_magnitudes_is_one_filter_on_the_noise_itself() -> None:
    magnitudes = np.linspace(1, 0, 65, dtype=np.float32)
    audio = FilteredNoise(scale=False, seed=3)(
        {"noise_magnitudes": np.tile(magnitudes, [1, 50, 1])}
    ).numpy()[0]
    raw = dsp.uniform_noise(1, 60 * HOP, seed=3).numpy()[0].astype(np.float64)
    response = dsp.impulse_response_from_magnitudes(magnitudes).numpy().astype(np.float64)
    expected = np.convolve(raw, response)[64 : 64 + 50 * HOP]
    inside = slice(2 * HOP, -2 * HOP)
    assert np.max(np.abs(audio[inside] - expected[inside])) < 1e-5


def test_noise_level_follows_its_frames_without_delay_or_clicks() -> None:
    gains = np.where(np.arange(100) < 50, 0.5, 0.0).astype(np.float32)
    audio = FilteredNoise(scale=False)(
        {"noise_magnitudes": np.tile(gains[:, np.newaxis], [8, 1, 65])}
    ).numpy()
    raw = dsp.uniform_noise(8, 100 * HOP, seed=0).numpy()
    gain = audio / raw
    np.testing.assert_allclose(gain[:, : 49 * HOP], 0.5, atol=1e-3)
    np.testing.assert_allclose(audio[:, 50 * HOP :], 0.0, atol=1e-4)
    middle = np.median(gain[:, 49 * HOP + HOP // 2])
    assert middle == pytest.approx(0.25, abs=0.01)


def test_untrained_noise_is_quiet() -> None:
    quiet, loud = (
        FilteredNoise(initial_bias=bias)({"noise_magnitudes": tf.zeros([1, 250, 65])}).numpy()
        for bias in (-5.0, 0.0)
    )
    # The ratio of exp_sigmoid at -5 and at 0.
    assert _level_db(quiet) - _level_db(loud) == pytest.approx(
        20 * np.log10(1.9793e-5 / 0.405399), abs=0.1
    )


def test_noise_is_chosen_by_seed_alone() -> None:
    inputs = {"noise_magnitudes": tf.zeros([2, 20, 65])}
    first = FilteredNoise(seed=1)(inputs).numpy()
    np.testing.assert_array_equal(FilteredNoise(seed=1)(inputs), first)
    np.testing.assert_array_equal(
        FilteredNoise(seed=2)({**inputs, "noise_seed": tf.constant(1)}), first
    )
    for other in (
        FilteredNoise(seed=2)(inputs),
        FilteredNoise(seed=1)({**inputs, "noise_seed": tf.constant(2)}),
    ):
        assert abs(np.corrcoef(other[0], first[0])[0, 1]) < 0.1
    assert abs(np.corrcoef(first[0], first[1])[0, 1]) < 0.1


def test_sinusoidal_plays_each_frequency_at_its_amplitude() -> None:
    wanted = {440.0: 0.2, 1000.0: 0.1, 9000.0: 0.7}
    one = np.ones([1, 250, 1], np.float32)
    audio = Sinusoidal(scale=False)(
        {
            "frequencies_hz": one * np.array(list(wanted), np.float32),
            "amplitudes": one * np.array(list(wanted.values()), np.float32),
        }
    ).numpy()[0]
    spectrum = 2 * np.abs(np.fft.rfft(audio)) / len(audio)
    assert spectrum[440] == pytest.approx(0.2, rel=1e-3)
    assert spectrum[1000] == pytest.approx(0.1, rel=1e-3)
    others = np.delete(spectrum, [440, 1000])
    assert others.max() < 1e-4


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: FilteredNoise(n_bands=1), "`n_bands` should be at least 2. Received 1."),
        (lambda: Harmonic(hop_length=0), "`hop_length` should be a positive integer"),
        (lambda: Harmonic(amplitude_method="cubic"), "`method` should be"),
        (lambda: Sinusoidal(hop_length=2.5), "`hop_length` should be a positive integer"),
    ],
)
def test_refuses_wrong_arguments_when_made(make: object, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        make()


def test_refuses_another_number_of_bands() -> None:
    with pytest.raises(ArgumentError, match=r"`filtered_noise`: .*n_frames, 65\]`.*\b33\b"):
        FilteredNoise()({"noise_magnitudes": tf.zeros([1, 4, 33])})
