"""The graph: checked when composed, read by nested keys, shared when bypassed."""

import numpy as np
import pytest
import tensorflow as tf

from ddsp_tf.errors import ArgumentError
from ddsp_tf.processors import (
    Add,
    Crop,
    FilteredNoise,
    Harmonic,
    ProcessorGroup,
    Reverb,
    lookup,
)

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
