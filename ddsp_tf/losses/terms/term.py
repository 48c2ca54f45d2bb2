"""One thing that is compared of two sounds, frame by frame."""

from typing import Any, Literal, Self

import tensorflow as tf

from ddsp_tf.errors import ArgumentError

Distance = Literal["l1", "l2"]


class Term:
    """Compares one view of an analysis in frames, such as a spectrogram's magnitudes.

    A term of your own needs a `name`, a `view`, and `n_frames_before` if the view takes frames
    away at the beginning. Register it with Keras if its loss is to be saved.

    Args:
        weight: Of the term in the sum, >= 0.
        distance: "l1" (mean absolute) or "l2" (mean squared difference).

    Raises:
        ArgumentError: A negative weight, an unknown distance.
    """

    name = "term"
    """The key of the term among those of its loss."""

    n_frames_before = 0
    """How many frames before a frame its view of it needs."""

    def __init__(self, weight: float = 1.0, *, distance: Distance = "l1") -> None:
        if weight < 0:
            raise ArgumentError(f"`weight` should not be negative. Received {weight}.")
        if distance not in ("l1", "l2"):
            raise ArgumentError(f'`distance` should be "l1" or "l2". Received {distance!r}.')
        self.weight = weight
        self.distance = distance

    def view(self, analysis: tf.Tensor) -> tf.Tensor:
        """Gives what is compared, `[batch, n_frames - n_frames_before, ...]`.

        Args:
            analysis: `[batch, n_frames, ...]`.
        """
        return analysis

    def __call__(self, target: tf.Tensor, value: tf.Tensor) -> tf.Tensor:
        """Gives the weighted mean distance of two analyses, a scalar."""
        difference = self.view(target) - self.view(value)
        size = tf.abs(difference) if self.distance == "l1" else tf.square(difference)
        # A sound of one frame has no differences from frame to frame, and no mean of them.
        mean = tf.math.divide_no_nan(tf.reduce_sum(size), tf.cast(tf.size(size), tf.float32))
        return self.weight * mean

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {"weight": self.weight, "distance": self.distance}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Makes it again from `get_config`."""
        return cls(**config)
