"""The network that plays one note at a time, and is every voice of a piano."""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ddsp_tf.dsp.recurrences import first_order
from ddsp_tf.errors import ArgumentError
from ddsp_tf.nn import FcStack, Gru

_DECAYS_S = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
_N_COSINES = 24
_N_FEATURES = _N_COSINES + len(_DECAYS_S) + 3
_LONG_AGO_S = 1000.0


@keras.saving.register_keras_serializable("ddsp_tf")
class MonoNetwork(keras.layers.Layer):
    """Turns a voice's key, onset velocities and gate into raw controls of its sound.

    It reads the velocity of the onset frame and that of the note that sounds, whether its key is
    held, how long ago it was struck (six decays of 10 ms to 3 s), and the cosines of its key. An
    MLP, a GRU, an MLP, a Dense layer. Once a key is released, all levels fall as a damper lets
    them; a voice that has not played yet is silent.

    Args:
        rnn_channels: Units of the GRU.
        channels: Units of each MLP layer.
        layers_per_stack: Layers of each MLP.
        release_s: Seconds in which a released note falls by 20 dB, > 0; by somewhat less while it
            is near full scale.
        name: The layer's name.

    Raises:
        ArgumentError: A number is out of its range.

    Reference:
        Renault, Mignot and Roebel 2022, section 2.2; without its context network.
    """

    def __init__(
        self,
        *,
        rnn_channels: int = 64,
        channels: int = 64,
        layers_per_stack: int = 1,
        release_s: float = 0.15,
        name: str = "mono_network",
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        if min(rnn_channels, channels, layers_per_stack) < 1 or not release_s > 0:
            raise ArgumentError(
                "`rnn_channels`, `channels` and `layers_per_stack` should be at least 1, and "
                f"`release_s` above 0. Received {rnn_channels}, {channels}, {layers_per_stack} "
                f"and {release_s}."
            )
        self.rnn_channels = rnn_channels
        self.channels = channels
        self.layers_per_stack = layers_per_stack
        self.release_s = release_s
        self.input_stack = FcStack(channels, layers_per_stack, name="input_stack")
        self.rnn = Gru(rnn_channels, name="rnn")
        self.output_stack = FcStack(channels, layers_per_stack, name="output_stack")

    def build_for(self, sizes: Mapping[str, int]) -> None:
        """Makes the weights, given how many controls of each name a voice has."""
        self._sizes = dict(sizes)
        self.input_stack.build((None, None, _N_FEATURES))
        self.rnn.build((None, None, self.channels))
        self.output_stack.build((None, None, self.channels + self.rnn_channels))
        self.to_controls = keras.layers.Dense(sum(sizes.values()), name="to_controls")
        self.to_controls.build((None, None, self.channels))
        self.built = True

    def initial_state(self, batch_size: int | tf.Tensor) -> dict[str, tf.Tensor]:
        """Gives the state before the first frame: nothing was struck."""
        return {
            "rnn": self.rnn.initial_state(batch_size),
            "since_s": tf.fill([batch_size, 1], _LONG_AGO_S),
            "velocity": tf.zeros([batch_size, 1]),
            "level": tf.zeros([batch_size, 1]),
        }

    def call(
        self, inputs: Mapping[str, tf.Tensor], state: Mapping[str, tf.Tensor], *, frame_s: float
    ) -> tuple[dict[str, tf.Tensor], dict[str, tf.Tensor]]:
        """Plays frames.

        Args:
            inputs: `midi`, `velocity` and `gate` of voices as rows, `[rows, n_frames, 1]`.
            state: As `initial_state` or the previous call gave.
            frame_s: Seconds of a frame.

        Returns:
            Raw controls by name, `[rows, n_frames, size]`; "level", the gain of the damper,
            `[rows, n_frames, 1]`; and the state after the last frame.
        """
        midi, velocity, gate = (
            tf.cast(inputs[key], tf.float32) for key in ("midi", "velocity", "gate")
        )
        going_on = tf.cast(velocity <= 0.0, tf.float32)
        since_s, last_since = first_order(frame_s * going_on, going_on, state["since_s"])
        held, last_held = first_order(velocity, going_on, state["velocity"])
        damping = 10.0 ** (-frame_s / self.release_s)
        level, last_level = first_order(gate, damping * (1.0 - gate), state["level"])
        numbers = tf.range(_N_COSINES, dtype=tf.float32) + 1.0
        features = tf.concat(
            [
                tf.cos(np.float32(np.pi / 128.0) * midi * numbers),
                tf.exp(-since_s / tf.constant(_DECAYS_S)),
                velocity,
                held,
                gate,
            ],
            axis=-1,
        )
        hidden = self.input_stack(features)
        sequence, last_rnn = self.rnn(hidden, state["rnn"])
        outputs = self.to_controls(self.output_stack([hidden, sequence]))
        controls = tf.split(outputs, list(self._sizes.values()), axis=-1)
        following = {
            "rnn": last_rnn,
            # The network can't tell so long times apart, and the count stays exact.
            "since_s": tf.minimum(last_since, _LONG_AGO_S),
            "velocity": last_held,
            "level": last_level,
        }
        return {**dict(zip(self._sizes, controls, strict=True)), "level": level}, following

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {
            **super().get_config(),
            "rnn_channels": self.rnn_channels,
            "channels": self.channels,
            "layers_per_stack": self.layers_per_stack,
            "release_s": self.release_s,
        }
