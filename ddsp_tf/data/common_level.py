"""One gain for all recordings of a dataset, so that soft stays soft beside loud."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np

from ddsp_tf.data.recording import Recording
from ddsp_tf.features import Column, Features

LEVEL_MEASURES = ("peak_db", "loud_db")
_WORTH_SAYING_DB = -3.0


def common_gain_db(recordings: Iterable[Recording]) -> float:
    """The gain in dB that keeps the loudest of some recordings within full scale; at most 0."""
    return min((_gain_db(recording) for recording in recordings), default=0.0)


def at_gain(recording: Recording, gain_db: float, columns: Mapping[str, Column]) -> Recording:
    """Turns a recording down to a gain below the one it was stored with.

    Args:
        recording: Stored with the gain that `source` names.
        gain_db: Of the dataset, at most the recording's.
        columns: What the recording holds, by name. Those in dB are moved along, down to their
            lowest value.

    Returns:
        As if the recording had been stored with this gain; samples to half a step of 16 bits.
    """
    change_db = gain_db - _gain_db(recording)
    if change_db == 0.0:
        return recording
    gain = np.float32(10.0 ** (change_db / 20.0))
    measures = {
        name: value + change_db if name in LEVEL_MEASURES else value
        for name, value in recording.measures.items()
    }
    return replace(
        recording,
        features=_moved(recording.features, change_db, columns),
        measures=measures,
        source={**recording.source, "gain_db": gain_db},
        samples={name: _scaled(samples, gain) for name, samples in recording.samples.items()},
    )


def gain_remarks(recordings: Mapping[str, Recording], gain_db: float) -> tuple[str, ...]:
    """What to say of a gain that costs resolution."""
    if gain_db > _WORTH_SAYING_DB:
        return ()
    loudest = min(recordings, key=lambda name: _gain_db(recordings[name]))
    return (
        f"All recordings were turned down by {-gain_db:.0f} dB, because `{loudest}` exceeds full "
        "scale by that much. Leave it out if that is a mistake of its own.",
    )


def _gain_db(recording: Recording) -> float:
    return float(recording.source.get("gain_db", 0.0))


def _moved(features: Features, change_db: float, columns: Mapping[str, Column]) -> Features:
    def moved(name: str, values: np.ndarray) -> np.ndarray:
        signal = columns[name].signal if name in columns else None
        if signal is None or signal.unit != "dB":
            return values
        lowest = -np.inf if signal.low is None else signal.low
        return np.maximum(values + np.float32(change_db), np.float32(lowest))

    rows = {name: features.rows(name) for name in features}
    values = {name: moved(name, column) for name, column in features.items()}
    return Features(**values, rows=rows)


def _scaled(samples: np.ndarray, gain: np.float32) -> np.ndarray:
    scaled = samples * gain
    return scaled if samples.dtype == np.float32 else np.round(scaled).astype(samples.dtype)
