"""Two oscillators and a resonant low-pass: waves, filter and band beside their definitions."""

import numpy as np
import pytest
import tensorflow as tf
from contracts import check_config

from ddsp_tf import dsp
from ddsp_tf.errors import ArgumentError
from ddsp_tf.processors import SawSquare

RATE, HOP = 16000, 64


def played(f0_hz: float, **values: float) -> np.ndarray:
    """A second of steady sound, without what the ends of frames do."""
    ones = tf.ones([1, RATE // HOP, 1])
    numbers = {"mix_1": 0.0, "mix_2": 0.0, "amplitude": 1.0, "cutoff_hz": 8000.0, "q": 0.7}
    numbers.update(values)
    synth = SawSquare(sample_rate=RATE, hop_length=HOP)
    return synth(
        {
            "f0_hz": f0_hz * ones,
            "envelope": ones,
            "filter_envelope": ones,
            **{key: tf.constant([[value]]) for key, value in numbers.items()},
        }
    ).numpy()[0]


def levels(sound: np.ndarray) -> np.ndarray:
    """Amplitudes at each Hz."""
    return np.abs(np.fft.rfft(sound * np.blackman(len(sound)))) / (0.21 * len(sound))


@pytest.mark.parametrize(("mix", "kind"), [(0.0, "saw"), (1.0, "square")])
def test_waves_are_their_fourier_series(mix: float, kind: str) -> None:
    """Both oscillators together, with the filter's gain taken out: within 1% of the series."""
    sound = levels(played(250.0, mix_1=mix, mix_2=mix))
    number = np.arange(1, 25)
    series = 2.0 / (np.pi * number) if kind == "saw" else 4.0 / (np.pi * number) * (number % 2)
    ratio = 250.0 * number / 8000.0
    gain = 1.0 / np.abs(-(ratio**2) + 1j * ratio / 0.7 + 1.0)
    found = sound[250 * number] / (2.0 * gain)
    assert np.sqrt(np.sum((found - series) ** 2) / np.sum(series**2)) < 0.01


def test_nothing_sounds_where_no_partial_is() -> None:
    """At 1973 Hz partials above the fourth would come back as aliases: below -80 dB."""
    spectrum = levels(played(1973.0, mix_2=1.0, ratio=1.0, q=2.0))
    known = np.zeros(len(spectrum), bool)
    for number in range(1, 5):
        known[1973 * number - 6 : 1973 * number + 7] = True
    assert 20 * np.log10(np.max(spectrum[~known]) / np.max(spectrum)) < -80.0


def test_the_cutoff_is_swept_by_its_envelope_and_rings_there() -> None:
    flat, ringing = (levels(played(200.0, cutoff_hz=400.0, sweep_octaves=1.0, q=q)) for q in (1, 2))
    assert ringing[800] / flat[800] == pytest.approx(2.0, rel=0.01)  # The gain there is q.
    gain = float(dsp.resonant_low_pass_gain(tf.constant(2000.0), 800.0, 2.0))
    assert gain == pytest.approx(1.0 / abs(1.0 - 2.5**2 + 2.5j / 2.0), rel=1e-5)


def test_the_second_oscillator_is_higher_by_the_ratio() -> None:
    spectrum = levels(played(300.0, mix_1=1.0, mix_2=1.0, ratio=1.5))
    assert spectrum[450] == pytest.approx(spectrum[300], rel=0.02)


def test_it_is_rebuilt_by_its_config_and_refuses_what_has_no_partial() -> None:
    ones = tf.ones([1, 8, 1])
    frames = {"f0_hz": 220.0 * ones, "envelope": ones, "filter_envelope": ones}
    check_config(SawSquare(n_harmonics=5), lambda synth: synth(frames))
    with pytest.raises(ArgumentError, match=r"`n_harmonics` should be at least 1\. Received 0"):
        SawSquare(n_harmonics=0)
