"""The room for short blocks."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.processors.effects.reverb import Reverb
from ddsp_tf.processors.processor import Controls, Processor, State
from ddsp_tf.types import Signal


class PartitionedReverb(Processor):
    """Plays as a given `Reverb` does, at a cost that suits blocks of one frame.

    `Reverb` transforms its whole response with every block, which is right for long blocks and
    while the response is learned. Here the response is as it was when this was made, cut into
    partitions whose spectra are computed once.

    Args:
        reverb: The room.
        hop_length: Samples per frame, which is also the length of a partition.

    Example:
        >>> from ddsp_tf.processors import Reverb
        >>> room = PartitionedReverb(Reverb(impulse_response_length=800), hop_length=64)
        >>> audio, state = room.stream({"audio": tf.ones([1, 128])}, room.initial_state(1), 2)
        >>> audio.shape
        TensorShape([1, 128])
    """

    is_room = True

    def __init__(self, reverb: Reverb, *, hop_length: int) -> None:
        super().__init__(hop_length=hop_length, name=reverb.name)
        self._reverb = reverb
        heard = reverb.controls({"audio": tf.ones([1, 1])})
        response = np.array(heard["impulse_response"]).reshape(-1)
        if reverb.add_dry:
            response[0] += 1.0
        response *= float(heard["audio"][0, 0])
        self._spectra = dsp.partition_spectra(response, hop_length)

    @property
    def input_signals(self) -> Mapping[str, Signal]:
        """The sound; the room is chosen."""
        return {"audio": self._reverb.input_signals["audio"]}

    @property
    def control_signals(self) -> Mapping[str, Signal]:
        """Those of the reverb."""
        return self._reverb.control_signals

    def controls(self, inputs: Mapping[str, Any]) -> Controls:
        """Gives what the reverb gives."""
        return self._reverb.controls(inputs)

    def initial_state(self, batch_size: int | tf.Tensor) -> State:
        """Silence in every partition."""
        return dsp.initial_partition_history(batch_size, self._spectra)

    def stream(
        self, controls: Mapping[str, Any], state: State, n_frames: int | tf.Tensor
    ) -> tuple[tf.Tensor, State]:
        """Plays one block of static length; the state is the spectra of what was played."""
        del n_frames
        return dsp.convolve_partitioned(controls["audio"], self._spectra, state)
