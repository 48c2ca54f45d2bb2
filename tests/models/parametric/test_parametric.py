"""Constants that are found: they begin where declared, stay in range, and are learned."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from contracts import check_config, check_equal, check_gradients

from ddsp_tf.errors import ArgumentError, ExportError
from ddsp_tf.export.tracing import trace_instrument
from ddsp_tf.features import FeatureSettings
from ddsp_tf.inference import Player, Streamer
from ddsp_tf.models import BlockPlayer, Instrument, Parametric
from ddsp_tf.processors import (
    Crop,
    DryWet,
    Harmonic,
    Mix,
    Processor,
    ProcessorGroup,
    Reverb,
    Voices,
)
from ddsp_tf.types import Signal

RATES = {"sample_rate": 4000, "hop_length": 16}
HARMONIC_INPUTS = ["amplitudes", "harmonic_distribution", "f0_hz"]


@keras.saving.register_keras_serializable("tests")
class Amplifier(Processor):
    """A gain of each kind of range, which glides not at all."""

    def __init__(self, *, name: str = "amplifier", **kwargs: Any) -> None:
        super().__init__(name=name, **{"hop_length": 16, **kwargs})

    @property
    def input_signals(self) -> Mapping[str, Signal]:
        return {
            "audio": Signal("samples"),
            "gain_db": Signal("value", unit="dB", low=-24.0, high=24.0, default=0.0),
            "corner_hz": Signal("value", unit="Hz", low=20.0, high=1800.0),
            "drive": Signal("frames", low=0.0, default=0.0),
            "offsets": Signal("value", width=3),
        }

    @property
    def control_signals(self) -> Mapping[str, Signal]:
        return self.input_signals

    def stream(self, controls: Any, state: Any, n_frames: Any) -> Any:
        gain = 10.0 ** (controls["gain_db"] / 20.0)
        others = 1e-3 * tf.math.log(controls["corner_hz"]) + tf.reduce_sum(
            controls["offsets"], axis=1, keepdims=True
        )
        drive = tf.repeat(controls["drive"][:, :n_frames, 0], 16, axis=1)
        return controls["audio"] * (gain + drive) + others, state


KEYS = ["audio", "gain_db", "corner_hz", "drive", "offsets"]


def amplifier(**arguments: Any) -> Parametric:
    group = ProcessorGroup(dag=[(Amplifier(), KEYS)])
    return Parametric(processor_group=group, sample_rate=4000, **arguments)


def equal_room(**arguments: Any) -> Parametric:
    keras.utils.set_random_seed(2)
    dry_wet = DryWet(Reverb(impulse_response_length=90, initial_scale=0.3, add_dry=False))
    group = ProcessorGroup(dag=[(dry_wet, ["audio", "wet"])])
    return Parametric(processor_group=group, **RATES, **arguments)


def sound(n_samples: int = 500, *channels: int) -> np.ndarray:
    return np.random.default_rng(6).uniform(-1, 1, [1, n_samples, *channels]).astype(np.float32)


def test_constants_begin_at_their_defaults_or_in_the_middle() -> None:
    found = amplifier().parameters()
    assert found["gain_db"] == (0.0, "dB", -24.0, 24.0)
    value, *rest = found["corner_hz"]
    assert value == pytest.approx(np.sqrt(20.0 * 1800.0), rel=1e-5)  # of its logarithm
    assert rest == ["Hz", 20.0, 1800.0]
    assert found["drive"][0] == pytest.approx(0.0, abs=2e-4)
    assert found["offsets"] == ([0.0, 0.0, 0.0], "", None, None)


def test_starts_and_values_that_are_set_are_met() -> None:
    model = amplifier(initial={"gain_db": 6.0, "offsets": [1.0, -2.0, 0.5]})
    assert model.parameters()["gain_db"][0] == pytest.approx(6.0, rel=1e-5)
    assert model.parameters()["offsets"][0] == [1.0, -2.0, 0.5]
    model.set_parameters({"corner_hz": 440.0, "drive": 2.5})
    assert model.parameters()["corner_hz"][0] == pytest.approx(440.0, rel=1e-5)
    assert model.parameters()["drive"][0] == pytest.approx(2.5, rel=1e-5)


@pytest.mark.parametrize("raw", [-80.0, -3.0, 0.0, 5.0, 80.0])
def test_no_number_that_is_learned_leaves_the_range(raw: float) -> None:
    model = amplifier()
    for weight in model.trainable_weights:
        weight.assign(tf.fill(weight.shape, raw))
    for value, _, low, high in model.parameters().values():
        assert low is None or np.min(value) >= low
        assert high is None or np.max(value) <= high * (1 + 1e-6)


def test_finds_the_gain_of_an_amplifier() -> None:
    model = amplifier()
    dry = sound()
    target = 10 ** (9.0 / 20) * dry
    optimizer = keras.optimizers.Adam(0.05)
    gain = next(w for w in model.trainable_weights if w.name == "gain_db")
    optimizer.build([gain])
    for _ in range(120):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((model({"dry": dry})["audio"] - target) ** 2)
        optimizer.apply([tape.gradient(loss, gain.value)], [gain])
    assert model.parameters()["gain_db"][0] == pytest.approx(9.0, abs=0.1)


def test_every_constant_has_a_gradient_and_the_config_makes_an_equal_model() -> None:
    model = amplifier(initial={"gain_db": 3.0})
    check_gradients(model, {"dry": sound()}, call=lambda m, inputs: m(inputs)["audio"])
    check_config(model, lambda twin: twin({"dry": sound()})["audio"])


@pytest.mark.parametrize("channels", [(), (2,)])
def test_a_treated_sound_keeps_its_length_and_channels(channels: tuple[int, ...]) -> None:
    model, dry = equal_room(), sound(501, *channels)
    played = model({"dry": dry})["audio"].numpy()
    assert played.shape == dry.shape
    effect = model.processor_group.processors[0].effect
    np.testing.assert_allclose(played, 0.5 * dry + 0.5 * effect({"audio": dry}).numpy(), atol=1e-5)


@pytest.mark.parametrize("channels", [(), (2,)])
def test_blocks_are_the_whole(channels: tuple[int, ...]) -> None:
    model, dry = equal_room(), sound(16 * 33, *channels)
    blocks = list(BlockPlayer(model, block_frames=10).blocks({"dry": dry[0]}))
    assert [len(block) for block in blocks] == [160, 160, 160, 48]
    whole = model({"dry": dry})["audio"]
    check_equal(np.concatenate(blocks), whole[0], tolerance=1e-5, what="the blocks")


def test_streams_live_as_it_plays() -> None:
    model, dry = equal_room(), sound(16 * 12)
    streamer = Streamer(model, block_frames=4, xla=False)
    assert list(streamer.input_signals) == ["dry"]
    late = [streamer.process(dry[:, a : a + 48]) for a in range(0, 192, 48)]
    played = np.concatenate([*late, streamer.flush()], axis=1)[:, streamer.latency_samples :]
    check_equal(played, model({"dry": dry})["audio"], tolerance=1e-4, what="the stream")
    with pytest.raises(ArgumentError, match=r"`dry` must be \[batch, n_frames \* 16\] with a"):
        streamer.process(dry[:, :50])


def test_a_synthesiser_plays_as_long_as_the_batch_says() -> None:
    group = ProcessorGroup(dag=[(Harmonic(n_harmonics=3, scale=False, **RATES), HARMONIC_INPUTS)])
    model = Parametric(
        processor_group=group,
        initial={"amplitudes": 0.5, "harmonic_distribution": [1.0, 0, 0], "f0_hz": 250.0},
    )
    played = model({"audio": sound(1000)})["audio"].numpy()[0]
    assert played.shape == (1000,)
    assert np.argmax(np.abs(np.fft.rfft(played[:800]))) == 50
    assert model.parameters()["f0_hz"][1] == "Hz"


def test_columns_are_frames_of_the_batch_and_not_constants() -> None:
    group = ProcessorGroup(dag=[(Harmonic(n_harmonics=3, **RATES), HARMONIC_INPUTS)])
    model = Parametric(processor_group=group, columns=["f0_hz"])
    assert list(model.input_signals) == ["f0_hz"]
    assert set(model.parameters()) == {"amplitudes", "harmonic_distribution"}
    f0_hz = tf.fill([2, 10, 1], 300.0)
    constants = {key: tf.broadcast_to(x, [2, 10, len(x)]) for key, x in model.constants().items()}
    expected = group({**constants, "f0_hz": f0_hz})
    np.testing.assert_allclose(model({"f0_hz": f0_hz})["audio"], expected, atol=1e-6)


def test_voices_have_constants_side_by_side() -> None:
    chord = Voices(Harmonic(n_harmonics=2, scale=False, **RATES), 3)
    group = ProcessorGroup(dag=[(chord, HARMONIC_INPUTS)])
    model = Parametric(processor_group=group, initial={"f0_hz": [200.0, 250.0, 300.0]})
    np.testing.assert_allclose(model.parameters()["f0_hz"][0], [200.0, 250.0, 300.0], rtol=1e-5)
    assert len(model.parameters()["harmonic_distribution"][0]) == 6


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"columns": ["pitch"]}, r"`columns` names pitch, and `processor_group` takes audio, gain"),
        ({"initial": {"loudness": 1.0}}, r"`initial` names loudness, and `processor_group` takes"),
        ({"initial": {"gain_db": 25.0}}, r"`gain_db` should be 1 numbers within -24.0 to 24.0\. R"),
        ({"initial": {"offsets": [1.0, 2.0]}}, r"`offsets` should be 3 numbers within"),
        ({"hop_length": 32}, r"`hop_length` should be that of the group, 16\. Received 32\."),
    ],
)
def test_refuses_wrong_arguments(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        amplifier(**arguments)


def test_refuses_constants_of_any_width_and_unknown_parameters() -> None:
    group = ProcessorGroup(dag=[(Harmonic(**RATES), HARMONIC_INPUTS)])
    with pytest.raises(ArgumentError, match="`harmonic_distribution` may have any width, so it"):
        Parametric(processor_group=group)
    with pytest.raises(ArgumentError, match=r"There is no parameter `gain`\. There are: gain_db,"):
        amplifier().set_parameters({"gain": 1.0})
    with pytest.raises(ArgumentError, match="The model needs the inputs dry"):
        amplifier()({"audio": sound()})


def test_is_stored_and_loaded_without_statistics(tmp_path: Path) -> None:
    model = equal_room(initial={"wet": 0.3})
    model.set_parameters({"wet": 0.8})
    Instrument(model=model, features=FeatureSettings(**RATES)).save(tmp_path / "room")
    loaded = Instrument.load(tmp_path / "room").model
    assert isinstance(loaded, Parametric)
    assert loaded.parameters()["wet"][0] == pytest.approx(0.8, rel=1e-5)
    np.testing.assert_array_equal(
        loaded({"dry": sound()})["audio"], model({"dry": sound()})["audio"]
    )


def test_without_rooms_shares_the_constants() -> None:
    group = ProcessorGroup(
        dag=[
            (Harmonic(n_harmonics=3, **RATES), HARMONIC_INPUTS),
            (Reverb(impulse_response_length=90, initial_scale=0.3), ["harmonic/signal"]),
        ]
    )
    model = Parametric(processor_group=group, columns=["f0_hz"])
    assert model.last_room is group.processors[1]
    dry = model.without_rooms()
    model.set_parameters({"amplitudes": 2.0})
    assert dry.parameters() == model.parameters()
    assert len(dry.weights) == 2
    f0_hz = {"f0_hz": np.full([40, 1], 200.0)}
    player = Player(model, reverb=True, block_frames=16)
    played = np.concatenate(list(player.blocks(f0_hz, np.ones(40))))
    whole = model({"f0_hz": tf.fill([1, 40, 1], 200.0)})["audio"][0]
    check_equal(played, whole, tolerance=1e-5, what="the player's sound")


def test_a_graph_that_changes_lengths_plays_whole_sounds_only() -> None:
    group = ProcessorGroup(dag=[(Crop(n_samples=20, location="front"), ["audio"])])
    model = Parametric(processor_group=group, **RATES)
    assert model.why_not_streamable == "its processor `crop` can't play a part of a sound"
    (played,) = BlockPlayer(model, block_frames=4).blocks({"dry": sound(160)[0]})
    np.testing.assert_array_equal(played, sound(160)[0, 20:])
    with pytest.raises(ArgumentError, match="can't be played in blocks: its processor `crop`"):
        model.stream({"dry": sound(16)}, model.initial_state(1), 1)
    with pytest.raises(ArgumentError, match="This model can't be streamed: its processor `crop`"):
        Streamer(model)


def test_exports_know_what_it_takes_and_refuse_a_black_box() -> None:
    model = equal_room()
    settings = FeatureSettings(**RATES)
    graphs = trace_instrument(Instrument(model=model, features=settings)).graphs
    assert list(graphs) == ["synthesize"]
    played = graphs["synthesize"](dry=tf.constant(sound()))["audio"]
    np.testing.assert_allclose(played, model({"dry": sound()})["audio"], atol=1e-5)

    class Plugin(Mix):
        black_box = True

    group = ProcessorGroup(dag=[(Plugin(hop_length=16), ["a", "b", "level"])])
    boxed = Instrument(model=Parametric(processor_group=group, sample_rate=4000), features=settings)
    message = r"The model can't be exported: `mix` computes outside TensorFlow \(`black_box`\)\."
    with pytest.raises(ExportError, match=message):
        trace_instrument(boxed)
