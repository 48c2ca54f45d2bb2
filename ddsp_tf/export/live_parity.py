"""The comparison of a decoder and a tracker for live hosts with Python."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.errors import ExportError
from ddsp_tf.export.decoder_step import NEXT_STATE, STATE
from ddsp_tf.export.live_parts import LiveParts
from ddsp_tf.export.probes import probe_frames
from ddsp_tf.features.crepe.low_notes import LowNotes, autocorrelation_by_fft
from ddsp_tf.features.crepe.network import FRAME_LENGTH, build_crepe_network
from ddsp_tf.features.crepe.salience import SOFTEST_RMS
from ddsp_tf.models import Instrument
from ddsp_tf.types import Float32Array

Runner = Callable[[Mapping[str, Float32Array]], dict[str, Float32Array]]

N_FRAMES = 1000
LIMIT = 1e-4


@dataclass(frozen=True)
class LiveParity:
    """The largest differences between what a file gives and what Python gives.

    Args:
        errors: By output.
        case: What was compared, for a reader.
        runtime: What ran the file, with its version.
    """

    errors: dict[str, float]
    case: str
    runtime: str

    @property
    def error(self) -> float:
        """The largest of all; NaN if there is any."""
        return float(np.max(list(self.errors.values())))

    def require(self, what: str) -> None:
        """Checks every difference.

        Raises:
            ExportError: One is above 1e-4.
        """
        failures = [
            f"`{name}` differs by {error:.2g} (at most {LIMIT:g})"
            for name, error in self.errors.items()
            if not error <= LIMIT  # so that NaN fails too
        ]
        if failures:
            raise ExportError(
                f"The exported {what} does not equal the one in Python: {'; '.join(failures)}. "
                "Nothing was written. A layer that draws its own random numbers, or a network "
                "whose numbers grow without bounds, can be the cause."
            )

    def to_dict(self) -> dict[str, Any]:
        """Gives the figures, ready for JSON."""
        return {"errors": self.errors, "limit": LIMIT, "case": self.case, "runtime": self.runtime}


def decode_in_python(
    parts: LiveParts, f0_hz: Float32Array, loudness_db: Float32Array, *, raw: bool = False
) -> dict[str, Float32Array]:
    """Decodes a whole phrase as the model in Python does: all frames in one call.

    Args:
        parts: Of the model.
        f0_hz: `[n_frames]`.
        loudness_db: `[n_frames]`.
        raw: Whether to leave out what the processors do with the decoder's numbers.

    Returns:
        Controls `[n_frames, size]` by name.
    """
    scaled = {
        "f0_scaled": dsp.scale_f0_hz(f0_hz)[tf.newaxis, :, tf.newaxis],
        "loudness_scaled": dsp.scale_loudness_db(loudness_db)[tf.newaxis, :, tf.newaxis],
    }
    controls, _ = parts.model.decode_scaled(scaled, parts.decoder.initial_state(1))
    controls = {key: tf.cast(x, tf.float32) for key, x in controls.items()}
    if not raw:
        # The pitch that a host's frame carries, so that both see the same partials below Nyquist.
        heard_hz = dsp.unscale_f0_hz(scaled["f0_scaled"])
        finished = parts.harmonic.controls({**controls, "f0_hz": heard_hz})
        if parts.filtered_noise is not None:
            finished |= parts.filtered_noise.controls(controls)
        controls = {key: finished[key] for key in controls}
    return {key: x[0].numpy() for key, x in controls.items()}


def decode_in_host(
    run: Runner, f0_hz: Float32Array, loudness_db: Float32Array, *, n_state: int
) -> dict[str, Float32Array]:
    """Decodes a phrase as a host does: a frame at a time, the state carried.

    Args:
        run: The decoder's file in its runtime.
        f0_hz: `[n_frames]`.
        loudness_db: `[n_frames]`.
        n_state: Numbers of the state.

    Returns:
        Controls `[n_frames, size]` by name.
    """
    f0_scaled = np.asarray(dsp.scale_f0_hz(f0_hz))
    loudness_scaled = np.asarray(dsp.scale_loudness_db(loudness_db))
    state = np.zeros(n_state, np.float32)
    frames: list[dict[str, Float32Array]] = []
    for pitch, level in zip(f0_scaled, loudness_scaled, strict=True):
        outputs = run({"f0_scaled": pitch[None], "loudness_scaled": level[None], STATE: state})
        frames.append({key: np.array(x) for key, x in outputs.items() if key != NEXT_STATE})
        state = np.array(outputs[NEXT_STATE])
    return {key: np.stack([frame[key] for frame in frames]) for key in frames[0]}


def measure_decoder_parity(
    instrument: Instrument, parts: LiveParts, run: Runner, *, n_state: int, runtime: str
) -> LiveParity:
    """Compares a decoder's file over 1,000 frames through the instrument's range and beyond.

    Args:
        instrument: What was exported.
        parts: Of its model.
        run: The file in its runtime.
        n_state: Numbers of the state.
        runtime: What runs it, for a reader.
    """
    frames = probe_frames(instrument, batch_size=1, n_frames=N_FRAMES)
    f0_hz, loudness_db = frames["f0_hz"][0], frames["loudness_db"][0]
    expected = decode_in_python(parts, f0_hz, loudness_db)
    found = decode_in_host(run, f0_hz, loudness_db, n_state=n_state)
    errors = {key: _largest(found[key], expected[key]) for key in expected}
    return LiveParity(errors, f"{N_FRAMES} frames with carried state", runtime)


def measure_tracker_parity(run: Runner, *, capacity: str, runtime: str) -> LiveParity:
    """Compares a tracker's file with CREPE as published and `LowNotes`, over tones and noise."""
    network = build_crepe_network(capacity)
    low_notes = LowNotes(autocorrelation_by_fft)
    errors = []
    for audio in _tracker_probes():
        centred = audio - audio.mean()
        frame = centred / max(float(centred.std()), SOFTEST_RMS)
        power = np.mean(np.square(centred), keepdims=True)[np.newaxis]
        low = low_notes.decimate(tf.constant(audio[np.newaxis]))
        expected = low_notes(low, tf.constant(power), network(frame[np.newaxis])).numpy()[0]
        errors.append(_largest(run({"audio": audio})["salience"], expected))
    case = f"{len(errors)} frames of tones, noise and silence"
    return LiveParity({"salience": float(np.max(errors))}, case, runtime)


def _tracker_probes() -> list[Float32Array]:
    time_s = np.arange(FRAME_LENGTH) / 16000
    noise = np.random.default_rng(0).standard_normal(FRAME_LENGTH)
    frames = [np.zeros(FRAME_LENGTH), 0.1 * noise]
    for hz, level, hiss in ((55.0, 0.5, 0.0), (220.0, 0.01, 0.001), (880.0, 0.9, 0.1)):
        tone = sum(np.sin(2 * np.pi * k * hz * time_s) / k for k in range(1, 6))
        frames.append(level * tone + hiss * noise)
    # Low notes of which CREPE by itself hears the strongest harmonic.
    for hz, strongest in ((65.4, 7), (92.5, 5), (130.8, 3)):
        tone = sum(np.sin(2 * np.pi * k * hz * time_s) / k for k in range(1, 9))
        frames.append(0.1 * (tone + np.sin(2 * np.pi * strongest * hz * time_s)))
    return [frame.astype(np.float32) for frame in frames]


def _largest(values: Float32Array, expected: Float32Array) -> float:
    if values.shape != expected.shape:
        return float("inf")
    return float(np.max(np.abs(values - expected), initial=0.0))
