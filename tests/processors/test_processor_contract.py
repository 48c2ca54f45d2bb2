"""Every processor holds the contract, and every one that can streams."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from contracts import check_declarations, check_layer, check_refusals, check_streaming

from ddsp_tf.errors import ArgumentError
from ddsp_tf.processors import (
    Add,
    Chorus,
    Crop,
    DryWet,
    FilteredNoise,
    Harmonic,
    Mix,
    Processor,
    ProcessorGroup,
    Reverb,
    Sinusoidal,
    Sum,
    Voices,
)

RATES = {"sample_rate": 4000, "hop_length": 16}
HOP = RATES["hop_length"]


def _frames(channels: int, lowest: float, highest: float, seed: int) -> Callable[..., np.ndarray]:
    def draw(batch: int, n_frames: int) -> np.ndarray:
        rng = np.random.default_rng(seed)
        return rng.uniform(lowest, highest, [batch, n_frames, channels]).astype(np.float32)

    return draw


def _audio(seed: int, *channels: int) -> Callable[..., np.ndarray]:
    def draw(batch: int, n_frames: int) -> np.ndarray:
        rng = np.random.default_rng(seed)
        return rng.uniform(-1, 1, [batch, n_frames * HOP, *channels]).astype(np.float32)

    return draw


HARMONIC = {
    "amplitudes": _frames(1, -2, 2, 1),
    "harmonic_distribution": _frames(12, -2, 2, 2),
    "f0_hz": _frames(1, 90, 400, 3),
}
NOISE = {"noise_magnitudes": _frames(17, 2, 6, 4)}
TWO_SIGNALS = {"signal_one": _audio(5), "signal_two": _audio(6)}
TWO_STEREO = {"signal_one": _audio(5, 2), "signal_two": _audio(6, 2)}


def _group() -> ProcessorGroup:
    return ProcessorGroup(
        dag=[
            (Harmonic(**RATES), ["amplitudes", "harmonic_distribution", "f0_hz"]),
            (FilteredNoise(n_bands=17, **RATES), ["noise_magnitudes"]),
            (
                Mix(hop_length=HOP),
                ["harmonic/signal", "filtered_noise/signal", "harmonic/controls/amplitudes"],
            ),
            (Reverb(impulse_response_length=100, initial_scale=0.1), ["mix/signal"]),
        ]
    )


def _room(**arguments: Any) -> Reverb:
    return Reverb(impulse_response_length=100, initial_scale=0.1, **arguments)


def _effects() -> ProcessorGroup:
    """A graph that is fed with audio alone but for a level."""
    return ProcessorGroup(
        dag=[
            (DryWet(_room(add_dry=False), hop_length=HOP), ["audio", "level"]),
            (Sum(), ["dry_wet/signal", "audio", "dry_wet/controls/dry"]),
        ]
    )


PROCESSORS: dict[str, tuple[Callable[[], Processor], dict[str, Any]]] = {
    "Harmonic": (lambda: Harmonic(**RATES), HARMONIC),
    "Harmonic, linear": (
        lambda: Harmonic(
            amplitude_method="linear", scale=False, normalize_below_nyquist=False, **RATES
        ),
        {
            **HARMONIC,
            "amplitudes": _frames(1, 0, 1, 1),
            "harmonic_distribution": _frames(4, 0, 1, 2),
        },
    ),
    "FilteredNoise": (lambda: FilteredNoise(n_bands=17, **RATES), NOISE),
    "FilteredNoise, short window": (
        lambda: FilteredNoise(
            n_bands=17, window_length=10, initial_bias=-1.0, seed=9, scale=False, **RATES
        ),
        {"noise_magnitudes": _frames(17, 0, 1, 4)},
    ),
    "Sinusoidal": (
        lambda: Sinusoidal(n_sinusoids=5, **RATES),
        {"amplitudes": _frames(5, -2, 2, 7), "frequencies_hz": _frames(5, 100, 2200, 8)},
    ),
    "Reverb": (
        lambda: Reverb(impulse_response_length=100, initial_scale=0.1), {"audio": _audio(9)},
    ),
    "Add": (Add, TWO_SIGNALS),
    "Mix": (lambda: Mix(hop_length=HOP), {**TWO_SIGNALS, "mix_level": _frames(1, -2, 2, 10)}),
    "Crop": (lambda: Crop(n_samples=7, location="center"), {"audio": _audio(11)}),
    "ProcessorGroup": (_group, {**HARMONIC, **NOISE}),
    "Reverb, stereo": (_room, {"audio": _audio(9, 2)}),
    "Mix, stereo": (
        lambda: Mix(hop_length=HOP), {**TWO_STEREO, "mix_level": _frames(1, -2, 2, 10)},
    ),
    "Crop, stereo": (lambda: Crop(n_samples=7, location="center"), {"audio": _audio(11, 2)}),
    "Sum of three": (
        lambda: Sum(n_inputs=3), {f"signal_{i}": _audio(i) for i in (1, 2, 3)},
    ),
    "DryWet": (lambda: DryWet(_room(add_dry=False)), {"audio": _audio(9)}),
    "DryWet, stereo and moving": (
        lambda: DryWet(_room(add_dry=False), hop_length=HOP),
        {"audio": _audio(9, 2), "wet": _frames(1, 0, 1, 10)},
    ),
    "Voices": (
        lambda: Voices(Harmonic(n_harmonics=4, **RATES), 3),
        {
            "amplitudes": _frames(3, -2, 2, 1),
            "harmonic_distribution": _frames(12, -2, 2, 2),
            "f0_hz": _frames(3, 90, 400, 3),
        },
    ),
    "Voices of effects": (
        lambda: Voices(Mix(hop_length=HOP), 2, shared=["signal_two"]),
        {
            "signal_one": _audio(5, 2),
            "signal_two": _audio(6),
            "mix_level": _frames(2, -2, 2, 10),
        },
    ),
    "ProcessorGroup of effects": (_effects, {"audio": _audio(9), "level": _frames(1, 0, 1, 10)}),
    "ProcessorGroup of effects, stereo": (
        _effects, {"audio": _audio(9, 2), "level": _frames(1, 0, 1, 10)},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PROCESSORS)
def test_holds_the_contract(name: str) -> None:
    make, inputs = PROCESSORS[name]
    check_layer(
        make,
        lambda batch, n_frames: {key: draw(batch, n_frames) for key, draw in inputs.items()},
        tolerance=1e-4,
    )


@pytest.mark.parametrize("name", [name for name in PROCESSORS if not name.startswith("Crop")])
def test_a_sound_in_blocks_is_the_sound_at_once(name: str) -> None:
    make, inputs = PROCESSORS[name]
    drawn = {key: draw(2, 18) for key, draw in inputs.items()}
    check_streaming(make(), drawn, hop_length=HOP)


def test_filters_of_many_frames_reach_across_blocks() -> None:
    noise = FilteredNoise(n_bands=65, scale=False, **RATES)
    assert noise.lookahead_frames == 5
    inputs = {"noise_magnitudes": _frames(65, 0, 1, 12)(2, 18)}
    check_streaming(noise, inputs, hop_length=HOP)


@pytest.mark.parametrize("name", PROCESSORS)
def test_returns_controls_when_asked(name: str) -> None:
    make, inputs = PROCESSORS[name]
    processor = make()
    drawn = {key: draw(1, 6) for key, draw in inputs.items()}
    outputs = processor(drawn, return_controls=True)
    np.testing.assert_allclose(outputs["signal"], processor(drawn), atol=1e-6)
    if name == "ProcessorGroup":
        assert set(outputs) == {"harmonic", "filtered_noise", "mix", "reverb", "signal"}
    elif not isinstance(processor, ProcessorGroup) and np.ndim(outputs["signal"]) == 2:
        assert set(outputs["controls"]) == set(processor.control_names)
        # Controls are what the signal is made from.
        np.testing.assert_allclose(
            processor.signal(outputs["controls"]), outputs["signal"], atol=1e-6
        )


@pytest.mark.parametrize("name", PROCESSORS)
def test_is_what_it_declares_and_refuses_the_rest(name: str) -> None:
    make, inputs = PROCESSORS[name]
    processor = make()
    drawn = {key: draw(2, 5) for key, draw in inputs.items()}
    if not isinstance(processor, ProcessorGroup):
        check_declarations(processor, drawn)
    check_refusals(processor, drawn)


@pytest.mark.parametrize("name", PROCESSORS)
def test_names_missing_inputs(name: str) -> None:
    make, inputs = PROCESSORS[name]
    processor = make()
    missing, *others = inputs
    drawn = {key: inputs[key](1, 4) for key in others}
    with pytest.raises(ArgumentError) as caught:
        processor(drawn)
    message = str(caught.value)
    assert message.startswith(f"`{processor.name}`")
    assert f"Missing: {missing}; received: {', '.join(others) or 'nothing'}." in message


def test_a_tensor_instead_of_a_dict_is_refused_by_name():
    with pytest.raises(ArgumentError, match=r"`crop` .*takes a dict of its inputs, audio"):
        Crop(n_samples=10)(np.zeros([1, 100], np.float32))


def test_values_are_one_for_each_example() -> None:
    chorus = Chorus(sample_rate=4000)
    sound = np.zeros([3, 40], np.float32)
    with pytest.raises(ArgumentError, match="`audio` has 3 examples, and `depth_ms` has 1"):
        chorus({"audio": sound, "depth_ms": np.ones([1, 1], np.float32)})
