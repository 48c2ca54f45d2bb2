"""SwiftF0, as its own package runs it."""

import importlib
from typing import Any

import numpy as np
import soxr
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.errors import ModelError
from ddsp_tf.features.track import fill_unvoiced, interpolate_track
from ddsp_tf.types import Float32Array, Progress

SAMPLE_RATE = 16000
FRAME_RATE = 100
HOP_LENGTH = SAMPLE_RATE // FRAME_RATE
# Its frames are 256 samples apart, 62.5 a second: five of them in eight of ours.
_ITS_HOP = 256
_VOICED = 0.5


class SwiftTracker:
    """SwiftF0 behind the `F0Tracker` protocol, read 100 times a second.

    Needs the package swift-f0 (MIT), `pip install "ddsp-tf[swift-f0]"`, which runs its network by
    ONNX Runtime: 46.9 to 2,094 Hz, frame by frame, without a search over the file.

    Raises:
        ModelError: The package is not installed.

    Reference:
        Nieradzik 2025, "SwiftF0: Fast and Accurate Monophonic Pitch Detection".
    """

    frame_rate = FRAME_RATE

    def __init__(self) -> None:
        self._detector = _load().SwiftF0()

    def track(
        self, audio: Float32Array, sample_rate: int, *, progress: Progress | None = None
    ) -> tuple[Float32Array, Float32Array]:
        """Tracks a recording; see `F0Tracker.track`."""
        if sample_rate != SAMPLE_RATE:
            audio = soxr.resample(audio, sample_rate, SAMPLE_RATE)
        n_frames = max(1, dsp.n_frames(len(audio), HOP_LENGTH))
        # It leaves out what fills no frame at the end.
        whole = max(1, -(-len(audio) // _ITS_HOP)) * _ITS_HOP
        padded = np.zeros(whole, np.float32)
        padded[: len(audio)] = audio
        heard = self._detector.detect(padded, SAMPLE_RATE)
        track = [tf.constant(x[np.newaxis], tf.float32) for x in (heard.pitch_hz, heard.confidence)]
        f0_hz, confidence = interpolate_track(
            fill_unvoiced(*track, threshold=_VOICED),
            track[1],
            track_rate=HOP_LENGTH,
            sample_rate=_ITS_HOP,
            hop_length=1,
            n_frames=n_frames,
        )
        if progress is not None:
            progress(1.0)
        return f0_hz.numpy()[0], confidence.numpy()[0]


def _load() -> Any:
    try:
        return importlib.import_module("swift_f0")
    except ImportError as error:
        raise ModelError(
            "The tracker swift-f0 needs a package that is not installed. Install it: "
            'pip install "ddsp-tf[swift-f0]"'
        ) from error
