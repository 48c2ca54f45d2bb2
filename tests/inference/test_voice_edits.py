"""Edits of a voice: what they do to what a model takes, and who refuses them."""

import numpy as np
import pytest

from ddsp_tf.errors import ArgumentError
from ddsp_tf.inference import VoiceEdits
from ddsp_tf.types import Signal


def test_pitch_is_transposed_and_swings_by_the_cents_asked_for():
    edits = VoiceEdits(semitones=12.0, vibrato_cents=50.0, vibrato_hz=5.0)
    edited = edits.apply({"f0_hz": np.full([1, 250, 1], 200.0)}, frame_rate=250.0)
    cents = 1200 * np.log2(edited["f0_hz"][0, :, 0] / 400.0)
    assert set(edited) == {"f0_hz"}
    np.testing.assert_allclose([cents.max(), cents.min()], [50, -50], atol=0.1)
    spectrum = np.abs(np.fft.rfft(cents))
    assert np.argmax(spectrum) == 5


def test_glottis_and_length_are_values():
    edited = VoiceEdits(r_d_offset=0.5, tract_length_ratio=1.2).apply({}, frame_rate=250.0)
    assert {key: float(x[0, 0]) for key, x in edited.items()} == {
        "r_d_offset": 0.5, "tract_length_ratio": pytest.approx(1.2),
    }  # fmt: skip
    assert VoiceEdits().apply({}, frame_rate=250.0) == {}


def test_models_without_a_glottis_are_named():
    with pytest.raises(ArgumentError, match=r"`r_d_offset` needs a model .* takes f0_hz"):
        VoiceEdits(r_d_offset=0.5).check({"f0_hz": Signal("frames")})
    with pytest.raises(ArgumentError, match=r"from 0\.5 to 2"):
        VoiceEdits(tract_length_ratio=3.0)
