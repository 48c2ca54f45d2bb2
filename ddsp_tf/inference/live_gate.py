"""The gate between notes, for sound that is still being played."""

import numpy as np

from ddsp_tf.features import Features
from ddsp_tf.features.voicing import QUIET_DB
from ddsp_tf.inference.gating import RELEASE_S
from ddsp_tf.types import FloatArray

_CERTAIN = 0.8
_SURE = 0.6
_UNSURE = 0.4
_SURE_S = 0.02
_HOLD_S = 0.04


class LiveGate:
    """Opens when a pitch is sure and louder than -60 dB, and closes when it no longer is.

    `gating.find_notes` compares a frame with the average of the recording; here there is none yet,
    so levels and confidences are absolute, with a hysteresis, and a gap of 40 ms is passed over.
    A confidence of 0.8 opens it at once, one of 0.6 when it has lasted for 20 ms: the noise of
    a whisper is taken for a pitch too, but for single frames. Once open, 0.4 is enough.

    Args:
        frame_rate: Frames per second.

    Example:
        >>> from ddsp_tf.features import Features
        >>> gate = LiveGate(250.0)
        >>> loud = Features(np.full(9, 440.0), np.ones(9), np.full(9, -20.0))
        >>> gate.gain(loud)[-1].item()
        1.0
    """

    def __init__(self, frame_rate: float) -> None:
        self._fall = 1.0 / max(1.0, RELEASE_S * frame_rate)
        self._hold_frames = round(_HOLD_S * frame_rate)
        self._sure_frames = max(1, round(_SURE_S * frame_rate))
        self.reset()

    def reset(self) -> None:
        """Closes."""
        self._gain = 0.0
        self._sounding = False
        self._n_sure = 0
        self._n_unsure = 0

    def gain(self, features: Features) -> FloatArray:
        """Gives the gate's gain at the next frames, 0 to 1.

        Args:
            features: Of the next frames, any number of them.

        Returns:
            `[n_frames]`; it rises at once and falls in 60 ms.
        """
        gains = np.zeros(features.n_frames)
        for frame, (confidence, loudness_db) in enumerate(
            zip(features.f0_confidence, features.loudness_db, strict=True)
        ):
            if loudness_db > QUIET_DB and self._is_pitch(confidence):
                self._sounding, self._n_unsure = True, 0
            else:
                self._n_unsure += 1
                self._sounding &= self._n_unsure <= self._hold_frames
            # The loudness itself rises softly; another fade would only come late.
            self._gain = 1.0 if self._sounding else max(0.0, self._gain - self._fall)
            gains[frame] = self._gain
        return gains

    def _is_pitch(self, confidence: float) -> bool:
        self._n_sure = self._n_sure + 1 if confidence >= _SURE else 0
        needed = _UNSURE if self._sounding else _CERTAIN
        return confidence >= needed or self._n_sure >= self._sure_frames
