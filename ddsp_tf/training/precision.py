"""What the network is trained in: float32, or bfloat16 where the device has it."""

from typing import Any, Literal

import keras
import tensorflow as tf

from ddsp_tf.errors import ArgumentError

# From this compute capability on, a GPU multiplies bfloat16 faster than float32.
_CAPABILITY = (8, 0)


def set_precision(model: keras.Model, precision: Literal["auto", "float32", "bfloat16"]) -> None:
    """Tells a model what to compute its network in. Its weights and its sound stay float32.

    Args:
        model: A model with an attribute `network_precision`; "auto" and "float32" are allowed for
            any other too.
        precision: "auto" is bfloat16 where every GPU that trains has it, else float32. On a CPU it
            is float32, where bfloat16 would have to be emulated.

    Raises:
        ArgumentError: There is no such precision, or the model has no choice.
    """
    if precision not in ("auto", "float32", "bfloat16"):
        raise ArgumentError(
            f"`precision` must be 'auto', 'float32' or 'bfloat16', but is {precision!r}."
        )
    if not hasattr(model, "network_precision"):
        if precision == "bfloat16":
            raise ArgumentError(
                "`precision` is 'bfloat16', but the model has no `network_precision` to set."
            )
        return
    if precision == "auto":
        precision = "bfloat16" if _gpus_have_bfloat16() else "float32"
    if model.network_precision != precision:
        model.network_precision = precision


def _gpus_have_bfloat16() -> bool:
    devices: list[dict[str, Any]] = [
        tf.config.experimental.get_device_details(gpu)
        for gpu in tf.config.list_physical_devices("GPU")
    ]
    capabilities = [details.get("compute_capability", (0, 0)) for details in devices]
    return bool(capabilities) and min(capabilities) >= _CAPABILITY
