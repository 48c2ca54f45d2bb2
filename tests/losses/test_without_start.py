"""What comes before a clip is not heard."""

import json

import keras
import numpy as np
import pytest
import scipy.signal
import tensorflow as tf

from ddsp_tf.errors import ArgumentError
from ddsp_tf.losses import Compare, SpectralLoss, WithoutStart


def spectral() -> Compare:
    return Compare(SpectralLoss(fft_lengths=(512,), magnitude_weight=0.0))


def test_a_clip_of_a_filtered_sound_is_the_filtered_clip() -> None:
    sections = scipy.signal.butter(2, 0.02, output="sos")
    dry = 0.1 * np.random.default_rng(0).standard_normal(16000)
    wet = scipy.signal.sosfilt(sections, dry)[8000:]
    clip = scipy.signal.sosfilt(sections, dry[8000:])
    batch, outputs = ({"audio": tf.constant(x[np.newaxis], tf.float32)} for x in (wet, clip))
    (whole,) = spectral()(batch, outputs).values()
    (later,) = WithoutStart(spectral(), n_samples=2048)(batch, outputs).values()
    assert float(whole) > 0.01
    assert float(later) < 1e-3


def test_short_clips_keep_their_second_half() -> None:
    sound = np.ones([1, 100], np.float32)
    sound[0, :50] = 5.0
    mean = WithoutStart(Compare(keras.losses.MeanAbsoluteError()), n_samples=4096)
    (value,) = mean({"audio": sound}, {"audio": np.zeros_like(sound)}).values()
    assert float(value) == pytest.approx(1.0)


def test_channels_and_other_columns_pass() -> None:
    seen = {}

    def look(batch: dict, outputs: dict) -> dict:
        seen.update(batch=batch, outputs=outputs)
        return {"nothing": tf.constant(0.0)}

    batch = {"audio": tf.zeros([2, 900, 2]), "dry": tf.zeros([2, 900, 2]), "f0_hz": tf.ones([2, 9])}
    WithoutStart(look, n_samples=100)(batch, {"audio": tf.zeros([2, 900, 2]), "controls": {}})
    assert seen["batch"]["audio"].shape == seen["batch"]["dry"].shape == (2, 800, 2)
    assert seen["batch"]["f0_hz"].shape == (2, 9)
    assert set(seen["outputs"]) == {"audio", "controls"}


def test_its_config_makes_an_equal_one() -> None:
    stored = json.loads(
        json.dumps(keras.saving.serialize_keras_object(WithoutStart(spectral(), 7)))
    )
    twin = keras.saving.deserialize_keras_object(stored)
    assert (twin.n_samples, twin.columns) == (7, ("audio", "dry"))
    assert isinstance(twin.objective, Compare)


def test_what_is_refused() -> None:
    with pytest.raises(ArgumentError, match=r"Pass `losses\.Compare"):
        WithoutStart(SpectralLoss())
    with pytest.raises(ArgumentError, match=r"`n_samples` should be above 0\. Received 0"):
        WithoutStart(spectral(), n_samples=0)
