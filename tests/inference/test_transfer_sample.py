"""A melody for a model that changes: heard once, played anew each time."""

import keras
import numpy as np
import pytest
from inference_toys import (
    RATE,
    cents_between,
    fundamental_hz,
    melody,
    range_statistics,
    recurrent_instrument,
)

from ddsp_tf.audio import write_audio
from ddsp_tf.errors import ArgumentError, AudioFileError
from ddsp_tf.inference import TimbreTransfer, TransferSample, timbre_transfer
from ddsp_tf.presets import MELODY


def test_it_is_what_a_transfer_plays_and_follows_the_weights(monkeypatch, tmp_path):
    write_audio(tmp_path / "song.wav", melody([110.0, 147.0], 0.8), RATE)
    heard = []
    extract = timbre_transfer.extract_features

    def counted(*args, **kwargs):
        heard.append(args)
        return extract(*args, **kwargs)

    monkeypatch.setattr(timbre_transfer, "extract_features", counted)
    instrument = recurrent_instrument(range_statistics())
    sample = TransferSample(tmp_path / "song.wav", seconds=1.5)
    first = sample(instrument)
    assert first.audio.size == first.input_audio.size == 1.5 * RATE
    assert first.report.octaves == 2, "moved to where the instrument plays"
    for start_s, hz in ((0.2, 440.0), (0.95, 588.0)):
        note = first.audio[round(start_s * RATE) :][: round(0.5 * RATE)]
        cents = cents_between(fundamental_hz(note, hz), hz)
        # The partials of an untrained network are of any strength; the second may be strongest.
        assert abs((cents + 600) % 1200 - 600) < 15

    for weight in instrument.model.decoder.trainable_weights:
        weight.assign(weight + keras.random.normal(weight.shape, stddev=0.1, seed=1))
    second = sample(instrument)
    assert len(heard) == 1
    assert np.max(np.abs(second.audio - first.audio)) > 1e-3
    whole = TimbreTransfer(instrument)(second.input_audio, RATE, features=first.features)
    np.testing.assert_allclose(second.audio, whole.audio, atol=1e-6)


def test_what_cannot_be_played_is_refused_at_once(tmp_path, following):
    with pytest.raises(AudioFileError, match=r"song.wav"):
        TransferSample(tmp_path / "song.wav")
    with pytest.raises(ArgumentError, match="`seconds` must be above 0; got -1"):
        TransferSample(seconds=-1)
    features = TransferSample(MELODY, seconds=0.2)(following).features
    with pytest.raises(ArgumentError, match="has 25 frames; got 50"):
        TimbreTransfer(following)(np.sin(np.arange(1600)), RATE, features=features)
