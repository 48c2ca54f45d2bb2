"""The one function that turns audio into features, for every use."""

import numpy.typing as npt

from ddsp_tf.errors import ArgumentError
from ddsp_tf.features.extractors import columns_of, extractor_for
from ddsp_tf.features.features import Features
from ddsp_tf.features.mono_samples import mono_samples
from ddsp_tf.features.settings import FeatureSettings
from ddsp_tf.types import Float32Array, Progress


def extract_features(
    audio: npt.ArrayLike,
    settings: FeatureSettings | None = None,
    *,
    progress: Progress | None = None,
) -> Features:
    """Extracts the columns that the settings ask for; by default pitch, confidence and loudness.

    Every feature is centred: frame i describes the audio around sample `i * hop_length`. Memory
    is bounded for any length; the result doesn't depend on where blocks end. No tracker runs
    when no column of the pitch is asked for.

    Args:
        audio: Mono at `settings.sample_rate`, `[n_samples]`, full scale -1 to 1.
        settings: Rates, columns, tracker and loudness definition; the defaults if omitted.
        progress: Is called with the share that is done, 0 to 1.

    Returns:
        Features of `ceil(n_samples / hop_length)` frames.

    Raises:
        ArgumentError: `audio` isn't one-dimensional, is empty, or holds NaN or infinity, or no
            extractor makes one of the columns.
        ModelError: The tracker's weights are not installed.

    Example:
        >>> time_s = np.arange(16000) / 16000
        >>> features = extract_features(0.5 * np.sin(2 * np.pi * 440 * time_s))
        >>> bool(abs(np.median(features.f0_hz) - 440) < 2)
        True
    """
    settings = settings or FeatureSettings()
    columns = columns_of(settings)
    samples = mono_samples(audio)
    if not len(samples):
        raise ArgumentError("`audio` must hold at least one sample.")
    made: dict[str, Float32Array] = {}
    for name in columns:
        _make(name, made, samples, settings, progress)
    if progress is not None and "f0_hz" not in made:
        progress(1.0)
    hop_length = settings.hop_length
    rows = {name: column.rows_per_frame(hop_length) for name, column in columns.items()}
    return Features.from_columns({name: made[name] for name in columns}, rows=rows)


def _make(
    name: str,
    made: dict[str, Float32Array],
    samples: Float32Array,
    settings: FeatureSettings,
    progress: Progress | None,
) -> None:
    """Adds a column, and before it those that it is made of."""
    if name in made:
        return
    extractor = extractor_for(name)
    for needed in extractor.needs:
        _make(needed, made, samples, settings, progress)
    made.update(extractor.extract_beside(samples, settings, made, progress=progress))
