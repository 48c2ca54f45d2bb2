"""The compiled part of streaming: one graph a block size, and the state that they share."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ddsp_tf.inference.packed_state import PackedState
from ddsp_tf.models import Autoencoder
from ddsp_tf.processors import PartitionedReverb, ProcessorGroup, Reverb

FEATURES = ("f0_hz", "loudness_db")

Call = Callable[[np.ndarray], tf.Tensor]


class StreamingGraph:
    """Plays blocks of fixed sizes with a state in variables.

    The frames that are only looked ahead at wait in the state as raw controls, so that the decoder
    runs once a frame. Everything is traced and compiled at construction, with the weights as they
    are then.

    Args:
        model: A causal model.
        batch_size: Rows.
        block_sizes: Frames of each kind of block.
        xla: Whether XLA compiles the graphs.
    """

    def __init__(
        self, model: Autoencoder, *, batch_size: int, block_sizes: Sequence[int], xla: bool
    ) -> None:
        self._model = model
        self._group = _partitioned(model.processor_group)
        self._batch_size = batch_size
        self._state = PackedState(self._initial_state())
        self._prime = self._compile(self._prime_block, 1, xla=False)
        self._play = {size: self._compile(self._play_block, size, xla=xla) for size in block_sizes}
        self.reset()

    def prime(self, inputs: np.ndarray) -> None:
        """Takes in one frame without playing; `inputs` as for `play`."""
        self._prime(inputs)

    def play(self, inputs: np.ndarray) -> np.ndarray:
        """Takes in a block, and plays as many frames, `lookahead_frames` older ones.

        Args:
            inputs: f0 in Hz and loudness in dB, float32 `[2, batch, n_frames]`; the number of
                frames is one of `block_sizes`.

        Returns:
            Audio `[batch, n_frames * hop_length]`.
        """
        return self._play[inputs.shape[2]](inputs).numpy()

    def compile_decoder(self, size: int) -> Call:
        """Compiles the decoder alone, to measure its share: a function of what `play` takes."""
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

    def _initial_state(self) -> dict[str, Any]:
        decoder = self._model.decoder.initial_state(self._batch_size)
        ahead = self._group.lookahead_frames
        sizes = {**dict.fromkeys(FEATURES, 1), **self._model.decoder.output_sizes}
        return {
            "decoder": decoder,
            "ahead": {key: tf.zeros([self._batch_size, ahead, n]) for key, n in sizes.items()},
            "processors": self._group.initial_state(self._batch_size),
        }

    def _compile(self, function: Any, size: int, *, xla: bool) -> Call:
        """Traces and compiles, with the weights as constants: looking them up takes time."""
        inputs = tf.TensorSpec([2, self._batch_size, size], tf.float32)
        weights = {variable.path: variable.numpy() for variable in self._model.variables}

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

    def _take_in(
        self, inputs: tf.Tensor, state: dict[str, Any]
    ) -> tuple[dict[str, tf.Tensor], Any]:
        """Decodes a block, and joins it to the frames that wait."""
        features = {key: inputs[i][:, :, tf.newaxis] for i, key in enumerate(FEATURES)}
        raw_controls, decoder = self._model.decode(features, state["decoder"])
        taken = {**features, **raw_controls}
        joined = {
            key: tf.concat([x, tf.cast(taken[key], tf.float32)], axis=1)
            for key, x in state["ahead"].items()
        }
        return joined, decoder

    def _prime_block(self, inputs: tf.Tensor, state: dict[str, Any]) -> tuple[tf.Tensor, Any]:
        joined, decoder = self._take_in(inputs, state)
        ahead = {key: x[:, inputs.shape[2] :] for key, x in joined.items()}
        return tf.zeros([]), {**state, "decoder": decoder, "ahead": ahead}

    def _play_block(self, inputs: tf.Tensor, state: dict[str, Any]) -> tuple[tf.Tensor, Any]:
        n_frames = inputs.shape[2]
        joined, decoder = self._take_in(inputs, state)
        outputs, processors = self._group.play(joined, state["processors"], n_frames)
        ahead = {key: x[:, n_frames:] for key, x in joined.items()}
        return outputs["signal"], {"decoder": decoder, "ahead": ahead, "processors": processors}


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


def _partitioned(group: ProcessorGroup) -> ProcessorGroup:
    """The same graph, with each reverb replaced by one for short blocks."""
    dag = [
        (
            PartitionedReverb(processor, hop_length=group.hop_length)
            if isinstance(processor, Reverb)
            else processor,
            keys,
        )
        for processor, keys in zip(group.processors, group.node_inputs, strict=True)
    ]
    return ProcessorGroup(dag=dag, name=group.name)
