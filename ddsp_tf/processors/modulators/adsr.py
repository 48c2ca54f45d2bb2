"""The envelope generator."""

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.processors.processor import Processor, State
from ddsp_tf.types import Signal


@keras.saving.register_keras_serializable("ddsp_tf")
class Adsr(Processor):
    """Rises, falls to where it stays while a key is down, and falls to 0 after it.

    Inputs: `frames` `[batch, n_frames, any]`, which say how long; `note_s` (0.01 to 4), `attack_s`
    and `decay_s` (0 to 2), `sustain` (0 to 1), `release_s` (0 to 5), and `power` (0.1 to 6; 1 is
    straight, and what it is left out for), each `[batch, 1]`. Plays frames
    `[batch, n_frames, 1]`, 0 to 1. It plays whole sounds: the key is pressed at their first frame.

    Args:
        sample_rate: In Hz.
        hop_length: Samples per frame.
        name: The processor's name.

    Example:
        >>> values = {"note_s": 0.5, "attack_s": 0.1, "decay_s": 0.1, "sustain": 0.5,
        ...           "release_s": 0.2}
        >>> one = {key: tf.constant([[value]]) for key, value in values.items()}
        >>> adsr = Adsr(sample_rate=100, hop_length=10)
        >>> drawn = adsr({"frames": tf.zeros([1, 8, 1]), **one})[0, :, 0]
        >>> [round(float(x), 2) for x in drawn]
        [0.0, 1.0, 0.5, 0.5, 0.5, 0.5, 0.25, 0.0]

    Reference:
        Turian et al. 2021, "One billion audio sounds from GPU-enabled modular synthesis".
    """

    streamable = False

    def __init__(
        self, *, sample_rate: int = 44100, hop_length: int = 100, name: str = "adsr", **kwargs: Any
    ) -> None:
        super().__init__(sample_rate=sample_rate, hop_length=hop_length, name=name, **kwargs)

    @property
    def input_signals(self) -> Mapping[str, Signal]:
        """How long, when the key is let go, and the five numbers of the envelope."""
        return {
            "frames": Signal("frames", width=None),
            "note_s": Signal("value", unit="s", low=0.01, high=4.0, default=1.0, curve=0.5),
            "attack_s": Signal("value", unit="s", low=0.0, high=2.0, default=0.01, curve=0.5),
            "decay_s": Signal("value", unit="s", low=0.0, high=2.0, default=0.1, curve=0.5),
            "sustain": Signal("value", low=0.0, high=1.0, default=0.7),
            "release_s": Signal("value", unit="s", low=0.0, high=5.0, default=0.2, curve=0.5),
            "power": Signal("value", low=0.1, high=6.0, default=1.0),
        }

    @property
    def control_signals(self) -> Mapping[str, Signal]:
        """As the inputs."""
        return self.input_signals

    @property
    def output_signals(self) -> Mapping[str, Signal]:
        """The envelope."""
        return {"signal": Signal("frames", low=0.0, high=1.0)}

    def stream(
        self, controls: Mapping[str, Any], state: State, n_frames: int | tf.Tensor
    ) -> tuple[tf.Tensor, State]:
        """Draws the whole envelope."""
        numbers = {key: x for key, x in controls.items() if key != "frames"}
        frame_rate = self.sample_rate / self.hop_length
        envelope = dsp.adsr_envelope(n_frames, **numbers, frame_rate=frame_rate)
        return envelope[..., tf.newaxis], state
