"""Pitch of sound that is still being played."""

from collections import deque

import numpy as np
import numpy.typing as npt
import soxr

from ddsp_tf.features.crepe.crepe_f0 import VOICED_THRESHOLD
from ddsp_tf.features.crepe.live_crepe import LiveCrepe
from ddsp_tf.features.crepe.network import FRAME_LENGTH, SAMPLE_RATE
from ddsp_tf.features.crepe.salience import FRAME_RATE
from ddsp_tf.features.refined_pitch import refine_track, refining_half_s
from ddsp_tf.features.settings import FeatureSettings
from ddsp_tf.features.track import LARGEST_GLIDE_CENTS
from ddsp_tf.types import Float32Array, FloatArray

_HOP_LENGTH = SAMPLE_RATE // FRAME_RATE
_N_KEPT = FRAME_LENGTH // 2
N_AHEAD = 192
"""Samples after its middle that a frame of CREPE waits for: 12 ms. The other 20 ms are zeros, which
it hears through: within a point of raw pitch accuracy of frames that wait for all."""

# The last frames of a note are half silence; the median of so many isn't one of them.
_N_HELD = 5


class LivePitch:
    """Tracks the fundamental with CREPE, 100 times a second, and reads it at the frames.

    CREPE's frames end 12 ms after their middle, and zeros follow. A frame reads the track 10 ms
    before its position, where the two CREPE frames that it lies between are both known, unless the
    pitch leaps to the second. What it reads is refined at its position, below 125 Hz up to 25 ms
    earlier, if the settings say so. Unsure frames hold the pitch before them, the median of the
    last five sure ones. The confidence is that of the newest frame, so that a gate opens early.

    Args:
        settings: Rates and tracker, which is a CREPE.
        initial_f0_hz: Pitch before the first sure one, in Hz.

    Raises:
        ModelError: The tracker's weights are not installed.

    Example:
        >>> from ddsp_tf.features import FeatureSettings
        >>> tone = np.sin(2 * np.pi * 440.0 / 16000 * np.arange(16000)).astype(np.float32)
        >>> f0_hz, confidence = LivePitch(FeatureSettings()).push(tone)
        >>> f0_hz[-1].round().item()
        440.0
    """

    def __init__(self, settings: FeatureSettings, *, initial_f0_hz: float = 220.0) -> None:
        self._sample_rate = settings.sample_rate
        self._hop_length = settings.hop_length
        self._refined = settings.f0_refined
        self._initial_octaves = float(np.log2(initial_f0_hz))
        self._crepe = LiveCrepe(settings.f0_tracker.removeprefix("crepe-"))
        self.reset()

    @property
    def latency_samples(self) -> int:
        """Samples after a frame's position that CREPE waits for."""
        return -(-N_AHEAD * self._sample_rate // SAMPLE_RATE)

    def reset(self) -> None:
        """Forgets what was played."""
        self._crepe.reset()
        rates = (self._sample_rate, SAMPLE_RATE)
        self._resampler = (
            None if rates[0] == rates[1] else soxr.ResampleStream(*rates, 1, dtype="float32")
        )
        # What lies up to half a window before the next frame of CREPE, whose window follows.
        self._samples = np.zeros(_N_KEPT + FRAME_LENGTH // 2, np.float32)
        self._sure_octaves = deque([self._initial_octaves], maxlen=_N_HELD)
        # Octaves and confidence of CREPE's frames from number `_first` on. Frame -1 is made up.
        self._track = np.array([[self._initial_octaves, 0.0]])
        self._first = -1
        self._n_read = 0

    def push(
        self, samples: Float32Array, *, last: bool = False
    ) -> tuple[Float32Array, Float32Array]:
        """Takes in samples and gives the frames that are complete now.

        Args:
            samples: At the settings' rate, `[n_samples]`.
            last: Whether none follow, so that the resampler gives what it holds.

        Returns:
            `f0_hz` and `confidence` (0 to 1), `[n_frames]`.
        """
        if self._resampler is not None:
            samples = self._resampler.resample_chunk(samples, last=last)
        self._samples = np.concatenate([self._samples, samples])
        n_there = FRAME_LENGTH // 2 + N_AHEAD
        n_tracked = (len(self._samples) - _N_KEPT - n_there) // _HOP_LENGTH + 1
        n_before = self._first + len(self._track)
        if n_tracked > 0:
            windows = np.lib.stride_tricks.sliding_window_view(self._samples[_N_KEPT:], n_there)
            heard = windows[::_HOP_LENGTH][:n_tracked]
            found = self._crepe.track(np.pad(heard, [(0, 0), (0, FRAME_LENGTH - n_there)]))
            self._track = np.concatenate([self._track, self._hold_unsure(*found)])
        begins = n_before * _HOP_LENGTH - FRAME_LENGTH // 2 - _N_KEPT
        times_s, f0_hz, confidence = self._read(begins + len(self._samples) - N_AHEAD)
        if self._refined and len(f0_hz):
            # Of low notes the window ends where any other does, and its middle is earlier.
            early_s = refining_half_s(f0_hz) - N_AHEAD / SAMPLE_RATE
            times_s = times_s - np.maximum(early_s, 0.0) - begins / SAMPLE_RATE
            f0_hz = refine_track(self._samples, f0_hz, confidence, times_s, sample_rate=SAMPLE_RATE)
        self._samples = self._samples[max(0, n_tracked) * _HOP_LENGTH :]
        return f0_hz, confidence

    def _hold_unsure(
        self, f0_hz: Float32Array, confidence: Float32Array
    ) -> npt.NDArray[np.float64]:
        octaves = np.log2(f0_hz.astype(np.float64))
        for index, sure in enumerate(confidence >= VOICED_THRESHOLD):
            if sure:
                self._sure_octaves.append(float(octaves[index]))
            else:
                octaves[index] = np.median(self._sure_octaves)
        return np.stack([octaves, confidence], axis=1)

    def _read(self, last: int) -> tuple[FloatArray, Float32Array, Float32Array]:
        """Times in s, pitch and confidence of the frames up to a sample at CREPE's rate."""
        # Frame i lies in CREPE's frame i * step // rate, which is known when the frame is.
        step, rate = self._hop_length * FRAME_RATE, self._sample_rate
        n_readable = max(self._n_read, last * rate // (self._hop_length * SAMPLE_RATE) + 1)
        position = np.arange(self._n_read, n_readable, dtype=np.int64) * step
        here = position // rate
        weight = (position - here * rate) / rate
        before, after = (self._track[here + shift - self._first] for shift in (-1, 0))
        glides = np.abs(after[:, 0] - before[:, 0]) <= LARGEST_GLIDE_CENTS / 1200
        weight_f0 = np.where(glides, weight, 1.0)
        octaves = before[:, 0] + weight_f0 * (after[:, 0] - before[:, 0])
        self._n_read = int(n_readable)
        self._forget(self._n_read * step // rate - 1)
        times_s = position / (rate * FRAME_RATE)
        return times_s, (2.0**octaves).astype(np.float32), after[:, 1].astype(np.float32)

    def _forget(self, oldest_needed: int) -> None:
        n_unneeded = max(0, oldest_needed - self._first)
        self._track = self._track[n_unneeded:]
        self._first += n_unneeded
