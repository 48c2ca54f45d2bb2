"""Scores played: in tune, in time, loud as written, by every kind of model."""

from typing import ClassVar

import numpy as np
import pytest
import tensorflow as tf
from inference_toys import FRAME_RATE, HOP, RATE, cents_between, fundamental_hz, level_db

from ddsp_tf.errors import ArgumentError, ModelError, ScoreFileError
from ddsp_tf.evaluation.onsets import find_onsets
from ddsp_tf.features import FeatureSettings, extract_features
from ddsp_tf.inference import PlainPerformer, Render
from ddsp_tf.inference.gated_model import gated_model
from ddsp_tf.midi import Part, Score, read_notes
from ddsp_tf.models import Instrument, Model
from ddsp_tf.processors import Sinusoidal, Voices
from ddsp_tf.types import Signal


def notes(*rows):
    return np.array([[*row, 0] for row in rows], np.float64)


class Organ(Model):
    """Plays each voice as a sine while its key is held."""

    sample_rate, hop_length = RATE, HOP

    def __init__(self, n_voices=3):
        super().__init__(name="organ")
        sines = Sinusoidal(n_sinusoids=1, scale=False, sample_rate=RATE, hop_length=HOP)
        self.voices = Voices(sines, n_voices)
        self.built = True

    @property
    def input_signals(self):
        width = self.voices.n_voices
        return {
            "midi": Signal("frames", width, low=36.0, high=84.0),
            "velocity": Signal("frames", width, low=0.0, high=1.0),
            "gate": Signal("frames", width, low=0.0, high=1.0),
        }

    why_not_streamable = ""
    lookahead_frames = 1

    def initial_state(self, batch_size):
        return self.voices.initial_state(batch_size)

    def stream(self, inputs, state, n_frames):
        hz = 440.0 * 2.0 ** ((inputs["midi"] - 69.0) / 12.0)
        controls = {"amplitudes": 0.2 * inputs["gate"], "frequencies_hz": hz}
        audio, state = self.voices.stream(controls, state, n_frames)
        return {"audio": audio}, state


class Reader(Model):
    """Takes the notes themselves, and plays whole sounds."""

    sample_rate, hop_length = RATE, HOP
    input_signals: ClassVar = {"notes": Signal("notes", 5)}

    def call(self, batch, training=False):
        last = batch["notes"][0, :, 1]
        return {"audio": tf.fill([1, RATE], tf.reduce_max(last))}


class Filter(Model):
    sample_rate, hop_length = RATE, HOP
    input_signals: ClassVar = {"dry": Signal("samples")}


def instrument(model):
    return Instrument(model, FeatureSettings(RATE, HOP, columns=()))


@pytest.fixture(scope="module")
def plain(following):
    """Compiled once for each number of voices."""
    return Render(following, performer="plain", chunk_s=1.0)


def partial_db(audio, hz, start_s, end_s):
    part = audio[round(start_s * RATE) : round(end_s * RATE)]
    window = np.hanning(len(part))
    wave = np.exp(-2j * np.pi * hz * np.arange(len(part)) / RATE)
    return 20 * np.log10(2 * abs(np.dot(part * window, wave)) / window.sum() + 1e-9)


def hz_of(midi):
    return 440.0 * 2 ** ((midi - 69) / 12)


def test_a_violin_plays_real_bach_in_tune_and_in_time(recordings):
    score = read_notes(recordings / "midi" / "bwv1006_mov1_preludio.mid")[:36].astype(np.float64)
    audio, report = Render("violin", performer="plain", tail_s=0.5, reverb=False)(score)
    assert (report.n_notes, report.n_played, report.n_voices) == (36, 36, 1)
    assert len(audio) == pytest.approx(RATE * (score[:, 1].max() + 0.5), abs=HOP)
    heard = extract_features(audio, FeatureSettings())
    time_s = np.arange(heard.n_frames) / FRAME_RATE
    n_heard = 0
    for onset_s, offset_s, midi in score[:, :3]:
        third = 0.3 * (offset_s - onset_s)
        inside = (time_s > onset_s + third) & (time_s < offset_s - third)
        if heard.f0_confidence[inside].mean() > 0.9:
            n_heard += 1
            played_hz = float(np.median(heard.f0_hz[inside]))
            assert abs(cents_between(played_hz, hz_of(midi))) < 5.0
    assert n_heard > 20
    onsets = find_onsets(audio, sample_rate=RATE)
    late_ms = 1000 * np.array([np.min(np.abs(onsets - onset_s)) for onset_s in score[:, 0]])
    assert len(onsets) == len(score)
    assert late_ms.max() < 10.0  # measured: 9 at most, 5 in the median


def test_velocity_is_a_share_of_the_instruments_dynamics(following, plain):
    soft, loud = (
        PlainPerformer().perform(
            notes((0, 1, 60, v)), statistics=following.statistics, frame_rate=250.0, n_frames=300
        )
        for v in (0.1, 0.9)
    )
    levels = following.statistics.loudness_db_quantiles
    assert soft.loudness_db[100] == pytest.approx(levels[10], abs=0.01)
    assert loud.loudness_db[100] == pytest.approx(levels[90], abs=0.01)
    audio, _ = plain(notes((0, 1, 60, 0.1), (1, 2, 60, 0.9)))
    first, second = (level_db(audio[start : start + RATE // 2]) for start in (4000, 20000))
    assert second - first == pytest.approx(levels[90] - levels[10], abs=0.5)


def test_attack_release_and_rests():
    played = PlainPerformer().perform(
        notes((0.1, 0.3, 60, 0.5), (0.3, 0.4, 62, 0.5), (0.6, 0.8, 64, 0.5)),
        statistics=None,
        frame_rate=1000.0,
        n_frames=1000,
    )
    level = played.loudness_db
    assert level[100] == pytest.approx(-30 - 18)
    assert level[120:300] == pytest.approx(-30)
    assert level[300] == pytest.approx(-30 - 6)  # slurred
    assert level[450] == pytest.approx(-30 - 300 * 0.05)
    assert played.gate[:80].max() == 0.0
    assert played.gate[100:400].min() == 1.0
    assert played.gate[500:580].max() == 0.0
    midi = 69 + 12 * np.log2(played.f0_hz / 440)
    assert midi[[0, 299, 300, 599, 600, 999]] == pytest.approx([60, 60, 62, 62, 64, 64])


def test_with_one_voice_the_top_note_of_chords_is_played_and_that_is_said(following):
    chord = notes((0, 1, 60, 0.7), (0.01, 1, 64, 0.7), (0.0, 1, 67, 0.7), (0.5, 0.9, 48, 0.7))
    alone = Render(following, voices=1, performer="plain")
    report = alone.rehearse(chord).report
    assert (report.n_played, report.highest_midi) == (1, 67)
    assert "one note is played at a time" in report.warnings[0]
    assert "3 notes were left out" in report.warnings[0]


def test_an_instrument_of_one_note_at_a_time_plays_chords_by_voices(plain):
    chord = notes((0, 2, 60, 0.7), (0.5, 2, 64, 0.7), (1, 1.5, 67, 0.7))
    audio, report = plain(chord)
    assert (report.n_voices, report.n_played, report.warnings) == (3, 3, ())
    for midi, is_heard in ((60, (1, 1, 1, 1)), (64, (0, 1, 1, 1)), (67, (0, 0, 1, 0))):
        for start_s, heard in zip((0.1, 0.6, 1.1, 1.65), is_heard, strict=True):
            level = partial_db(audio, hz_of(midi), start_s, start_s + 0.3)
            assert level > -45 if heard else level < -75
    # The voices are those that play one by one.
    at_once = np.zeros(len(audio))
    for row in chord:
        alone = plain(row[np.newaxis])[0]
        # Each fades at the end of its own tail, which is silent.
        at_once[: len(alone)] += alone
    np.testing.assert_allclose(audio[48:-160], at_once[48:-160], atol=2e-6)


def test_voices_are_rows_of_a_batch_in_one_room(recurrent):
    random = np.random.default_rng(0)
    rows = {
        "f0_hz": random.uniform(200, 800, (2, 20, 1)).astype(np.float32),
        "loudness_db": random.uniform(-40, -10, (2, 20, 1)).astype(np.float32),
        "gate": random.uniform(0, 1, (2, 20, 1)).astype(np.float32),
    }
    side_by_side = {key: np.concatenate(list(x), axis=-1)[np.newaxis] for key, x in rows.items()}
    chord = gated_model(recurrent.model, reverb=True, n_voices=2)
    both = gated_model(recurrent.model, reverb=False)(rows)["audio"]
    room = recurrent.model.last_room({"audio": tf.reduce_sum(both, axis=0, keepdims=True)})
    np.testing.assert_allclose(chord(side_by_side)["audio"], room, atol=1e-5)


def test_bends_are_carried_to_the_pitch(plain):
    part = Part(1, 1, 1, "", notes((0, 2, 60, 0.7)))
    bends = {0: np.array([[0.5, 1.0], [1.0, -12.0], [1.5, 0.25]]), 3: np.array([[0.0, 5.0]])}
    audio, _ = plain(Score((part,), bends=bends))
    for start_s, semitones in ((0.1, 0), (0.6, 1), (1.1, -12), (1.6, 0.25)):
        heard = audio[round(start_s * RATE) : round((start_s + 0.35) * RATE)]
        hz = hz_of(60 + semitones)
        assert abs(cents_between(fundamental_hz(heard, hz), hz)) < 5


def test_the_pedal_lengthens_notes(following, plain):
    part = Part(1, 1, 1, "", notes((0, 0.3, 60, 0.7), (0.5, 0.8, 64, 0.7)))
    score = Score((part,), pedals={0: np.array([[0.2, 1.0], [1.5, 0.0]])})
    audio, report = plain(score)
    assert report.n_voices == 2
    assert partial_db(audio, hz_of(60), 1.0, 1.4) > -45
    assert partial_db(audio, hz_of(64), 1.0, 1.4) > -45
    assert partial_db(audio, hz_of(64), 1.7, 2.0) < -75
    # One voice can't hold a note while it plays the next.
    audio, _ = Render(following, performer="plain", voices=1)(score)
    assert partial_db(audio, hz_of(60), 0.32, 0.5) > -45
    assert partial_db(audio, hz_of(60), 1.0, 1.4) < -75


def test_a_hundred_and_twenty_eight_notes_at_once(following):
    everything = notes(*[(0, 0.2, key, 0.5) for key in range(128)])
    report = Render(following).rehearse(everything).report
    assert (report.n_voices, report.n_played) == (16, 16)
    assert "there are 16 voices: of notes that begin together the top ones" in report.warnings[0]
    assert "112 notes were left out" in report.warnings[0]
    held = notes((0, 1, 60, 0.7), (0.2, 1, 64, 0.7), (0.4, 1, 67, 0.7))
    assert "1 note was cut short, as there are 2 voices." in (
        Render(following, voices=2).rehearse(held).report.warnings
    )


def test_notes_beyond_the_range_are_said_and_can_be_transposed(following):
    low = notes((0, 0.3, 30, 0.7), (0.3, 0.6, 60, 0.7))
    report = Render(following).rehearse(low).report
    assert "1 note was beyond what the instrument was trained on (G3 to " in report.warnings[0]
    fitted = Render(following, fit_range=True).rehearse(low).report
    assert "1 note was moved by octaves into G3 to " in fitted.warnings[0]
    assert 55 <= fitted.lowest_midi <= fitted.highest_midi <= 91
    report = Render(following, transpose=29).rehearse(low).report
    assert not report.warnings
    assert (report.lowest_midi, report.highest_midi) == (59, 89)


def test_voices_play_chords_in_blocks_as_at_once():
    chord = notes((0.5, 1.5, 60, 0.7), (0.5, 2, 64, 0.7), (1, 2, 67, 0.7))
    audio, report = Render(instrument(Organ()), tail_s=0.5, chunk_s=0.3)(chord)
    assert len(audio) == round(2.5 * RATE)
    assert (report.n_played, report.n_voices, report.warnings) == (3, 3, ())
    assert np.abs(audio[: RATE // 2 - HOP]).max() == 0.0
    for midi, is_heard in ((60, (1, 1, 0)), (64, (1, 1, 1)), (67, (0, 1, 1))):
        for start_s, heard in zip((0.55, 1.05, 1.55), is_heard, strict=True):
            level = partial_db(audio, hz_of(midi), start_s, start_s + 0.4)
            assert level == pytest.approx(-14, abs=0.5) if heard else level < -60
    at_once, _ = Render(instrument(Organ()), tail_s=0.5, chunk_s=60.0)(chord)
    np.testing.assert_allclose(audio, at_once, atol=2e-6)


def test_more_notes_than_voices_or_keys():
    chord = notes((0, 1, 60, 0.7), (0, 1, 64, 0.7), (0.5, 1, 67, 0.7), (0.5, 1, 100, 0.7))
    report = Render(instrument(Organ(2))).rehearse(chord).report
    assert report.n_played == 3
    assert report.warnings == (
        "1 note was left out, as the instrument has the keys C2 to C6.",
        "1 note was cut short, as the instrument has 2 voices.",
    )
    with pytest.raises(ScoreFileError, match="has the keys C2 to C6, and the score none of these"):
        Render(instrument(Organ()), transpose=60)(chord)
    fitted = Render(instrument(Organ(2)), fit_range=True).rehearse(chord).report
    assert fitted.n_played == 4
    assert fitted.warnings[0] == "1 note was moved by octaves into C2 to C6."


def test_a_model_of_notes_gets_them_as_they_are():
    audio, report = Render(instrument(Reader()), tail_s=0.0)(notes((0, 0.25, 60, 1), (0, 1, 90, 1)))
    assert audio[8000] == 1.0
    assert report.n_voices == 2


def test_a_model_that_scores_cannot_feed_is_refused():
    with pytest.raises(ModelError, match="The instrument takes `dry`, which no score has"):
        Render(instrument(Filter()))


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (np.zeros([0, 5]), "with a note at least"),
        (np.zeros([3, 4]), "got shape"),
        (notes((1, 0.5, 60, 1)), "not end before"),
        (notes((np.nan, 0.5, 60, 1)), "must be finite"),
    ],
)
def test_notes_that_cannot_be_are_refused(following, rows, words):
    with pytest.raises(ArgumentError, match=words):
        Render(following)(rows)


def test_arguments_and_endless_scores(following):
    with pytest.raises(ArgumentError, match="`tail_s`"):
        Render(following, tail_s=-1.0)
    for wrong in ({"voices": 0}, {"humanise": 2.0}, {"performer": "nobody"}):
        with pytest.raises(ArgumentError, match=f"`{next(iter(wrong))}` must be"):
            Render(following, **wrong)
    with pytest.raises(ScoreFileError, match="lasts 100 hours, and a day is the most"):
        Render(following)(notes((0, 360_000, 60, 1)))


def test_what_would_clip_is_turned_down():
    many = notes(*[(0, 0.2, 48 + i, 1.0) for i in range(9)])
    audio, report = Render(instrument(Organ(9)))(many)
    assert np.abs(audio).max() == pytest.approx(1.0, abs=1e-5)
    assert report.gain_db < -0.5
    assert report.lines()[-1].startswith("level: -")
    audio, report = Render(instrument(Organ(9)), limiter=True)(many)
    assert np.abs(audio).max() < 0.9
    assert report.lines()[-1].startswith("limiter: peaks turned down by up to")
