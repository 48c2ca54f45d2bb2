"""What the engine needs of an instrument: facts, and arrays by the names that it looks for."""

from typing import Any

import numpy as np

from ddsp_tf.export.decoder_contents import (
    Arrays,
    decoder_arrays,
    describe_decoder,
    require_known_decoder,
)
from ddsp_tf.export.graph_features import live_settings
from ddsp_tf.export.live_parts import LiveParts
from ddsp_tf.features.crepe.folding import fold_batch_norm
from ddsp_tf.features.crepe.network import N_BINS, load_crepe_weights
from ddsp_tf.features.midi_pitch import to_hz
from ddsp_tf.models import Instrument

FORMAT = "ddsp_tf instrument for plug-ins"
_ROOM = "room/impulse_response"
_WHO = "The plug-in's engine"


def describe_for_engine(instrument: Instrument, parts: LiveParts) -> dict[str, Any]:
    """Gives the facts of a `.ddsp` file, as `docs/plugin.md` states them.

    Raises:
        ExportError: The engine can't play the instrument.
    """
    require_known_decoder(parts, _WHO)
    described = describe_decoder(instrument, parts)
    if parts.reverb is not None:
        described["synthesis"]["reverb"]["impulse_response"] = _ROOM
    return {
        "format": FORMAT,
        **described,
        "features": live_settings(instrument.features).to_dict(),
        "usual_f0_hz": _usual_f0_hz(instrument),
        "tracker": {"network": "crepe", "multiplier": _tracker_multiplier(instrument)},
    }


def gather_arrays(instrument: Instrument, parts: LiveParts) -> Arrays:
    """Gives the arrays of a `.ddsp` file: decoder, room and tracker.

    Raises:
        ExportError: The engine can't play the instrument.
        ModelError: The tracker's weights aren't installed.
    """
    require_known_decoder(parts, _WHO)
    arrays = {**decoder_arrays(parts.decoder), **_tracker_arrays(instrument)}
    if parts.reverb is not None:
        response = parts.reverb.controls({"audio": None})["impulse_response"]
        arrays[_ROOM] = np.asarray(response, np.float32)
    return arrays


def _usual_f0_hz(instrument: Instrument) -> float:
    """The pitch that the instrument starts at, as in `LiveTransfer`."""
    if instrument.statistics is None:
        return 220.0
    midi = instrument.statistics.f0_midi_quantiles
    return float(to_hz(np.array(midi[len(midi) // 2])))


def _capacity(instrument: Instrument) -> str:
    return live_settings(instrument.features).f0_tracker.removeprefix("crepe-")


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
