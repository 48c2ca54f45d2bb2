"""A hidden layer of CREPE, to compare sounds by."""

import keras

from ddsp_tf.errors import ArgumentError
from ddsp_tf.features.crepe.network import build_crepe_network


def hear_by_crepe(capacity: str = "tiny", *, layer: str = "conv5-BN") -> keras.Model:
    """Gives CREPE up to one of its layers.

    Args:
        capacity: As for `build_crepe_network`.
        layer: `"conv1-BN"` to `"conv6-BN"`, or `"classifier"`, the salience itself.

    Returns:
        A model from frames `[n, 1024]` at 16 kHz, of zero mean and unit variance, to what that
        layer makes of them. Its weights don't train.

    Raises:
        ArgumentError: There is no such layer or capacity.
        ModelError: The weights are not installed.

    Example:
        >>> import numpy as np
        >>> hear_by_crepe(layer="classifier")(np.zeros([1, 1024])).shape
        TensorShape([1, 360])
    """
    network = build_crepe_network(capacity)
    names = [each.name for each in network.layers if each.name.endswith(("-BN", "classifier"))]
    if layer not in names:
        raise ArgumentError(f"`layer` should be one of {', '.join(names)}. Received {layer!r}.")
    heard = keras.Model(network.input, network.get_layer(layer).output, name=f"crepe_{capacity}")
    heard.trainable = False
    return heard
