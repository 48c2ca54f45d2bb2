"""A drum: what sounds when it is struck, found for a recording of one stroke."""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ddsp_tf.audio import check_usable
from ddsp_tf.errors import AudioFileError
from ddsp_tf.models.parametric.room import Room
from ddsp_tf.types import FloatArray

_SURE, _FAINTEST = 0.03, 0.003
"""Of the peak: a sample that is louder is of the stroke; one that is softer isn't heard in it."""
_LONGEST_SWELL_S, _BEFORE_S = 0.05, 0.0005


@keras.saving.register_keras_serializable("ddsp_tf")
class Drum(Room):
    """A `Parametric` of what is struck: modes, an attack, noise; it plays a stroke at every click.

    Where no `dry` sound comes it plays one stroke, so it is found for a recording alone
    (`inference.match`), at the stroke's place in it; and it is played by a track of clicks, each as
    loud as it is high (`ddsp-tf process`). Arguments as for `Parametric`; the group takes `audio`.

    Example:
        >>> from ddsp_tf.processors import ModalBank, ProcessorGroup
        >>> bank = ModalBank(n_modes=2, length_s=0.2, sample_rate=16000)
        >>> names = ["audio", *bank.room_signals]
        >>> drum = Drum(processor_group=ProcessorGroup(dag=[(bank, names)]), hop_length=64)
        >>> drum({"audio": tf.zeros([1, 3200])})["audio"].shape
        TensorShape([1, 3200])

    Reference:
        Shier et al. 2023, "Differentiable modelling of percussive audio with transient and spectral
        synthesis".
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._onset = self.add_weight(
            name="onset_samples", shape=[], initializer="zeros", dtype="int32", trainable=False
        )

    @property
    def onset_samples(self) -> int:
        """Where the stroke is in the recording that was found, and is played without clicks."""
        return int(self._onset)

    def encode(self, batch: Mapping[str, Any]) -> dict[str, Any]:
        """Puts a click at the stroke's place where no clicks come."""
        if "dry" not in batch and "audio" in batch:
            n_samples = tf.shape(batch["audio"])[1]
            click = tf.one_hot(tf.convert_to_tensor(self._onset), n_samples)[tf.newaxis]
            batch = {**batch, "dry": tf.tile(click, [tf.shape(batch["audio"])[0], 1])}
        return super().encode(batch)

    def begin(self, target: FloatArray, dry: FloatArray | None = None) -> None:
        """Moves the constants to what an analysis of a stroke says.

        Each processor, in the group's order, is told what those before it have left. What it says
        it keeps (`kept_names`) training leaves where it is.

        Args:
            target: The recording, `[n_samples]`.
            dry: The clicks; with them `target` is more than one stroke, and nothing moves.

        Raises:
            AudioFileError: The recording is longer than a stroke, or silent.
        """
        if dry is not None:
            return
        left = np.asarray(target, np.float64)
        check_usable(left, n_samples=2, name="the recording of a stroke")
        onset = stroke_start(left, self.sample_rate)
        self._onset.assign(onset)
        left = left[onset:].copy()
        struck = [p for p in self.processor_group.processors if hasattr(p, "estimate")]
        longest = max((p.n_taps for p in struck), default=len(left))
        if len(left) > longest:
            raise AudioFileError(
                f"The recording has {len(left) / self.sample_rate:.2f} s, and a stroke of this "
                f"model lasts {longest / self.sample_rate:.2f} s. Cut out one stroke, or make "
                "`LENGTH_S` longer (--gin-param LENGTH_S=SECONDS)."
            )
        for processor in struck:
            found = processor.estimate(left)
            self.set_parameters({k: x for k, x in found.items() if k in self.constant_names})
            for key in getattr(processor, "kept_names", ()):
                self._constants[key].trainable = False
            values = self.constants()
            of_it = {key: values[key][tf.newaxis] for key in processor.room_signals}
            played = np.asarray(processor.response(of_it), np.float64)[0, : len(left)]
            left[: len(played)] -= played


def stroke_start(audio: Any, sample_rate: int) -> int:
    """Gives the sample at which a stroke begins.

    A brush or a shaker swells for many milliseconds before it is loud, and what is cut off there is
    missing. So it begins where the 50 ms before the first sample that is surely of it (3% of the
    peak) first are louder than all that was before them, and than 0.3% of the peak.

    Args:
        audio: `[n_samples]`.
        sample_rate: In Hz.

    Returns:
        Half a millisecond before that.

    Example:
        >>> swell = np.concatenate([np.zeros(1000), np.linspace(0, 1, 4000)])
        >>> stroke_start(swell, 16000)
        1004
    """
    level = np.abs(np.asarray(audio, np.float64))
    peak = level.max()
    sure = int(np.argmax(level > _SURE * peak))
    earliest = max(0, sure - round(_LONGEST_SWELL_S * sample_rate))
    background = level[:earliest].max(initial=_FAINTEST * peak)
    first = earliest + int(np.argmax(level[earliest : sure + 1] > background))
    return max(0, first - round(_BEFORE_S * sample_rate))
