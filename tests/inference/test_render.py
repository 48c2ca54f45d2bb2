"""Scores played: in tune, in time, loud as written, by every kind of model."""

from typing import ClassVar

import numpy as np
import pytest
import soundfile
import tensorflow as tf
from inference_toys import FRAME_RATE, HOP, RATE, cents_between, fundamental_hz, level_db

from ddsp_tf.errors import ArgumentError, ModelError, OutputError, ScoreFileError
from ddsp_tf.evaluation.onsets import find_onsets
from ddsp_tf.features import FeatureSettings, extract_features
from ddsp_tf.inference import Render, perform, top_line
from ddsp_tf.midi import read_notes
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


def partial_db(audio, hz, start_s, end_s):
    part = audio[round(start_s * RATE) : round(end_s * RATE)]
    window = np.hanning(len(part))
    wave = np.exp(-2j * np.pi * hz * np.arange(len(part)) / RATE)
    return 20 * np.log10(2 * abs(np.dot(part * window, wave)) / window.sum() + 1e-9)


def hz_of(midi):
    return 440.0 * 2 ** ((midi - 69) / 12)


def test_a_violin_plays_real_bach_in_tune_and_in_time(recordings):
    score = read_notes(recordings / "midi" / "bwv1006_mov1_preludio.mid")[:36].astype(np.float64)
    audio, report = Render("violin", tail_s=0.5, reverb=False)(score)
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


def test_velocity_is_a_share_of_the_instruments_dynamics(following):
    soft, loud = (
        perform(notes((0, 1, 60, v)), following.statistics, frame_rate=250.0, n_frames=300)
        for v in (0.1, 0.9)
    )
    levels = following.statistics.loudness_db_quantiles
    assert soft.loudness_db[100] == pytest.approx(levels[10], abs=0.01)
    assert loud.loudness_db[100] == pytest.approx(levels[90], abs=0.01)
    audio, _ = Render(following)(notes((0, 1, 60, 0.1), (1, 2, 60, 0.9)))
    first, second = (level_db(audio[start : start + RATE // 2]) for start in (4000, 20000))
    assert second - first == pytest.approx(levels[90] - levels[10], abs=0.5)


def test_attack_release_and_rests():
    played = perform(
        notes((0.1, 0.3, 60, 0.5), (0.3, 0.4, 62, 0.5), (0.6, 0.8, 64, 0.5)),
        None,
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


def test_of_chords_the_top_note_is_played_and_that_is_said(following):
    chord = notes((0, 1, 60, 0.7), (0.01, 1, 64, 0.7), (0.0, 1, 67, 0.7), (0.5, 0.9, 48, 0.7))
    assert top_line(chord)[:, :3].tolist() == [[0, 1, 67]]
    broken = notes((0, 2, 60, 0.7), (0.5, 1, 64, 0.7), (1.5, 2, 62, 0.7))
    assert top_line(broken)[:, :3].tolist() == [[0, 0.5, 60], [0.5, 1, 64], [1.5, 2, 62]]
    slurred = notes((0, 1.05, 67, 0.7), (1, 2, 60, 0.7))
    assert top_line(slurred)[:, :3].tolist() == [[0, 1, 67], [1, 2, 60]]
    audio, report = Render(following)(chord)
    assert abs(cents_between(fundamental_hz(audio[2000:14000], hz_of(67)), hz_of(67))) < 2
    assert report.n_played == 1
    assert "one note at a time" in report.warnings[0]
    assert "3 notes were left out" in report.warnings[0]
    assert not Render(following)(slurred)[1].warnings


def test_notes_beyond_the_range_are_said_and_can_be_transposed(following):
    low = notes((0, 0.3, 30, 0.7), (0.3, 0.6, 60, 0.7))
    _, report = Render(following)(low)
    assert "1 note was beyond what the instrument was trained on (G3 to " in report.warnings[0]
    _, report = Render(following, transpose=29)(low)
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
    _, report = Render(instrument(Organ(2)))(chord)
    assert report.n_played == 3
    assert report.warnings == (
        "1 note was left out, as the instrument has the keys C2 to C6.",
        "1 note was cut short, as the instrument has 2 voices.",
    )
    with pytest.raises(ScoreFileError, match="has the keys C2 to C6, and the score none of these"):
        Render(instrument(Organ()), transpose=60)(chord)


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
    with pytest.raises(ScoreFileError, match="lasts 100 hours, and a day is the most"):
        Render(following)(notes((0, 360_000, 60, 1)))


def test_files_are_written_whole_and_what_would_clip_is_turned_down(recordings, tmp_path):
    score = recordings / "midi" / "oneill_001.mid"
    render = Render(instrument(Organ()), transpose=-12, tail_s=0.25)
    seen = []
    report = render.render_file(
        score, tmp_path / "a.flac", sample_rate=22050, bit_depth=24, progress=seen.append
    )
    info = soundfile.info(tmp_path / "a.flac")
    assert (info.samplerate, info.channels) == (22050, 1)
    assert info.frames == pytest.approx(report.seconds * 22050, abs=1)
    assert report.seconds == pytest.approx(read_notes(score)[:, 1].max() + 0.25, abs=0.01)
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    with pytest.raises(OutputError, match="exists"):
        render.render_file(score, tmp_path / "a.flac")
    many = notes(*[(0, 0.2, 48 + i, 1.0) for i in range(9)])
    audio, report = Render(instrument(Organ(9)))(many)
    assert np.abs(audio).max() == pytest.approx(1.0, abs=1e-5)
    assert report.gain_db < -0.5
    assert report.lines()[-1].startswith("level: -")
    audio, report = Render(instrument(Organ(9)), limiter=True)(many)
    assert np.abs(audio).max() < 0.9
    assert report.lines()[-1].startswith("limiter: peaks turned down by up to")
