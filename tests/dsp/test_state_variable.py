"""The state-variable filter: as a biquad, as its circuit's equations, and swept hard."""

import numpy as np
import pytest
import tensorflow as tf
from contracts import check_modes_agree

from ddsp_tf import dsp
from ddsp_tf.errors import ArgumentError

RATE = 48000


def as_the_circuit(sound: np.ndarray, hz: np.ndarray, q: np.ndarray, mix: np.ndarray) -> np.ndarray:
    """Two trapezoidal integrators in a loop, solved sample by sample from their equations."""
    g, damping = np.tan(np.pi * hz / RATE), 1.0 / q
    band_state = low_state = 0.0
    played = np.empty_like(sound)
    for t, x in enumerate(sound):
        # high = x - low - damping band; band = band_state + g high; low = low_state + g band.
        equations = np.array([[1.0, damping[t], 1.0], [-g[t], 1.0, 0.0], [0.0, -g[t], 1.0]])
        high, band, low = np.linalg.solve(equations, [x, band_state, low_state])
        band_state, low_state = band + g[t] * high, low + g[t] * band
        played[t] = mix[t] @ [low, band, high]
    return played


def test_is_the_circuit_whatever_changes() -> None:
    rng = np.random.default_rng(0)
    sound, hz = rng.normal(size=600), rng.uniform(20, 20000, 600)
    q, mix = rng.uniform(0.3, 30, 600), rng.normal(size=[600, 3])
    ours, _ = dsp.state_variable_filter(
        *(tf.constant(x[np.newaxis]) for x in (sound, hz, q, mix)), sample_rate=RATE
    )
    np.testing.assert_allclose(ours[0], as_the_circuit(sound, hz, q, mix), atol=1e-9)


@pytest.mark.parametrize(
    "kind", ["low_pass", "high_pass", "band_pass", "notch", "all_pass", "peak"]
)
def test_standing_still_it_is_the_biquad_of_the_same_name(kind: str) -> None:
    hz, q, db = np.float64(900.0), np.float64(3.0), np.float64(8.0)
    if kind == "peak":
        biquad = dsp.peak_biquad(hz, db, q, sample_rate=RATE)
        # RBJ's bell has its own idea of Q.
        q = np.float64(q * 10 ** (db / 40))
        mix = dsp.state_variable_mix(kind, q=tf.constant(q), gain_db=tf.constant(db))
    else:
        biquad = getattr(dsp, f"{kind}_biquad")(hz, q, sample_rate=RATE)
        mix = dsp.state_variable_mix(kind, q=tf.constant(q))
    section = dsp.state_variable_section(hz, q, mix, sample_rate=RATE)
    np.testing.assert_allclose(section, biquad, atol=1e-12)
    sound = np.random.default_rng(1).normal(size=[1, 2000])
    ours, _ = dsp.state_variable_filter(sound, hz, q, mix, sample_rate=RATE)
    np.testing.assert_allclose(
        ours, dsp.filter_biquads(sound, biquad[tf.newaxis, tf.newaxis])[0], atol=1e-9
    )


def test_corners_lie_where_they_should_with_exact_match_alone() -> None:
    hz = 0.055 * RATE
    mix = dsp.state_variable_mix("low_pass", q=tf.constant(np.sqrt(0.5)))
    grid = np.linspace(0.9 * hz, 1.1 * hz, 20001)

    def corner(exact_match: bool) -> float:
        section = dsp.state_variable_section(
            hz, np.sqrt(0.5), mix, sample_rate=RATE, exact_match=exact_match
        )
        gain = np.abs(dsp.biquad_response(section[tf.newaxis], 2 * np.pi * grid / RATE))
        return float(grid[np.argmin(np.abs(gain - np.sqrt(0.5)))])

    assert corner(True) == pytest.approx(hz, rel=1e-4)
    assert corner(False) == pytest.approx(0.99 * hz, rel=1e-3)


def test_low_corners_keep_their_gain_in_float32() -> None:
    mix = dsp.state_variable_mix("peak", q=2.0, gain_db=12.0)
    t = np.arange(4 * RATE) / RATE
    tone = np.sin(2 * np.pi * 20.0 * t)[np.newaxis].astype(np.float32)
    played, _ = dsp.state_variable_filter(tone, 20.0, 2.0, mix, sample_rate=RATE)
    gain = np.max(np.abs(played[0, 3 * RATE :]))
    assert 20 * np.log10(gain) == pytest.approx(12.0, abs=0.02)


def test_stays_bounded_however_it_is_swept() -> None:
    rng = np.random.default_rng(3)
    n = 48000
    sound = rng.uniform(-1, 1, [1, n]).astype(np.float32)
    hz = rng.uniform(10, 0.49 * RATE, [1, n]).astype(np.float32)
    mix = dsp.state_variable_mix("low_pass", q=40.0)
    played, _ = dsp.state_variable_filter(sound, hz, 40.0, mix, sample_rate=RATE)
    assert np.max(np.abs(played)) < 100.0


def test_blocks_are_the_whole() -> None:
    rng = np.random.default_rng(4)
    sound, hz = rng.normal(size=[2, 301]), rng.uniform(50, 9000, [2, 301])
    mix = rng.normal(size=[2, 301, 3])
    whole, end = dsp.state_variable_filter(sound, hz, 2.0, mix, sample_rate=RATE)
    state, parts, at = None, [], 0
    for length in (1, 64, 0, 200, 36):
        piece = slice(at, at + length)
        part, state = dsp.state_variable_filter(
            sound[:, piece], hz[:, piece], 2.0, mix[:, piece], state, sample_rate=RATE
        )
        parts.append(part)
        at += length
    np.testing.assert_allclose(tf.concat(parts, 1), whole, atol=1e-12)
    np.testing.assert_allclose(state, end, atol=1e-12)


def test_gradients_are_those_of_finite_differences() -> None:
    rng = np.random.default_rng(5)
    given = [rng.normal(size=[1, 6]), rng.uniform(500, 9000, [1, 6]), rng.uniform(0.5, 4, [1, 6])]
    mix = tf.constant(rng.normal(size=[1, 6, 3]))

    def play(sound: tf.Tensor, hz: tf.Tensor, q: tf.Tensor) -> tf.Tensor:
        return dsp.state_variable_filter(sound, 1000 * hz, q, mix, sample_rate=RATE)[0]

    given[1] /= 1000
    ours, numeric = tf.test.compute_gradient(play, [tf.constant(x) for x in given], delta=1e-6)
    for one, other in zip(ours, numeric, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-8)


def test_modes_agree() -> None:
    rng = np.random.default_rng(6)

    def play(audio: tf.Tensor, hz: tf.Tensor) -> tf.Tensor:
        mix = dsp.state_variable_mix("notch", q=2.0)
        return dsp.state_variable_filter(audio, hz, 2.0, mix, sample_rate=RATE)[0]

    draw = lambda batch, n: {  # noqa: E731
        "audio": rng.normal(size=[batch, n]).astype(np.float32),
        "hz": rng.uniform(100, 9000, [batch, n]).astype(np.float32),
    }
    check_modes_agree(play, draw(2, 200), draw(1, 65))


def test_what_is_refused() -> None:
    with pytest.raises(ArgumentError, match="`kind` should be one of low_pass, high_pass"):
        dsp.state_variable_mix("wah", q=1.0)
    with pytest.raises(ArgumentError, match=r"`audio` should be \[batch, n_samples\]"):
        dsp.state_variable_filter(tf.ones([4]), 100.0, 1.0, [1.0, 0.0, 0.0], sample_rate=RATE)
    with pytest.raises(ArgumentError, match="`mix` should be"):
        dsp.state_variable_filter(tf.ones([1, 4]), 100.0, 1.0, [1.0, 0.0], sample_rate=RATE)
