"""The one function that turns audio into features, for every use."""

import numpy as np
import numpy.typing as npt

from ddsp_tf.errors import ArgumentError
from ddsp_tf.features.features import Features
from ddsp_tf.features.loudness import extract_loudness_db
from ddsp_tf.features.mono_samples import mono_samples
from ddsp_tf.features.settings import FeatureSettings
from ddsp_tf.features.track import interpolate_track
from ddsp_tf.features.tracker import get_tracker
from ddsp_tf.types import Progress


def extract_features(
    audio: npt.ArrayLike,
    settings: FeatureSettings | None = None,
    *,
    progress: Progress | None = None,
) -> Features:
    """Extracts fundamental, confidence and loudness.

    Every feature is centred: frame i describes the audio around sample `i * hop_length`. Memory
    is bounded for any length; the result doesn't depend on where blocks end.

    Args:
        audio: Mono at `settings.sample_rate`, `[n_samples]`, full scale -1 to 1.
        settings: Rates, tracker and loudness definition; the defaults if omitted.
        progress: Is called with the share that is done, 0 to 1.

    Returns:
        Features of `ceil(n_samples / hop_length)` frames.

    Raises:
        ArgumentError: `audio` isn't one-dimensional, is empty, or holds NaN or infinity.
        ModelError: The tracker's weights are not installed.

    Example:
        >>> time_s = np.arange(16000) / 16000
        >>> features = extract_features(0.5 * np.sin(2 * np.pi * 440 * time_s))
        >>> bool(abs(np.median(features.f0_hz) - 440) < 2)
        True
    """
    settings = settings or FeatureSettings()
    samples = mono_samples(audio)
    if not len(samples):
        raise ArgumentError("`audio` must hold at least one sample.")
    tracker = get_tracker(settings.f0_tracker)
    track, confidence = tracker.track(samples, settings.sample_rate, progress=progress)
    f0_hz, f0_confidence = interpolate_track(
        track[np.newaxis],
        confidence[np.newaxis],
        track_rate=tracker.frame_rate,
        sample_rate=settings.sample_rate,
        hop_length=settings.hop_length,
        n_frames=settings.n_frames(len(samples)),
    )
    return Features(
        f0_hz=f0_hz[0].numpy(),
        f0_confidence=f0_confidence[0].numpy(),
        loudness_db=extract_loudness_db(samples, settings),
    )
