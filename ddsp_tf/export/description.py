"""What is known about an exported instrument, for whoever loads it without ddsp_tf."""

from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

import tensorflow as tf

from ddsp_tf.export.graph_features import graph_settings
from ddsp_tf.export.parity_report import ParityReport
from ddsp_tf.export.tracing import Graph, Tracing
from ddsp_tf.models import Instrument

FORMAT_VERSION = 1
SAVED_MODEL_FORMAT = "TensorFlow SavedModel of a ddsp_tf instrument"

_MEANINGS = {
    "f0_hz": "fundamental in Hz; frame i stands at sample i * hop_length",
    "f0_confidence": "how sure the pitch is, 0 to 1",
    "loudness_db": "loudness in dB, -80 and up, as `features` defines it",
    "z": "what the encoder makes of the sound besides pitch and loudness",
    "audio": "mono, full scale -1 to 1",
    "f0_scaled": "pitch: MIDI note / 127, where MIDI note = 69 + 12 log2(f0_hz / 440)",
    "loudness_scaled": "loudness_db / 80 + 1",
    "state": "zeros before the first frame, then `next_state` of the frame before",
    "next_state": "`state` of the next frame",
    "amplitudes": "linear amplitude of all partials together",
    "harmonic_distribution": "share of each partial; they sum to 1 below Nyquist",
    "noise_magnitudes": "linear gains at evenly spaced frequencies from 0 to Nyquist",
    "input_1": "fundamental in Hz",
    "input_2": "loudness in dB, -80 and up, as `features` defines it",
    "salience": "CREPE's bins, 20 cents apart from 31.7 Hz, 0 to 1",
}
_RAW_MEANINGS = {
    "amplitudes": "before scaling: the host's exp_sigmoid makes an amplitude of it",
    "harmonic_distribution": "before scaling: exp_sigmoid of each, then divided by their sum",
    "noise_magnitudes": "before scaling: exp_sigmoid of each with the noise's bias added",
}


def describe_export(
    instrument: Instrument, tracing: Tracing, parity: ParityReport
) -> dict[str, Any]:
    """Gathers what `metadata.json` beside a SavedModel says.

    Sizes that are free are null in shapes. Ranges are the 1st and 99th percentile of what the
    instrument was trained on, or null if that isn't known.

    Args:
        instrument: What was exported.
        tracing: Its graphs.
        parity: How closely they equal Python.

    Returns:
        A dict ready for JSON.
    """
    statistics, settings = instrument.statistics, instrument.features
    return {
        "format": SAVED_MODEL_FORMAT,
        **describe_instrument(instrument),
        "features": graph_settings(settings).to_dict(),
        "trained_with_f0_tracker": settings.f0_tracker,
        "signatures": {name: describe_signature(graph) for name, graph in tracing.graphs.items()},
        "parity": parity.to_dict(),
        "statistics": None if statistics is None else statistics.to_dict(),
        "instrument": dict(instrument.metadata),
    }


def describe_instrument(instrument: Instrument) -> dict[str, Any]:
    """Gathers what every export says of its instrument: title, licence, rates and ranges."""
    statistics, settings = instrument.statistics, instrument.features
    return {
        "format_version": FORMAT_VERSION,
        "ddsp_tf_version": version("ddsp-tf"),
        "tensorflow_version": tf.__version__,
        "title": instrument.metadata.get("title"),
        "licence": instrument.metadata.get("licence"),
        "sample_rate": settings.sample_rate,
        "hop_length": settings.hop_length,
        "frame_rate": settings.frame_rate,
        "f0_hz_range": None if statistics is None else list(statistics.f0_hz_range),
        "loudness_db_range": None if statistics is None else list(statistics.loudness_db_range),
    }


def describe_signature(graph: Graph, *, raw: bool = False) -> dict[str, Any]:
    """Gives shape, type and meaning of every input and output of a graph.

    Args:
        graph: The graph.
        raw: Whether controls are as the network makes them, for the host to scale.
    """
    meanings = {**_MEANINGS, **(_RAW_MEANINGS if raw else {})}
    specs = tf.nest.flatten(graph.structured_input_signature)
    arguments = {spec.name: spec for spec in specs if spec is not None}
    return {
        kind: {key: _describe_tensor(key, spec, meanings) for key, spec in tensors.items()}
        for kind, tensors in (("inputs", arguments), ("outputs", graph.structured_outputs))
    }


def _describe_tensor(key: str, spec: tf.TensorSpec, meanings: Mapping[str, str]) -> dict[str, Any]:
    meaning = meanings.get(key, f"`{key}` as the model declares it")
    return {"shape": list(spec.shape), "dtype": spec.dtype.name, "meaning": meaning}
