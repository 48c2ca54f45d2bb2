"""Features of sound that is still being played."""

import numpy as np
import numpy.typing as npt

from ddsp_tf.errors import ArgumentError
from ddsp_tf.features.features import Features
from ddsp_tf.features.live_loudness import LiveLoudness
from ddsp_tf.features.live_pitch import LivePitch
from ddsp_tf.features.mono_samples import mono_samples
from ddsp_tf.features.settings import DEFAULT_COLUMNS, FeatureSettings
from ddsp_tf.features.trackers import F0_TRACKERS

_RESAMPLER_RESERVE_S = 0.1


class LiveFeatures:
    """Extracts features block by block, each frame as soon as its windows are complete.

    Frames, network and loudness are those of `extract_features`. Three things differ, because
    nothing later is known: the path of the pitch is decoded up to the present only, it is read
    10 ms before the frame, and a frame whose confidence is below 0.4 holds the last pitch that was
    sure.

    Args:
        settings: Of the instrument that will play the features.
        initial_f0_hz: Pitch before the first sure one, in Hz.

    Raises:
        ArgumentError: The tracker of `settings` isn't a CREPE, or they ask for other columns than
            pitch, confidence and loudness.
        ModelError: Its weights are not installed.

    Example:
        >>> from ddsp_tf.features import FeatureSettings
        >>> live = LiveFeatures(FeatureSettings())
        >>> live.latency_samples
        192
        >>> [live.push(np.zeros(256, np.float32)).n_frames for _ in range(4)]
        [2, 4, 4, 4]
    """

    def __init__(self, settings: FeatureSettings, *, initial_f0_hz: float = 220.0) -> None:
        if not settings.f0_tracker.startswith("crepe-"):
            live = ", ".join(name for name in F0_TRACKERS if name.startswith("crepe-"))
            raise ArgumentError(
                f"`f0_tracker` must be one of {live} to follow sound that is being played; "
                f"got {settings.f0_tracker!r}, which needs the whole recording."
            )
        others = [name for name in settings.columns if name not in DEFAULT_COLUMNS]
        if others:
            raise ArgumentError(
                f"Only {', '.join(DEFAULT_COLUMNS)} can be followed while sound is being played, "
                f"not {', '.join(others)}: play the whole recording."
            )
        self.settings = settings
        self._pitch = LivePitch(settings, initial_f0_hz=initial_f0_hz)
        self._loudness = LiveLoudness(settings)
        self.reset()

    @property
    def latency_samples(self) -> int:
        """Samples after a frame's position that have to be there before it is known."""
        return max(self._pitch.latency_samples, self._loudness.latency_samples)

    def reset(self) -> None:
        """Forgets what was played."""
        self._pitch.reset()
        self._loudness.reset()
        # Rows are f0_hz, confidence and loudness_db; they wait for one another.
        self._waiting = [np.zeros(0, np.float32)] * 3
        self._n_received = 0
        self._n_given = 0

    def push(self, audio: npt.ArrayLike) -> Features:
        """Takes in the next samples, any number of them.

        Args:
            audio: Mono at `settings.sample_rate`, `[n_samples]`.

        Returns:
            The frames that are complete now; there may be none.

        Raises:
            ArgumentError: `audio` isn't one-dimensional, or holds NaN or infinity.
        """
        samples = mono_samples(audio)
        self._n_received += len(samples)
        return self._advance(samples)

    def flush(self) -> Features:
        """Gives the last frames, as if silence followed, and resets.

        Returns:
            As many frames as make `ceil(n_samples / hop_length)` with those given before.
        """
        missing = self.settings.n_frames(self._n_received) - self._n_given
        reserve = round(_RESAMPLER_RESERVE_S * self.settings.sample_rate)
        n_silent = self.latency_samples + self.settings.hop_length + reserve
        features = self._advance(np.zeros(n_silent, np.float32), last=True)[:missing]
        self.reset()
        return features

    def _advance(self, samples: npt.NDArray[np.float32], *, last: bool = False) -> Features:
        new = (*self._pitch.push(samples, last=last), self._loudness.push(samples))
        rows = [np.concatenate(pair) for pair in zip(self._waiting, new, strict=True)]
        n_frames = min(len(row) for row in rows)
        self._waiting = [row[n_frames:] for row in rows]
        self._n_given += n_frames
        return Features(*(row[:n_frames] for row in rows))
