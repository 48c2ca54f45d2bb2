"""CREPE's weights with batch normalisation folded in."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ddsp_tf.errors import ModelError
from ddsp_tf.features.crepe.network import (
    BATCH_NORM_EPSILON,
    FIRST_STRIDE,
    FRAME_LENGTH,
    N_BLOCKS,
)
from ddsp_tf.types import Float32Array


@dataclass(frozen=True)
class FoldedLayer:
    """A layer of the form `pool(relu(kernel * x + bias))`, without normalisation.

    Args:
        kernel: `[n_taps, n_inputs, n_outputs]`; the classifier's has a position per "tap".
        bias: `[n_outputs]`, or `[n_positions, n_outputs]` where zero padding makes it differ.
        least: The outputs, `[n_outputs]`, of which pooling takes the least instead of the largest,
            or None.
    """

    kernel: Float32Array
    bias: Float32Array
    least: npt.NDArray[np.bool_] | None = None


def fold_batch_norm(weights: Mapping[str, Float32Array]) -> list[FoldedLayer]:
    """Folds each normalisation's scale into the kernel before it, its shift into the bias after.

    That is exact because a positive scale commutes with ReLU and pooling. A negative one, of which
    the largest network has a few, leaves its sign to the next kernel, and turns the largest of
    what is pooled into the least. The shift meets the next kernel only where that isn't over the
    zero padding, hence a bias for each position.

    Args:
        weights: From `load_crepe_weights`.

    Returns:
        The six convolutions and the classifier.

    Raises:
        ModelError: A scale of the first layer is not positive, or any is zero; the published
            weights have none such.
    """
    layers = []
    shift, sign = np.zeros([1]), np.ones([1])
    for i in range(1, N_BLOCKS + 1):
        norm = {
            part: weights[f"conv{i}-BN/{part}"].astype(np.float64)
            for part in ("gamma", "beta", "moving_mean", "moving_variance")
        }
        scale = norm["gamma"] / np.sqrt(norm["moving_variance"] + BATCH_NORM_EPSILON)
        if not (scale > 0 if i == 1 else scale != 0).all():
            raise ModelError(
                f"The CREPE weights have a scale in conv{i} that isn't positive. "
                "They aren't the published ones: reinstall them."
            )
        kernel = weights[f"conv{i}/kernel"].astype(np.float64)
        bias = weights[f"conv{i}/bias"].astype(np.float64)
        if i > 1:
            n_positions = FRAME_LENGTH // FIRST_STRIDE >> (i - 1)
            bias = bias + _shift_through(kernel, shift, n_positions)
        kernel, size = kernel * sign[:, np.newaxis], np.abs(scale)
        least = scale < 0
        layers.append(_layer(kernel * size, bias * size, least if least.any() else None))
        sign = np.sign(scale)
        shift = norm["beta"] - norm["moving_mean"] * scale
    kernel = weights["classifier/kernel"].astype(np.float64)
    kernel = kernel.reshape(-1, len(shift), kernel.shape[-1])
    bias = weights["classifier/bias"] + np.einsum("pio,i->o", kernel, shift)
    layers.append(_layer(kernel * sign[:, np.newaxis], bias))
    return layers


def _shift_through(
    kernel: npt.NDArray[np.float64], shift: npt.NDArray[np.float64], n_positions: int
) -> npt.NDArray[np.float64]:
    """What a "same" padded convolution makes of a constant, `[n_positions, n_outputs]`."""
    by_tap = np.einsum("kio,i->ko", kernel, shift)
    offsets = np.arange(len(kernel)) - (len(kernel) - 1) // 2
    reads = np.arange(n_positions)[:, np.newaxis] + offsets
    inside = (reads >= 0) & (reads < n_positions)
    return inside.astype(np.float64) @ by_tap


def _layer(
    kernel: npt.NDArray[np.float64],
    bias: npt.NDArray[np.float64],
    least: npt.NDArray[np.bool_] | None = None,
) -> FoldedLayer:
    return FoldedLayer(kernel.astype(np.float32), bias.astype(np.float32), least)
