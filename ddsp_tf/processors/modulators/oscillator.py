"""The low-frequency oscillator."""

from collections.abc import Mapping
from typing import Any, Literal

import keras
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.errors import ArgumentError
from ddsp_tf.processors.processor import Processor, State
from ddsp_tf.types import Signal

_N_UNITS = 8
_N_LAYERS = 3


@keras.saving.register_keras_serializable("ddsp_tf")
class Oscillator(Processor):
    """Swings slowly, to move what others do: the `swing` of a `Phaser`, a `Chorus`.

    Inputs: `audio` `[batch, n_samples]`, which says how long; `rate_hz` (0.01 to 20) and `phase`
    (-1 to 1 turns; 0 is a rise through the middle), each `[batch, 1]`. Plays `[batch, n_samples]`,
    from -1 to 1. The phase is counted in float64, so that blocks are the whole, for hours.

    A learned shape is a sine that went through a network of one input and one output, three layers
    of 8 tanh beside the sine itself; it begins as the sine and may leave -1 to 1.

    Args:
        shape: "sine", "triangle" or "learned".
        sample_rate: In Hz.
        name: The processor's name.

    Raises:
        ArgumentError: An unknown shape.

    Example:
        >>> second = {"audio": tf.zeros([1, 8]), "rate_hz": tf.constant([[2.0]])}
        >>> Oscillator(sample_rate=8)(second).numpy().round(3).tolist()
        [[0.0, 1.0, 0.0, -1.0, 0.0, 1.0, 0.0, -1.0]]

    Reference:
        Carson, Valentini-Botinhao, King and Bilbao 2023, "Differentiable grey-box modelling of
        phaser effects using frame-based spectral processing", section 3 (the learned shape).
    """

    keeps_time = True

    def __init__(
        self,
        *,
        shape: Literal["sine", "triangle", "learned"] = "sine",
        sample_rate: int = 44100,
        name: str = "oscillator",
        **kwargs: Any,
    ) -> None:
        super().__init__(sample_rate=sample_rate, name=name, **kwargs)
        if shape not in ("sine", "triangle", "learned"):
            raise ArgumentError(
                f'`shape` should be "sine", "triangle" or "learned". Received {shape!r}.'
            )
        self.shape = shape
        self._tanhs: list[tuple[Any, Any]] = []
        if shape == "learned":
            self._add_layers()

    @property
    def input_signals(self) -> Mapping[str, Signal]:
        """How long, how fast, and from where."""
        return {
            "audio": Signal("samples"),
            "rate_hz": Signal("value", unit="Hz", low=0.01, high=20.0, default=1.0),
            "phase": Signal("value", unit="turns", low=-1.0, high=1.0, default=0.0),
        }

    @property
    def control_signals(self) -> Mapping[str, Signal]:
        """As the inputs."""
        return self.input_signals

    def initial_state(self, batch_size: int | tf.Tensor) -> State:
        """The beginning of a turn."""
        return {"turns": tf.zeros([batch_size, 1], tf.float64)}

    def stream(
        self, controls: Mapping[str, Any], state: State, n_frames: int | tf.Tensor
    ) -> tuple[Any, State]:
        """Plays one block; the state is how much of a turn has passed."""
        del n_frames
        phase = tf.cast(controls["phase"], tf.float64)
        wave, turns = dsp.low_frequency_oscillator(
            controls["rate_hz"],
            tf.shape(controls["audio"])[1],
            state["turns"] + phase,
            sample_rate=self.sample_rate,
            shape="triangle" if self.shape == "triangle" else "sine",
        )
        turns -= phase
        return self.shaped(wave), {"turns": turns - tf.floor(turns)}

    def shaped(self, wave: tf.Tensor) -> tf.Tensor:
        """Gives what a learned shape makes of values of the sine, `[batch, any]`."""
        if not self._tanhs:
            return wave
        hidden = wave[..., tf.newaxis]
        for matrix, offsets in self._tanhs:
            hidden = tf.tanh(tf.tensordot(hidden, tf.convert_to_tensor(matrix), 1) + offsets)
        return wave + tf.tensordot(hidden, tf.convert_to_tensor(self._last), 1)[..., 0]

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {**super().get_config(), "shape": self.shape}

    def _add_layers(self) -> None:
        for number in range(_N_LAYERS):
            n_in = _N_UNITS if number else 1
            about: dict[str, Any] = {"initializer": "glorot_uniform"}
            matrix = self.add_weight(name=f"matrix_{number}", shape=[n_in, _N_UNITS], **about)
            offsets = self.add_weight(
                name=f"offsets_{number}",
                shape=[_N_UNITS],
                initializer=keras.initializers.RandomUniform(-1.0, 1.0),
            )
            self._tanhs.append((matrix, offsets))
        # Zeros: the shape begins as the sine.
        self._last = self.add_weight(name="last", shape=[_N_UNITS, 1], initializer="zeros")
