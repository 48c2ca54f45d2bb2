"""The pitch encoder as a tracker of recordings of any length."""

import os

import numpy as np
import soxr
import tensorflow as tf

from ddsp_tf.features.nansy.heard_spectrum import SAMPLE_RATE, hear, read_bins
from ddsp_tf.features.nansy.pitch_encoder import PitchEncoder, read_pitch
from ddsp_tf.features.stored_network import StoredKind, load_stored_network
from ddsp_tf.features.track import fill_unvoiced
from ddsp_tf.types import Float32Array, Progress

VOICED_THRESHOLD = 0.5
N_BLOCK_FRAMES = 3000
N_CONTEXT_FRAMES = 200
_STORED = StoredKind(
    "nansy", "NansyPitch", "papers/choi2022/pitch.gin", ("n_channels", "n_units", "hop_length")
)


class NansyTracker:
    """A trained `PitchEncoder` behind the `F0Tracker` protocol.

    The pitch is what `read_pitch` reads, 50 to 1,000 Hz. The confidence is by how much of its power
    an excitation is rather periodic than not, at least 0; it is 0 in silence. Recordings are
    tracked in blocks of 30 s with two seconds of context on both sides.

    Args:
        folder: Of a trained model or its run; None is the one that ships, of singing and speech.

    Raises:
        ModelError: There is no model in the folder, or another one.

    Reference:
        Choi et al. 2022, NANSY++, the pitch encoder.
    """

    def __init__(self, folder: str | os.PathLike[str] | None = None) -> None:
        self._encoder, sizes = load_stored_network(_STORED, folder, _encoder)
        self._hop_length = sizes["hop_length"]
        self.frame_rate = SAMPLE_RATE // self._hop_length
        self._track_block = tf.function(
            self._track_tensor,
            input_signature=[tf.TensorSpec([None], tf.float32)],
            autograph=False,
        )

    def track(
        self, audio: Float32Array, sample_rate: int, *, progress: Progress | None = None
    ) -> tuple[Float32Array, Float32Array]:
        """Tracks a recording; see `F0Tracker.track`."""
        if sample_rate != SAMPLE_RATE:
            audio = soxr.resample(audio, sample_rate, SAMPLE_RATE)
        hop = self._hop_length
        n_frames = max(1, -(-len(audio) // hop))
        parts = []
        for first in range(0, n_frames, N_BLOCK_FRAMES):
            begin, end = max(first - N_CONTEXT_FRAMES, 0), min(first + N_BLOCK_FRAMES, n_frames)
            samples = audio[begin * hop : (end + N_CONTEXT_FRAMES) * hop]
            if not len(samples):
                samples = np.zeros(1, np.float32)
            block = self._track_block(tf.constant(samples, tf.float32))
            parts.append([values.numpy()[first - begin : end - begin] for values in block])
            if progress is not None:
                progress(end / n_frames)
        f0_hz, confidence = (np.concatenate(part) for part in zip(*parts, strict=True))
        filled = fill_unvoiced(f0_hz[None], confidence[None], threshold=VOICED_THRESHOLD)
        return filled.numpy()[0], confidence

    def _track_tensor(self, audio: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        heard, peak = hear(audio[tf.newaxis], hop_length=self._hop_length)
        found = self._encoder(read_bins(heard))
        power = tf.square(found["amplitudes"][0]) * tf.constant([1 / 2, 1 / 3])
        surplus = tf.nn.relu(power[:, 0] - power[:, 1]) / tf.reduce_sum(power, axis=-1)
        f0_hz = 2.0 ** read_pitch(found["pitch_logits"])[0, :, 0]
        return f0_hz, tf.where(peak[0, :, 0] > 0.0, surplus, 0.0)


def _encoder(*, n_channels: int, n_units: int, hop_length: int) -> PitchEncoder:
    del hop_length
    return PitchEncoder(n_channels=n_channels, n_units=n_units)
