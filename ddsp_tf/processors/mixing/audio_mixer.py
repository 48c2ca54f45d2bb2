"""The mixer of a modular synthesiser."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from ddsp_tf.errors import ArgumentError
from ddsp_tf.processors.processor import Processor, State
from ddsp_tf.types import Signal


@keras.saving.register_keras_serializable("ddsp_tf")
class AudioMixer(Processor):
    """Sums sounds by their levels; a sum that would clip is scaled to just not.

    Inputs: the sounds, `[batch, n_samples]` each; and by `name_level` their levels, 0 to 1,
    `[batch, 1]` each. It plays whole sounds, whose peak it has to know.

    Args:
        sounds: Their names.
        curves: How the levels' places are spread over their ranges, see `types.Signal`: one for
            each sound. None: 1.
        name: The processor's name.

    Raises:
        ArgumentError: There is no sound, or there are other curves than sounds.

    Example:
        >>> mixer = AudioMixer(sounds=("one", "two"))
        >>> sounds = {"one": tf.ones([1, 2]), "two": tf.constant([[1.0, 0.0]])}
        >>> mixer({**sounds, "one_level": tf.ones([1, 1]), "two_level": tf.ones([1, 1])}).numpy()
        array([[1. , 0.5]], dtype=float32)

    Reference:
        Turian et al. 2021, "One billion audio sounds from GPU-enabled modular synthesis".
    """

    streamable = False

    def __init__(
        self,
        *,
        sounds: Sequence[str],
        curves: Sequence[float] | None = None,
        name: str = "audio_mixer",
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        self.sounds = tuple(sounds)
        self.curves = tuple(curves or [1.0] * len(self.sounds))
        if not self.sounds or len(self.curves) != len(self.sounds):
            raise ArgumentError(
                "`sounds` should name one at least, and `curves` have one number for each. "
                f"Received {list(self.sounds)} and {list(self.curves)}."
            )

    @property
    def input_signals(self) -> Mapping[str, Signal]:
        """The sounds and their levels."""
        levels = {
            f"{key}_level": Signal("value", low=0.0, high=1.0, default=0.5, curve=curve)
            for key, curve in zip(self.sounds, self.curves, strict=True)
        }
        return {**{key: Signal("samples") for key in self.sounds}, **levels}

    @property
    def control_signals(self) -> Mapping[str, Signal]:
        """As the inputs."""
        return self.input_signals

    def stream(
        self, controls: Mapping[str, Any], state: State, n_frames: int | tf.Tensor
    ) -> tuple[tf.Tensor, State]:
        """Sums."""
        del n_frames
        total = tf.add_n([controls[key] * controls[f"{key}_level"] for key in self.sounds])
        peak = tf.reduce_max(tf.abs(total), axis=1, keepdims=True)
        return total / tf.maximum(peak, 1.0), state

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {**super().get_config(), "sounds": list(self.sounds), "curves": list(self.curves)}
