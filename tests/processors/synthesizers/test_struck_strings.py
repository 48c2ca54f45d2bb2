"""Struck strings: where the partials are, how two strings beat, and what Nyquist silences."""

import numpy as np
import pytest
import tensorflow as tf
from contracts import check_declarations, check_layer, check_refusals, check_streaming

from ddsp_tf.dsp.held_oscillators import stream_held_sinusoids
from ddsp_tf.errors import ArgumentError
from ddsp_tf.processors import StruckStrings

RATE, HOP = 16000, 64
SMALL = {"n_harmonics": 6, "sample_rate": 4000, "hop_length": 16}


def inputs_for(batch, n_frames):
    rng = np.random.default_rng(7)

    def frames(width, low, high):
        return rng.uniform(low, high, [batch, n_frames, width]).astype(np.float32)

    return {
        "prompt_amplitudes": frames(6, -0.2, 0.2),
        "beating_amplitudes": frames(6, -0.2, 0.2),
        "f0_hz": frames(2, 90, 300),
        "inharmonicity": frames(1, 1e-4, 1e-2),
        "age_s": frames(1, 0, 1),
    }


def steady(f0_hz, b, *, prompt=(0.0,), beating=(0.0,), seconds=3.0):
    n_frames = round(seconds * RATE / HOP)
    shape = [1, n_frames, 1]
    controls = {
        "prompt_amplitudes": np.tile(np.float32(prompt), shape),
        "beating_amplitudes": np.tile(np.float32(beating), shape),
        "f0_hz": np.tile(np.float32(f0_hz), shape),
        "inharmonicity": np.full(shape, b, np.float32),
        "age_s": (np.arange(n_frames, dtype=np.float32) * HOP / RATE)[None, :, None],
    }
    return StruckStrings(n_harmonics=len(prompt))(controls).numpy()[0].astype(np.float64)


def test_contract():
    def make():
        return StruckStrings(**SMALL)

    check_layer(make, inputs_for)
    check_streaming(make(), inputs_for(2, 18), hop_length=16)
    check_declarations(make(), inputs_for(2, 9))
    check_refusals(make(), inputs_for(2, 9))


@pytest.mark.parametrize(("f0_hz", "b"), [(55.0, 3.5e-4), (1046.5, 3.9e-3)])
def test_partials_are_where_stiffness_puts_them_to_a_tenth_of_a_cent(f0_hz, b):
    n = 24
    audio = steady([f0_hz, f0_hz], b, prompt=[0.02] * n, beating=[0.0] * n)
    window, time_s = np.blackman(RATE), np.arange(len(audio)) / RATE
    for k in range(1, n + 1):
        hz = k * f0_hz * np.sqrt(1 + b * k**2)
        turning = audio * np.exp(-2j * np.pi * hz * time_s)
        early, late = (np.sum(window * turning[start:][:RATE]) for start in (2000, 2000 + RATE))
        if hz >= RATE / 2:
            assert abs(early) < 1e-4 * np.sum(window)
            continue
        found = hz + np.angle(late * np.conj(early)) / (2 * np.pi)
        assert abs(1200 * np.log2(found / hz)) < 0.1


def test_two_strings_beat_from_the_strike_on():
    """The sum of two sines of half the amplitude each, whose phases are equal at an age of 0."""
    n, b, strings = 3, 1e-3, np.array([219.0, 221.0])
    audio = steady(strings, b, prompt=[0.0] * n, beating=[0.1] * n, seconds=1.0)
    time_s = np.arange(1, len(audio) + 1) / RATE - 1 / RATE
    expected = np.zeros(len(audio))
    for k in range(1, n + 1):
        stretched = k * np.sqrt(1 + b * k**2)
        for hz in strings:
            expected += 0.05 * np.sin(2 * np.pi * stretched * hz * time_s)
    # A beat is joined by straight lines from frame to frame.
    assert np.max(np.abs(audio - expected)[: -2 * HOP]) < 2e-3
    assert np.max(np.abs(expected)) > 0.2


def test_held_sinusoids_are_what_numpy_makes_of_them():
    rng = np.random.default_rng(1)
    hz = rng.uniform(50, 9000, [2, 7, 5])
    levels = rng.uniform(-1, 1, [2, 8, 5])
    for hop in (48, 17):
        audio, turns = stream_held_sinusoids(
            tf.constant(hz, tf.float32),
            tf.constant(levels, tf.float32),
            initial_turns=None,
            hop_length=hop,
            sample_rate=RATE,
        )
        step = np.repeat(hz / RATE, hop, axis=1)
        phase = np.cumsum(step, axis=1) - step
        share = np.tile(np.arange(hop) / hop, 7)[None, :, None]
        here, after = (np.repeat(x, hop, axis=1) for x in (levels[:, :-1], levels[:, 1:]))
        gain = np.where(step < 0.5, here + share * (after - here), 0.0)
        expected = np.sum(gain * np.sin(2 * np.pi * phase), axis=-1)
        np.testing.assert_allclose(audio, expected, atol=2e-4)
        np.testing.assert_allclose(turns, (phase + step)[:, -1] % 1, atol=1e-5)


def test_no_partial_is_refused():
    with pytest.raises(ArgumentError, match="`n_harmonics`"):
        StruckStrings(n_harmonics=0)
    silent = steady([0.0, 0.0], 1e-3, prompt=[0.5], beating=[0.5], seconds=0.1)
    assert not silent.any()
