"""Stiff strings: where the partials are, to a tenth of a cent, and where they are not."""

import numpy as np
import pytest
from contracts import check_declarations, check_layer, check_refusals, check_streaming

from ddsp_tf.errors import ArgumentError
from ddsp_tf.processors import InHarmonic, Voices

RATE, HOP = 16000, 64
SMALL = {"sample_rate": 4000, "hop_length": 16}


def inputs_for(batch, n_frames, *, n_harmonics=6, n_strings=2, n_voices=1):
    rng = np.random.default_rng(7)

    def frames(width, low, high):
        shape = [batch, n_frames, n_voices * width]
        return rng.uniform(low, high, shape).astype(np.float32)

    return {
        "amplitudes": frames(1, -2, 2),
        "harmonic_distribution": frames(n_harmonics, -2, 2),
        "f0_hz": frames(n_strings, 90, 300),
        "inharmonicity": frames(1, 1e-4, 1e-2),
    }


def steady(f0_hz, inharmonicity, levels, seconds, **arguments):
    """A sound whose partials have the amplitudes `levels`."""
    strings = np.atleast_1d(np.float32(f0_hz))
    synthesizer = InHarmonic(
        n_harmonics=len(levels),
        n_strings=len(strings),
        scale=False,
        sample_rate=RATE,
        hop_length=HOP,
        **arguments,
    )
    n_frames = round(seconds * RATE / HOP)
    levels = np.asarray(levels, np.float32)
    controls = {
        "amplitudes": np.full([1, n_frames, 1], levels.sum(), np.float32),
        "harmonic_distribution": np.tile(levels / levels.sum(), [1, n_frames, 1]),
        "f0_hz": np.tile(strings, [1, n_frames, 1]),
        "inharmonicity": np.full([1, n_frames, 1], inharmonicity, np.float32),
    }
    return synthesizer(controls).numpy()[0].astype(np.float64)


def partial_hz(audio, near_hz):
    """A partial's frequency, by how far its phase goes in a second."""
    window = np.blackman(RATE)
    time_s = np.arange(len(audio)) / RATE
    turning = audio * np.exp(-2j * np.pi * near_hz * time_s)
    early, late = (np.sum(window * turning[start : start + RATE]) for start in (2000, 2000 + RATE))
    return near_hz + np.angle(late * np.conj(early)) / (2 * np.pi)


@pytest.mark.parametrize(
    "make",
    [
        lambda: InHarmonic(n_harmonics=6, n_strings=2, **SMALL),
        lambda: InHarmonic(
            n_harmonics=6, n_strings=2, wave="sine", amplitude_method="linear", **SMALL
        ),
    ],
)
def test_contract(make):
    check_layer(make, inputs_for)
    check_streaming(make(), inputs_for(2, 18), hop_length=16)
    check_declarations(make(), inputs_for(2, 9))
    check_refusals(make(), inputs_for(2, 9))


def test_contract_of_voices():
    def make():
        return Voices(InHarmonic(n_harmonics=6, n_strings=2, **SMALL), 2, name="strings")

    def inputs(batch, n_frames):
        return inputs_for(batch, n_frames, n_voices=2)

    check_layer(make, inputs)
    check_streaming(make(), inputs(2, 18), hop_length=16)
    check_declarations(make(), inputs(2, 9))


@pytest.mark.parametrize(("f0_hz", "b"), [(55.0, 3.5e-4), (261.6, 3.3e-4), (1046.5, 3.9e-3)])
def test_partials_are_where_stiffness_puts_them_to_a_tenth_of_a_cent(f0_hz, b):
    n_partials = 24
    audio = steady(f0_hz, b, 0.02 / np.arange(1, n_partials + 1), seconds=3.0)
    numbers = np.arange(1, n_partials + 1)
    expected = numbers * f0_hz * np.sqrt(1 + b * numbers**2)
    heard = expected[expected < RATE / 2]
    cents = [1200 * np.log2(partial_hz(audio, hz) / hz) for hz in heard]
    assert len(cents) > 5
    assert np.abs(cents).max() < 0.1


def test_what_reaches_nyquist_or_nobody_hears_is_silent():
    f0_hz, b = 1000.0, 1e-2
    audio = steady(f0_hz, b, np.full(20, 0.05), seconds=1.0)
    heard = [k * f0_hz * np.sqrt(1 + b * k**2) for k in range(1, 21)]
    n_heard = sum(hz < RATE / 2 for hz in heard)
    # The whole amplitude is shared out among those that are heard, and none is folded back.
    window = np.blackman(RATE)
    spectrum = np.abs(np.fft.rfft(audio * window)) / (window.sum() / 2)
    peaks = np.flatnonzero(spectrum > 1e-3)
    assert all(min(abs(peak - hz) for hz in heard[:n_heard]) < 4 for peak in peaks)
    assert spectrum[round(heard[0])] == pytest.approx(1.0 / n_heard, rel=0.1)
    low = steady(15.0, 0.0, [0.5, 0.5], seconds=1.0)
    spectrum = np.abs(np.fft.rfft(low * window)) / (window.sum() / 2)
    assert spectrum[15] < 1e-3
    assert spectrum[30] == pytest.approx(1.0, rel=0.01)


def test_cosines_start_at_their_crest_and_sines_at_zero():
    levels = [0.2, 0.2, 0.2]
    cosine, sine = (steady(50.0, 0.0, levels, 0.1, wave=wave) for wave in ("cosine", "sine"))
    # The first sample has the phase of one increment.
    phases = 2 * np.pi * 50.0 * np.arange(1, 4) / RATE
    assert cosine[0] == pytest.approx(0.2 * np.cos(phases).sum(), abs=1e-6)
    assert sine[0] == pytest.approx(0.2 * np.sin(phases).sum(), abs=1e-6)


def test_two_strings_share_the_amplitude_and_beat():
    audio = steady([200.0, 202.0], 0.0, [0.4], seconds=1.5)
    loud, soft = audio[: RATE // 20], audio[round(0.24 * RATE) : round(0.26 * RATE)]
    assert np.abs(loud).max() == pytest.approx(0.4, abs=0.01)
    assert np.abs(soft).max() < 0.03
    again = audio[round(0.49 * RATE) : round(0.51 * RATE)]
    assert np.abs(again).max() == pytest.approx(0.4, abs=0.01)


def test_wrong_arguments_are_refused():
    with pytest.raises(ArgumentError, match="`n_harmonics` and `n_strings` should be at least 1"):
        InHarmonic(n_harmonics=0)
    with pytest.raises(ArgumentError, match='`wave` should be "cosine" or "sine"'):
        InHarmonic(wave="square")
