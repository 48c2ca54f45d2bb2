"""SwiftF0 behind the protocol: at the right time, in tune, of any length."""

import numpy as np
import pytest
from signals import SAMPLE_RATE, cents, tone

from ddsp_tf.errors import ModelError
from ddsp_tf.features import get_tracker
from ddsp_tf.features.swift.swift_tracker import SwiftTracker


def test_a_leap_is_heard_when_it_sounds() -> None:
    step = np.where(np.arange(32000) < 16000, 300.0, 400.0)
    f0_hz, confidence = get_tracker("swift-f0").track(tone(step, 32000), SAMPLE_RATE)
    assert len(f0_hz) == len(confidence) == 200
    assert abs(int(np.argmax(f0_hz > 346)) - 100) <= 2
    assert abs(cents(f0_hz[20:90], 300)).max() < 15
    assert abs(cents(f0_hz[110:180], 400)).max() < 15
    assert confidence[20:90].min() > 0.5


@pytest.mark.parametrize("n_samples", [1, 255, 257, 16001])
def test_any_length_gives_ceil_frames(n_samples: int) -> None:
    f0_hz, confidence = get_tracker("swift-f0").track(tone(330, n_samples), SAMPLE_RATE)
    assert len(f0_hz) == -(-n_samples // 160)
    assert (f0_hz > 0).all()
    assert ((confidence >= 0) & (confidence <= 1)).all()


def test_another_rate_is_the_same_pitch_and_silence_none() -> None:
    audio = tone(330, 44100, sample_rate=44100)
    f0_hz, _ = get_tracker("swift-f0").track(audio, 44100)
    assert abs(np.median(cents(f0_hz, 330))) < 10
    _, confidence = get_tracker("swift-f0").track(np.zeros(8000, np.float32), SAMPLE_RATE)
    assert confidence.max() < 0.1


def test_without_its_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "swift_f0", None)
    with pytest.raises(ModelError, match=r'pip install "ddsp-tf\[swift-f0\]"'):
        SwiftTracker()
