"""What the decoders with MLPs around a recurrence have in common."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ddsp_tf.errors import ArgumentError
from ddsp_tf.models.autoencoder.decoder import Decoder
from ddsp_tf.nn import FcStack

_SCALED = ("f0_scaled", "loudness_scaled")


class FcDecoder(Decoder):
    """An MLP for each input, a recurrence over all, an MLP over both, and a Dense layer.

    Subclasses make the recurrence, whose layers take frames first, and implement
    `build_recurrence` and `recur`.

    Args:
        input_keys: Features to read, each `[batch, n_frames, channels]`.
        output_sizes: Channels of each control that it makes. None: those that the processor group
            of its model asks for.
        channels: Units of each MLP layer.
        layers_per_stack: Layers of each MLP; 0 leaves the MLPs out.
        input_cosines: How many cosines of pitch and of loudness their MLPs read beside them:
            cos(pi k x) for k = 1, 2, ... of the scaled feature x. 0 leaves them out.
        name: The layer's name.

    Reference:
        Engel et al. 2020, section B.2 and figure 5.
    """

    # The processors' exponentiated sigmoid rises by a factor of 10 a unit.
    db_per_unit = 20.0

    def __init__(
        self,
        *,
        input_keys: Sequence[str],
        output_sizes: Mapping[str, int] | None,
        channels: int,
        layers_per_stack: int,
        input_cosines: int,
        name: str,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        if input_cosines < 0:
            raise ArgumentError(f"`input_cosines` should be 0 or more. Received {input_cosines}.")
        self.input_keys = tuple(input_keys)
        self.channels = channels
        self.layers_per_stack = layers_per_stack
        self.input_cosines = input_cosines
        # Files hold pairs: in JSON objects, the order of keys means nothing.
        self.output_sizes = None if output_sizes is None else dict(output_sizes)
        self.input_stacks = [self._new_stack(f"{key}_stack") for key in self.input_keys]

    def build_recurrence(self, n_channels: int) -> int:
        """Makes the recurrence's weights for inputs of `n_channels`; gives those that it adds."""
        raise NotImplementedError

    def recur(self, inputs: tf.Tensor, state: tf.Tensor) -> tuple[list[tf.Tensor], tf.Tensor]:
        """Runs the recurrence over frames `[n_frames, batch, n_channels]`.

        Args:
            inputs: What the inputs' MLPs gave, side by side.
            state: The state before the first frame.

        Returns:
            What the output's MLP reads beside the inputs, and the state after the last frame.
        """
        raise NotImplementedError

    def build_for(self, input_channels: Mapping[str, int]) -> None:
        """Makes the weights, given the channels of each input key.

        Raises:
            ArgumentError: It doesn't know what to make.
        """
        if self.output_sizes is None:
            raise ArgumentError(
                f"`{self.name}` has no `output_sizes`. Give them, or build the model that it is "
                "part of: its processors know them."
            )
        width = 0
        for key, stack in zip(self.input_keys, self.input_stacks, strict=True):
            n_channels = input_channels[key] * (1 + self._n_cosines(key))
            stack.build((None, None, n_channels))
            width += stack.output_channels(n_channels)
        width += self.build_recurrence(width)
        # Files hold the weights in the order in which layers are set: the recurrence comes first.
        self.output_stack = self._new_stack("output_stack")
        self.to_controls = keras.layers.Dense(
            sum(self.output_sizes.values()), name="to_controls", dtype="float32"
        )
        self.output_stack.build((None, None, width))
        self.to_controls.build((None, None, self.output_stack.output_channels(width)))
        self.built = True

    @property
    def first_layer(self) -> tuple[Any, Any]:
        """Kernel and bias of the recurrence that read what the inputs' MLPs gave."""
        raise NotImplementedError

    def without_input(
        self, key: str, values: Sequence[float], input_channels: Mapping[str, int]
    ) -> "FcDecoder":
        """Gives a decoder that doesn't read an input, as if that always had the same values.

        What the input's MLP makes of them is added to the biases of what read it.

        Args:
            key: Which of `input_keys`.
            values: Its values, `[n_channels]`.
            input_channels: As for `build_for`.

        Returns:
            A decoder with copies of the other weights; controls are the same but for rounding.
        """
        rows, kept = self._rows_of(key, input_channels[key]), self._weights_without(key)
        given = tf.constant([[list(values)]], tf.float32)
        stack = self.input_stacks[self.input_keys.index(key)]
        said = stack(self._with_cosines(key, given)).numpy()[0, 0]
        config = self.get_config()
        config["input_keys"] = [each for each in self.input_keys if each != key]
        other = type(self).from_config(config)
        other.build_for({each: n for each, n in input_channels.items() if each != key})
        for weight, target in zip(kept, other.weights, strict=True):
            value = weight.numpy()
            for kernel, bias in self._readers:
                if weight is kernel:
                    value = np.delete(value, rows, axis=0)
                if weight is bias:
                    # A GRU's has two rows, of which the first belongs to its inputs.
                    np.atleast_2d(value)[0] += said @ kernel.numpy()[rows]
            target.assign(value)
        return other

    def begin_as(self, other: "FcDecoder", n_channels: int) -> None:
        """Takes the weights of a decoder that doesn't read the last of this one's inputs.

        It makes what the other makes, whatever that input says, until it has learned to hear it.

        Args:
            other: A decoder of the same kind and sizes.
            n_channels: Of the last input.

        Raises:
            ArgumentError: The other is of another kind, or of other sizes.
        """
        key = self.input_keys[-1]
        rows, kept = self._rows_of(key, n_channels), self._weights_without(key)
        kernels = [kernel for kernel, _ in self._readers]
        values = []
        for weight, value in zip(kept, other.get_weights(), strict=False):
            if any(weight is kernel for kernel in kernels):
                new = np.zeros([rows.stop - rows.start, *value.shape[1:]], value.dtype)
                value = np.concatenate([value[: rows.start], new, value[rows.start :]])
            values.append(value)
        shapes = [tuple(weight.shape) for weight in kept]
        if type(other) is not type(self) or shapes != [value.shape for value in values]:
            raise ArgumentError(
                f"`other` should be a {type(self).__name__} like this one but for `{key}`. It is "
                f"a {type(other).__name__} of other sizes or inputs."
            )
        for weight, value in zip(kept, values, strict=True):
            weight.assign(value)

    @property
    def _readers(self) -> list[tuple[Any, Any]]:
        """Kernel and bias of whatever reads what the inputs' MLPs gave."""
        of_output = self.output_stack.dense[0] if self.layers_per_stack else self.to_controls
        return [self.first_layer, (of_output.kernel, of_output.bias)]

    def _rows_of(self, key: str, n_channels: int) -> slice:
        """Which of these an input has; those after it are counted from the end of the kernel."""
        index = self.input_keys.index(key)
        width = self.input_stacks[index].output_channels(n_channels * (1 + self._n_cosines(key)))
        after = self.input_stacks[index + 1 :]
        if not self.layers_per_stack and after:
            raise ArgumentError(f"Without MLPs, `{key}` should be the last of `input_keys`.")
        end = self.first_layer[0].shape[0] - self.channels * len(after)
        return slice(end - width, end)

    def _weights_without(self, key: str) -> list[Any]:
        stack = self.input_stacks[self.input_keys.index(key)]
        dropped = {id(weight) for weight in stack.weights}
        return [weight for weight in self.weights if id(weight) not in dropped]

    def _new_stack(self, name: str) -> FcStack:
        return FcStack(self.channels, self.layers_per_stack, name=name, dtype=self.dtype_policy)

    def call(
        self, inputs: Mapping[str, tf.Tensor], state: tf.Tensor
    ) -> tuple[dict[str, tf.Tensor], tf.Tensor]:
        """Decodes frames.

        Args:
            inputs: `[batch, n_frames, channels]` under each of `input_keys`.
            state: As `initial_state` gives it.

        Returns:
            Raw controls `[batch, n_frames, size]` by name, and the state after the last frame.
        """
        # Frames come first inside, as the recurrences want them: only the few channels of the
        # features and of the controls are transposed, not the many in between.
        hidden = [
            stack(self._with_cosines(key, tf.transpose(inputs[key], [1, 0, 2])))
            for key, stack in zip(self.input_keys, self.input_stacks, strict=True)
        ]
        joined = tf.concat(hidden, axis=-1)
        sequences, state = self.recur(joined, state)
        outputs = self.to_controls(self.output_stack([joined, *sequences]))
        outputs = tf.transpose(outputs, [1, 0, 2])
        sizes = self.output_sizes or {}
        controls = tf.split(outputs, list(sizes.values()), axis=-1)
        return dict(zip(sizes, controls, strict=True)), state

    def _with_cosines(self, key: str, values: tf.Tensor) -> tf.Tensor:
        """Adds the cosines of a scaled feature, which tell near values apart.

        An instrument's notes fill a small part of [0, 1], and after a layer without a bias a
        normalisation sees nothing but the sign of a single number: what a network gets from it
        alone, it has to learn.
        """
        cosines = [tf.cos(math.pi * k * values) for k in range(1, self._n_cosines(key) + 1)]
        return tf.cast(tf.concat([values, *cosines], axis=-1), self.compute_dtype)

    def _n_cosines(self, key: str) -> int:
        return self.input_cosines if key in _SCALED else 0

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        sizes = self.output_sizes
        return {
            **super().get_config(),
            "input_keys": list(self.input_keys),
            "output_sizes": None if sizes is None else [[key, size] for key, size in sizes.items()],
            "channels": self.channels,
            "layers_per_stack": self.layers_per_stack,
            "input_cosines": self.input_cosines,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "FcDecoder":
        """Makes a decoder from `get_config`, of this version or of 0.1.0."""
        if "n_harmonics" not in config:
            return cls(**config)
        # 0.1.0's decoders knew one synthesiser.
        n_bands = config.get("n_noise_bands", 0)
        sizes = {"amplitudes": 1, "harmonic_distribution": config["n_harmonics"]}
        sizes |= {"noise_magnitudes": n_bands} if n_bands else {}
        old = ("n_harmonics", "n_noise_bands")
        return cls(**{key: x for key, x in config.items() if key not in old}, output_sizes=sizes)
