"""What code in other languages needs of a decoder that it knows: facts, and arrays by name."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from ddsp_tf.errors import ExportError
from ddsp_tf.export.description import describe_instrument
from ddsp_tf.export.live_export import describe_synthesis
from ddsp_tf.export.live_parts import LiveParts
from ddsp_tf.models import DilatedConvDecoder, Instrument, MinGruFcDecoder, RnnFcDecoder
from ddsp_tf.nn import FcStack
from ddsp_tf.types import Float32Array

Arrays = dict[str, Float32Array]

_KNOWN = (RnnFcDecoder, MinGruFcDecoder, DilatedConvDecoder)
_MOST = {
    "channels": 4096,
    "units": 4096,
    "layers_per_stack": 16,
    "input_cosines": 256,
    "recurrences": 16,
}
"""What the engine in C++ takes; far beyond any instrument."""


def state_sizes(network: Mapping[str, Any]) -> list[int]:
    """Gives how many numbers each layer that remembers carries from frame to frame.

    Args:
        network: As a file describes it.
    """
    units = network["units"]
    if network["kind"] == "convolutions":
        past = network["kernel_size"] - 1
        return [past * dilation * units for dilation in network["dilations"]]
    return [units] * network["recurrences"]


def describe_decoder(instrument: Instrument, parts: LiveParts) -> dict[str, Any]:
    """Gives what a decoder's own code needs to know, besides its arrays: rates, network, synthesis.

    Args:
        instrument: One that `require_known_decoder` takes.
        parts: Of its model.
    """
    decoder, model = parts.decoder, parts.model
    pitch, loudness = model.pitch_range, model.loudness_range
    statistics = instrument.statistics
    return {
        **describe_instrument(instrument),
        "features": instrument.features.to_dict(),
        "synthesis": _describe_synthesis(parts),
        "network": {
            "input_keys": list(decoder.input_keys),
            **_describe_recurrences(decoder),
            "outputs": [{"name": name, "size": size} for name, size in parts.output_sizes.items()],
            **_sizes(decoder),
        },
        "read_range": None
        if pitch is None or loudness is None
        else {
            "f0_midi": [pitch.lowest_midi, pitch.highest_midi],
            "loudness_db": [loudness.softest_db, loudness.loudest_db],
        },
        "loudness_db_quantiles": None
        if statistics is None
        else list(statistics.loudness_db_quantiles),
        "instrument": dict(instrument.metadata),
    }


def decoder_arrays(decoder: Any) -> Arrays:
    """Gives a decoder's weights by name, as a `.ddsp` file has them."""
    arrays: Arrays = {}
    for key, stack in zip(decoder.input_keys, decoder.input_stacks, strict=True):
        arrays |= _stack_arrays(f"decoder/{key}", stack)
    arrays |= _recurrence_arrays(decoder)
    arrays |= _stack_arrays("decoder/output", decoder.output_stack)
    arrays |= _dense_arrays("decoder/controls", decoder.to_controls)
    return {name: np.asarray(values, np.float32) for name, values in arrays.items()}


def require_known_decoder(parts: LiveParts, who: str) -> None:
    """Checks that a decoder is one that is known in C and C++, of a size that is played there.

    Args:
        parts: Of the model.
        who: Plays it, as a sentence begins.

    Raises:
        ExportError: It isn't.
    """
    decoder = parts.decoder
    if type(decoder) not in _KNOWN:
        *others, last = (kind.__name__ for kind in _KNOWN)
        raise ExportError(
            f"{who} knows the decoders {', '.join(others)} and {last}, and this model has a "
            f"{type(decoder).__name__}. Export it with --target onnx, which takes any."
        )
    if sorted(set(decoder.input_keys)) != sorted(decoder.input_keys):
        raise ExportError(f"The decoder reads an input twice. {who} can't do that.")
    sizes = {**_sizes(decoder), **_describe_recurrences(decoder)}
    for name, most in _MOST.items():
        if sizes[name] > most:
            raise ExportError(
                f"The decoder has `{name}` of {sizes[name]}. {who} plays up to {most}. Train a "
                "smaller one, or export this one with --target onnx."
            )
    noise = parts.filtered_noise
    if noise is not None and (noise.n_bands > 1025 or (noise.window_length or 0) % 2):
        raise ExportError(
            f"{who} plays noise of up to 1025 bands and windows of even length; this "
            f"model has {noise.n_bands} bands and a window of {noise.window_length}."
        )


def _sizes(decoder: Any) -> dict[str, int]:
    return {
        "channels": decoder.channels,
        "layers_per_stack": decoder.layers_per_stack,
        "input_cosines": decoder.input_cosines,
    }


def _describe_recurrences(decoder: Any) -> dict[str, Any]:
    """The layers that remember: their kind, how many they are, and their width."""
    if isinstance(decoder, DilatedConvDecoder):
        return {
            "kind": "convolutions",
            "units": decoder.conv_channels,
            "recurrences": len(decoder.dilations),
            "kernel_size": decoder.kernel_size,
            "dilations": list(decoder.dilations),
        }
    is_min_gru = isinstance(decoder, MinGruFcDecoder)
    return {
        "kind": "min_gru" if is_min_gru else "gru",
        "units": decoder.rnn_channels,
        "recurrences": decoder.rnn_layers if is_min_gru else 1,
    }


def _describe_synthesis(parts: LiveParts) -> dict[str, Any]:
    described = describe_synthesis(parts)
    harmonic, noise = parts.harmonic, parts.filtered_noise
    described["scale_harmonics"] = harmonic.scale
    described["normalize_below_nyquist"] = harmonic.normalize_below_nyquist
    if noise is not None:
        described["noise"] |= {"scale": noise.scale, "initial_bias": noise.initial_bias}
    return described


def _recurrence_arrays(decoder: Any) -> Arrays:
    name = "decoder/recurrence"
    if isinstance(decoder, RnnFcDecoder):
        bias = decoder.rnn.bias.numpy()
        return {
            f"{name}/0/kernel": decoder.rnn.kernel.numpy(),
            f"{name}/0/bias": bias[0],
            f"{name}/0/state/kernel": decoder.rnn.recurrent_kernel.numpy(),
            f"{name}/0/state/bias": bias[1],
        }
    if isinstance(decoder, DilatedConvDecoder):
        arrays = _dense_arrays("decoder/entry", decoder.to_convolutions)
        for i, block in enumerate(decoder.convolutions.blocks):
            layers = _stack_arrays("", block)
            arrays |= {f"{name}/{i}{key.removeprefix('/0')}": x for key, x in layers.items()}
        return arrays
    arrays = {}
    for i, (rnn, norm) in enumerate(zip(decoder.rnns, decoder.normalizations, strict=True)):
        arrays |= _dense_arrays(f"{name}/{i}", rnn) | _norm_arrays(f"{name}/{i}", norm)
    return arrays


def _stack_arrays(name: str, stack: FcStack) -> Arrays:
    arrays: Arrays = {}
    for i, (dense, norm) in enumerate(zip(stack.dense, stack.normalization, strict=True)):
        arrays |= _dense_arrays(f"{name}/{i}", dense) | _norm_arrays(f"{name}/{i}", norm)
    return arrays


def _dense_arrays(name: str, layer: Any) -> Arrays:
    return {f"{name}/kernel": layer.kernel.numpy(), f"{name}/bias": layer.bias.numpy()}


def _norm_arrays(name: str, layer: Any) -> Arrays:
    return {f"{name}/gain": layer.gamma.numpy(), f"{name}/offset": layer.beta.numpy()}
