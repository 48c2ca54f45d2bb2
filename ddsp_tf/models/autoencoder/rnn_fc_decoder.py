"""The paper's decoder."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from ddsp_tf.models.autoencoder.fc_decoder import FcDecoder
from ddsp_tf.nn import Gru


@keras.saving.register_keras_serializable("ddsp_tf")
class RnnFcDecoder(FcDecoder):
    """An MLP for each input, a GRU over all, an MLP over the GRU and its inputs, and a Dense layer.

    Args:
        input_keys: Features to read, each `[batch, n_frames, channels]`.
        output_sizes: Channels of each control that it makes. None: those that the processor group
            of its model asks for.
        rnn_channels: Units of the GRU.
        channels: Units of each MLP layer.
        layers_per_stack: Layers of each MLP; 0 leaves the MLPs out.
        input_cosines: How many cosines of pitch and of loudness their MLPs read beside them; 0
            leaves them out.
        name: The layer's name.

    Reference:
        Engel et al. 2020, section B.2 and figure 5.
    """

    def __init__(
        self,
        *,
        input_keys: Sequence[str] = ("loudness_scaled", "f0_scaled"),
        output_sizes: Mapping[str, int] | None = None,
        rnn_channels: int = 512,
        channels: int = 512,
        layers_per_stack: int = 3,
        input_cosines: int = 0,
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
        self.rnn_channels = rnn_channels
        self.rnn = Gru(rnn_channels, name="rnn", dtype=self.dtype_policy)

    def build_recurrence(self, n_channels: int) -> int:
        """Makes the GRU's weights."""
        self.rnn.build((None, None, n_channels))
        return self.rnn_channels

    @property
    def first_layer(self) -> tuple[Any, Any]:
        """The GRU's kernel and bias."""
        return self.rnn.kernel, self.rnn.bias

    def initial_state(self, batch_size: int | tf.Tensor) -> tf.Tensor:
        """Gives the GRU's state before the first frame, `[batch, rnn_channels]`."""
        return self.rnn.initial_state(batch_size)

    def recur(self, inputs: tf.Tensor, state: tf.Tensor) -> tuple[list[tf.Tensor], tf.Tensor]:
        """Runs the GRU over frames."""
        sequence, state = self.rnn(inputs, initial_state=state, time_major=True)
        return [sequence], state

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {**super().get_config(), "rnn_channels": self.rnn_channels}
