"""The performer of Jonason 2020: what is written passes by it, and what it adds is learned."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from ddsp_tf.errors import ArgumentError, ModelError
from ddsp_tf.features import FeatureSettings
from ddsp_tf.inference import Render, TrainedPerformer, get_performer
from ddsp_tf.losses import ControlError
from ddsp_tf.midi import note_columns
from ddsp_tf.models import ControlModel, Instrument, architecture_from_dict, architecture_to_dict
from ddsp_tf.models.performer.note_frames import note_frames

LINE = np.array(
    [[0.1, 0.5, 69, 0.75, 0], [0.5, 0.7, 71, 0.5, 0], [0.9, 1.3, 64, 1.0, 0]], np.float32
)
N_FRAMES = 403


@pytest.fixture(scope="module")
def model() -> ControlModel:
    keras.utils.set_random_seed(0)
    return ControlModel(rnn_channels=6, channels=5, stride=20)


def test_an_untrained_model_plays_exactly_what_is_written(model: ControlModel) -> None:
    played = model.perform(LINE[np.newaxis], N_FRAMES)
    columns = note_columns(LINE, frame_rate=250.0, n_frames=N_FRAMES)
    scaled = played["f0_midi"].numpy()[0, :, 0] / 127.0
    np.testing.assert_allclose(scaled, columns.midi / 127.0, rtol=1e-7)
    written_db = 80.0 * (columns.velocity * columns.gate - 1.0)
    softest_db = np.where(columns.gate > 0, -80.0 + 80.0 / 127.0, -80.0)
    np.testing.assert_array_equal(
        played["loudness_db"].numpy()[0, :, 0], np.maximum(written_db, softest_db)
    )


def test_the_network_adds_to_it_within_its_reach() -> None:
    keras.utils.set_random_seed(0)
    moved = ControlModel(rnn_channels=6, channels=5, stride=20, most_semitones=0.5)
    moved.head.set_weights([100.0 * np.ones([5, 2]), np.array([50.0, -50.0])])
    played = moved.perform(LINE[np.newaxis], N_FRAMES)
    columns = note_columns(LINE, frame_rate=250.0, n_frames=N_FRAMES)
    beside = played["f0_midi"].numpy()[0, :, 0] - columns.midi
    assert beside.max() == pytest.approx(0.5, abs=1e-3)
    assert played["loudness_db"].numpy().min() >= -80.0


def test_notes_lie_in_frames_as_they_do_in_numpy() -> None:
    columns = note_columns(LINE, frame_rate=250.0, n_frames=N_FRAMES)
    padded = np.concatenate([LINE, np.zeros([2, 5], np.float32)])[np.newaxis]
    frames = note_frames(tf.constant(padded), N_FRAMES, frame_rate=250.0)
    for name in ("midi", "velocity", "gate", "onset"):
        np.testing.assert_array_equal(
            getattr(frames, name).numpy()[0, :, 0], getattr(columns, name), err_msg=name
        )
    np.testing.assert_array_equal(frames.index.numpy()[0], columns.index)


@pytest.mark.slow
def test_it_learns_to_play_softer_and_sharper(model: ControlModel) -> None:
    """Recordings that are 6 dB softer and 20 cents sharper than what is written."""
    written = model.perform(LINE[np.newaxis], 400)
    batch = {
        "notes": tf.constant(LINE[np.newaxis]),
        "f0_hz": written["f0_hz"] * 2 ** (0.2 / 12),
        "f0_confidence": tf.ones([1, 400, 1]),
        "loudness_db": tf.maximum(written["loudness_db"] - 6.0, -80.0),
    }
    objective, optimizer = ControlError(f0_weight=300.0), keras.optimizers.Adam(0.02)

    @tf.function(autograph=False)
    def step() -> tf.Tensor:
        with tf.GradientTape() as tape:
            loss = tf.add_n(list(objective(batch, model(batch, training=True)).values()))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return loss

    losses = [float(step()) for _ in range(40)]
    assert losses[-1] < 0.5 * losses[0]


def test_it_is_stored_and_plays_the_same(model: ControlModel) -> None:
    twin = architecture_from_dict(architecture_to_dict(model))
    twin.set_weights(model.get_weights())
    for key, value in model.perform(LINE[np.newaxis], 100).items():
        np.testing.assert_array_equal(value, twin.perform(LINE[np.newaxis], 100)[key])


def test_a_long_score_is_played_in_blocks_without_a_seam(monkeypatch: pytest.MonkeyPatch) -> None:
    from ddsp_tf.inference import trained_performer

    untrained = Instrument(ControlModel(rnn_channels=4, channels=4, stride=20), FeatureSettings())
    asked = {"statistics": None, "frame_rate": 250.0, "n_frames": 400}
    whole = TrainedPerformer(untrained).perform(LINE, **asked)
    monkeypatch.setattr(trained_performer, "_BLOCK_S", 0.3)
    monkeypatch.setattr(trained_performer, "_CONTEXT_S", 0.1)
    parts = TrainedPerformer(untrained).perform(LINE, **asked)
    np.testing.assert_array_equal(whole.f0_hz, parts.f0_hz)
    np.testing.assert_array_equal(whole.loudness_db, parts.loudness_db)


def test_performers_of_other_rates_and_kinds_are_refused() -> None:
    slow = Instrument(
        ControlModel(hop_length=128, rnn_channels=4, channels=4), FeatureSettings(hop_length=128)
    )
    with pytest.raises(
        ArgumentError, match="plays 125 frames a second, and the instrument has 250"
    ):
        Render("violin", performer=TrainedPerformer(slow), tail_s=0.1)(LINE)
    with pytest.raises(ModelError, match="is a performer, which makes no sound"):
        Render(slow)
    with pytest.raises(ModelError, match="is no performer, but a `Autoencoder`"):
        TrainedPerformer(Instrument.load("violin"))
    with pytest.raises(ArgumentError, match="or the folder of a trained one; got 'nobody'"):
        get_performer("nobody")
