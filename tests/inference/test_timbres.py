"""One instrument of a model that has several."""

import dataclasses

import numpy as np
import pytest

from ddsp_tf.errors import ArgumentError
from ddsp_tf.features import Features, FeatureSettings, Statistics
from ddsp_tf.inference import TimbreTransfer, choose_timbre, hear_timbre, parse_timbre
from ddsp_tf.models import Autoencoder, Instrument, RnnFcDecoder
from ddsp_tf.models.autoencoder.timbre_encoder import TimbreEncoder
from ddsp_tf.processors import Harmonic, ProcessorGroup


def statistics(f0_hz: float, loudness_db: float) -> Statistics:
    frames = np.full(500, 0.9)
    notes = Features(np.full(500, f0_hz), frames, np.full(500, loudness_db))
    return Statistics.from_features([notes], frame_rate=250.0)


@pytest.fixture(scope="module")
def several() -> Instrument:
    group = ProcessorGroup(
        dag=[(Harmonic(n_harmonics=8), ["amplitudes", "harmonic_distribution", "f0_hz"])]
    )
    model = Autoencoder(
        decoder=RnnFcDecoder(
            input_keys=["loudness_scaled", "f0_scaled", "z"],
            rnn_channels=8,
            channels=8,
            layers_per_stack=1,
        ),
        processor_group=group,
        encoder=TimbreEncoder(instruments=("reed", "pipe"), n_z=3, channels=8),
    )
    known = {"reed": statistics(220.0, -30.0), "pipe": statistics(880.0, -20.0)}
    told = {name: of.to_dict() for name, of in known.items()}
    return Instrument(model, FeatureSettings(), metadata={"title": "Two", "instruments": told})


def sound(f0_hz: float = 330.0) -> np.ndarray:
    time = np.arange(6400) / 16000.0
    return (0.2 * np.sin(2 * np.pi * f0_hz * time)).astype(np.float32)


def test_shares_are_read_and_sum_to_one():
    assert parse_timbre("violin") == {"violin": 1.0}
    assert parse_timbre("a:1, b:3") == {"a": 0.25, "b": 0.75}
    for text in ("a:x", ":1", "a:-1,b:2", "a:0", "a:nan"):
        with pytest.raises(ArgumentError, match=r"[Tt]imbre"):
            parse_timbre(text)


def test_an_instrument_between_two_has_a_range_between_theirs(several):
    between = choose_timbre(several, {"reed": 0.5, "pipe": 0.5})
    assert between.statistics.f0_midi_mean == pytest.approx(69.0, abs=0.1)
    assert between.statistics.loudness_db_mean == pytest.approx(-25.0, abs=0.1)
    assert between.metadata["timbre"] == {"reed": 0.5, "pipe": 0.5}
    assert "instruments" not in between.metadata
    alone = choose_timbre(several, {"reed": 1.0})
    assert dataclasses.asdict(alone.statistics) == pytest.approx(
        dataclasses.asdict(statistics(220.0, -30.0)), abs=1e-4
    )


def test_a_heard_timbre_is_that_of_the_recording(several):
    heard = hear_timbre(several, sound(), source="a.wav")
    z = several.model.encoder(sound()[np.newaxis]).numpy()[0]
    expected = several.model.with_timbre(z)
    for one, other in zip(heard.model.weights, expected.weights, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)
    assert heard.metadata["timbre"] == "a.wav"
    assert heard.statistics.f0_midi_mean == pytest.approx(64.0, abs=0.2)
    silent = hear_timbre(several, np.zeros(1600, np.float32))
    assert silent.statistics is None


def test_it_is_played_as_any_instrument(several):
    transfer = TimbreTransfer(choose_timbre(several, {"pipe": 1.0}))
    given = Features(np.full(100, 330.0), np.full(100, 0.9), np.full(100, -20.0))
    result = transfer(sound(), 16000, features=given)
    assert result.report.octaves == 1
    assert np.isfinite(result.audio).all()
    assert len(result.audio) == 6400


def test_what_has_no_timbres_is_refused(several):
    with pytest.raises(ArgumentError, match=r"no timbre bell. It has reed, pipe"):
        choose_timbre(several, {"bell": 1.0})
    one = choose_timbre(several, {"reed": 1.0})
    with pytest.raises(ArgumentError, match=r"model of several instruments"):
        choose_timbre(one, {"reed": 1.0})
    with pytest.raises(ArgumentError, match=r"by a model with an encoder"):
        hear_timbre(one, sound())
    with pytest.raises(ArgumentError, match=r"too few to hear"):
        hear_timbre(several, np.zeros(10, np.float32))
