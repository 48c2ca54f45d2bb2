"""What the engine needs of an instrument: facts, and arrays by the names that it looks for."""

from typing import Any

import numpy as np

from ddsp_tf.errors import ExportError
from ddsp_tf.export.description import describe_instrument
from ddsp_tf.export.graph_features import graph_settings
from ddsp_tf.export.live_export import describe_synthesis
from ddsp_tf.export.live_parts import LiveParts
from ddsp_tf.features.crepe.folding import fold_batch_norm
from ddsp_tf.features.crepe.network import N_BINS, load_crepe_weights
from ddsp_tf.features.midi_pitch import to_hz
from ddsp_tf.models import DilatedConvDecoder, Instrument, MinGruFcDecoder, RnnFcDecoder
from ddsp_tf.nn import FcStack
from ddsp_tf.types import Float32Array

FORMAT = "ddsp_tf instrument for plug-ins"

Arrays = dict[str, Float32Array]

_DECODERS = (RnnFcDecoder, MinGruFcDecoder, DilatedConvDecoder)

_MOST = {
    "channels": 4096,
    "units": 4096,
    "layers_per_stack": 16,
    "input_cosines": 256,
    "recurrences": 16,
}
"""What the engine takes; far beyond any instrument."""


def describe_for_engine(instrument: Instrument, parts: LiveParts) -> dict[str, Any]:
    """Gives the facts of a `.ddsp` file, as `docs/plugin.md` states them.

    Raises:
        ExportError: The engine can't play the instrument.
    """
    _require_playable(parts)
    decoder, model = parts.decoder, parts.model
    statistics = instrument.statistics
    pitch, loudness = model.pitch_range, model.loudness_range
    return {
        "format": FORMAT,
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
        "usual_f0_hz": _usual_f0_hz(instrument),
        "tracker": {"network": "crepe", "multiplier": _tracker_multiplier(instrument)},
        "instrument": dict(instrument.metadata),
    }


def gather_arrays(instrument: Instrument, parts: LiveParts) -> Arrays:
    """Gives the arrays of a `.ddsp` file: decoder, room and tracker.

    Raises:
        ExportError: The engine can't play the instrument.
        ModelError: The tracker's weights aren't installed.
    """
    _require_playable(parts)
    arrays = {**_decoder_arrays(parts.decoder), **_tracker_arrays(instrument)}
    if parts.reverb is not None:
        response = parts.reverb.controls({"audio": None})["impulse_response"]
        arrays["room/impulse_response"] = np.asarray(response, np.float32)
    return arrays


def _require_playable(parts: LiveParts) -> None:
    decoder = parts.decoder
    if type(decoder) not in _DECODERS:
        known = ", ".join(kind.__name__ for kind in _DECODERS)
        raise ExportError(
            f"The plug-in's engine knows the decoders {known}, and this model has a "
            f"{type(decoder).__name__}. Export it with --target onnx, which takes any."
        )
    if sorted(set(decoder.input_keys)) != sorted(decoder.input_keys):
        raise ExportError("The decoder reads an input twice, which the plug-in's engine can't.")
    sizes = {**_sizes(decoder), "recurrences": _n_recurrences(decoder)}
    for name, size in sizes.items():
        if size > _MOST[name]:
            raise ExportError(
                f"The decoder has `{name}` of {size}, and the plug-in's engine plays up to "
                f"{_MOST[name]}. Train a smaller one, or export this one with --target onnx."
            )
    noise = parts.filtered_noise
    if noise is not None and (noise.n_bands > 1025 or (noise.window_length or 0) % 2):
        raise ExportError(
            "The plug-in's engine plays noise of up to 1025 bands and windows of even length; this "
            f"model has {noise.n_bands} bands and a window of {noise.window_length}."
        )


def _sizes(decoder: Any) -> dict[str, int]:
    return {
        "channels": decoder.channels,
        "units": _n_units(decoder),
        "layers_per_stack": decoder.layers_per_stack,
        "input_cosines": decoder.input_cosines,
    }


def _n_units(decoder: Any) -> int:
    return (
        decoder.conv_channels if isinstance(decoder, DilatedConvDecoder) else decoder.rnn_channels
    )


def _n_recurrences(decoder: Any) -> int:
    if isinstance(decoder, DilatedConvDecoder):
        return len(decoder.dilations)
    return getattr(decoder, "rnn_layers", 1)


def _describe_recurrences(decoder: Any) -> dict[str, Any]:
    described = {"recurrences": _n_recurrences(decoder)}
    if isinstance(decoder, DilatedConvDecoder):
        dilations = list(decoder.dilations)
        convolutions = {"kernel_size": decoder.kernel_size, "dilations": dilations}
        return {"kind": "convolutions", **described, **convolutions}
    return {"kind": "min_gru" if isinstance(decoder, MinGruFcDecoder) else "gru", **described}


def _describe_synthesis(parts: LiveParts) -> dict[str, Any]:
    described = describe_synthesis(parts)
    harmonic, noise = parts.harmonic, parts.filtered_noise
    described["scale_harmonics"] = harmonic.scale
    described["normalize_below_nyquist"] = harmonic.normalize_below_nyquist
    if noise is not None:
        described["noise"] |= {"scale": noise.scale, "initial_bias": noise.initial_bias}
    if parts.reverb is not None:
        described["reverb"]["impulse_response"] = "room/impulse_response"
    return described


def _usual_f0_hz(instrument: Instrument) -> float:
    """The pitch that the instrument starts at, as in `LiveTransfer`."""
    if instrument.statistics is None:
        return 220.0
    midi = instrument.statistics.f0_midi_quantiles
    return float(to_hz(np.array(midi[len(midi) // 2])))


def _decoder_arrays(decoder: Any) -> Arrays:
    arrays: Arrays = {}
    for key, stack in zip(decoder.input_keys, decoder.input_stacks, strict=True):
        arrays |= _stack_arrays(f"decoder/{key}", stack)
    arrays |= _recurrence_arrays(decoder)
    arrays |= _stack_arrays("decoder/output", decoder.output_stack)
    arrays |= _dense_arrays("decoder/controls", decoder.to_controls)
    return {name: np.asarray(values, np.float32) for name, values in arrays.items()}


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


def _capacity(instrument: Instrument) -> str:
    return graph_settings(instrument.features).f0_tracker.removeprefix("crepe-")


def _tracker_multiplier(instrument: Instrument) -> int:
    return len(load_crepe_weights(_capacity(instrument))["conv1/bias"]) // 32


def _tracker_arrays(instrument: Instrument) -> Arrays:
    *convolutions, classifier = fold_batch_norm(load_crepe_weights(_capacity(instrument)))
    arrays: Arrays = {}
    n_positions = 256
    for i, layer in enumerate(convolutions):
        n_outputs = layer.kernel.shape[2]
        arrays[f"tracker/{i}/kernel"] = layer.kernel
        arrays[f"tracker/{i}/bias"] = np.broadcast_to(layer.bias, [n_positions, n_outputs])
        if layer.least is not None:
            arrays[f"tracker/{i}/least"] = layer.least.astype(np.float32)
        n_positions //= 2
    arrays["tracker/classifier/kernel"] = classifier.kernel.reshape([-1, N_BINS])
    arrays["tracker/classifier/bias"] = classifier.bias
    return {name: np.ascontiguousarray(values) for name, values in arrays.items()}
