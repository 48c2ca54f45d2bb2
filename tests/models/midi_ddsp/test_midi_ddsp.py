"""MIDI-DDSP: bins, sampling, the order of notes, the three levels, and what they are stored as."""

from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from function_graphs import graphs

from ddsp_tf.errors import ArgumentError, OutputError, ScoreFileError
from ddsp_tf.features import FeatureSettings
from ddsp_tf.inference import PlayingFiles, Render
from ddsp_tf.models import (
    Instrument,
    MidiDdsp,
    architecture_from_dict,
    architecture_to_dict,
)
from ddsp_tf.models.midi_ddsp.expression_generator import ExpressionGenerator
from ddsp_tf.models.midi_ddsp.pitch_writer import sample_likeliest, to_bins, to_semitones
from ddsp_tf.models.midi_ddsp.synthesis_generator import SynthesisGenerator
from ddsp_tf.processors import Add, FilteredNoise, Harmonic, ProcessorGroup

LINE = np.array([[0.0, 0.2, 69, 0.75, 0], [0.2, 0.4, 71, 0.5, 0]])
NUMBERS = np.full([2, 6], 0.5)
FRAMES = 120


def toy() -> MidiDdsp:
    keras.utils.set_random_seed(0)
    group = ProcessorGroup(
        dag=[
            (
                Harmonic(n_harmonics=6, scale=False),
                ["amplitudes", "harmonic_distribution", "f0_hz"],
            ),
            (FilteredNoise(n_bands=5, scale=False), ["noise_magnitudes"]),
            (Add(), ["harmonic/signal", "filtered_noise/signal"]),
        ]
    )
    return MidiDdsp(
        processor_group=group,
        expression_generator=ExpressionGenerator(n_instruments=2, units=4, embedding=3),
        synthesis_generator=SynthesisGenerator(
            n_levels=11, n_instruments=2, channels=6, layers_per_stack=1, embedding=2, units=4,
            n_stacks=1, stride=5, n_body_partials=6,
        ),
        instruments=("violin", "flute"),
    )  # fmt: skip


@pytest.fixture(scope="module")
def model() -> MidiDdsp:
    return toy()


@pytest.fixture(scope="module")
def instrument(model: MidiDdsp) -> Instrument:
    return Instrument(model, FeatureSettings())


def batch() -> dict[str, tf.Tensor]:
    frames = tf.ones([2, FRAMES, 1])
    return {
        "notes": tf.constant(np.stack([LINE, LINE * [1, 1, 1, 0, 1]]), tf.float32),
        "f0_hz": 440.0 * frames,
        "fine_f0_hz": 440.0 * 2 ** (0.256 / 12) * frames,
        "f0_confidence": frames,
        "harmonics_db": -30.0 * tf.ones([2, FRAMES, 6]),
        "noise_db": -60.0 * tf.ones([2, FRAMES, 5]),
        "expression": 0.5 * tf.ones([2, FRAMES, 6]),
        "instrument": tf.constant([[0.0], [1.0]]),
        "noise_seed": tf.constant(3),
    }


@pytest.mark.slow
def test_of_models_that_are_gone_no_graph_stays() -> None:
    before = graphs()
    gone = toy()
    gone.synthesise(LINE, gone.express(LINE, instrument=1), n_frames=FRAMES, instrument=1)
    assert graphs() - before
    del gone
    assert not graphs() - before


def test_bins_are_rounded_and_come_back() -> None:
    semitones = np.linspace(-1, 1, 1001, dtype=np.float32)
    back = to_semitones(to_bins(semitones)).numpy()
    assert np.abs(back - semitones).max() <= 0.005 + 1e-6
    assert abs(np.mean(back - semitones)) < 1e-4


def test_only_the_likeliest_bins_are_drawn() -> None:
    logits = tf.math.log([[0.5, 0.3, 0.15, 0.05]] * 400)
    drawn = sample_likeliest(logits, [1, 2], top_p=0.9).numpy()
    shares = np.bincount(drawn, minlength=4) / 400
    np.testing.assert_allclose(shares, [0.526, 0.316, 0.158, 0.0], atol=0.07)
    assert set(sample_likeliest(logits, [1, 2], top_p=1e-6).numpy()) == {0}


def test_training_is_told_what_the_recording_plays(model: MidiDdsp) -> None:
    made = model(batch(), training=True)
    # The second example has no notes, the first two; 0.256 semitones lie in the 126th bin.
    assert made["whole_notes"].numpy()[:, :, 0].tolist() == [[True, True], [False, False]]
    np.testing.assert_allclose(made["target_expression"][0], 0.5, rtol=1e-6)
    assert made["target_pitch"].numpy()[0, :9].tolist() == [126] * 9
    # In the second note the recording is two semitones off, and between notes nothing counts.
    assert (made["target_pitch"].numpy()[0, 10:] == -1).all()
    np.testing.assert_allclose(made["target_levels"][0, 0], [-1.5] * 6 + [-3.0] * 5)
    assert model.key_range(0) == (69, 71)
    assert model.key_range(1) is None


def test_partials_beyond_nyquist_are_silent_and_teach_nothing(model: MidiDdsp) -> None:
    high = LINE + np.array([0, 0, 36, 0, 0])  # 3520 Hz and 3951 Hz: two partials below 8 kHz.
    made = model.synthesise(high, NUMBERS, n_frames=FRAMES)["harmonics_db"][10:90]
    assert (made[:, 2:] == -100.0).all()
    assert (made[:, :2] > -100.0).mean() > 0.5
    told = batch()
    told["notes"] = tf.constant(np.stack([high, high]), tf.float32)
    told["f0_hz"], told["fine_f0_hz"] = 8.0 * told["f0_hz"], 8.0 * told["fine_f0_hz"]
    learned = model(told)
    error = np.abs(learned["levels"] - learned["target_levels"])[:, 10:45]
    assert (error[..., 2:6] == 0.0).all()
    assert (error[..., [0, 1, 6, 7]] > 0.0).all()


def test_no_note_knows_its_own_numbers_or_those_of_later_ones(model: MidiDdsp) -> None:
    generator, notes = model.expression_generator, tf.constant(LINE[np.newaxis], tf.float32)
    told = np.full([1, 2, 6], 0.3, np.float32)
    other = told.copy()
    other[0, 1] = 9.0
    first, second = (generator(notes, tf.constant([[0]]), tf.constant(x)) for x in (told, other))
    np.testing.assert_array_equal(first, second)


def test_generated_numbers_are_those_of_teacher_forcing(model: MidiDdsp) -> None:
    notes = tf.constant(LINE[np.newaxis], tf.float32)
    written = model.expression_generator.generate(notes, tf.constant([[1]]))
    again = model.expression_generator(notes, tf.constant([[1]]), written)
    np.testing.assert_allclose(written, again, atol=1e-5)


@pytest.fixture(scope="module")
def untold() -> ExpressionGenerator:
    keras.utils.set_random_seed(1)
    return ExpressionGenerator(units=4, embedding=3, told_before=False, n_neighbours=2)


def test_weights_are_stored_in_the_order_that_they_had_before_there_were_neighbours() -> None:
    weights = ExpressionGenerator(n_instruments=2, units=4, embedding=3).weights
    shapes = [tuple(weight.shape) for weight in weights]
    assert shapes[:6] == [(128, 3), (2, 3), (2, 3), (3,), (2, 3), (3,)]
    assert shapes[-2:] == [(4, 6), (6,)]


def test_notes_are_written_alike_alone_and_before_padding(untold: ExpressionGenerator) -> None:
    line = np.array([[0.3 * i, 0.3 * i + 0.2, 60 + i % 3, 0.7, 0] for i in range(4)])
    padded = np.concatenate([line, np.zeros([3, 5])])
    alone, before_padding = (
        untold.generate(tf.constant(x[np.newaxis], tf.float32), tf.constant([[0]]))
        for x in (line, padded)
    )
    np.testing.assert_allclose(alone, before_padding[:, :4], atol=1e-6)
    told = untold(tf.constant(line[np.newaxis], tf.float32), tf.constant([[0]]), tf.ones([1, 4, 6]))
    np.testing.assert_allclose(alone, told, atol=1e-6)


def test_what_is_shown_of_neighbours(untold: ExpressionGenerator) -> None:
    line = tf.constant([[[0.0, 0.5, 60, 1, 0], [0.6, 1.6, 67, 1, 0]]])
    one = tf.ones([1, 2, 1])
    shown = untold._beside_neighbours(
        line[..., 2:3], line[..., 1:2] - line[..., :1], tf.constant([[[1.0], [0.1]]]), one
    ).numpy()[0]
    first, second = np.log(0.5) + 1.5, 1.5
    # Key in octaves beside 66, length, gap; then of the note before: whether it is there, how much
    # higher in fifths, its length and gap; then of the note after.
    np.testing.assert_allclose(
        shown[0, :11], [-0.5, first, 3.0, 0, 0, 0, 0, 1, 1, second, 0.3], atol=1e-6
    )
    np.testing.assert_allclose(
        shown[1, :11], [1 / 12, second, 0.3, 1, -1, first, 3.0, 0, 0, 0, 0], atol=1e-6
    )
    assert (shown[:, 11:] == 0.0).all()


def test_notes_that_are_read_by_themselves_hear_their_neighbours_and_no_others() -> None:
    keras.utils.set_random_seed(1)
    alone = ExpressionGenerator(
        units=4, embedding=3, told_before=False, n_neighbours=2, recurrent=False
    )
    line = np.array([[0.3 * i, 0.3 * i + 0.2, 60 + i % 3, 0.7, 0] for i in range(8)])

    def written(line: np.ndarray) -> np.ndarray:
        notes = tf.constant(line[np.newaxis], tf.float32)
        return np.asarray(alone.generate(notes, tf.constant([[0]])))[0]

    other = line.copy()
    other[4, 2] += 5
    changed = np.abs(written(other) - written(line)).max(axis=1) > 1e-6
    assert changed.tolist() == [False, False, True, True, True, True, True, False]
    padded = np.concatenate([line, np.zeros([3, 5])])
    np.testing.assert_allclose(written(padded)[:8], written(line), atol=1e-6)
    # 10 ms of overlap or of a gap are heard apart, at the note itself and those that are shown it.
    slurred = line.copy()
    slurred[3, 1] = slurred[4, 0] + 0.01
    tongued = line.copy()
    tongued[3, 1] = tongued[4, 0] - 0.01
    one = tf.ones([1, 8, 1])
    gaps = [np.concatenate([[1.0], x[1:, 0] - x[:-1, 1]]) for x in (slurred, tongued)]
    closely = [
        alone._closely(tf.constant(line[np.newaxis, :, 2:3], tf.float32), gap, one).numpy()[0, 4]
        for gap in (tf.constant(x[np.newaxis, :, np.newaxis], tf.float32) for x in gaps)
    ]
    # After the 43 bumps come, for each of four notes, the steps of 20 ms and of 50 ms.
    np.testing.assert_allclose([x[45] for x in closely], [np.tanh(-0.5), np.tanh(0.5)], atol=1e-4)
    np.testing.assert_allclose(
        closely[0][:43], np.exp(-0.5 * ((61 - 36 - 1.5 * np.arange(43)) / 0.8) ** 2), atol=1e-5
    )
    again = ExpressionGenerator.from_config(alone.get_config())
    assert [x.shape for x in again.weights] == [x.shape for x in alone.weights]


def test_notes_that_are_read_by_themselves_need_neighbours() -> None:
    with pytest.raises(ArgumentError, match="`n_neighbours` should be 1 or more"):
        ExpressionGenerator(recurrent=False)


def test_the_pitch_stays_within_a_semitone_and_obeys_its_seed(model: MidiDdsp) -> None:
    made = model.synthesise(LINE, NUMBERS, n_frames=FRAMES, seed=1)
    assert {key: x.shape for key, x in made.items()} == {
        "f0_hz": (FRAMES, 1),
        "harmonics_db": (FRAMES, 6),
        "noise_db": (FRAMES, 5),
    }
    beside = 12 * np.log2(made["f0_hz"][:50, 0] / 440.0)
    assert 0.0 < np.abs(beside).max() <= 1.0 + 1e-3
    same = model.synthesise(LINE, NUMBERS, n_frames=FRAMES, seed=1)
    np.testing.assert_array_equal(made["f0_hz"], same["f0_hz"])
    assert (
        model.synthesise(LINE, NUMBERS, n_frames=FRAMES, seed=2)["f0_hz"] != made["f0_hz"]
    ).any()


def test_levels_are_what_is_heard(model: MidiDdsp) -> None:
    """One partial of -20 dB and no noise are a sine of a tenth."""
    levels = {
        "f0_hz": tf.fill([1, FRAMES, 1], 440.0),
        "harmonics_db": tf.tile([[[-20.0] + 5 * [-100.0]]], [1, FRAMES, 1]),
        "noise_db": tf.fill([1, FRAMES, 5], -100.0),
    }  # fmt: skip
    audio = model(levels)["audio"].numpy()[0, 1000:-1000]
    assert np.abs(audio).max() == pytest.approx(0.1, rel=1e-3)
    assert np.sqrt(np.mean(audio**2)) == pytest.approx(0.1 / np.sqrt(2), rel=0.01)


def test_it_is_stored_and_plays_the_same(model: MidiDdsp) -> None:
    twin = architecture_from_dict(architecture_to_dict(model))
    twin.set_weights(model.get_weights())
    assert twin.instruments == model.instruments
    asked = {"n_frames": FRAMES, "instrument": 1}
    for key, value in model.synthesise(LINE, NUMBERS, **asked).items():
        np.testing.assert_allclose(value, twin.synthesise(LINE, NUMBERS, **asked)[key], rtol=1e-5)


def test_every_level_can_be_written_and_read_again(instrument: Instrument, tmp_path: Path) -> None:
    expression, controls = tmp_path / "e.csv", tmp_path / "c.csv"
    asked = {"player": "flute", "tail_s": 0.1, "seed": 4}
    first = Render(
        instrument, files=PlayingFiles(expression_out=expression, controls_out=controls), **asked
    )(LINE)[0]
    by_notes = Render(instrument, files=PlayingFiles(expression=expression), **asked)(LINE)[0]
    by_frames = Render(instrument, files=PlayingFiles(controls=controls), **asked)(LINE)[0]
    # Four digits of a note's numbers, two of a level in dB.
    assert np.abs(by_notes - first).max() < 0.03 * np.abs(first).max()
    assert np.abs(by_frames - first).max() < 0.03 * np.abs(first).max()
    with pytest.raises(OutputError, match="exists"):
        Render(instrument, files=PlayingFiles(controls_out=controls), **asked)


def test_tables_of_something_else_are_refused(instrument: Instrument, tmp_path: Path) -> None:
    path = tmp_path / "e.csv"
    asked = {"player": "violin", "tail_s": 0.1}
    Render(instrument, files=PlayingFiles(expression_out=path), **asked)(LINE)
    written = path.read_text()
    for text, message in (
        (written.replace("vibrato", "wobble"), "lacks vibrato"),
        (written.replace("\n", ",9\n").replace("attack_noise,9", "attack_noise,x"), "unknown x"),
        ("\n".join(written.splitlines()[:2]), "has 1 notes, in voices 1; the score has 2"),
        (written.replace(",71,", ",50,"), "note 2 of voice 1 is key 50 at 0.20 s there"),
        (written.replace(",69,", ",high,"), "should hold numbers alone"),
        (written.replace(",69,", ","), "line 2, has 9 values for 10 columns"),
    ):
        path.write_text(text)
        with pytest.raises(ScoreFileError) as refused:
            Render(instrument, files=PlayingFiles(expression=path), **asked)(LINE)
        assert message in str(refused.value)


def test_a_player_has_to_be_one_of_the_model(instrument: Instrument) -> None:
    with pytest.raises(ArgumentError, match="plays violin, flute; name one"):
        Render(instrument)
    with pytest.raises(ArgumentError, match="`oboe` is none of them"):
        Render(instrument, player="oboe")
    with pytest.raises(ArgumentError, match="is given the player `flute`, but has no"):
        Render("violin", player="flute")
    both = PlayingFiles(expression=Path("e.csv"), controls=Path("c.csv"))
    with pytest.raises(ArgumentError, match="exclude each other"):
        Render(instrument, player="flute", files=both)
