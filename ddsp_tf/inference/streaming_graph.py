"""The compiled part of streaming: one graph a block size, and the state that they share."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ddsp_tf.models import Autoencoder
from ddsp_tf.processors import PartitionedReverb, ProcessorGroup, Reverb

FEATURES = ("f0_hz", "loudness_db")


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
        self._initial = self._initial_state()
        self._variables = tuple(
            tf.Variable(tensor, trainable=False) for tensor in tf.nest.flatten(self._initial)
        )
        self._prime = self._compile(self._prime_block, 1, xla=False)
        self._play = {size: self._compile(self._play_block, size, xla=xla) for size in block_sizes}
        self.reset()

    def prime(self, inputs: np.ndarray) -> None:
        """Takes in one frame without playing; `inputs` as for `play`."""
        self._prime(tf.constant(inputs))

    def play(self, inputs: np.ndarray) -> np.ndarray:
        """Takes in a block, and plays as many frames, `lookahead_frames` older ones.

        Args:
            inputs: f0 in Hz and loudness in dB, float32 `[2, batch, n_frames]`; the number of
                frames is one of `block_sizes`.

        Returns:
            Audio `[batch, n_frames * hop_length]`.
        """
        return self._play[inputs.shape[2]](tf.constant(inputs)).numpy()

    def compile_decoder(self, size: int) -> Any:
        """Compiles the decoder alone, to measure its share: a function of what `play` takes."""
        return self._compile(self._prime_block, size, xla=True)

    def reset(self) -> None:
        """Returns to the state before the first frame."""
        for variable, value in zip(self._variables, tf.nest.flatten(self._initial), strict=True):
            variable.assign(value)

    @property
    def state(self) -> dict[str, np.ndarray]:
        """The state as arrays, by names such as "processors/harmonic/turns"."""
        return {
            name: variable.numpy()
            for name, variable in zip(self.state_names, self._variables, strict=True)
        }

    @state.setter
    def state(self, values: dict[str, np.ndarray]) -> None:
        for name, variable in zip(self.state_names, self._variables, strict=True):
            variable.assign(values[name])

    @property
    def state_names(self) -> list[str]:
        """Names of the parts of the state, in the order of the variables."""
        indices = tf.nest.pack_sequence_as(self._initial, range(len(self._variables)))
        paths = {index: path for path, index in _paths(indices)}
        return [paths[index] for index in range(len(paths))]

    def _initial_state(self) -> dict[str, Any]:
        decoder = self._model.decoder.initial_state(self._batch_size)
        ahead = self._group.lookahead_frames
        sizes = {**dict.fromkeys(FEATURES, 1), **self._model.decoder.output_sizes}
        return {
            "decoder": decoder,
            "ahead": {key: tf.zeros([self._batch_size, ahead, n]) for key, n in sizes.items()},
            "processors": self._group.initial_state(self._batch_size),
        }

    def _compile(self, function: Any, size: int, *, xla: bool) -> Any:
        """Traces and compiles, with the weights as constants: looking them up takes time."""
        inputs = tf.TensorSpec([2, self._batch_size, size], tf.float32)
        weights = {variable.path: variable.numpy() for variable in self._model.variables}

        def advance(inputs: tf.Tensor) -> tf.Tensor:
            constants = [
                (variable, tf.constant(weights[variable.path]))
                for variable in self._model.variables
            ]
            values = [variable.read_value() for variable in self._variables]
            with keras.StatelessScope(constants):
                audio, following = function(inputs, tf.nest.pack_sequence_as(self._initial, values))
            for variable, value in zip(self._variables, tf.nest.flatten(following), strict=True):
                variable.assign(value)
            return audio

        compiled = tf.function(advance, autograph=False, jit_compile=xla or None)
        concrete = compiled.get_concrete_function(inputs)
        # XLA compiles at the first call.
        concrete(tf.zeros(inputs.shape))
        return concrete

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


def _paths(nested: Any, prefix: str = "") -> Iterator[tuple[str, int]]:
    if isinstance(nested, int):
        yield prefix, nested
        return
    items = nested.items() if isinstance(nested, Mapping) else enumerate(nested)
    for key, value in items:
        yield from _paths(value, f"{prefix}/{key}" if prefix else str(key))


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
