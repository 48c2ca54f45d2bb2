"""Stiffness by the peaks of a spectrum."""

import numpy as np
import pytest
import soundfile

from ddsp_tf.errors import ArgumentError
from ddsp_tf.evaluation.inharmonicity import measure_inharmonicity

RATE = 16000


@pytest.mark.parametrize(("f0_hz", "b"), [(65.0, 2e-4), (262.0, 3e-4), (523.0, 1e-3)])
def test_a_known_string_is_measured(f0_hz, b):
    time_s = np.arange(2 * RATE) / RATE
    numbers = np.arange(1, 30)
    partials = numbers * f0_hz * np.sqrt(1 + b * numbers**2)
    note = sum(
        np.exp(-0.3 * k * time_s) * np.sin(2 * np.pi * hz * time_s + k) / k
        for k, hz in zip(numbers, partials, strict=True)
        if hz < RATE / 2
    )
    noise = np.random.default_rng(0).normal(0, 1e-4, len(time_s))
    # Told a pitch that is a sixth of a semitone off, and a stiffness that is another's.
    found = measure_inharmonicity(note + noise, sample_rate=RATE, expected_hz=1.01 * f0_hz)
    assert found.inharmonicity == pytest.approx(b, rel=0.02)
    assert found.f0_hz == pytest.approx(f0_hz, rel=1e-4)
    assert found.error_cents < 1.0


@pytest.mark.parametrize("key", [48, 60, 72])
def test_real_notes_are_near_the_model_of_a_piano(recordings, key):
    audio, rate = soundfile.read(recordings / "piano" / "notes" / f"0{key}_MF.flac")
    tempered = 440 * 2 ** ((key - 69) / 12)
    found = measure_inharmonicity(
        audio[rate // 10 : 2 * rate], sample_rate=rate, expected_hz=tempered
    )
    rigaud = np.exp(-0.0847 * key - 5.82) + np.exp(0.0926 * key - 13.64)
    assert 0.6 < found.inharmonicity / rigaud < 1.4
    assert abs(1200 * np.log2(found.f0_hz / tempered)) < 5
    assert found.error_cents < 3


def test_silence_and_high_notes_are_refused():
    with pytest.raises(ArgumentError, match="four partials or more near 440 Hz"):
        measure_inharmonicity(np.zeros(RATE), sample_rate=RATE, expected_hz=440)
    whistle = np.sin(2 * np.pi * 3000 * np.arange(RATE) / RATE)
    with pytest.raises(ArgumentError, match="has 2 of them below 7200 Hz"):
        measure_inharmonicity(whistle, sample_rate=RATE, expected_hz=3000)
