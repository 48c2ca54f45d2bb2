"""The table of figures by which an imitation is compared with its recording."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ddsp_tf.evaluation.mel_metrics import log_mel_l1, mel_cepstral_distortion_db
from ddsp_tf.evaluation.metric import Metric, MetricTable, pooled, total
from ddsp_tf.evaluation.metrics import (
    VOICED_CONFIDENCE,
    cents,
    delay_frames,
    log_mel_distance_db,
    loudness_distance_db,
    mean_size,
    median_size,
    octave_error_share,
    raw_chroma_accuracy,
    raw_pitch_accuracy,
    spectral_distance,
)
from ddsp_tf.evaluation.onsets import onset_sharpness
from ddsp_tf.evaluation.timbre import Timbre
from ddsp_tf.types import FloatArray

if TYPE_CHECKING:
    from ddsp_tf.features import Features, FeatureSettings

_MAX_DELAY_S = 0.1
_PITCH = ("f0_hz", "f0_confidence")
_LOUDNESS = ("loudness_db",)


@dataclass(frozen=True, eq=False)
class Imitation:
    """A sound beside the recording that it imitates, both `[n_samples]` and equally long.

    Args:
        target: The recording.
        audio: The imitation.
        features: Of the recording.
        tracked: The same columns, found in the imitation.
        settings: What the features are.
        reference: The timbre that it should have.
    """

    target: FloatArray
    audio: FloatArray
    features: "Features"
    tracked: "Features"
    settings: "FeatureSettings"
    reference: Timbre = field(default_factory=Timbre.empty)

    @property
    def sample_rate(self) -> int:
        """Of both sounds, in Hz."""
        return self.settings.sample_rate

    @property
    def seconds(self) -> float:
        """Their length."""
        return len(self.target) / self.sample_rate

    @functools.cached_property
    def spectral(self) -> dict[str, float]:
        """The parts of the spectral distance."""
        return spectral_distance(self.target, self.audio)

    @functools.cached_property
    def voiced(self) -> "np.ndarray":
        """Where the recording surely has a pitch, bool `[n_frames]`."""
        return np.asarray(self.features.f0_confidence > VOICED_CONFIDENCE)

    @functools.cached_property
    def errors_cents(self) -> FloatArray:
        """Signed pitch errors on the voiced frames."""
        return cents(self.features.f0_hz[self.voiced], self.tracked.f0_hz[self.voiced])

    @property
    def delay_ms(self) -> float:
        """By how much the loudness lags; NaN if unknown."""
        frame_rate = self.settings.frame_rate
        delay = delay_frames(
            self.features.loudness_db,
            self.tracked.loudness_db,
            max_frames=round(_MAX_DELAY_S * frame_rate),
        )
        return 1000.0 * delay / frame_rate


def _timbre_distance(observed: Sequence[tuple[Timbre, Timbre]], seconds: Sequence[float]) -> float:
    del seconds
    timbres = [timbre for timbre, _ in observed]
    return sum(timbres, Timbre.empty()).distance_db(observed[0][1])


RECONSTRUCTION: MetricTable[Imitation] = MetricTable(
    (
        Metric(
            "seconds", "s", "length", lambda x: x.seconds, "{:.1f}", "s",
            better="neither", combine=total, where=("report",), drawn=False,
        ),
        Metric(
            "spectral_distance", "spectral", "spectral distance",
            lambda x: x.spectral["total"], "{:.2f}", where=("report", "comparison", "card"),
        ),
        Metric(
            "magnitude_distance", "magnitude", "its linear part",
            lambda x: x.spectral["magnitude"], "{:.2f}",
        ),
        Metric(
            "log_magnitude_distance", "log magnitude", "its logarithmic part",
            lambda x: x.spectral["log_magnitude"], "{:.2f}",
        ),
        Metric(
            "log_mel_db", "mel dB", "log-mel distance",
            lambda x: log_mel_distance_db(x.target, x.audio, sample_rate=x.sample_rate),
            "{:.1f}", "dB", where=("report",),
        ),
        Metric(
            "log_mel_l1", "mel L1", "log-mel L1",
            lambda x: log_mel_l1(x.target, x.audio, sample_rate=x.sample_rate),
            "{:.2f}", where=("report", "comparison", "card"),
        ),
        Metric(
            "mel_cepstral_db", "MCD dB", "MCD",
            lambda x: mel_cepstral_distortion_db(x.target, x.audio, sample_rate=x.sample_rate),
            "{:.1f}", "dB", where=("report", "comparison", "card"),
        ),
        Metric(
            "loudness_db", "loudness dB", "loudness",
            lambda x: loudness_distance_db(x.features.loudness_db, x.tracked.loudness_db),
            "{:.2f}", "dB", needs=_LOUDNESS, where=("report", "comparison", "card"),
        ),
        Metric(
            "delay_ms", "delay ms", "delay", lambda x: x.delay_ms, "{:+.1f}", "ms",
            better="near 0", needs=_LOUDNESS, where=("report",),
        ),
        Metric(
            "voiced_s", "voiced s", "compared for pitch",
            lambda x: float(x.voiced.sum()) / x.settings.frame_rate, "{:.1f}", "s",
            better="neither", combine=total, needs=_PITCH, where=("report",), drawn=False,
        ),
        Metric(
            "n_frames", "voiced frames", "frames compared for pitch",
            lambda x: len(x.errors_cents), "{:.0f}",
            better="neither", combine=total, needs=_PITCH, drawn=False,
        ),
        Metric(
            "mean_cents", "f0 mean ct", "f0 mean", lambda x: x.errors_cents, "{:.1f}", "cents",
            combine=pooled(mean_size), needs=_PITCH, where=("report", "comparison", "card"),
        ),
        Metric(
            "median_cents", "f0 median ct", "f0 median", lambda x: x.errors_cents,
            "{:.1f}", "cents",
            combine=pooled(median_size), needs=_PITCH, where=("report", "comparison", "card"),
        ),
        Metric(
            "bias_cents", "f0 bias ct", "f0 bias", lambda x: x.errors_cents, "{:+.1f}", "cents",
            better="near 0", combine=pooled(np.median), needs=_PITCH,
        ),
        Metric(
            "raw_pitch_accuracy", "RPA", "raw pitch accuracy", lambda x: x.errors_cents, "{:.1%}",
            better="higher", combine=pooled(raw_pitch_accuracy), needs=_PITCH,
            where=("report", "comparison", "card"),
        ),
        Metric(
            "raw_chroma_accuracy", "RCA", "raw chroma accuracy", lambda x: x.errors_cents,
            "{:.1%}", better="higher", combine=pooled(raw_chroma_accuracy), needs=_PITCH,
        ),
        Metric(
            "octave_error_share", "octave", "octave errors", lambda x: x.errors_cents, "{:.2%}",
            combine=pooled(octave_error_share), needs=_PITCH, where=("report", "comparison"),
        ),
        Metric(
            "onset_sharpness", "onsets", "onset sharpness",
            lambda x: onset_sharpness(x.target, x.audio, sample_rate=x.sample_rate), "{:.2f}",
            better="near 1", where=("report", "comparison"),
        ),
        Metric(
            "timbre_db", "timbre dB", "timbre",
            lambda x: (Timbre.of(x.audio, sample_rate=x.sample_rate), x.reference), "{:.2f}", "dB",
            # With fewer different recordings it is always larger, so drawing them tells nothing.
            combine=_timbre_distance, where=("comparison",), of_all_only=True, drawn=False,
        ),
    )
)  # fmt: skip
"""Figures of a reconstruction. The order is that of every table."""
