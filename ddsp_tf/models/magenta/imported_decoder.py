"""The predecessor's recurrent decoder as one of ours."""

from collections.abc import Mapping
from typing import Any

from ddsp_tf.errors import ModelError
from ddsp_tf.models.autoencoder.rnn_fc_decoder import RnnFcDecoder
from ddsp_tf.models.magenta.checkpoint import MagentaCheckpoint

_INPUTS = {"f0_scaled": "f0_scaled", "ld_scaled": "loudness_scaled", "pw_scaled": "loudness_scaled"}
_OUTPUTS = {"amps": "amplitudes", "magnitudes": "noise_magnitudes"}


def our_name(key: str) -> str:
    """What we call a control or a processor's input that the predecessor calls `key`."""
    return _OUTPUTS.get(key, key)


def imported_decoder(arguments: Mapping[str, Any], checkpoint: MagentaCheckpoint) -> RnnFcDecoder:
    """Makes the decoder, with its weights.

    Args:
        arguments: Of the predecessor's `RnnFcDecoder`, as its gin file has them.
        checkpoint: Its weights.

    Raises:
        ModelError: It reads or is what ours isn't, or the weights don't fit.
    """
    their_inputs = list(arguments.get("input_keys", ("ld_scaled", "f0_scaled", "z")))
    unknown = [key for key in their_inputs if key not in _INPUTS]
    if unknown:
        raise ModelError(
            f"The decoder reads {', '.join(map(repr, unknown))}. Only decoders of pitch and "
            f"loudness or power are imported ({', '.join(_INPUTS)})."
        )
    if arguments.get("rnn_type", "gru") != "gru":
        raise ModelError(
            f"The decoder's recurrence is {arguments['rnn_type']!r}. Only 'gru' is imported."
        )
    splits = arguments.get("output_splits", (("amps", 1), ("harmonic_distribution", 40)))
    decoder = RnnFcDecoder(
        input_keys=[_INPUTS[key] for key in their_inputs],
        output_sizes={our_name(key): size for key, size in splits},
        rnn_channels=arguments.get("rnn_channels", 512),
        channels=arguments.get("ch", 512),
        layers_per_stack=arguments.get("layers_per_stack", 3),
    )
    decoder.build_for(dict.fromkeys(decoder.input_keys, 1))
    for index, stack in enumerate(decoder.input_stacks):
        _fill_stack(stack, f"decoder/input_stacks/{index}", checkpoint)
    _fill_stack(decoder.output_stack, "decoder/out_stack", checkpoint)
    cell = "decoder/rnn/rnn/cell"
    gru = decoder.rnn
    _fill(gru, {"kernel": cell, "recurrent_kernel": cell, "bias": cell}, checkpoint)
    dense = "decoder/dense_out"
    _fill(decoder.to_controls, {"kernel": dense, "bias": dense}, checkpoint)
    return decoder


def _fill_stack(stack: Any, path: str, checkpoint: MagentaCheckpoint) -> None:
    for index in stack.layers:
        layer = f"{path}/layer_with_weights-{index}"
        dense, normalization = (f"{layer}/layer_with_weights-{part}" for part in (0, 1))
        _fill(stack.dense[index], {"kernel": dense, "bias": dense}, checkpoint)
        _fill(
            stack.normalization[index], {"gamma": normalization, "beta": normalization}, checkpoint
        )


def _fill(layer: Any, places: Mapping[str, str], checkpoint: MagentaCheckpoint) -> None:
    for name, path in places.items():
        variable = getattr(layer, name)
        variable.assign(checkpoint.array(f"{path}/{name}", tuple(variable.shape)))
