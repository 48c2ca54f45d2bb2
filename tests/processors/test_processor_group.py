"""The graph: checked when composed, read by nested keys, shared when bypassed."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from contracts import check_streaming

from ddsp_tf.errors import ArgumentError
from ddsp_tf.processors import (
    Add,
    Crop,
    DryWet,
    FilteredNoise,
    Harmonic,
    Mix,
    Processor,
    ProcessorGroup,
    Reverb,
    Sum,
    lookup,
)
from ddsp_tf.types import Signal

HARMONIC_INPUTS = ["amplitudes", "harmonic_distribution", "f0_hz"]


def _group(**noise: object) -> ProcessorGroup:
    return ProcessorGroup(
        dag=[
            (Harmonic(), HARMONIC_INPUTS),
            (FilteredNoise(**noise), ["noise_magnitudes"]),
            (Add(), ["harmonic/signal", "filtered_noise/signal"]),
            (Reverb(impulse_response_length=400, initial_scale=0.1), ["add/signal"]),
        ]
    )


@pytest.fixture
def inputs() -> dict[str, tf.Tensor]:
    flat = tf.zeros([1, 25, 65])
    return {
        "amplitudes": flat[..., :1],
        "harmonic_distribution": flat[..., :20],
        "f0_hz": 220.0 + flat[..., :1],
        "noise_magnitudes": 4.0 + flat,
    }


def test_plays_what_its_processors_play_one_after_the_other(inputs: dict[str, tf.Tensor]) -> None:
    group = _group()
    harmonic, noise, add, reverb = group.processors
    summed = add({"signal_one": harmonic(inputs), "signal_two": noise(inputs)})
    np.testing.assert_allclose(group(inputs), reverb({"audio": summed}), atol=1e-5)


def test_inputs_and_rates_are_those_of_the_processors() -> None:
    group = _group()
    assert group.input_names == (*HARMONIC_INPUTS, "noise_magnitudes")
    assert group.optional_input_names == ("noise_seed",)
    assert (group.sample_rate, group.hop_length) == (16000, 64)
    assert group.lookahead_frames == max(p.lookahead_frames for p in group.processors) == 2


def test_everything_made_is_found_by_nested_keys(inputs: dict[str, tf.Tensor]) -> None:
    outputs = _group()(inputs, return_controls=True)
    np.testing.assert_allclose(
        lookup(outputs, "harmonic/controls/f0_hz")[0, :25], inputs["f0_hz"][0]
    )
    np.testing.assert_allclose(
        lookup(outputs, "add/signal"),
        lookup(outputs, "harmonic/signal") + lookup(outputs, "filtered_noise/signal"),
    )
    assert lookup(outputs, "signal") is lookup(outputs, "reverb/signal")
    message = r"There is no `harmonic/control/f0_hz`. Did you mean `harmonic/controls/f0_hz`\?"
    with pytest.raises(ArgumentError, match=message):
        lookup(outputs, "harmonic/control/f0_hz")


def test_noise_seed_reaches_the_noise_alone(inputs: dict[str, tf.Tensor]) -> None:
    group = _group()
    one, two = (
        group({**inputs, "noise_seed": tf.constant(seed)}, return_controls=True) for seed in (1, 2)
    )
    np.testing.assert_array_equal(one["harmonic"]["signal"], two["harmonic"]["signal"])
    assert np.max(np.abs(one["filtered_noise"]["signal"] - two["filtered_noise"]["signal"])) > 0.1


@pytest.mark.parametrize(
    ("dag", "message"),
    [
        ([], r"^`dag` should list at least one processor with its inputs\.$"),
        (
            [(Harmonic(), HARMONIC_INPUTS), (Reverb(), ["harmonics/signal"])],
            r"^`reverb` asks for `harmonics/signal`, which no node before it makes\. There are: "
            r"harmonic/signal, harmonic/controls/amplitudes, .*harmonic/controls/f0_hz\. "
            r"Did you mean `harmonic/signal`\?$",
        ),
        (
            [(Reverb(), ["harmonic/signal"]), (Harmonic(), HARMONIC_INPUTS)],
            r"^`reverb` asks for `harmonic/signal`, which no node before it makes\. "
            r"There are: none yet\.$",
        ),
        (
            [(Harmonic(), HARMONIC_INPUTS), (Reverb(), ["harmonic"])],
            r"`reverb` asks for `harmonic`, .* Did you mean `harmonic/signal`\?$",
        ),
        (
            [(Harmonic(), ["amplitudes", "f0_hz"])],
            r"^`harmonic` \(Harmonic\) takes 3 inputs \(amplitudes, harmonic_distribution, f0_hz\)"
            r"\. Received 2: amplitudes, f0_hz\.$",
        ),
        (
            [(Harmonic(), HARMONIC_INPUTS), (Harmonic(), HARMONIC_INPUTS)],
            r"^Two processors are called `harmonic`\. Give one another `name`\.$",
        ),
        (
            [
                (Harmonic(hop_length=64), HARMONIC_INPUTS),
                (FilteredNoise(hop_length=80), ["noise_magnitudes"]),
            ],
            r"should have the same `hop_length`\. Got harmonic: 64, filtered_noise: 80\.$",
        ),
    ],
)
def test_a_wrong_graph_is_refused_when_composed(dag: list, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        ProcessorGroup(dag=dag)


def test_a_bypass_shares_the_other_weights(inputs: dict[str, tf.Tensor]) -> None:
    first, second = (
        Reverb(impulse_response_length=300, initial_scale=0.1, name=name) for name in ("one", "two")
    )
    group = ProcessorGroup(
        dag=[
            (Harmonic(), HARMONIC_INPUTS),
            (first, ["harmonic/signal"]),
            (FilteredNoise(), ["noise_magnitudes"]),
            (Add(), ["one/signal", "filtered_noise/signal"]),
            (second, ["add/signal"]),
        ]
    )
    dry = group.bypass(Reverb)
    outputs = group(inputs, return_controls=True)
    np.testing.assert_allclose(
        dry(inputs), outputs["harmonic"]["signal"] + outputs["filtered_noise"]["signal"], atol=1e-6
    )
    without_noise_left = group.bypass(Harmonic)
    assert without_noise_left.processors[1] is first
    np.testing.assert_allclose(without_noise_left(inputs), group(inputs), atol=1e-6)


def test_a_graph_with_a_crop_plays_whole_sounds_only(inputs: dict[str, tf.Tensor]) -> None:
    group = ProcessorGroup(
        dag=[(Harmonic(), HARMONIC_INPUTS), (Crop(n_samples=100), ["harmonic/signal"])]
    )
    assert not group.streamable
    assert _group().streamable
    assert group(inputs).shape == (1, 25 * 64 - 100)


class Bands(Processor):
    """Splits a sound into its half and the rest: two outputs, and a level of each frame."""

    def __init__(self, hop_length: int = 4, **kwargs: Any) -> None:
        super().__init__(name="bands", hop_length=hop_length, **kwargs)

    @property
    def input_signals(self) -> dict[str, Signal]:
        return {"audio": Signal("samples")}

    @property
    def control_signals(self) -> dict[str, Signal]:
        return self.input_signals

    @property
    def output_signals(self) -> dict[str, Signal]:
        sound = Signal("samples")
        return {"signal": sound, "half": sound, "level": Signal("frames", low=0.0)}

    def stream(self, controls: Any, state: Any, n_frames: Any) -> Any:
        audio = controls["audio"]
        level = tf.reduce_max(tf.abs(tf.reshape(audio, [tf.shape(audio)[0], n_frames, -1])), axis=2)
        return {"signal": audio, "half": 0.5 * audio, "level": level[..., None]}, state


class Pan(Processor):
    """Makes two channels of one: the second is half as loud."""

    def __init__(self) -> None:
        super().__init__(name="pan")

    @property
    def input_signals(self) -> dict[str, Signal]:
        return {"audio": Signal("samples")}

    @property
    def control_signals(self) -> dict[str, Signal]:
        return self.input_signals

    @property
    def output_signals(self) -> dict[str, Signal]:
        return {"signal": Signal("samples", width=2)}

    def stream(self, controls: Any, state: Any, n_frames: Any) -> Any:
        return tf.stack([controls["audio"], 0.5 * controls["audio"]], axis=2), state


def test_a_node_of_several_outputs_is_read_by_their_names() -> None:
    group = ProcessorGroup(dag=[(Bands(), ["audio"]), (Sum(), ["bands/signal", "bands/half"])])
    audio = tf.reshape(tf.range(16, dtype=tf.float32), [1, 16])
    outputs = group({"audio": audio}, return_controls=True)
    np.testing.assert_allclose(outputs["signal"], 1.5 * audio)
    np.testing.assert_allclose(outputs["bands"]["level"][0, :, 0], [3, 7, 11, 15])
    alone = Bands()({"audio": audio})
    assert set(alone) == {"signal", "half", "level"}


def test_outputs_that_are_frames_do_not_reach_who_looks_ahead() -> None:
    message = r"`mix` looks 1 frames ahead, and `bands/level` is known up to the present alone"
    with pytest.raises(ArgumentError, match=message):
        ProcessorGroup(
            dag=[
                (Bands(), ["audio"]),
                (Mix(hop_length=4), ["bands/signal", "bands/half", "bands/level"]),
            ]
        )


def test_effects_after_a_stereo_node_treat_both_channels(inputs: dict[str, tf.Tensor]) -> None:
    room = Reverb(impulse_response_length=300, initial_scale=0.1)
    group = ProcessorGroup(
        dag=[
            (Harmonic(), HARMONIC_INPUTS),
            (Pan(), ["harmonic/signal"]),
            (room, ["pan/signal"]),
        ]
    )
    assert group.output_signals["signal"].width == 2
    played = group(inputs)
    assert played.shape == (1, 25 * 64, 2)
    left = room({"audio": Harmonic()({key: inputs[key] for key in HARMONIC_INPUTS})})
    np.testing.assert_allclose(played[..., 0], left, atol=1e-6)
    np.testing.assert_allclose(played[..., 1], 0.5 * left, atol=1e-6)
    check_streaming(
        group, {key: inputs[key] for key in HARMONIC_INPUTS}, hop_length=64, blocks=(1, 7, 17)
    )
    assert group.without_rooms()(inputs).shape == (1, 25 * 64, 2)


def test_says_what_a_network_has_to_make() -> None:
    group = ProcessorGroup(
        dag=[
            (Harmonic(n_harmonics=20), HARMONIC_INPUTS),
            (FilteredNoise(n_bands=9), ["noise_magnitudes"]),
            (Sum(), ["harmonic/signal", "filtered_noise/signal", "dry"]),
        ]
    )
    sizes = group.control_sizes(given=["f0_hz", "dry"])
    assert sizes == {"amplitudes": 1, "harmonic_distribution": 20, "noise_magnitudes": 9}
    assert list(sizes) == [*HARMONIC_INPUTS[:2], "noise_magnitudes"]
    with pytest.raises(ArgumentError, match="needs `dry`, which a network can't make: it is no"):
        group.control_sizes(given=["f0_hz"])
    with pytest.raises(ArgumentError, match=r"takes `harmonic_distribution` of any width, so a ne"):
        _group().control_sizes(given=["f0_hz"])


@pytest.mark.parametrize(
    ("dag", "message"),
    [
        (
            [(Reverb(), ["dry"]), (Harmonic(), ["reverb/signal", "b", "c"])],
            r"^`harmonic` takes frames of 1 channel as `amplitudes`, and `reverb/signal` is "
            r"audio\.$",
        ),
        (
            [
                (FilteredNoise(n_bands=9), ["noise"]),
                (Harmonic(), ["filtered_noise/controls/noise_magnitudes", "b", "c"]),
            ],
            r"takes frames of 1 channel as `amplitudes`, and `filtered_noise/controls/noise_.* is "
            r"frames of 9 channels\.$",
        ),
        (
            [(Harmonic(), HARMONIC_INPUTS), (FilteredNoise(n_bands=9), ["f0_hz"])],
            r"^`harmonic` takes frames of 1 channel as `f0_hz`, and `filtered_noise` takes frames "
            r"of 9 channels\. Give one of the two another name\.$",
        ),
    ],
)
def test_edges_of_another_kind_are_refused_when_composed(dag: list, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        ProcessorGroup(dag=dag)


def test_nodes_of_different_numbers_of_frames_are_refused(inputs: dict[str, tf.Tensor]) -> None:
    shorter = {**inputs, "noise_magnitudes": inputs["noise_magnitudes"][:, :24]}
    message = "`processor_group`: `amplitudes` has 25 frames, and `noise_magnitudes` has 24"
    for call in (_group(), tf.function(_group(), autograph=False)):
        with pytest.raises(ArgumentError, match=message):
            call(shorter)


def test_what_is_left_out_has_its_default(inputs: dict[str, tf.Tensor]) -> None:
    def wet(amount: float | None) -> np.ndarray:
        effect = DryWet(room, initial_wet=0.25 if amount is None else amount)
        group = ProcessorGroup(dag=[(Harmonic(), HARMONIC_INPUTS), (effect, ["harmonic/signal"])])
        return group(inputs).numpy()

    room = Reverb(impulse_response_length=300, initial_scale=0.5)
    np.testing.assert_allclose(wet(None), 0.75 * wet(0.0) + 0.25 * wet(1.0), atol=1e-6)


def test_any_room_is_left_out_and_only_the_last_alone_is_a_last_room() -> None:
    room = DryWet(Reverb(impulse_response_length=300), name="hall")
    group = ProcessorGroup(
        dag=[
            (Harmonic(), HARMONIC_INPUTS),
            (Crop(n_samples=1), ["harmonic/signal"]),
            (room, ["harmonic/signal", "amount"]),
        ]
    )
    assert group.last_room is None  # It takes an amount, too.
    dry = group.without_rooms()
    assert dry.input_names == tuple(HARMONIC_INPUTS)
    assert [p.name for p in dry.processors] == ["harmonic", "crop", "without_rooms"]
    assert _group().last_room is not None
    assert _group().without_rooms().processors[-1].name == "add"


def test_a_black_box_makes_its_group_one() -> None:
    class Plugin(Pan):
        black_box = True

    group = ProcessorGroup(dag=[(Plugin(), ["dry"])])
    assert group.black_box
    assert not _group().black_box
