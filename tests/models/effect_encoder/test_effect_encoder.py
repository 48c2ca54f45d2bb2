"""A network that hears a sound and sets an effect for it."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from contracts import check_config, check_equal

from ddsp_tf.errors import ArgumentError
from ddsp_tf.features import FeatureSettings
from ddsp_tf.inference import Effect
from ddsp_tf.models import EffectEncoder, Instrument
from ddsp_tf.models.effect_encoder import effect_encoder
from ddsp_tf.processors import Biquad, BlackBox, Compressor, Harmonic, ProcessorGroup

RATE = 16000
GAIN = {"gain_db": {"low": -24.0, "high": 24.0, "default": 6.0, "unit": "dB"}}


def group() -> ProcessorGroup:
    names = ["audio", "threshold_db", "ratio", "knee_db", "attack_ms"]
    return ProcessorGroup(dag=[(Compressor(sample_rate=RATE), names)])


def make(processor_group: ProcessorGroup | None = None, **settings: Any) -> EffectEncoder:
    keras.utils.set_random_seed(0)
    small = {"channels": (4, 8), "n_units": 8, "n_bands": 32, "hop_length": 64, **settings}
    return EffectEncoder(processor_group=processor_group or group(), **small)


def noise(*shape: int, seed: int = 0) -> tf.Tensor:
    return tf.constant(np.random.default_rng(seed).normal(0.0, 0.1, shape), tf.float32)


def test_it_begins_at_the_defaults_within_the_ranges() -> None:
    settings = make().settings(noise(3, 8000))
    signals = group().input_signals
    for key, values in settings.items():
        low, high, default = signals[key].low, signals[key].high, signals[key].default
        assert values.shape == (3, 1)
        np.testing.assert_allclose(values, default, atol=0.02 * (high - low))


def test_all_of_it_learns_and_its_config_makes_it_again() -> None:
    model = make()
    dry = noise(2, 4000)
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model({"dry": dry})["audio"]))
    gradients = tape.gradient(loss, [weight.value for weight in model.trainable_variables])
    assert all(np.any(gradient != 0.0) for gradient in gradients)
    check_config(model, lambda twin: twin({"dry": dry})["audio"])


@pytest.mark.parametrize("shape", [(2, 4000), (2, 4000, 2), (1, 1001)])
def test_any_shape_comes_back_in_graphs_too(shape: tuple[int, ...]) -> None:
    model = make()
    dry = noise(*shape)
    played = model({"dry": dry})
    assert played["audio"].shape == shape
    assert set(played["controls"]["compressor"]["controls"]) >= {"ratio", "threshold_db"}
    spec = tf.TensorSpec([None, None, *shape[2:]])
    graph = tf.function(
        lambda x: model({"dry": x})["audio"], input_signature=[spec], autograph=False
    )
    check_equal(graph(dry), played["audio"], tolerance=1e-5, what="the graph")


def test_silence_after_a_sound_changes_little(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sound that is treated is followed by seconds of silence, in which an effect rings."""
    model = make()
    model.to_shares.kernel.assign(noise(*model.to_shares.kernel.shape, seed=1) * 20.0)
    sound = noise(1, 16000)

    def moved() -> np.ndarray:
        """By how much the parameters change, in parts of their ranges."""
        alone = model.settings(sound)
        padded = model.settings(tf.pad(sound, [[0, 0], [0, 160_000]]))
        signals = group().input_signals
        return np.array(
            [
                abs(float(padded[key][0, 0] - x[0, 0])) / (signals[key].high - signals[key].low)
                for key, x in alone.items()
            ]
        )

    by_the_sound = moved()
    monkeypatch.setattr(effect_encoder, "_heard", lambda mel: tf.ones_like(mel[..., :1]))
    by_all = moved()
    assert by_the_sound.max() < 0.03
    assert by_all.max() > 5.0 * by_the_sound.max()


def test_silence_has_settings_too() -> None:
    for values in make().settings(tf.zeros([1, 8000])).values():
        assert np.isfinite(values).all()


def test_channels_have_one_setting_and_files_are_treated_so(tmp_path: Path) -> None:
    box = BlackBox("black_box_toys.by_the_first", parameters=GAIN, sample_rate=RATE, n_workers=1)
    model = make(ProcessorGroup(dag=[(box, ["audio", "gain_db"])]))
    stereo = noise(1, 4000, 2) * [1.0, 0.1]
    (settings,) = model.settings(stereo).values()
    (of_the_mean,) = model.settings(tf.reduce_mean(stereo, axis=2)).values()
    np.testing.assert_array_equal(settings, of_the_mean)
    played = model({"dry": stereo})["audio"][0]
    features = FeatureSettings(sample_rate=RATE, hop_length=64, columns=())
    Instrument(model, features).save(tmp_path / "model")
    loaded = Instrument.load(tmp_path / "model")
    treated = Effect(loaded, tail_s=0.0)(stereo[0].numpy())
    np.testing.assert_allclose(treated, played, atol=1e-6)
    # The effect got both channels at once: the right one is turned up by what the left one has.
    right = treated[:, 1] / stereo[0, :, 1]
    np.testing.assert_allclose(right, right[0], rtol=1e-3)
    box.workers.close()
    loaded.model.processor_group.processors[0].workers.close()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"channels": (4, 0)}, "`channels`, `n_units`, .* should be 1 or more"),
        ({"sample_rate": 8000}, r"`sample_rate` should be that of the group, 16000\. Received"),
        ({"hop_length": None}, "No processor has a `hop_length`: give one"),
    ],
)
def test_refuses_wrong_arguments(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        make(**arguments)


def test_refuses_what_is_no_effect_with_ranges() -> None:
    tones = Harmonic(n_harmonics=2, sample_rate=RATE, hop_length=64)
    names = ["amplitudes", "harmonic_distribution", "f0_hz"]
    with pytest.raises(ArgumentError, match="`processor_group` should treat `audio`"):
        make(ProcessorGroup(dag=[(tones, names)]))
    by_frames = Biquad(sample_rate=RATE, hop_length=64, modulated=True)
    with pytest.raises(ArgumentError, match="What is set for a sound is one value each"):
        make(ProcessorGroup(dag=[(by_frames, list(by_frames.input_names))]))
