"""What quantised weights cost in sound."""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.errors import ExportError
from ddsp_tf.export.live_parity import Runner, decode_in_host, decode_in_python
from ddsp_tf.export.live_parts import LiveParts
from ddsp_tf.export.tracing import Graph
from ddsp_tf.features import Features, FeatureSettings, extract_features
from ddsp_tf.features.crepe.network import FRAME_LENGTH, SAMPLE_RATE
from ddsp_tf.models import Instrument
from ddsp_tf.presets import MELODY
from ddsp_tf.types import Float32Array

_FFT_LENGTH, _STFT_HOP = 1024, 256
_FLOOR_DB = -60.0
"""Below the loudest bin; what is softer is not compared."""


@dataclass(frozen=True)
class SoundLoss:
    """How far a quantised network is from its float32 twin, for the melody that ships.

    Args:
        values: By name.
        limits: What is allowed at the most.
        case: What was compared, for a reader.
    """

    values: dict[str, float]
    limits: dict[str, float]
    case: str

    def require(self, quantize: str) -> None:
        """Checks every value.

        Raises:
            ExportError: One is above its limit.
        """
        failures = [
            f"{name} is {self.values[name]:.3g} (at most {limit:g})"
            for name, limit in self.limits.items()
            if not self.values[name] <= limit  # so that NaN fails too
        ]
        if failures:
            finer = "with --quantize float16 where the target has it, or "
            raise ExportError(
                f"With weights stored as {quantize} the instrument does not sound the same: "
                f"{'; '.join(failures)}. Nothing was written. Export it "
                f"{finer if quantize == 'int8' else ''}without --quantize."
            )

    def to_dict(self) -> dict[str, Any]:
        """Gives the figures, ready for JSON."""
        return asdict(self)


def measure_sound_loss(
    instrument: Instrument, parts: LiveParts, run: Runner, *, n_state: int
) -> SoundLoss:
    """Compares the sound of a quantised decoder with that of Python, without reverb.

    Both play the pitch and loudness that were found in the shipped melody, with the same noise.

    Args:
        instrument: What was quantised.
        parts: Of its model.
        run: The quantised decoder in its runtime.
        n_state: Numbers of its state.
    """
    features = _melody_features(instrument.features)
    f0_hz, loudness_db = features.f0_hz, features.loudness_db
    expected = _play(parts, decode_in_python(parts, f0_hz, loudness_db), f0_hz)
    found = _play(parts, decode_in_host(run, f0_hz, loudness_db, n_state=n_state), f0_hz)
    here, there = _magnitudes(found), _magnitudes(expected)
    distance = float(np.linalg.norm(here - there) / np.maximum(np.linalg.norm(there), 1e-9))
    floor = there.max() * 10.0 ** (_FLOOR_DB / 20.0)
    decibels = 20.0 * np.abs(np.log10(np.maximum(here, floor) / np.maximum(there, floor)))
    return SoundLoss(
        {
            "spectral_distance_db": 20.0 * math.log10(max(distance, 1e-9)),
            "log_spectral_difference_db": float(np.mean(decibels[there > floor])),
        },
        {"spectral_distance_db": -20.0, "log_spectral_difference_db": 1.5},
        f"{len(f0_hz)} frames of the melody that ships with ddsp_tf, without reverb; magnitudes "
        f"of an FFT of {_FFT_LENGTH}",
    )


def measure_tracker_loss(graph: Graph) -> Callable[[Runner], SoundLoss]:
    """Compares the pitch of a quantised tracker with that of Python.

    Args:
        graph: The tracker's.

    Returns:
        A function that takes the quantised tracker in its runtime.
    """

    def measure(run: Runner) -> SoundLoss:
        from ddsp_tf.audio import read_audio

        audio, _ = read_audio(MELODY, sample_rate=SAMPLE_RATE)
        starts = range(0, len(audio) - FRAME_LENGTH, 20 * FRAME_LENGTH // 16)
        cents = []
        for start in starts:
            frame = audio[start : start + FRAME_LENGTH]
            expected = {key: x.numpy() for key, x in graph(audio=tf.constant(frame)).items()}
            if expected["f0_confidence"][0] > 0.7:
                ratio = run({"audio": frame})["f0_hz"][0] / expected["f0_hz"][0]
                cents.append(abs(1200.0 * float(np.log2(ratio))))
        return SoundLoss(
            {"median_cents": float(np.median(cents)), "largest_cents": float(np.max(cents))},
            {"median_cents": 5.0, "largest_cents": 25.0},
            f"{len(cents)} frames of the melody that ships with ddsp_tf",
        )

    return measure


@lru_cache(maxsize=2)
def _melody_features(settings: FeatureSettings) -> Features:
    from ddsp_tf.audio import read_audio

    audio, _ = read_audio(MELODY, sample_rate=settings.sample_rate)
    return extract_features(audio, settings)


def _play(parts: LiveParts, controls: dict[str, Float32Array], f0_hz: Float32Array) -> Float32Array:
    frames = {key: tf.constant(x[np.newaxis]) for key, x in controls.items()}
    frames["f0_hz"] = tf.constant(f0_hz[np.newaxis, :, np.newaxis])
    names = parts.harmonic.control_names
    audio = parts.harmonic.signal({key: frames[key] for key in names})
    if parts.filtered_noise is not None:
        audio += parts.filtered_noise.signal({"noise_magnitudes": frames["noise_magnitudes"]})
    return audio[0].numpy()


def _magnitudes(audio: Float32Array) -> Float32Array:
    spectra = dsp.stft_magnitude(
        tf.constant(audio[np.newaxis]), fft_length=_FFT_LENGTH, hop_length=_STFT_HOP
    )
    return spectra[0].numpy()
