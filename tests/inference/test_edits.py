"""What is asked for is what the instrument is told, to the number."""

import numpy as np
import pytest
from inference_toys import FRAME_RATE, features_of, range_statistics

from ddsp_tf.errors import ArgumentError
from ddsp_tf.inference import EditedFeatures, Edits

MIDI = np.repeat([60.0, 64.0, 67.0], 200)
LOUDNESS_DB = np.tile(np.linspace(-40, -20, 200), 3)
FEATURES = features_of(MIDI, LOUDNESS_DB)
NEUTRAL = {"octave": 0, "match_loudness": False}


def apply(**changes: object) -> EditedFeatures:
    edits = Edits(**{**NEUTRAL, **changes})  # type: ignore[arg-type]
    return edits.apply(FEATURES, range_statistics(), frame_rate=FRAME_RATE)


def midi_of(edited: EditedFeatures) -> np.ndarray:
    return 69 + 12 * np.log2(edited.features.f0_hz / 440.0)


def test_without_edits_nothing_changes() -> None:
    edited = apply()
    np.testing.assert_allclose(edited.features.f0_hz, FEATURES.f0_hz, rtol=1e-6)
    np.testing.assert_array_equal(edited.features.loudness_db, FEATURES.loudness_db)
    assert edited.notes.all()
    assert edited.loudness_change_db == 0.0
    assert not edited.loudness_matched


@pytest.mark.parametrize(("octave", "semitones"), [(1, 0.0), (-2, 0.0), (0, 3.5), (1, -5.0)])
def test_pitch_moves_by_octaves_and_semitones(octave: int, semitones: float) -> None:
    edited = apply(octave=octave, semitones=semitones)
    np.testing.assert_allclose(midi_of(edited), MIDI + 12 * octave + semitones, atol=1e-4)
    assert edited.octaves == octave


@pytest.mark.parametrize("loudness_db", [6.0, -12.0])
def test_a_change_of_loudness_is_exact(loudness_db: float) -> None:
    edited = apply(loudness_db=loudness_db)
    np.testing.assert_allclose(edited.features.loudness_db, LOUDNESS_DB + loudness_db, atol=1e-5)
    assert edited.loudness_change_db == pytest.approx(loudness_db, abs=1e-4)


def test_a_change_of_loudness_comes_on_top_of_matching() -> None:
    matched, louder = apply(match_loudness=True), apply(match_loudness=True, loudness_db=6.0)
    difference = louder.features.loudness_db - matched.features.loudness_db
    np.testing.assert_allclose(difference, 6.0, atol=1e-4)


def test_matching_gives_the_notes_the_instruments_loudness() -> None:
    edited = apply(match_loudness=True)
    expected = range_statistics().loudness_db_quantiles
    found = np.quantile(edited.features.loudness_db, [0.1, 0.5, 0.9])
    np.testing.assert_allclose(found, [expected[10], expected[50], expected[90]], atol=0.5)
    assert edited.loudness_matched


def test_softened_matching_keeps_the_performances_dynamics_at_the_instruments_level() -> None:
    soft = apply(match_loudness=True, dynamics=0.0).features.loudness_db
    np.testing.assert_allclose(np.diff(soft), np.diff(LOUDNESS_DB), atol=1e-4)
    median = range_statistics().loudness_db_quantiles[50]
    assert np.median(soft) == pytest.approx(median, abs=0.1)


def test_the_octave_is_chosen_from_the_notes_alone() -> None:
    """Frames without a note hold a tracker's guess, here five octaves up."""
    midi = np.concatenate([np.full(200, 49.0), np.full(600, 110.0)])
    features = features_of(
        midi,
        np.concatenate([np.full(200, -20.0), np.full(600, -75.0)]),
        np.concatenate([np.full(200, 0.95), np.full(600, 0.1)]),
    )
    edited = Edits().apply(features, range_statistics(), frame_rate=FRAME_RATE)
    assert edited.octaves == 2
    np.testing.assert_allclose(midi_of(edited), 73.0, atol=1e-4)


def test_autotune_pulls_notes_in_and_says_how_the_performance_is_tuned() -> None:
    midi = np.repeat([60.1, 62.1, 64.4], 300)
    edited = Edits(octave=0, autotune=1.0).apply(
        features_of(midi), range_statistics(), frame_rate=FRAME_RATE
    )
    assert edited.tuning_cents is not None
    assert 10 < edited.tuning_cents < 25
    deviation = midi_of(edited) - edited.tuning_cents / 100
    np.testing.assert_allclose(deviation, np.repeat([60, 62, 64], 300), atol=1e-4)


def test_autotune_to_a_major_key_names_it() -> None:
    midi = np.repeat([62.0, 64, 66, 67, 69, 71, 73, 74], 100)
    edited = Edits(autotune=1.0, scale="major").apply(
        features_of(midi), range_statistics(), frame_rate=FRAME_RATE
    )
    assert edited.tonic == 2


def test_gaps_are_gated_and_hold_their_pitch() -> None:
    features = features_of(
        np.concatenate([np.full(250, 69.0), np.full(250, 30.0)]),
        np.concatenate([np.full(250, -20.0), np.full(250, -35.0)]),
        np.concatenate([np.full(250, 0.95), np.full(250, 0.05)]),
    )
    gated = Edits(**NEUTRAL).apply(features, None, frame_rate=FRAME_RATE)  # type: ignore[arg-type]
    np.testing.assert_allclose(midi_of(gated)[:], 69.0, atol=1e-4)
    assert (gated.gate[350:] == 0).all()
    assert (gated.features.loudness_db[350:] == -80).all()
    ungated = Edits(gate_unvoiced=False, **NEUTRAL).apply(  # type: ignore[arg-type]
        features, None, frame_rate=FRAME_RATE
    )
    assert (ungated.gate == 1).all()
    np.testing.assert_allclose(ungated.features.loudness_db[350:], -55.0, atol=1e-4)
    np.testing.assert_allclose(midi_of(ungated)[350:], 30.0, atol=1e-4)


def test_without_statistics_octave_and_loudness_stay() -> None:
    low = features_of(np.full(500, 30.0), -50.0)
    edited = Edits().apply(low, None, frame_rate=FRAME_RATE)
    assert edited.octaves == 0
    assert not edited.loudness_matched
    np.testing.assert_allclose(edited.features.loudness_db, -50.0)


def test_notes_outside_the_trained_range_are_counted() -> None:
    midi = np.concatenate([np.full(300, 40.0), np.full(600, 69.0), np.full(100, 100.0)])
    edited = Edits(octave=0).apply(features_of(midi), range_statistics(), frame_rate=FRAME_RATE)
    assert edited.share_below == pytest.approx(0.3, abs=0.01)
    assert edited.share_above == pytest.approx(0.1, abs=0.01)


def test_pitch_stays_below_midi_110() -> None:
    edited = apply(octave=5)
    assert midi_of(edited).max() <= 110.001


def test_silence_stays_silence() -> None:
    features = features_of(np.full(100, 69.0), -80.0, 0.0)
    edited = Edits(loudness_db=20.0).apply(features, range_statistics(), frame_rate=FRAME_RATE)
    assert not edited.notes.any()
    assert (edited.gate == 0).all()
    assert (edited.features.loudness_db <= -60).all()


@pytest.mark.parametrize(
    ("argument", "value", "message"),
    [
        ("octave", 1.5, '`octave` must be "auto" or a whole number from -8 to 8; got 1.5.'),
        ("octave", "up", "`octave` must be \"auto\" or a whole number from -8 to 8; got 'up'."),
        ("autotune", 1.2, "`autotune` must be from 0 to 1; got 1.2."),
        ("semitones", 1000, "`semitones` must be from -96 to 96; got 1000."),
        ("loudness_db", float("nan"), "`loudness_db` must be from -80 to 80; got nan."),
        ("note_threshold", -1, "`note_threshold` must be from 0 to 2; got -1."),
        ("scale", "minor", "`scale` must be one of chromatic, major; got 'minor'."),
    ],
)
def test_arguments_out_of_range_are_refused(argument: str, value: object, message: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        Edits(**{argument: value})  # type: ignore[arg-type]
    assert str(caught.value) == message
