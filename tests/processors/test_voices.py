"""Voices are as many of one processor, each with its own controls and state, summed."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from contracts import check_equal, check_streaming

from ddsp_tf.errors import ArgumentError
from ddsp_tf.processors import FilteredNoise, Harmonic, Mix, ProcessorGroup, Reverb, Sum, Voices

RATES = {"sample_rate": 4000, "hop_length": 16}
N_FRAMES = 18


def _tones(n_voices: int) -> list[dict[str, tf.Tensor]]:
    rng = np.random.default_rng(3)
    sizes = {"amplitudes": 1, "harmonic_distribution": 5, "f0_hz": 1}
    lows = {"amplitudes": -1, "harmonic_distribution": -1, "f0_hz": 100}
    highs = {"amplitudes": 1, "harmonic_distribution": 1, "f0_hz": 300}
    return [
        {
            key: tf.constant(rng.uniform(lows[key], highs[key], [2, N_FRAMES, w]), tf.float32)
            for key, w in sizes.items()
        }
        for _ in range(n_voices)
    ]


def _beside(voices: list[dict[str, tf.Tensor]]) -> dict[str, tf.Tensor]:
    return {key: tf.concat([voice[key] for voice in voices], axis=-1) for key in voices[0]}


def test_are_the_sum_of_the_single_ones() -> None:
    harmonic = Harmonic(n_harmonics=5, **RATES)
    voices = _tones(3)
    chord = Voices(harmonic, 3)
    expected = sum(harmonic(voice) for voice in voices)
    check_equal(chord(_beside(voices)), expected, tolerance=1e-5, what="the chord")


def test_declare_so_many_times_the_widths() -> None:
    chord = Voices(Harmonic(n_harmonics=5, **RATES), 3)
    assert {key: x.width for key, x in chord.input_signals.items()} == {
        "amplitudes": 3,
        "harmonic_distribution": 15,
        "f0_hz": 3,
    }
    assert chord.input_signals["f0_hz"].unit == "Hz"
    group = ProcessorGroup(dag=[(chord, ["amplitudes", "harmonic_distribution", "f0_hz"])])
    assert group.control_sizes(["f0_hz"]) == {"amplitudes": 3, "harmonic_distribution": 15}


def test_controls_stand_side_by_side_as_the_inputs_do() -> None:
    harmonic, voices = Harmonic(n_harmonics=5, **RATES), _tones(2)
    controls = Voices(harmonic, 2)(_beside(voices), return_controls=True)["controls"]
    for index, voice in enumerate(voices):
        own = harmonic(voice, return_controls=True)["controls"]
        for key, value in own.items():
            width = value.shape[-1]
            part = controls[key][..., index * width : (index + 1) * width]
            np.testing.assert_allclose(part, value, rtol=1e-6, err_msg=key)


def test_voices_of_treated_sound_and_what_they_share() -> None:
    rng = np.random.default_rng(5)
    sounds = tf.constant(rng.normal(size=[2, N_FRAMES * 16, 2]), tf.float32)
    shared = tf.constant(rng.normal(size=[2, N_FRAMES * 16]), tf.float32)
    levels = tf.constant(rng.normal(size=[2, N_FRAMES, 2]), tf.float32)
    mix = Mix(hop_length=16)
    both = Voices(mix, 2, shared=["signal_two"])
    inputs = {"signal_one": sounds, "signal_two": shared, "mix_level": levels}
    expected = sum(
        mix(
            {
                "signal_one": sounds[..., i],
                "signal_two": shared,
                "mix_level": levels[..., i : i + 1],
            }
        )
        for i in range(2)
    )
    check_equal(both(inputs), expected, tolerance=1e-5, what="both")
    check_streaming(both, inputs, hop_length=16)


def test_a_chord_with_noise_in_a_room_streams() -> None:
    group = ProcessorGroup(
        dag=[
            (Voices(Harmonic(n_harmonics=5, **RATES), 2), [*_tones(1)[0]]),
            (Voices(FilteredNoise(n_bands=9, **RATES), 2, name="breath"), ["noise"]),
            (Sum(), ["voices/signal", "breath/signal"]),
            (Reverb(impulse_response_length=50, initial_scale=0.1), ["sum/signal"]),
        ]
    )
    inputs: dict[str, Any] = {**_beside(_tones(2)), "noise": tf.ones([2, N_FRAMES, 18])}
    check_streaming(group, inputs, hop_length=16)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_voices": 0}, "`n_voices` should be at least 1. Received 0."),
        ({"n_voices": 2, "shared": ["pitch"]}, "`shared` should name inputs of `harmonic`: ampl"),
    ],
)
def test_refuses_what_makes_no_voices(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        Voices(Harmonic(), **arguments)


def test_refuses_what_can_not_be_shared_out() -> None:
    inputs = {**_beside(_tones(2)), "harmonic_distribution": tf.ones([2, N_FRAMES, 7])}
    with pytest.raises(ArgumentError, match="2 voices should stand side by side in the last axis"):
        Voices(Harmonic(**RATES), 2)(inputs)
