"""The export of an instrument for the DDSP-VST plug-in."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.dsp.compilation import played_graph
from ddsp_tf.errors import ExportError
from ddsp_tf.export.appended_metadata import append_metadata
from ddsp_tf.export.decoder_step import NEXT_STATE, DecoderStep
from ddsp_tf.export.decoder_step import STATE as STEP_STATE
from ddsp_tf.export.description import describe_instrument
from ddsp_tf.export.finite_weights import require_finite
from ddsp_tf.export.litert.litert_file import convert_to_litert
from ddsp_tf.export.live_parity import LiveParity, Runner, measure_decoder_parity
from ddsp_tf.export.optional_packages import import_optional
from ddsp_tf.export.runtimes import LITERT
from ddsp_tf.export.vst import vst_contract as plugin
from ddsp_tf.features import Statistics
from ddsp_tf.files import atomic_file
from ddsp_tf.models import Instrument
from ddsp_tf.types import Float32Array, Progress, no_progress

_OUTPUT_NAMES = {
    "amplitudes": plugin.AMPLITUDE,
    "harmonic_distribution": plugin.HARMONICS,
    "noise_magnitudes": plugin.NOISE,
    NEXT_STATE: plugin.STATE,
}
_INPUT_NAMES = {
    "f0_scaled": "call_f0_scaled:0",
    "loudness_scaled": "call_pw_scaled:0",
    STEP_STATE: "call_state:0",
}


@dataclass(frozen=True)
class VstReport:
    """What an export for the plug-in came to.

    Args:
        parity: How closely the file equals Python.
        n_bytes: Its size.
    """

    parity: LiveParity
    n_bytes: int

    def to_dict(self) -> dict[str, Any]:
        """Gives the figures, ready for JSON."""
        return {**self.parity.to_dict(), "n_bytes": self.n_bytes}

    def __str__(self) -> str:
        return (
            f"equals Python to {self.parity.error:.1e} over {self.parity.case}, and passes the "
            f"plug-in's checks; {self.n_bytes / 1e6:.1f} MB."
        )


def export_vst(
    instrument: Instrument,
    path: str | os.PathLike[str],
    *,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> VstReport:
    """Writes an instrument as a model of the DDSP-VST plug-in.

    The file goes into the folder `Magenta/DDSP/Models` in the user's documents; its name without
    `.tflite` is what the plug-in shows. The plug-in plays 60 partials and 65 noise bands at 16 kHz
    and 50 frames a second, follows plain power, and has a room of its own: `models/vst.gin` makes
    such instruments, others are refused before any work is done.

    Args:
        instrument: What to export.
        path: A file that ends in `.tflite`.
        overwrite: Whether an existing file may be replaced.
        progress: Is called with the share that is done, 0 to 1.

    Returns:
        How closely the file, in Google's interpreter, equals Python: to 1e-4 at least.

    Raises:
        ExportError: The plug-in can't play the instrument, or the file differs from Python.
        OutputError: The file exists or can't be written.

    Example:
        >>> from ddsp_tf import Instrument
        >>> report = export_vst(Instrument.load("runs/violin_vst"), "violin.tflite")
        >>> report.parity.error < 1e-4
        True
    """
    advance = progress or no_progress
    step = require_vst(instrument)
    LITERT.require()
    require_finite(instrument)
    with atomic_file(path, overwrite=overwrite) as temporary:
        content = convert_to_litert(_graph(step), signature=plugin.FUNCTION)
        advance(0.5)
        parity = measure_decoder_parity(
            instrument,
            step.parts,
            plugin_runner(content),
            n_state=plugin.N_STATE,
            runtime=LITERT.description,
        )
        parity.require("LiteRT model")
        content = append_metadata(content, _metadata(instrument, parity))
        plugin.check_vst(content)
        plugin_runner(content)  # It still loads.
        temporary.write_bytes(content)
        advance(1.0)
    return VstReport(parity, len(content))


def require_vst(instrument: Instrument) -> DecoderStep:
    """Checks whether the plug-in can play an instrument.

    Returns:
        Its decoder.

    Raises:
        ExportError: It can't; all reasons are named.
    """
    step = DecoderStep(instrument.model)
    settings = instrument.features
    sizes = step.output_sizes
    facts = [
        ("sample rate", settings.sample_rate, plugin.SAMPLE_RATE, " Hz"),
        ("hop", settings.hop_length, plugin.HOP_LENGTH, " samples"),
        ("loudness", settings.loudness, "rms", ""),
        ("loudness window", settings.loudness_fft_length, plugin.FRAME_LENGTH, " samples"),
        ("harmonics", sizes["harmonic_distribution"], plugin.N_HARMONICS, ""),
        ("noise bands", sizes.get("noise_magnitudes", 0), plugin.N_NOISE_BANDS, ""),
        ("decoder state", step.n_state, plugin.N_STATE, " numbers"),
    ]
    failures = [
        f"{what} {found}{unit} instead of {wanted}{unit}"
        for what, found, wanted, unit in facts
        if found != wanted
    ]
    if failures:
        raise ExportError(
            f"DDSP-VST can't play this instrument: {', '.join(failures)}. Prepare the recordings "
            "with --gin-file data/vst.gin and train models/vst.gin. For a host of your own, use "
            "--target litert or onnx."
        )
    if instrument.statistics is None:
        raise ExportError(
            "DDSP-VST shows the range of pitch and power that an instrument was trained on, and "
            "this one does not know it. Train it with `ddsp-tf train`, which keeps it."
        )
    return step


def plugin_runner(content: bytes) -> Runner:
    """Runs a file by the names of its tensors and without signatures, as the plug-in does.

    Raises:
        ExportError: The interpreter does not take it.
    """
    module = import_optional("ai_edge_litert.interpreter", package="ai-edge-litert")
    try:
        interpreter = module.Interpreter(model_content=content, num_threads=1)
        interpreter.allocate_tensors()
    except (ValueError, RuntimeError) as error:
        raise ExportError(f"LiteRT does not take the file: {error}.") from error
    details = (*interpreter.get_input_details(), *interpreter.get_output_details())
    index = {tensor["name"]: tensor["index"] for tensor in details}

    def run(inputs: Mapping[str, Float32Array]) -> dict[str, Float32Array]:
        for key, value in inputs.items():
            interpreter.set_tensor(index[_INPUT_NAMES[key]], value)
        interpreter.invoke()
        return {key: interpreter.get_tensor(index[name]) for key, name in _OUTPUT_NAMES.items()}

    return run


def _graph(step: DecoderStep) -> tf.types.experimental.ConcreteFunction:
    def call(f0_scaled: tf.Tensor, pw_scaled: tf.Tensor, state: tf.Tensor) -> tuple[Any, ...]:
        outputs = step.step(f0_scaled, pw_scaled, state)
        # A tuple keeps its order, which numbers the outputs in the file.
        names = ("amplitudes", "harmonic_distribution", "noise_magnitudes", STEP_STATE)
        return tuple(outputs[name] for name in names)

    inputs = [
        tf.TensorSpec([1], tf.float32, "f0_scaled"),
        tf.TensorSpec([1], tf.float32, "pw_scaled"),
        tf.TensorSpec([plugin.N_STATE], tf.float32, "state"),
    ]
    return played_graph(call, inputs)


def _metadata(instrument: Instrument, parity: LiveParity) -> dict[str, Any]:
    return {
        **_ranges(instrument.statistics),
        "version": version("ddsp-tf"),
        # The plug-in's sessions know a model by it.
        "export_time": datetime.now(UTC).isoformat(timespec="microseconds"),
        "num_harmonics": plugin.N_HARMONICS,
        "num_noise_amps": plugin.N_NOISE_BANDS,
        "frame_rate": plugin.SAMPLE_RATE // plugin.HOP_LENGTH,
        "frame_size": plugin.FRAME_LENGTH,
        "sample_rate": plugin.SAMPLE_RATE,
        "ddsp_tf": {
            "format": "DDSP-VST model of a ddsp_tf instrument",
            **describe_instrument(instrument),
            "features": instrument.features.to_dict(),
            "parity": parity.to_dict(),
            "instrument": dict(instrument.metadata),
        },
    }


def _ranges(statistics: Statistics | None) -> dict[str, float]:
    if statistics is None:
        return {}
    low_hz, high_hz = statistics.f0_hz_range
    low_db, high_db = statistics.loudness_db_range
    low_midi, high_midi = (float(dsp.hz_to_midi(hz)) for hz in (low_hz, high_hz))
    return {
        "mean_min_pitch_note": low_midi,
        "mean_max_pitch_note": high_midi,
        "mean_min_pitch_note_hz": float(low_hz),
        "mean_max_pitch_note_hz": float(high_hz),
        "mean_min_power_note": float(low_db),
        "mean_max_power_note": float(high_db),
    }
