"""The network that designs recursive filters for magnitude responses."""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.errors import ArgumentError
from ddsp_tf.models.model import Model
from ddsp_tf.nn import FcStack
from ddsp_tf.types import Signal

_LARGEST_DB = 128.0
_SPREAD_DB = 24.0
"""What a response is divided by: about the deviation of what it is trained on."""
_FIRST_RADII = (0.6, 0.5)
"""Of poles and zeros."""
_FIRST_VARIANCE = 0.01


@keras.saving.register_keras_serializable("ddsp_tf")
class IirNet(Model):
    """Designs second-order sections in series for a magnitude response, one filter a frame.

    An MLP reads the response less its mean, and says where the pole and the zero of each section
    lie; both are brought inside the circle, so that every filter is stable and of minimum phase.
    The gain is the best one for the response. An untrained network gives filters that are almost
    flat.

    Args:
        order: Poles of the filter, and zeros; even.
        n_points: Of the response, evenly from 0 to half the sample rate, both included.
        channels: Units of each hidden layer.
        n_layers: Hidden layers.
        sample_rate: That frames are counted at; a design knows no rate.
        hop_length: Samples per frame.
        name: The model's name.

    Raises:
        ArgumentError: A number is out of range.

    Example:
        >>> outputs = IirNet(order=8, channels=16)({"magnitude_db": tf.zeros([1, 2, 512])})
        >>> outputs["sections"].shape
        TensorShape([1, 2, 20])

    Reference:
        Colonel, Steinmetz, Michelen and Reiss 2022, "Direct design of biquad filter cascades with
        deep learning by sampling random polynomials".
    """

    def __init__(
        self,
        *,
        order: int = 16,
        n_points: int = 512,
        channels: int = 512,
        n_layers: int = 2,
        sample_rate: int = 48000,
        hop_length: int = 480,
        name: str = "iir_net",
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        if order < 2 or order % 2 or n_points < 2 or min(channels, n_layers) < 1:
            raise ArgumentError(
                "`order` should be even and 2 or more, `n_points` 2 or more, and `channels` and "
                f"`n_layers` 1 or more. Received {order}, {n_points}, {channels} and {n_layers}."
            )
        self.order = order
        self.n_points = n_points
        self.channels = channels
        self.n_layers = n_layers
        self.sample_rate = sample_rate
        self.hop_length = hop_length
        self.stack = FcStack(channels, n_layers, name="stack")
        # The filter begins almost flat: roots that are drawn far and wide take long to come back.
        small = keras.initializers.VarianceScaling(_FIRST_VARIANCE, mode="fan_avg")
        self.to_roots = keras.layers.Dense(
            4 * self.n_sections, kernel_initializer=small, name="to_roots"
        )
        self.stack.build((None, None, n_points))
        self.to_roots.build((None, None, channels))
        self.to_roots.bias.assign(_even_roots(self.n_sections))
        self.built = True

    @property
    def n_sections(self) -> int:
        """Sections in series."""
        return self.order // 2

    @property
    def input_signals(self) -> Mapping[str, Signal]:
        """The response."""
        return {"magnitude_db": Signal("frames", width=self.n_points, unit="dB")}

    @property
    def output_signals(self) -> Mapping[str, Signal]:
        """The response of the filter, and b0, b1, b2, a1, a2 of section after section."""
        return {
            "magnitude_db": Signal("frames", width=self.n_points, unit="dB"),
            "sections": Signal("frames", width=5 * self.n_sections, dtype="float64"),
        }

    @property
    def why_not_streamable(self) -> str:
        """It makes no sound."""
        return "it designs filters and makes no sound"

    def call(self, batch: Mapping[str, Any], training: bool = False) -> dict[str, Any]:
        """Designs a filter for each frame.

        Args:
            batch: `magnitude_db` `[batch, n_frames, n_points]`, finite; beyond 128 dB up or down it
                is taken for 128.
            training: Without effect; Keras passes it.

        Returns:
            `magnitude_db` of the filters, of the same shape, and `sections`
            `[batch, n_frames, 5 * n_sections]`, float64.

        Raises:
            ArgumentError: The response is missing or of another shape.
        """
        del training
        target_db = self.limited(self.encode(batch)["magnitude_db"])
        design = dsp.design_poles_and_zeros(self.roots(target_db), target_db)
        sections = design.sections()
        flat = tf.concat([tf.shape(sections)[:-2], [5 * self.n_sections]], axis=0)
        return {
            "magnitude_db": design.magnitude_db,
            "sections": tf.reshape(sections, flat),
        }

    def limited(self, magnitude_db: Any) -> tf.Tensor:
        """Gives responses as the network takes them: within 128 dB up or down."""
        return tf.clip_by_value(tf.cast(magnitude_db, tf.float32), -_LARGEST_DB, _LARGEST_DB)

    def roots(self, target_db: tf.Tensor) -> tf.Tensor:
        """Runs the network alone.

        Args:
            target_db: As `limited` gives, `[batch, n_frames, n_points]`.

        Returns:
            What `dsp.design_poles_and_zeros` takes, `[batch, n_frames, n_sections, 4]`.
        """
        form = target_db - tf.reduce_mean(target_db, axis=-1, keepdims=True)
        raw = tf.cast(self.to_roots(self.stack(form / _SPREAD_DB)), tf.float32)
        split = tf.concat([tf.shape(raw)[:-1], [self.n_sections, 4]], axis=0)
        return tf.ensure_shape(tf.reshape(raw, split), [*target_db.shape[:-1], self.n_sections, 4])

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {
            "name": self.name,
            "order": self.order,
            "n_points": self.n_points,
            "channels": self.channels,
            "n_layers": self.n_layers,
            "sample_rate": self.sample_rate,
            "hop_length": self.hop_length,
        }


def _even_roots(n_sections: int) -> np.ndarray:
    """Where the roots begin: evenly over the angles, where their response is almost flat."""
    angles = np.pi * (np.arange(n_sections) + 0.5) / n_sections
    pairs = np.stack([np.cos(angles), np.sin(angles)], axis=-1)
    raw = [np.arctanh(radius) * pairs for radius in _FIRST_RADII]
    return np.concatenate(raw, axis=-1).ravel().astype(np.float32)
