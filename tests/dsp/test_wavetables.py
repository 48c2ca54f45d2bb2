"""Wavetables: read exactly between their points, band-limited, and mixed."""

import numpy as np
import pytest
import tensorflow as tf

from ddsp_tf.dsp.wavetables import scan_weights, stream_table_mix, stream_wavetable, wavetable
from ddsp_tf.errors import ArgumentError

RATE, HOP = 16000, 64
SETTINGS = {"sample_rate": RATE, "hop_length": HOP}


def frames(value: float, n_frames: int = 60, dtype: type = np.float64) -> np.ndarray:
    return np.full([1, n_frames, 1], value, dtype)


def strongest_alias_db(audio: np.ndarray, f0_hz: float) -> float:
    """The strongest line that is no multiple of f0, beside the strongest that is."""
    n = len(audio)
    spectrum = np.abs(np.fft.rfft(audio * np.kaiser(n, 20.0)))
    partial = np.fft.rfftfreq(n, 1.0 / RATE) / f0_hz
    own = np.abs(partial - np.round(partial)) * f0_hz < 14.0 * RATE / n
    return float(20 * np.log10(spectrum[~own].max() / spectrum[own].max()))


def test_is_the_sum_of_its_partials_that_numpy_adds_up() -> None:
    """A gliding tone of 60 partials with phases of their own, in float64."""
    rng = np.random.default_rng(0)
    levels, phases = rng.uniform(0, 1, 60), rng.uniform(-np.pi, np.pi, 60)
    partials = np.arange(1, 61)[:, np.newaxis]

    def wave(place: np.ndarray) -> np.ndarray:
        return levels @ np.sin(partials * place + phases[:, np.newaxis])

    table = wave(2 * np.pi * np.arange(512) / 512)
    f0_hz = np.linspace(70.0, 130.0, 60)[np.newaxis, :, np.newaxis]
    played = wavetable(f0_hz, frames(1.0), table * frames(1.0), **SETTINGS)[0].numpy()
    at_samples = np.interp(np.arange(60 * HOP), np.arange(60) * HOP, f0_hz[0, :, 0])
    expected = wave(2 * np.pi * np.cumsum(at_samples / RATE))
    assert 20 * np.log10(np.std(played - expected) / np.std(expected)) < -105.0


def test_a_sine_of_2048_points_has_no_distortion() -> None:
    """The check of the reference: below -80 dB up to an eighth of the sample rate."""
    sine = np.sin(2 * np.pi * np.arange(2048) / 2048, dtype=np.float32)
    for f0_hz in (55.25, 441.75, 1999.125):
        one = frames(1.0, 256, np.float32)
        played = wavetable(f0_hz * one, one, sine * one, **SETTINGS)[0].numpy()
        turns = 2 * np.pi * (np.arange(len(played)) + 1) * f0_hz / RATE
        assert np.max(np.abs(played - np.sin(turns))) < 1e-4


@pytest.mark.parametrize("f0_hz", [197.3, 1234.6, 3011.3])
def test_a_saw_has_no_aliases(f0_hz: float) -> None:
    saw = np.linspace(1.0, -1.0, 512, endpoint=False)
    played = wavetable(frames(f0_hz, 256), frames(1.0, 256), saw * frames(1.0, 256), **SETTINGS)
    assert strongest_alias_db(played[0].numpy(), f0_hz) < -95.0


def test_what_reaches_nyquist_at_either_frame_is_silent() -> None:
    second = np.sin(4 * np.pi * np.arange(64) / 64)
    f0_hz = np.array([[[3900.0], [3900.0], [4100.0], [4100.0]]])
    one = np.ones([1, 4, 1])
    played = wavetable(f0_hz, one, second * one, **SETTINGS)[0].numpy()
    assert np.std(played[:HOP]) > 0.5
    assert np.max(np.abs(played[HOP:])) < 1e-12


def test_a_mixture_is_the_wavetable_of_the_weighted_sum() -> None:
    rng = np.random.default_rng(1)
    tables, weights = rng.normal(size=[3, 33]), rng.uniform(size=[1, 6, 3])
    f0_hz = rng.uniform(100, 900, [1, 6, 1])
    mixed, _ = stream_table_mix(f0_hz, weights, tables, initial_turns=None, **SETTINGS)
    summed, _ = stream_wavetable(
        f0_hz, np.ones([1, 6, 1]), weights @ tables, initial_turns=None, **SETTINGS
    )
    np.testing.assert_allclose(mixed, summed, atol=1e-10)


def test_gradients_are_those_of_finite_differences() -> None:
    rng = np.random.default_rng(2)
    f0_hz, weights = tf.constant(rng.uniform(200, 300, [1, 2, 1])), rng.uniform(size=[1, 2, 2])
    tables = tf.constant(rng.normal(size=[2, 5]))

    def played(weights: tf.Tensor, tables: tf.Tensor) -> tf.Tensor:
        settings = {"sample_rate": RATE, "hop_length": 3, "initial_turns": None}
        return stream_table_mix(f0_hz, weights, tables, **settings)[0]

    ours, numeric = tf.test.compute_gradient(played, [tf.constant(weights), tables], delta=1e-4)
    for one, other in zip(ours, numeric, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-8)


def test_a_position_weighs_the_tables_beside_it() -> None:
    weights = scan_weights(np.array([[-1.0], [0.0], [0.75], [1.0], [3.0]]), n_tables=3)
    expected = [[1, 0, 0], [1, 0, 0], [0, 0.5, 0.5], [0, 0, 1], [0, 0, 1]]
    np.testing.assert_allclose(weights, expected)


def test_what_is_refused() -> None:
    one = frames(1.0, 4)
    with pytest.raises(ArgumentError, match=r"`wavetables` should have at least 4 points.* 1\."):
        wavetable(440 * one, one, one, **SETTINGS)
    with pytest.raises(ArgumentError, match=r"`weights` should have one for each of the 3 tables"):
        stream_table_mix(440 * one, one, np.ones([3, 8]), initial_turns=None, **SETTINGS)
    with pytest.raises(ArgumentError, match="same n_frames"):
        wavetable(440 * one[:, :3], one, np.ones([1, 4, 8]), **SETTINGS)


def test_the_kernel_answers_to_its_own_formula() -> None:
    """A partial through the kernel, summed point by point, beside its response."""
    from ddsp_tf.dsp import wavetables as module

    response = module._kernel_response(64)
    for partial in (0, 7, 16):
        for place in (0.0, 0.3, 0.77):
            points = np.arange(-3, 4)
            distance = place - points
            near = np.where(np.abs(distance) <= 3.0, module._kernel(distance).numpy(), 0.0)
            given = np.sum(near * np.exp(2j * np.pi * partial * points / 64))
            wanted = response[partial] * np.exp(2j * np.pi * partial * place / 64)
            assert abs(given - wanted) / response[0] < 1e-4
