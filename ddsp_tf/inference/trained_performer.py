"""A performer that was learned from recordings and their scores."""

import os

import numpy as np
import tensorflow as tf

from ddsp_tf.errors import ArgumentError, ModelError
from ddsp_tf.features import NOTE_FIELDS, Statistics
from ddsp_tf.inference.gating import gate_envelope
from ddsp_tf.inference.performer import Performance, Performer, at_least_silent
from ddsp_tf.midi import note_columns
from ddsp_tf.models import ControlModel, Instrument
from ddsp_tf.types import FloatArray

_BLOCK_S, _CONTEXT_S = 60.0, 4.0


class TrainedPerformer(Performer):
    """Plays as a `ControlModel` has learned to.

    Its loudness is that of the instrument that it was learned from; on another one it keeps its
    place among the loudnesses of what that was trained on. Long scores are played in blocks of a
    minute, with four seconds of what is around them.

    Args:
        performer: What `ddsp-tf train` made of `papers/jonason2020/performer.gin`: a run, a folder,
            or what was loaded from one.

    Raises:
        ModelError: It can't be loaded, or is no performer.

    Example:
        >>> from ddsp_tf.features import FeatureSettings
        >>> from ddsp_tf.models import ControlModel, Instrument
        >>> untrained = Instrument(ControlModel(rnn_channels=4, channels=4), FeatureSettings())
        >>> note = np.array([[0.1, 0.3, 69, 0.75, 0]])
        >>> played = TrainedPerformer(untrained).perform(
        ...     note, statistics=None, frame_rate=250.0, n_frames=100)
        >>> played.f0_hz[0].round(1), played.loudness_db[50].round(1), played.gate[99]
        (np.float64(440.0), np.float64(-20.0), np.float64(0.0))

    Reference:
        Jonason, Sturm and Thomé 2020, "The control-synthesis approach for making expressive and
        controllable neural music synthesizers".
    """

    def __init__(self, performer: Instrument | str | os.PathLike[str]) -> None:
        name = "The performer"
        if not isinstance(performer, Instrument):
            name = f"`{performer}`"
            performer = Instrument.load(performer)
        model = performer.model
        if not isinstance(model, ControlModel):
            raise ModelError(
                f"{name} is no performer, but a `{type(model).__name__}`. Train one with "
                "`ddsp-tf train --gin-file papers/jonason2020/performer.gin`."
            )
        self.statistics = performer.statistics
        self._stride = model.stride
        self.frame_rate = performer.features.frame_rate
        self._play = tf.function(
            model.perform,
            autograph=False,
            input_signature=[
                tf.TensorSpec([1, None, len(NOTE_FIELDS)], tf.float32),
                tf.TensorSpec([], tf.int32),
            ],
        )

    def perform(
        self, notes: np.ndarray, *, statistics: Statistics | None, frame_rate: float, n_frames: int
    ) -> Performance:
        """Plays a line of notes.

        Raises:
            ArgumentError: The instrument has another frame rate than the performer.
        """
        if frame_rate != self.frame_rate:
            raise ArgumentError(
                f"The performer plays {self.frame_rate:g} frames a second, and the instrument has "
                f"{frame_rate:g}. Prepare the performer's recordings at the instrument's rates, "
                "and train it again."
            )
        rows = np.asarray(notes, np.float64)
        block, context = round(_BLOCK_S * frame_rate), round(_CONTEXT_S * frame_rate)
        parts = []
        for start in range(0, n_frames, block):
            end = min(start + block, n_frames)
            first, last = max(start - context, 0), min(end + context, n_frames)
            played = self._played(rows, first, last)
            parts.append(played[start - first : end - first])
        f0_hz, loudness_db = np.concatenate(parts).astype(np.float64).T
        loudness_db = _without_spikes(loudness_db, self._stride)
        columns = note_columns(rows, frame_rate=frame_rate, n_frames=n_frames)
        return Performance(
            f0_hz=f0_hz,
            loudness_db=at_least_silent(_moved(loudness_db, self.statistics, statistics)),
            gate=gate_envelope(columns.gate > 0, frame_rate),
        )

    def _played(self, rows: FloatArray, first: int, last: int) -> FloatArray:
        """Pitch and loudness of some frames, `[last - first, 2]`."""
        begin_s, end_s = first / self.frame_rate, last / self.frame_rate
        # The note that began before stays known, though it may be over.
        before = max(int(np.searchsorted(rows[:, 0], begin_s, side="right")) - 1, 0)
        after = max(int(np.searchsorted(rows[:, 0], end_s)), before + 1)
        some = rows[before:after] - np.array([begin_s, begin_s, 0.0, 0.0, 0.0])
        some[:, 3] = np.maximum(some[:, 3], 1.0 / 127.0)
        played = self._play(tf.constant(some[np.newaxis], tf.float32), tf.constant(last - first))
        return np.concatenate([played["f0_hz"][0], played["loudness_db"][0]], axis=1)


def _without_spikes(loudness_db: FloatArray, stride: int) -> FloatArray:
    """Medians over two strides: what is written jumps at a note's edge, what is added can't."""
    if stride == 1:
        return loudness_db
    padded = np.pad(loudness_db, stride, mode="edge")
    return np.median(np.lib.stride_tricks.sliding_window_view(padded, 2 * stride + 1), axis=-1)


def _moved(loudness_db: FloatArray, own: Statistics | None, other: Statistics | None) -> FloatArray:
    """Loudness with the same place in another instrument's range; softer than any note, as far."""
    if own is None or other is None or own == other:
        return loudness_db
    here, there = np.array(own.loudness_db_quantiles), np.array(other.loudness_db_quantiles)
    softer = np.minimum(loudness_db - here[0], 0.0)
    return np.interp(loudness_db, here, there) + softer
