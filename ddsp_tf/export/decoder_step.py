"""An instrument's decoder for a live host: a frame in, its controls out."""

import math
from typing import Any, TypeAlias

import numpy as np
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.dsp.compilation import played_graph
from ddsp_tf.errors import ExportError
from ddsp_tf.export.live_parts import INPUT_KEYS, find_live_parts
from ddsp_tf.models import Model

Controls: TypeAlias = dict[str, tf.Tensor]

STEP = "step"
STATE = "state"
NEXT_STATE = "next_state"
"""What files call the state that comes out: in ONNX no two tensors may share a name."""


class DecoderStep(tf.Module):
    """One frame of a decoder with its state made explicit, for runtimes without loops.

    Its outputs are *finished*: what the processors make of the decoder's numbers (`exp_sigmoid`,
    the noise's bias, a distribution that sums to one below Nyquist). A host plays them as they are.
    With `raw`, they are the decoder's own. Pitch outside the model's range is softened inside, so a
    host gives it as it plays it.

    Args:
        model: A causal model without encoder.
        raw: Whether to leave out what the processors do with the decoder's numbers.

    Raises:
        ExportError: The model can't be played frame by frame, see `find_live_parts`, or its state
            is not a vector of numbers that begins at zero.

    Example:
        >>> from ddsp_tf import Instrument
        >>> step = DecoderStep(Instrument.load("violin").model)
        >>> controls = step.step(tf.constant([0.54]), tf.constant([0.7]), step.initial_state())
        >>> state = controls.pop("state")
        >>> {name: x.shape[0] for name, x in controls.items()}
        {'amplitudes': 1, 'harmonic_distribution': 60, 'noise_magnitudes': 65}
    """

    def __init__(self, model: Model, *, raw: bool = False) -> None:
        super().__init__(name="decoder_step")
        self.parts = find_live_parts(model)
        self.raw = raw
        self._decoder = self.parts.decoder
        initial = self._decoder.initial_state(1)
        self._state_pieces = tf.nest.flatten(initial)
        self._state_structure = initial
        for piece in self._state_pieces:
            if not piece.dtype.is_floating or np.any(piece.numpy() != 0.0):
                raise ExportError(
                    f"The state of {type(self._decoder).__name__} should be floating-point numbers "
                    "that begin at zero, as hosts reset it. Export the model with "
                    "--target saved_model."
                )

    @property
    def n_state(self) -> int:
        """Numbers of the state."""
        return sum(math.prod(piece.shape) for piece in self._state_pieces)

    @property
    def output_sizes(self) -> dict[str, int]:
        """Numbers of each output of `graph`."""
        return {**self.parts.output_sizes, NEXT_STATE: self.n_state}

    def initial_state(self) -> tf.Tensor:
        """Gives the state before the first frame: zeros, `[n_state]`."""
        return tf.zeros([self.n_state])

    def step(self, f0_scaled: tf.Tensor, loudness_scaled: tf.Tensor, state: tf.Tensor) -> Controls:
        """Decodes one frame.

        Args:
            f0_scaled: MIDI note / 127, `[1]`.
            loudness_scaled: Loudness in dB / 80 + 1, `[1]`.
            state: `[n_state]`, as the previous frame gave it; zeros at first.

        Returns:
            `amplitudes` `[1]`, `harmonic_distribution` `[n_harmonics]`, `noise_magnitudes`
            `[n_bands]` if the model has noise, and `state`.
        """
        scaled = {"f0_scaled": f0_scaled, "loudness_scaled": loudness_scaled}
        frame = {key: x[tf.newaxis, tf.newaxis] for key, x in scaled.items()}
        controls, following = self.parts.model.decode_scaled(frame, self._unpack(state))
        controls = {key: tf.cast(x, tf.float32) for key, x in controls.items()}
        if not self.raw:
            controls = self._finish(controls, f0_scaled)
        flat = {
            key: tf.reshape(controls[key], [size]) for key, size in self.parts.output_sizes.items()
        }
        return {**flat, STATE: self._pack(following)}

    def graph(self) -> tf.types.experimental.ConcreteFunction:
        """Gives `step` as a graph, whose outputs are those of `output_sizes`."""

        def step(f0_scaled: tf.Tensor, loudness_scaled: tf.Tensor, state: tf.Tensor) -> Controls:
            outputs = self.step(f0_scaled, loudness_scaled, state)
            return {NEXT_STATE: outputs.pop(STATE), **outputs}

        inputs = [
            *(tf.TensorSpec([1], tf.float32, key) for key in INPUT_KEYS),
            tf.TensorSpec([self.n_state], tf.float32, STATE),
        ]
        return played_graph(step, inputs)

    def _finish(self, controls: Controls, f0_scaled: tf.Tensor) -> Controls:
        f0_hz = dsp.unscale_f0_hz(f0_scaled)[tf.newaxis, tf.newaxis]
        finished = self.parts.harmonic.controls({**controls, "f0_hz": f0_hz})
        if self.parts.filtered_noise is not None:
            finished |= self.parts.filtered_noise.controls(controls)
        return finished

    def _unpack(self, state: tf.Tensor) -> Any:
        sizes = [math.prod(piece.shape) for piece in self._state_pieces]
        pieces = tf.split(state, sizes) if len(sizes) > 1 else [state]
        shaped = [
            tf.cast(tf.reshape(piece, like.shape), like.dtype)
            for piece, like in zip(pieces, self._state_pieces, strict=True)
        ]
        return tf.nest.pack_sequence_as(self._state_structure, shaped)

    def _pack(self, state: Any) -> tf.Tensor:
        pieces = [tf.cast(tf.reshape(x, [-1]), tf.float32) for x in tf.nest.flatten(state)]
        return tf.concat(pieces, axis=0) if len(pieces) > 1 else pieces[0]
