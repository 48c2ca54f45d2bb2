"""The export of an instrument as a SavedModel for native hosts."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.dsp.compilation import played_graph
from ddsp_tf.errors import ArgumentError, ExportError
from ddsp_tf.export.decoder_step import STEP, DecoderStep
from ddsp_tf.export.description import describe_instrument, describe_signature
from ddsp_tf.export.finite_weights import require_finite
from ddsp_tf.export.graph_file import GRAPH_FILES, read_graphs, write_graphs
from ddsp_tf.export.live_export import IMPULSE_RESPONSE, describe_synthesis, write_impulse_response
from ddsp_tf.export.live_parity import LiveParity, decode_in_python, measure_decoder_parity
from ddsp_tf.export.live_parts import LiveParts
from ddsp_tf.export.probes import probe_frames
from ddsp_tf.export.tracing import Graph, Tracing
from ddsp_tf.files import FolderSort, atomic_directory, write_json
from ddsp_tf.models import Instrument
from ddsp_tf.types import Float32Array, Progress, no_progress

SERVING = "serving_default"
F0_HZ, LOUDNESS_DB = "input_1", "input_2"
N_HARMONICS, N_NOISE_BANDS = 60, 65

CONFIG = "config.json"
METADATA = "metadata.json"
_FORMAT = "TensorFlow SavedModel of a ddsp_tf instrument, for native hosts"
NATIVE = FolderSort(
    "an export for native hosts",
    METADATA,
    keys={"format": _FORMAT},
    files=(*GRAPH_FILES, CONFIG, IMPULSE_RESPONSE),
)
_ENVELOPE_S = {"attack": 0.1, "decay": 0.1, "sustain": 1.0, "release": 0.2}
"""What the plug-in's knobs show at first; sustain is a level."""

_N_PROBE_FRAMES = 100
_MOST_TRIM_DB = 60.0
_ADDED_BY_PLUGIN = 1.0
"""To the raw amplitude, before `exp_sigmoid`."""


@dataclass(frozen=True)
class NativeReport:
    """What an export for native hosts came to.

    Args:
        serving: How closely the plug-in's signature equals Python.
        step: How closely the signature with state equals Python.
        n_bytes: Size of the folder.
    """

    serving: LiveParity
    step: LiveParity
    n_bytes: int

    def to_dict(self) -> dict[str, Any]:
        """Gives the figures, ready for JSON."""
        parity = {SERVING: self.serving.to_dict(), STEP: self.step.to_dict()}
        return {**parity, "n_bytes": self.n_bytes}

    def __str__(self) -> str:
        error = float(np.max([self.serving.error, self.step.error]))
        return f"equals Python to {error:.1e}; {self.n_bytes / 1e6:.1f} MB."


def export_native(
    instrument: Instrument,
    directory: str | os.PathLike[str],
    *,
    trim_db: float | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> NativeReport:
    """Writes an instrument as a SavedModel that native hosts load through TensorFlow's C API.

    It has two signatures:

    - `serving_default(input_1, input_2)`, f0 in Hz and loudness in dB, each `[batch, n_frames, 1]`,
      gives what the plug-in juce-ddsp reads: amplitudes, harmonic distribution and noise
      magnitudes as the network makes them, before any scaling, as outputs 0 to 2 of the graph's
      `StatefulPartitionedCall`. Every call begins with a new state.
    - `step(f0_scaled, loudness_scaled, state)` gives one frame of finished controls and the state
      for the next, as `docs/contract.md` describes.

    `config.json` is what the plug-in reads beside it. The folder is written whole or not at all.

    Args:
        instrument: A causal one without encoder, of 60 harmonics and 65 noise bands.
        directory: The folder to write.
        trim_db: None: raw numbers as the network makes them. Else from 0 to 60: by how much
            partials and noise are softer in `serving_default`, which then also takes back the 1
            that juce-ddsp adds to the raw amplitude; 0 is as loud as in Python.
        overwrite: Whether an export of the same sort may be replaced.
        progress: Is called with the share that is done, 0 to 1.

    Raises:
        ArgumentError: `trim_db` is out of range.
        ExportError: A host can't play the model, or what was written differs from Python.
        OutputError: The folder exists, is of another sort or holds something else, or can't be
            written.

    Example:
        >>> from ddsp_tf import Instrument
        >>> report = export_native(Instrument.load("violin"), "out")
        >>> report.serving.error < 1e-4
        True
    """
    advance = progress or no_progress
    if trim_db is not None and not 0.0 <= trim_db <= _MOST_TRIM_DB:
        raise ArgumentError(
            f"`trim_db` should be from 0 to {_MOST_TRIM_DB:g} dB. Received {trim_db}."
        )
    raw, step = _require_native(instrument), DecoderStep(instrument.model)
    require_finite(instrument)
    with atomic_directory(directory, sort=NATIVE, overwrite=overwrite) as folder:
        graphs = {SERVING: _serving_graph(raw.parts, trim_db), STEP: step.graph()}
        weights = {id(weight): weight for graph in graphs.values() for weight in graph.variables}
        write_graphs(Tracing(graphs, list(weights.values())), folder)
        advance(0.4)
        serving = _measure_serving(instrument, raw.parts, folder, trim_db)
        serving.require("SavedModel")
        advance(0.7)
        stepping = _measure_step(instrument, step, folder)
        stepping.require("SavedModel")
        noise = raw.parts.filtered_noise
        bias = 0.0 if noise is None else noise.initial_bias
        config = {"n_harmonics": N_HARMONICS, "initial_bias": bias, **_ENVELOPE_S}
        write_json(folder / CONFIG, config)
        write_impulse_response(raw.parts, folder / IMPULSE_RESPONSE)
        metadata = {
            "format": _FORMAT,
            **describe_instrument(instrument),
            "features": instrument.features.to_dict(),
            "trim_db": trim_db,
            "synthesis": describe_synthesis(raw.parts),
            "signatures": {
                name: {
                    **describe_signature(graph, raw=name == SERVING),
                    "operations": _operations(folder, name),
                }
                for name, graph in graphs.items()
            },
            "parity": {SERVING: serving.to_dict(), STEP: stepping.to_dict()},
            "instrument": dict(instrument.metadata),
        }
        write_json(folder / METADATA, metadata)
        n_bytes = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        advance(1.0)
    return NativeReport(serving, stepping, n_bytes)


def run_as_plugin(
    folder: Path, f0_hz: Float32Array, loudness_db: Float32Array
) -> list[Float32Array]:
    """Runs the graph by the names of its operations, as the plug-in does through the C API.

    Args:
        folder: The SavedModel.
        f0_hz: `[batch, n_frames, 1]`.
        loudness_db: `[batch, n_frames, 1]`.

    Returns:
        Amplitudes, harmonic distribution and noise magnitudes, `[batch, n_frames, size]`.

    Raises:
        ExportError: The graph does not have those names, or does not run.
    """
    stored = read_graphs(folder)
    names = [f"StatefulPartitionedCall:{index}" for index in range(3)]
    feeds = {f"{SERVING}_{F0_HZ}:0": f0_hz, f"{SERVING}_{LOUDNESS_DB}:0": loudness_db}
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        try:
            tf.import_graph_def(stored.graph_def, name="")
            saver = stored.saver_def
            weights = {saver.filename_tensor_name: str(folder / "variables" / "variables")}
            session.run(saver.restore_op_name, weights)
            outputs: list[Float32Array] = session.run(names, feeds)
        except (KeyError, ValueError, tf.errors.OpError) as error:
            raise ExportError(
                f"The exported graph is not as the plug-in reads it: {error}."
            ) from error
    return outputs


def _operations(folder: Path, signature: str) -> dict[str, dict[str, str]]:
    """By which operation and output a program in C finds each tensor."""
    found = read_graphs(folder).signature_def[signature]
    return {
        kind: {key: x.name for key, x in sorted(getattr(found, kind).items())}
        for kind in ("inputs", "outputs")
    }


def _require_native(instrument: Instrument) -> DecoderStep:
    raw = DecoderStep(instrument.model, raw=True)
    sizes = raw.output_sizes
    found = (sizes["harmonic_distribution"], sizes.get("noise_magnitudes", 0))
    if found != (N_HARMONICS, N_NOISE_BANDS):
        raise ExportError(
            f"Native hosts play {N_HARMONICS} harmonics and {N_NOISE_BANDS} noise bands. This "
            f"instrument has {found[0]} and {found[1]}. Train models/solo_instrument.gin or "
            "models/small_instrument.gin, or take --target litert or onnx for a host of your own."
        )
    for processor in (raw.parts.harmonic, raw.parts.filtered_noise):
        if processor is not None and not processor.scale:
            raise ExportError(
                f"Native hosts scale the network's numbers themselves, but `{processor.name}` "
                "takes them as they are (`scale` is False). Take --target litert or onnx."
            )
    return raw


def _trimmed(raw: Any, trim_db: float, *, bias: float = 0.0, added: float = 0.0) -> Any:
    """Raw numbers of which `exp_sigmoid` makes less: x' with e(x' + bias + added) = g e(x + bias).

    In the logarithm of the sigmoid, of which `exp_sigmoid` is a power, a gain is a difference.
    """
    softer = tf.math.log_sigmoid(raw + bias) - trim_db / 20.0
    # Its inverse: log(p / (1 - p)) of p = exp(softer); 0 would be infinite.
    softer = tf.minimum(softer, -1e-6)
    return softer - tf.math.log(-tf.math.expm1(softer)) - bias - added


def _as_served(controls: dict[str, Any], parts: LiveParts, trim_db: float | None) -> dict[str, Any]:
    """What the plug-in's signature gives of the decoder's raw numbers."""
    served = {key: tf.cast(x, tf.float32) for key, x in controls.items()}
    if trim_db is None:
        return served
    noise = parts.filtered_noise
    served["amplitudes"] = _trimmed(served["amplitudes"], trim_db, added=_ADDED_BY_PLUGIN)
    if noise is not None:
        served["noise_magnitudes"] = _trimmed(
            served["noise_magnitudes"], trim_db, bias=noise.initial_bias
        )
    return served


def _serving_graph(parts: LiveParts, trim_db: float | None) -> Graph:
    model = parts.model

    def serve(input_1: tf.Tensor, input_2: tf.Tensor) -> dict[str, tf.Tensor]:
        scaled = {
            "f0_scaled": dsp.scale_f0_hz(input_1),
            "loudness_scaled": dsp.scale_loudness_db(input_2),
        }
        controls, _ = model.decode_scaled(scaled, model.decoder.initial_state(tf.shape(input_1)[0]))
        # Sorted by name they are outputs 0, 1 and 2, as the plug-in counts them.
        return _as_served(controls, parts, trim_db)

    inputs = [tf.TensorSpec([None, None, 1], tf.float32, name) for name in (F0_HZ, LOUDNESS_DB)]
    return played_graph(serve, inputs)


def _measure_serving(
    instrument: Instrument, parts: LiveParts, folder: Path, trim_db: float | None
) -> LiveParity:
    frames = probe_frames(instrument, batch_size=1, n_frames=_N_PROBE_FRAMES)
    f0_hz, loudness_db = frames["f0_hz"][0], frames["loudness_db"][0]
    decoded = decode_in_python(parts, f0_hz, loudness_db, raw=True)
    expected = {key: np.array(x) for key, x in _as_served(decoded, parts, trim_db).items()}
    names = sorted(expected)
    errors = dict.fromkeys(names, 0.0)
    whole = run_as_plugin(folder, f0_hz[None, :, None], loudness_db[None, :, None])
    first = run_as_plugin(folder, f0_hz[None, :1, None], loudness_db[None, :1, None])
    for name, values, one in zip(names, whole, first, strict=True):
        # Raw numbers have no scale of their own: an error counts in parts of the largest.
        scale = max(float(np.max(np.abs(expected[name]))), 1.0)
        differences = [values[0] - expected[name], one[0] - expected[name][:1]]
        errors[name] = max(float(np.max(np.abs(d))) for d in differences) / scale
    return LiveParity(
        errors,
        f"{_N_PROBE_FRAMES} frames at once, and the first alone, by the names of operations",
        f"TensorFlow {tf.__version__}",
    )


def _measure_step(instrument: Instrument, step: DecoderStep, folder: Path) -> LiveParity:
    loaded = tf.saved_model.load(str(folder))
    signature = loaded.signatures[STEP]

    def run(inputs: Any) -> dict[str, Float32Array]:
        outputs = signature(**{key: tf.constant(x) for key, x in inputs.items()})
        return {key: x.numpy() for key, x in outputs.items()}

    return measure_decoder_parity(
        instrument, step.parts, run, n_state=step.n_state, runtime=f"TensorFlow {tf.__version__}"
    )
