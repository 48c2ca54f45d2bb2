"""The piano whose keys ring: strikes, decays, dampers, blocks, storage, and that it learns."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from contracts import check_config

from ddsp_tf import config, training
from ddsp_tf.errors import ArgumentError
from ddsp_tf.features import FeatureSettings
from ddsp_tf.models import (
    Instrument,
    ModalPiano,
    RigaudTuning,
    Soundboard,
    StrikeNetwork,
)
from ddsp_tf.processors import Add, FilteredNoise, ProcessorGroup, StruckStrings, Voices

RATE, HOP = 16000, 64


def small_piano(*, noise=True, n_voices=2, **arguments):
    keras.utils.set_random_seed(1)
    strings = Voices(StruckStrings(n_harmonics=8), n_voices, name="strings")
    dag = [(strings, list(strings.input_names))]
    if noise:
        dag.append((FilteredNoise(n_bands=9, scale=False, name="hammers"), ["noise_magnitudes"]))
        dag.append((Add(), ["strings/signal", "hammers/signal"]))
    return ModalPiano(
        processor_group=ProcessorGroup(dag=dag),
        network=StrikeNetwork(channels=6, **arguments),
        # So little apart that they don't beat here.
        tuning=RigaudTuning(2, initial_detuning=0.001),
        n_voices=n_voices,
    )


def struck(n_frames, *strikes, n_voices=2):
    """Strikes of a voice, key, velocity, onset and offset, in frames."""
    midi = np.full([1, n_frames, n_voices], 60, np.float32)
    velocity, gate = np.zeros((2, 1, n_frames, n_voices), np.float32)
    for voice, key, loud, onset, offset in strikes:
        midi[0, onset if onset > 0 and (midi[0, 0, voice] != key) else 0 :, voice] = key
        velocity[0, onset, voice] = loud
        gate[0, onset:offset, voice] = 1.0
    return {"midi": midi, "velocity": velocity, "gate": gate}


def level_db(audio, frame, n_frames=20):
    part = np.float64(audio[frame * HOP : (frame + n_frames) * HOP])
    return 10 * np.log10(np.mean(part**2) + 1e-20)


def played(model, *strikes, n_frames=500):
    return model(struck(n_frames, *strikes))["audio"].numpy()[0]


def test_a_strike_sounds_decays_as_its_soundboard_says_and_is_damped():
    model = small_piano(noise=False)
    held = played(model, (0, 60, 0.8, 10, 500))
    assert not held[: 9 * HOP].any()
    assert level_db(held, 12) > -60
    fall = level_db(held, 100) - level_db(held, 400)
    # 7 dB a second at 100 Hz to the power 0.6 of frequency, of which the aftersound is slower.
    assert 5 < fall / 1.2 < 30
    released = played(model, (0, 60, 0.8, 10, 200))
    np.testing.assert_array_equal(released[: 199 * HOP], held[: 199 * HOP])
    damped = (level_db(released, 200) - level_db(released, 230)) - (
        level_db(held, 200) - level_db(held, 230)
    )
    assert damped == pytest.approx(20 / 0.12 * 30 * HOP / RATE, rel=0.1)


def test_the_highest_keys_have_no_damper():
    model = small_piano(noise=False)
    for key, is_damped in ((88, True), (89, False)):
        held, released = (played(model, (0, key, 0.8, 10, end)) for end in (400, 100))
        assert np.array_equal(held, released) != is_damped


def test_a_key_that_is_struck_again_rings_on_without_a_gap():
    model = small_piano(noise=False)
    once = played(model, (0, 60, 0.9, 10, 500))
    both = played(model, (0, 60, 0.9, 10, 500), (0, 60, 0.05, 200, 500))
    np.testing.assert_array_equal(both[: 199 * HOP], once[: 199 * HOP])
    # The soft strike adds little: what rang isn't cut off.
    assert abs(level_db(both, 202) - level_db(once, 202)) < 3
    steps = np.abs(np.diff(both[198 * HOP : 204 * HOP]))
    assert steps.max() < 1.5 * np.abs(np.diff(once[150 * HOP : 198 * HOP])).max()


def test_velocity_is_loudness_by_its_exponent():
    levels = {}
    for exponent in (0.5, 2.0):
        model = small_piano(noise=False, velocity_exponent=exponent)
        # The network is left out, as its MLP reads velocity too.
        model.network.to_strike.kernel.assign(0.0 * model.network.to_strike.kernel)
        levels[exponent] = [level_db(played(model, (0, 60, v, 0, 500)), 10) for v in (0.25, 1.0)]
    for exponent, (soft, loud) in levels.items():
        assert loud - soft == pytest.approx(20 * exponent * np.log10(4), abs=0.05)


def test_another_key_in_the_same_voice_ends_the_one_before():
    model = small_piano(noise=False)
    both = played(model, (0, 60, 0.9, 10, 500), (0, 72, 0.5, 200, 500))
    alone = played(model, (1, 72, 0.5, 200, 500))
    # Phases differ: what is compared is how loud it is.
    assert abs(level_db(both, 220) - level_db(alone, 220)) < 0.5


def test_two_voices_are_the_sum_of_each_alone():
    model = small_piano(noise=False)
    first, second = (0, 60, 0.6, 5, 200), (1, 67, 0.7, 40, 300)
    both = played(model, first, second)
    # A voice that isn't played stands at another key, and is silent.
    alone = played(model, first) + played(model, second)
    np.testing.assert_allclose(both, alone, atol=1e-6)


def test_noises_of_voices_add_their_powers():
    model = small_piano()
    one = model(struck(100, (0, 60, 0.6, 5, 100)))
    two = model(struck(100, (0, 60, 0.6, 5, 100), (1, 60, 0.6, 5, 100)))
    noise = [x["controls"]["hammers"]["controls"]["noise_magnitudes"] for x in (one, two)]
    np.testing.assert_allclose(noise[1][0, 6:20], np.sqrt(2) * noise[0][0, 6:20], rtol=1e-4)


def test_blocks_are_the_whole():
    model = small_piano()
    batch = struck(120, (0, 60, 0.8, 5, 60), (1, 64, 0.5, 30, 90), (0, 60, 0.4, 80, 100))
    whole = model(batch)["audio"].numpy()[0]
    state, parts, start = model.initial_state(1), [], 0
    ahead = model.lookahead_frames
    last = {key: x[:, -1:] * (key != "velocity") for key, x in batch.items()}
    padded = {key: np.concatenate([x, last[key].repeat(ahead, 1)], 1) for key, x in batch.items()}
    for count in (60, 60):
        block = {key: tf.constant(x[:, start : start + count + ahead]) for key, x in padded.items()}
        outputs, state = model.stream(block, state, count)
        parts.append(outputs["audio"].numpy()[0])
        start += count
    np.testing.assert_allclose(np.concatenate(parts), whole, atol=1e-5)


def test_it_is_stored(tmp_path):
    model = small_piano()
    Instrument(model, FeatureSettings(columns=())).save(tmp_path / "piano")
    loaded = Instrument.load(tmp_path / "piano").model
    batch = struck(50, (0, 60, 0.8, 5, 60))
    np.testing.assert_allclose(loaded(batch)["audio"], model(batch)["audio"], atol=1e-6)
    check_config(Soundboard(), lambda layer: layer(tf.constant([[50.0, 3000.0]])))


def test_the_soundboard_joins_its_nodes_by_straight_lines():
    board = Soundboard()
    level, decay, *_ = (x.numpy() for x in board(tf.constant([100.0, 200.0, 10.0, 1e5])))
    assert level[0] - level[1] == pytest.approx(np.log10(2), abs=0.02)
    assert np.exp(decay[1] - decay[0]) == pytest.approx(2**0.6, rel=0.02)
    assert np.isfinite(level).all()
    assert level[3] < level[1] < level[2] + 1e-3


def test_wrong_parts_are_refused():
    group = small_piano().processor_group
    for wrong in ({"tuning": RigaudTuning(3)}, {"n_voices": 4}):
        parts = {"network": StrikeNetwork(), "tuning": RigaudTuning(2), **wrong}
        with pytest.raises(ArgumentError, match="as `Voices` of `StruckStrings` do"):
            ModalPiano(processor_group=group, **parts)
    for wrong in ({"release_s": 0.0}, {"channels": 0}, {"lowest_known": 90, "highest_known": 80}):
        with pytest.raises(ArgumentError, match="`lowest_known` at most `highest_known`"):
            StrikeNetwork(**wrong)


@pytest.mark.slow
def test_the_config_builds_a_piano_that_learns(recordings):
    notes = recordings / "piano" / "notes"
    parsed = config.parse(
        ["papers/renault2022/piano.gin"], [f"NOTES='{notes}'", "N_HARMONICS=12", "N_NOISE_BANDS=9"]
    )
    keras.utils.set_random_seed(0)
    model, data = parsed.build_model(), parsed.build(training.train, "data")
    trainer = training.Trainer(
        model, parsed.build_objective(), training.Optimization(learning_rate=1e-2), xla=False
    )
    batch = next(iter(data.batches(batch_size=2, clip_s=0.25)))
    trainer.build(batch)
    losses = [float(trainer.step(batch)["loss"]) for _ in range(6)]
    assert losses[-1] < 0.9 * losses[0]
    music = recordings / "piano" / "bach_chorales_assembled_1.flac"
    later = config.parse(
        ["papers/renault2022/piano_scores.gin"], [f"NOTES='{notes}'", f"RECORDINGS=['{music}']"]
    )
    assert later.build(training.train, "data").columns["midi"].width == 6
