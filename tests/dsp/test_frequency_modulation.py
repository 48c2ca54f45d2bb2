"""Frequency modulation: Bessel's sidebands, routings, and what folds back."""

import numpy as np
import pytest
import scipy.special
from test_wavetables import strongest_alias_db

from ddsp_tf.dsp.frequency_modulation import carriers, limit_modulation, operator_order, stream_fm
from ddsp_tf.errors import ArgumentError

RATE, HOP = 16000, 64
SETTINGS = {"sample_rate": RATE, "hop_length": HOP, "initial_turns": None}


def steady(f0_hz: float, levels: list[float], n_frames: int = 251, **about: object) -> np.ndarray:
    """A second of sound."""
    one = np.ones([1, n_frames, 1])
    audio, _, _ = stream_fm(f0_hz * one, np.array(levels) * one, **SETTINGS, **about)
    return audio[0].numpy()


def test_sidebands_are_bessel_functions_of_the_index() -> None:
    """Carrier 1000 Hz, modulator 100 Hz, index 2, over a second: lines of whole Hz."""
    audio = steady(
        100.0, [0.5, 2.0 / (2 * np.pi)], ratios=[10.0, 1.0], routing=[(2, 1)], limited=False
    )
    lines = np.abs(np.fft.rfft(audio)) / (RATE / 2)
    for order in range(-8, 9):
        expected = 0.5 * abs(scipy.special.jv(order, 2.0))
        assert lines[1000 + 100 * order] == pytest.approx(expected, abs=1e-6)


def test_without_modulation_it_is_a_sum_of_sines() -> None:
    audio = steady(220.0, [0.5, 0.0, 0.25], ratios=[1.0, 3.0, 2.5], routing=[(2, 1)])
    turns = 2 * np.pi * (np.arange(RATE) + 1) * 220.0 / RATE
    np.testing.assert_allclose(audio, 0.5 * np.sin(turns) + 0.25 * np.sin(2.5 * turns), atol=1e-9)


def test_chains_are_what_numpy_makes_of_the_formula() -> None:
    levels = [0.3, 0.2, 0.1, 0.15]
    routing = [(4, 3), (3, 1), (2, 1)]
    audio = steady(150.0, levels, ratios=[1.0, 2.0, 3.0, 1.5], routing=routing, limited=False)
    turns = (np.arange(RATE) + 1) * 150.0 / RATE
    four = 0.15 * np.sin(2 * np.pi * 1.5 * turns)
    three = 0.1 * np.sin(2 * np.pi * (3.0 * turns + four))
    two = 0.2 * np.sin(2 * np.pi * 2.0 * turns)
    one = 0.3 * np.sin(2 * np.pi * (turns + two + three))
    np.testing.assert_allclose(audio, one, atol=1e-8)


@pytest.mark.parametrize(("f0_hz", "ratio"), [(441.7, 3.0), (1234.6, 3.0), (3011.3, 2.0)])
def test_what_would_fold_back_is_below_80_db(f0_hz: float, ratio: float) -> None:
    """An index of 2 at twice the rate, below nine tenths of Nyquist; without the limit it folds."""
    about = {"ratios": [1.0, ratio], "routing": [(2, 1)], "oversampling": 2}
    inside = low_passed(steady(f0_hz, [0.32, 0.32], **about))
    assert strongest_alias_db(inside, f0_hz) < -80.0
    folded = low_passed(steady(f0_hz, [0.32, 0.32], limited=False, **{**about, "oversampling": 1}))
    assert strongest_alias_db(folded, f0_hz) > -75.0


def low_passed(audio: np.ndarray) -> np.ndarray:
    """What lies below 0.88 of Nyquist."""
    spectrum = np.fft.rfft(audio[1000:-1000] * np.hanning(len(audio) - 2000))
    spectrum[int(0.88 * len(spectrum)) :] = 0.0
    return np.fft.irfft(spectrum)


def test_the_limit_lets_low_notes_be() -> None:
    one = np.ones([1, 1, 1])
    about = {"ratios": [1.0, 1.0], "routing": [(2, 1)], "highest_hz": 8000.0}
    low, high = (limit_modulation(f * one, 0.32 * np.ones([1, 1, 2]), **about) for f in (200, 1900))
    np.testing.assert_allclose(low, 1.0)
    assert 0.0 < low.numpy().min() > high.numpy()[0, 0, 0] == pytest.approx(0.0432, abs=1e-3)


def test_orders_and_what_is_heard() -> None:
    assert operator_order(4, [(1, 2), (2, 3)]) == (4, 1, 2, 3)
    assert carriers(4, [(1, 2), (2, 3)]) == (3, 4)


def test_what_is_refused() -> None:
    one = np.ones([1, 3, 1])
    with pytest.raises(ArgumentError, match=r"no circle. \[1, 2\] modulate each other"):
        operator_order(3, [(1, 2), (2, 1), (3, 1)])
    with pytest.raises(ArgumentError, match=r"operators 1 to 2. Received \(3, 1\)"):
        operator_order(2, [(3, 1)])
    with pytest.raises(ArgumentError, match="`oversampling` should be one of 1, 2, 4, 8"):
        stream_fm(one, one, ratios=[1.0], routing=[], oversampling=3, **SETTINGS)
    with pytest.raises(ArgumentError, match="`levels` should be"):
        stream_fm(one, one, ratios=[1.0, 2.0], routing=[], **SETTINGS)
