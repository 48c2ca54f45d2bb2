"""A decoder without a recurrence."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from ddsp_tf.errors import ArgumentError
from ddsp_tf.models.autoencoder.fc_decoder import FcDecoder
from ddsp_tf.nn import CausalConvolutions


@keras.saving.register_keras_serializable("ddsp_tf")
class DilatedConvDecoder(FcDecoder):
    """The paper's decoder with causal dilated convolutions in place of the GRU.

    An MLP for each input, residual convolutions over both, an MLP over these and the inputs' MLPs,
    and a Dense layer. It remembers as far as its dilations reach and no further, plays in blocks
    what it plays at once, and trains without a loop over frames.

    Args:
        input_keys: Features to read, each `[batch, n_frames, channels]`.
        output_sizes: Channels of each control that it makes. None: those that the processor group
            of its model asks for.
        conv_channels: Channels of the convolutions.
        kernel_size: Frames that each of them reads.
        dilations: Steps between these frames, one for each convolution. The default's five reach
            back 242 frames, about a second.
        channels: Units of each MLP layer.
        layers_per_stack: Layers of each MLP; 0 leaves the MLPs out.
        input_cosines: How many cosines of pitch and of loudness their MLPs read beside them; 0
            leaves them out.
        lookahead_frames: By how much the convolutions run ahead of the frame that is made. Above 0
            it isn't causal: its model plays whole sounds, and neither blocks nor live.
        name: The layer's name.

    Raises:
        ArgumentError: A number is out of its range.

    Example:
        >>> sizes = {"amplitudes": 1, "harmonic_distribution": 4}
        >>> decoder = DilatedConvDecoder(
        ...     output_sizes=sizes, conv_channels=8, dilations=(1, 3), channels=8
        ... )
        >>> decoder.build_for({"loudness_scaled": 1, "f0_scaled": 1})
        >>> frames = {key: tf.zeros([2, 5, 1]) for key in decoder.input_keys}
        >>> controls, state = decoder(frames, decoder.initial_state(2))
        >>> controls["harmonic_distribution"].shape, state.shape
        (TensorShape([2, 5, 4]), TensorShape([2, 64]))

    Reference:
        Engel et al. 2020, section B.2 (the parts around it); Volhejn 2023, "Accelerating neural
        audio synthesis" (convolutions as a DDSP decoder).
    """

    def __init__(
        self,
        *,
        input_keys: Sequence[str] = ("loudness_scaled", "f0_scaled"),
        output_sizes: Mapping[str, int] | None = None,
        conv_channels: int = 64,
        kernel_size: int = 3,
        dilations: Sequence[int] = (1, 3, 9, 27, 81),
        channels: int = 64,
        layers_per_stack: int = 1,
        input_cosines: int = 0,
        lookahead_frames: int = 0,
        name: str = "decoder",
        **kwargs: Any,
    ) -> None:
        super().__init__(
            input_keys=input_keys,
            output_sizes=output_sizes,
            channels=channels,
            layers_per_stack=layers_per_stack,
            input_cosines=input_cosines,
            name=name,
            **kwargs,
        )
        self.conv_channels = conv_channels
        self.kernel_size = kernel_size
        self.dilations = tuple(dilations)
        if lookahead_frames < 0:
            raise ArgumentError(
                f"`lookahead_frames` should not be negative. Received {lookahead_frames}."
            )
        self.lookahead_frames = lookahead_frames
        self.to_convolutions = keras.layers.Dense(
            conv_channels, name="to_convolutions", dtype=self.dtype_policy
        )
        self.convolutions = CausalConvolutions(
            conv_channels,
            kernel_size=kernel_size,
            dilations=self.dilations,
            name="convolutions",
            dtype=self.dtype_policy,
        )

    @property
    def causal(self) -> bool:  # type: ignore[override]
        """Whether it looks ahead by no frame."""
        return not self.lookahead_frames

    def build_recurrence(self, n_channels: int) -> int:
        """Makes the convolutions' weights."""
        self.to_convolutions.build((None, None, n_channels))
        self.convolutions.build((None, None, self.conv_channels))
        return self.conv_channels

    def initial_state(self, batch_size: int | tf.Tensor) -> tf.Tensor:
        """Gives silence before the first frame, `[batch, frames read * conv_channels]`."""
        return self.convolutions.initial_state(batch_size)

    def recur(self, inputs: tf.Tensor, state: tf.Tensor) -> tuple[list[tf.Tensor], tf.Tensor]:
        """Runs the convolutions over frames; beyond the end, the last one is held."""
        read = self.to_convolutions(inputs)
        if self.lookahead_frames:
            held = tf.repeat(read[-1:], self.lookahead_frames, axis=0)
            read = tf.ensure_shape(tf.concat([read, held], 0)[self.lookahead_frames :], read.shape)
        outputs, state = self.convolutions(read, initial_state=state)
        return [outputs], state

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {
            **super().get_config(),
            "conv_channels": self.conv_channels,
            "kernel_size": self.kernel_size,
            "dilations": list(self.dilations),
            "lookahead_frames": self.lookahead_frames,
        }
