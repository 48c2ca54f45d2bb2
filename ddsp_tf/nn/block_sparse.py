"""What keeps a recurrent matrix sparse in blocks, and small enough for 8 bits."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from ddsp_tf.errors import ArgumentError

BLOCK = (4, 8)
"""Inputs and outputs of a block: what one instruction of a processor multiplies."""


def scheduled_density(
    step: tf.Tensor, final: tf.Tensor, *, start_step: int, end_step: int
) -> tf.Tensor:
    """Gives the share of blocks that is kept at a step: 1 - (1 - final) (1 - r^3).

    r = 1 - (step - start) / (end - start), within 0 and 1.

    Args:
        step: Steps that have been taken.
        final: The density at the end, 0 to 1.
        start_step: Up to this step all is kept.
        end_step: From here on it is `final`.

    Returns:
        float32, of the shape of `final`.

    Example:
        >>> [round(float(scheduled_density(t, 0.05, start_step=2000, end_step=20000)), 5)
        ...  for t in (2000, 11000, 20000)]
        [1.0, 0.16875, 0.05]

    Reference:
        Valin and Skoglund 2019, "LPCNet: Improving neural speech synthesis through linear
        prediction", section 3.4; Zhu and Gupta 2017, "To prune, or not to prune", for the cubic.
    """
    done = tf.cast(tf.cast(step, tf.int64) - start_step, tf.float32) / float(end_step - start_step)
    rest = 1.0 - tf.clip_by_value(done, 0.0, 1.0)
    return 1.0 - (1.0 - tf.cast(final, tf.float32)) * (1.0 - rest**3)


def prune_blocks(weights: tf.Tensor, density: tf.Tensor) -> tf.Tensor:
    """Keeps the blocks of a square matrix that have the most energy, and the diagonal.

    Args:
        weights: `[units, units]`, the units a multiple of 8.
        density: The share of blocks of 4 x 8 to keep: `round(density * n_blocks)` of them.

    Returns:
        The weights, zeros in the other blocks but for the diagonal.

    Example:
        >>> pruned = prune_blocks(tf.random.stateless_normal([16, 16], [1, 2]), 0.25)
        >>> int(tf.math.count_nonzero(pruned - tf.linalg.diag(tf.linalg.diag_part(pruned)))) <= 64
        True
    """
    units = weights.shape[0]
    rows, columns = units // BLOCK[0], units // BLOCK[1]
    diagonal = tf.linalg.diag_part(weights)
    others = tf.linalg.set_diag(weights, tf.zeros_like(diagonal))
    blocks = tf.reshape(others, [rows, BLOCK[0], columns, BLOCK[1]])
    energies = tf.reshape(tf.reduce_sum(tf.square(blocks), axis=[1, 3]), [-1])
    n_kept = tf.cast(tf.round(density * (rows * columns)), tf.int32)
    # By rank and not by a threshold: blocks of the same energy are counted, too.
    order = tf.argsort(energies, direction="DESCENDING", stable=True)
    kept = tf.cast(tf.argsort(order) < n_kept, weights.dtype)
    kept = tf.reshape(kept, [rows, 1, columns, 1])
    return tf.linalg.set_diag(tf.reshape(blocks * kept, [units, units]), diagonal)


def clip_pairs(weights: tf.Tensor, limit: float) -> tf.Tensor:
    """Scales down pairs of weights so that |w_2i| + |w_2i+1| <= limit.

    Two products of 8-bit numbers are added in 16 bits, which then don't overflow.

    Args:
        weights: `[n_inputs, n_outputs]`; inputs 2i and 2i + 1 are a pair. A last one without a
            second is left alone, but for the limit itself.
        limit: Above 0; 0.992 is 127/128.

    Returns:
        Of the same shape.

    Example:
        >>> clipped = clip_pairs(tf.constant([[2.0], [-2.0], [0.25], [0.5]]), 1.0)
        >>> clipped.numpy()[:, 0].round(3).tolist()
        [0.5, -0.5, 0.25, 0.5]
    """
    count = weights.shape[0]
    even = tf.pad(tf.abs(weights), [[0, count % 2], [0, 0]])
    sums = tf.repeat(even[::2] + even[1::2], 2, axis=0)[:count]
    # A hair below, so that what rounding adds is not over it.
    return weights * ((limit * (1.0 - 1e-6)) / tf.maximum(sums, limit * (1.0 - 1e-6)))


@keras.saving.register_keras_serializable("ddsp_tf")
class BlockSparse(keras.constraints.Constraint):
    """Prunes the recurrent matrix of a GRU on schedule, and clips its pairs of weights.

    Keras calls a constraint once after each step of the optimiser; so it counts steps, in a
    variable that the layer owns and that is saved with it.

    Args:
        densities: Of the update, reset and candidate gates at the end, 0 to 1.
        start_step: The last step with all blocks.
        end_step: The first with the final densities.
        limit: Of a pair of weights; see `clip_pairs`.

    Raises:
        ArgumentError: A value is outside its range.

    Example:
        >>> BlockSparse((0.05, 0.05, 0.2)).get_config()["end_step"]
        20000

    Reference:
        Valin and Skoglund 2019, "LPCNet: Improving neural speech synthesis through linear
        prediction", section 3.4.
    """

    def __init__(
        self,
        densities: Sequence[float] = (0.05, 0.05, 0.2),
        *,
        start_step: int = 2000,
        end_step: int = 20000,
        limit: float = 0.992,
    ) -> None:
        if len(densities) != 3 or not all(0.0 < density <= 1.0 for density in densities):
            raise ArgumentError(
                f"`densities` should be three shares above 0, up to 1. Received {densities!r}."
            )
        if not 0 <= start_step < end_step or not limit > 0.0:
            raise ArgumentError(
                "`start_step` should be at least 0 and before `end_step`, and `limit` above 0. "
                f"Received {start_step}, {end_step} and {limit}."
            )
        self.densities = tuple(densities)
        self.start_step, self.end_step, self.limit = start_step, end_step, limit
        self.steps: Any = None

    def __call__(self, weights: Any) -> tf.Tensor:
        """Gives the weights as they should be after one more step."""
        weights = tf.convert_to_tensor(weights)
        if self.steps is not None:
            self.steps.assign_add(1)
            weights = self.pruned(weights, self.steps.value)
        return clip_pairs(weights, self.limit)

    def pruned(self, weights: tf.Tensor, step: tf.Tensor) -> tf.Tensor:
        """Gives `[units, 3 * units]` weights as dense as they should be after a step."""
        step = tf.convert_to_tensor(step)

        def prune() -> tf.Tensor:
            gates = tf.split(weights, 3, axis=1)
            schedule = {"start_step": self.start_step, "end_step": self.end_step}
            pruned = [
                prune_blocks(gate, scheduled_density(step, final, **schedule))
                for gate, final in zip(gates, self.densities, strict=True)
            ]
            return tf.concat(pruned, axis=1)

        return tf.cond(step > self.start_step, prune, lambda: weights)

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {
            "densities": list(self.densities),
            "start_step": self.start_step,
            "end_step": self.end_step,
            "limit": self.limit,
        }


@keras.saving.register_keras_serializable("ddsp_tf")
class PairClip(keras.constraints.Constraint):
    """Clips the pairs of weights of a matrix; see `clip_pairs`.

    Args:
        limit: Of a pair, above 0.

    Example:
        >>> float(PairClip(1.0)(tf.constant([[3.0], [1.0]]))[0, 0]) < 0.76
        True
    """

    def __init__(self, limit: float = 0.992) -> None:
        self.limit = limit

    def __call__(self, weights: Any) -> tf.Tensor:
        """Gives the clipped weights."""
        return clip_pairs(tf.convert_to_tensor(weights), self.limit)

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {"limit": self.limit}
