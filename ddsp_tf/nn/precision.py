"""What a network computes its matrix products in."""

from typing import Any, Literal

import keras

from ddsp_tf.errors import ArgumentError

Precision = Literal["float32", "bfloat16"]
PRECISIONS: tuple[Precision, ...] = ("float32", "bfloat16")


class NetworkPrecision:
    """Switches the layers of built networks between float32 and bfloat16.

    Weights stay float32 always, so that a switch loses nothing. What goes into a network and comes
    out of it keeps its type. Layers that were made with another policy than float32 keep it, and so
    do the layers that give a network's outputs, whose steps would be heard.

    Args:
        networks: Built layers that are made of other layers.
        output_layers: Names of the layers that stay in float32.

    Example:
        >>> decoder = keras.Sequential([keras.Input([2]), keras.layers.Dense(3)])
        >>> precision = NetworkPrecision([decoder])
        >>> precision.switch("bfloat16")
        >>> decoder.layers[0](tf.ones([1, 2])).dtype.name
        'bfloat16'
    """

    def __init__(self, networks: Any, *, output_layers: tuple[str, ...] = ("to_controls",)) -> None:
        self._layers = [
            layer
            for network in networks
            for layer in network._flatten_layers(include_self=False)
            if layer.dtype_policy.name == "float32" and layer.name not in output_layers
        ]
        self.current: Precision = "float32"

    def switch(self, precision: Precision) -> None:
        """Sets the precision of all calls from now on. Graphs that exist already keep theirs.

        Raises:
            ArgumentError: There is no such precision.
        """
        if precision not in PRECISIONS:
            raise ArgumentError(
                f"`precision` should be 'float32' or 'bfloat16'. Received {precision!r}."
            )
        policy = "float32" if precision == "float32" else "mixed_bfloat16"
        for layer in self._layers:
            layer.dtype_policy = keras.dtype_policies.get(policy)
        self.current = precision
