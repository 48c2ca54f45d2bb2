"""The compiled part of streaming: one graph a block size, and the state that they share."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ddsp_tf.dsp.compilation import only_played
from ddsp_tf.inference.packed_state import PackedState
from ddsp_tf.models import Delayed, Model
from ddsp_tf.types import Signal

Call = Callable[[np.ndarray], tf.Tensor]


class StreamingGraph:
    """Plays blocks of fixed sizes with a state in variables.

    What is only looked ahead at waits in the state. Everything is traced and compiled at
    construction, with the weights as they are then.

    `input_signals` is what comes in, in the order in which blocks hold it.

    Args:
        model: A model that can be played live.
        batch_size: Rows.
        block_sizes: Frames of each kind of block.
        xla: Whether XLA compiles the graphs.
    """

    def __init__(
        self, model: Model, *, batch_size: int, block_sizes: Sequence[int], xla: bool
    ) -> None:
        self._model = model
        self._delayed: Delayed = model.delayed()
        self._batch_size = batch_size
        # Asked for with every block: a millisecond of sound leaves no time to make them anew.
        self.input_signals = self._delayed.input_signals
        self._widths = {key: self._width(signal) for key, signal in self.input_signals.items()}
        self._state = PackedState(self._delayed.initial_state(batch_size))
        self._prime = self._compile(self._prime_block, 1, xla=False)
        self._play = {size: self._compile(self._play_block, size, xla=xla) for size in block_sizes}
        self.reset()

    def width(self, key: str) -> int:
        """Numbers of an input in each frame; of audio, its samples."""
        return self._widths[key]

    def _width(self, signal: Signal) -> int:
        return self._model.hop_length if signal.kind == "samples" else signal.width or 1

    def prime(self, inputs: np.ndarray) -> None:
        """Takes in one frame without playing; `inputs` as for `play`."""
        self._prime(inputs)

    def play(self, inputs: np.ndarray) -> np.ndarray:
        """Takes in a block, and plays as many frames, `lookahead_frames` older ones.

        Args:
            inputs: The numbers of all inputs, one after the other, float32
                `[width, batch, n_frames]`: f0 in Hz and loudness in dB, say. The number of frames
                is one of `block_sizes`.

        Returns:
            Audio `[batch, n_frames * hop_length]`.
        """
        return self._play[inputs.shape[2]](inputs).numpy()

    def compile_decoder(self, size: int) -> Call:
        """Compiles taking in alone, to measure a decoder's share: takes what `play` takes."""
        return self._compile(self._prime_block, size, xla=True)

    def reset(self) -> None:
        """Returns to the state before the first frame."""
        self._state.reset()

    @property
    def state(self) -> dict[str, np.ndarray]:
        """The state as arrays, by names such as "processors/harmonic/turns"."""
        return self._state.to_arrays()

    @state.setter
    def state(self, values: dict[str, np.ndarray]) -> None:
        self._state.from_arrays(values)

    def _compile(self, function: Any, size: int, *, xla: bool) -> Call:
        """Traces and compiles, with the weights as constants: looking them up takes time."""
        width = sum(map(self.width, self.input_signals))
        inputs = tf.TensorSpec([width, self._batch_size, size], tf.float32)
        weights = {variable.path: variable.numpy() for variable in self._model.variables}

        @only_played()
        def advance(inputs: tf.Tensor) -> tf.Tensor:
            constants = [
                (variable, tf.constant(weights[variable.path]))
                for variable in self._model.variables
            ]
            with keras.StatelessScope(constants):
                audio, following = function(inputs, self._state.read())
            self._state.assign(following)
            return audio

        compiled = tf.function(advance, autograph=False, jit_compile=xla or None)
        call = _direct_call(compiled, inputs)
        # XLA compiles at the first call.
        call(np.zeros(inputs.shape, np.float32))
        return call

    def _inputs(self, block: tf.Tensor) -> dict[str, tf.Tensor]:
        """Frames `[batch, n_frames, width]` and audio `[batch, n_samples]` by name."""
        inputs, start = {}, 0
        for key, signal in self.input_signals.items():
            width = self.width(key)
            # The transposition of a single number would only copy it.
            frames = (
                block[start][:, :, tf.newaxis]
                if width == 1
                else tf.transpose(block[start : start + width], [1, 2, 0])
            )
            audio = signal.kind == "samples"
            inputs[key] = tf.reshape(frames, [self._batch_size, -1]) if audio else frames
            start += width
        return inputs

    def _prime_block(self, block: tf.Tensor, state: dict[str, Any]) -> tuple[tf.Tensor, Any]:
        following = self._delayed.take_in(self._inputs(block), state, block.shape[2])
        return tf.zeros([]), following

    def _play_block(self, block: tf.Tensor, state: dict[str, Any]) -> tuple[tf.Tensor, Any]:
        return self._delayed.play(self._inputs(block), state, block.shape[2])


def _direct_call(function: Any, inputs: tf.TensorSpec) -> Call:
    """Gives a way to call a function of one array that skips TensorFlow's care for arguments.

    That care takes 0.08 ms a call, as long as a small decoder takes for a frame. A plain graph
    around the function lets a single operation run it, compiled as it is.
    """
    graph = tf.function(lambda x: function(x), autograph=False).get_concrete_function(inputs)
    variables = graph.captured_inputs

    def call(block: np.ndarray) -> tf.Tensor:
        arguments = [block, *variables]
        outputs = tf.raw_ops.StatefulPartitionedCall(args=arguments, Tout=[tf.float32], f=graph)
        return outputs[0]

    return call
