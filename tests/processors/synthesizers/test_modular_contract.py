"""What a modular synthesiser is made of holds the contract of processors."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from contracts import check_declarations, check_layer, check_refusals

from ddsp_tf.errors import ArgumentError
from ddsp_tf.processors import (
    Adsr,
    AudioMixer,
    Lfo,
    ModulationMatrix,
    Processor,
    SawSquare,
    SineVco,
    SquareSawVco,
    Vca,
    WhiteNoise,
)
from ddsp_tf.processors.shares import value_at

RATES = {"sample_rate": 4000, "hop_length": 16}
PROCESSORS: dict[str, Callable[[], Processor]] = {
    "Adsr": lambda: Adsr(**RATES),
    "Lfo": lambda: Lfo(**RATES),
    "ModulationMatrix": lambda: ModulationMatrix(sources=("a", "b"), targets=("c", "d"), **RATES),
    "SineVco": lambda: SineVco(**RATES),
    "SquareSawVco": lambda: SquareSawVco(**RATES),
    "WhiteNoise": lambda: WhiteNoise(**RATES),
    "Vca": lambda: Vca(**RATES),
    "AudioMixer": lambda: AudioMixer(sounds=("one", "two"), hop_length=16),
    "SawSquare": lambda: SawSquare(n_harmonics=3, **RATES),
}


def drawn(processor: Processor, batch: int, n_frames: int) -> dict[str, Any]:
    """Inputs from the middle halves of their ranges; of those without one, -0.5 to 0.5."""
    random = np.random.default_rng(0)
    inputs = {}
    for key, signal in processor.input_signals.items():
        shape = {
            "frames": [batch, n_frames, signal.width or 2],
            "samples": [batch, n_frames * 16],
            "value": [batch, 1],
        }[signal.kind]
        places = random.uniform(0.25, 0.75, shape)
        ranged = signal.low is not None and signal.high is not None
        values = value_at(places, signal) if ranged else places - 0.5
        inputs[key] = np.asarray(values, np.float32)
    return inputs


@pytest.mark.parametrize("name", PROCESSORS)
def test_is_what_it_declares(name: str) -> None:
    processor = PROCESSORS[name]()
    check_declarations(processor, drawn(processor, 2, 5))


@pytest.mark.slow
@pytest.mark.parametrize("name", PROCESSORS)
def test_holds_the_contract(name: str) -> None:
    make = PROCESSORS[name]
    processor = make()
    check_refusals(processor, drawn(processor, 2, 5))
    # Noise has no slope, and neither has the length of frames; a square of an LFO has none.
    without = {"Adsr": ["frames"], "WhiteNoise": ["frames"]}.get(name, [])
    check_layer(
        make,
        lambda batch, n_frames: drawn(processor, batch, n_frames),
        without_gradient=without,
        tolerance=2e-3,
    )


def test_what_can_not_be_made_is_refused() -> None:
    with pytest.raises(ArgumentError, match="`sources` and `targets` should name one at least"):
        ModulationMatrix(sources=(), targets=("c",))
    with pytest.raises(ArgumentError, match="`curves` have one number for each"):
        AudioMixer(sounds=("one",), curves=(1.0, 2.0))
