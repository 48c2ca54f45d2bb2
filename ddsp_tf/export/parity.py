"""The comparison of a stored SavedModel with Python."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from ddsp_tf.errors import ExportError
from ddsp_tf.export.graph_features import graph_settings
from ddsp_tf.export.parity_report import ParityReport
from ddsp_tf.export.probes import probe_audio, probe_frames
from ddsp_tf.export.tracing import SYNTHESIZE, TRANSFER, hears
from ddsp_tf.features import extract_features
from ddsp_tf.features.crepe.network import SAMPLE_RATE
from ddsp_tf.models import Instrument
from ddsp_tf.types import Float32Array, Progress

_FRAME_CASES = ((1, 1), (3, 20), (1, 100))
"""Batch size and frames of each test signal for `synthesize`."""

_ERRORS = (
    "synthesize_error", "transfer_error", "f0_cents", "f0_confidence_error", "loudness_db_error",
)  # fmt: skip

_AUDIO_CASES = ((2, 0.21), (1, 1.35))
"""Batch size and seconds of each test signal for `transfer`; CREPE works in blocks of 1.28 s."""


def measure_parity(
    instrument: Instrument, folder: Path, *, progress: Progress | None = None
) -> ParityReport:
    """Loads a SavedModel and compares it with Python for several lengths and batch sizes.

    Args:
        instrument: What was exported.
        folder: Where it is.
        progress: Is called with the share that is done, 0 to 1.

    Raises:
        ExportError: The SavedModel can't be loaded or doesn't run.
    """
    try:
        loaded = tf.saved_model.load(str(folder))
    except (OSError, ValueError, tf.errors.OpError) as error:
        raise ExportError(f"The exported model can't be loaded: {error}.") from error
    signatures = loaded.signatures  # They run only as long as `loaded`, which has the weights.
    errors: dict[str, list[float]] = {}
    cases = []
    audio_cases = _AUDIO_CASES if hears(instrument.model) else ()
    # A model that plays no part of a sound may cut it, and leave nothing of a single frame.
    frame_cases = [case for case in _FRAME_CASES if instrument.model.streamable or case[1] > 1]
    n_cases = len(frame_cases) + len(audio_cases)
    for name, (batch_size, length) in (
        *((SYNTHESIZE, case) for case in frame_cases),
        *((TRANSFER, case) for case in audio_cases),
    ):
        if name == SYNTHESIZE:
            frames = probe_frames(instrument, batch_size=batch_size, n_frames=int(length))
            cases.append(f"{name}: batch of {batch_size}, {length} frames")
            found = _compare_synthesize(instrument, signatures, frames)
        else:
            n_samples = round(length * instrument.features.sample_rate)
            rate = instrument.features.sample_rate
            audio = probe_audio(rate, batch_size=batch_size, n_samples=n_samples)
            cases.append(f"{name}: batch of {batch_size}, {n_samples} samples")
            found = _compare_transfer(instrument, signatures, audio)
        for key, difference in found.items():
            errors.setdefault(key, []).append(difference)
        if progress is not None:
            progress(len(cases) / n_cases)
    return ParityReport(
        **{key: float(np.max(errors.get(key, 0.0))) for key in _ERRORS},
        resampled=instrument.features.sample_rate != SAMPLE_RATE,
        cases=tuple(cases),
        n_bytes=sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()),
    )


def _compare_synthesize(
    instrument: Instrument, signatures: Mapping[str, Any], frames: dict[str, Float32Array]
) -> dict[str, float]:
    audio = _run(signatures, SYNTHESIZE, frames)["audio"]
    return {"synthesize_error": _audio_error(audio, _play(instrument, frames))}


def _compare_transfer(
    instrument: Instrument, signatures: Mapping[str, Any], audio: Float32Array
) -> dict[str, float]:
    outputs = _run(signatures, TRANSFER, {"audio": audio})
    settings = graph_settings(instrument.features)
    rows = [extract_features(row, settings) for row in audio]
    f0_hz, confidence, loudness_db = (
        np.stack([getattr(row, key) for row in rows])
        for key in ("f0_hz", "f0_confidence", "loudness_db")
    )
    # Python makes z itself, from the audio; so that is compared too.
    played = {key: outputs[key] for key in ("f0_hz", "loudness_db")}
    expected = _play(instrument, played, audio=audio)[:, : audio.shape[1]]
    cents = 1200 * np.log2(np.maximum(outputs["f0_hz"], 1e-3))
    return {
        "transfer_error": _audio_error(outputs["audio"], expected),
        "f0_cents": _largest(cents, 1200 * np.log2(f0_hz)),
        "f0_confidence_error": _largest(outputs["f0_confidence"], confidence),
        "loudness_db_error": _largest(outputs["loudness_db"], loudness_db),
    }


def _run(
    signatures: Mapping[str, Any], name: str, inputs: Mapping[str, Float32Array]
) -> dict[str, Float32Array]:
    try:
        outputs = signatures[name](**{key: tf.constant(x) for key, x in inputs.items()})
    except tf.errors.OpError as error:
        shapes = ", ".join(f"`{key}` of shape {x.shape}" for key, x in inputs.items())
        raise ExportError(
            f"The exported `{name}` does not run for {shapes}: {error.message}. Every layer must "
            "take its sizes from its inputs when it runs."
        ) from error
    return {key: x.numpy() for key, x in outputs.items()}


def _play(
    instrument: Instrument, frames: Mapping[str, Float32Array], audio: Float32Array | None = None
) -> Float32Array:
    """Plays frames in Python; an encoder gets z if it is among them, or else the audio."""
    signals = instrument.model.input_signals
    features = {
        key: tf.constant(x[..., np.newaxis] if x.ndim == 2 and signals[key].kind == "frames" else x)
        for key, x in frames.items()
    }
    if audio is not None and "audio" in signals:
        features["audio"] = tf.constant(audio)
    return instrument.model(features)["audio"].numpy()


def _audio_error(audio: Float32Array, expected: Float32Array) -> float:
    peak = float(np.max(np.abs(expected), initial=0.0))
    return _largest(audio, expected) / max(min(peak, 1.0), 1e-9)


def _largest(values: Float32Array, expected: Float32Array) -> float:
    if values.shape != expected.shape:
        return float("inf")
    return float(np.max(np.abs(values - expected), initial=0.0))
