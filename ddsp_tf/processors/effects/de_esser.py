"""The de-esser."""

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.errors import ArgumentError
from ddsp_tf.processors.effects.compressor import Compressor
from ddsp_tf.processors.effects.dynamics import with_channels
from ddsp_tf.processors.processor import State
from ddsp_tf.types import Signal


@keras.saving.register_keras_serializable("ddsp_tf")
class DeEsser(Compressor):
    """Turns down the treble of a voice where it is above a threshold: sharp s and sh.

    The sound is split at `frequency_hz` (1000 to 16,000 Hz, `[batch, 1]`) by Linkwitz-Riley filters
    of 24 dB an octave, the treble goes through a compressor, and both are added; what is not turned
    down keeps its spectrum. The other inputs are those of `Compressor`; the treble is its own side
    chain.

    Args:
        name: The processor's name.
        **kwargs: As for `Dynamics`, without `look_ahead_ms`.

    Raises:
        ArgumentError: `look_ahead_ms`, which would part both halves, or what `Dynamics` refuses.

    Example:
        >>> hiss = 0.5 * tf.sin(2.0 * tf.range(8000.0))[tf.newaxis]
        >>> softer = DeEsser(sample_rate=44100)({"audio": hiss})
        >>> bool(tf.reduce_max(softer[0, 4000:]) < 0.25)
        True
    """

    optional_input_names: tuple[str, ...] = ()

    def __init__(self, *, name: str = "de_esser", **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        if self.look_ahead_ms:
            raise ArgumentError(
                "A de-esser has no `look_ahead_ms`: its halves would part. "
                f"Received {self.look_ahead_ms}."
            )

    @property
    def input_signals(self) -> Mapping[str, Signal]:
        """Those of `Compressor`, with the split instead of a side chain."""
        signals = {key: x for key, x in super().input_signals.items() if key != "side_chain"}
        high = min(16000.0, 0.475 * self.sample_rate)
        frequency = Signal("value", unit="Hz", low=1000.0, high=high, default=min(5000.0, high))
        return {**signals, "frequency_hz": frequency}

    def initial_state(self, batch_size: int | tf.Tensor) -> State:
        """Silence."""
        memories = tf.zeros([batch_size, 1, 2, 2, 2], tf.float64)
        return {**super().initial_state(batch_size), "memories": memories}

    def stream(
        self, controls: Mapping[str, Any], state: State, n_frames: int | tf.Tensor
    ) -> tuple[Any, State]:
        """Treats one block."""
        audio = tf.convert_to_tensor(controls["audio"])
        sound = with_channels(audio)
        shape = tf.shape(sound)
        rows = tf.reshape(tf.transpose(sound, [0, 2, 1]), [-1, shape[1]])
        frequency_hz = tf.cast(controls["frequency_hz"], tf.float64)
        memories = tf.broadcast_to(state["memories"], [shape[0], shape[2], 2, 2, 2])
        halves, kept = [], []
        for half, design in enumerate((dsp.low_pass_biquad, dsp.high_pass_biquad)):
            section = tf.ensure_shape(
                design(frequency_hz, sample_rate=self.sample_rate), [None, 1, 5]
            )
            # Two Butterworth filters are one of Linkwitz and Riley.
            filtered, memory = dsp.filter_biquads(
                rows,
                tf.repeat(tf.tile(section, [1, 2, 1]), shape[2], axis=0),
                tf.reshape(memories[:, :, half], [-1, 2, 2]),
            )
            filtered = tf.reshape(filtered, [shape[0], shape[2], shape[1]])
            halves.append(tf.reshape(tf.transpose(filtered, [0, 2, 1]), tf.shape(audio)))
            kept.append(tf.reshape(memory, [shape[0], shape[2], 2, 2]))
        low, high = halves
        inside = {key: x for key, x in state.items() if key != "memories"}
        treated, after = super().stream({**controls, "audio": high}, inside, n_frames)
        after["memories"] = tf.stack(kept, axis=2)
        return low + treated, after
