"""The pitch encoder as a tracker of recordings of any length."""

from pathlib import Path

import numpy as np
import soxr
import tensorflow as tf

from ddsp_tf.errors import ModelError
from ddsp_tf.features.track import fill_unvoiced
from ddsp_tf.models.instrument import Instrument
from ddsp_tf.models.nansy.nansy_pitch import SAMPLE_RATE, NansyPitch, read_bins
from ddsp_tf.models.nansy.pitch_encoder import read_pitch
from ddsp_tf.types import Float32Array, Progress

VOICED_THRESHOLD = 0.5
N_BLOCK_FRAMES = 3000
N_CONTEXT_FRAMES = 200
_SHIPPED = Path(__file__).parents[2] / "presets" / "trackers" / "nansy"


class NansyTracker:
    """A trained `NansyPitch` behind the `F0Tracker` protocol.

    The pitch is what `read_pitch` reads, 50 to 1,000 Hz. The confidence is by how much of its power
    an excitation is rather periodic than not, at least 0; it is 0 in silence. Recordings are
    tracked in blocks of 30 s with two seconds of context on both sides.

    Args:
        model: The folder of a run or of a model; "": the one that ships, of singing and speech.

    Raises:
        ModelError: There is none, or it is of another kind.

    Reference:
        Choi et al. 2022, NANSY++, the pitch encoder.
    """

    def __init__(self, model: str = "") -> None:
        found = Instrument.load(model or _SHIPPED).model
        if not isinstance(found, NansyPitch):
            raise ModelError(
                f"`{model}` should hold a NansyPitch, trained by papers/choi2022/pitch.gin. "
                f"It holds a {type(found).__name__}."
            )
        self._model = found
        self.frame_rate = found.sample_rate // found.hop_length
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
        hop = self._model.hop_length
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
        heard, peak = self._model.hear(audio[tf.newaxis])
        found = self._model.encoder(read_bins(heard))
        power = tf.square(found["amplitudes"][0]) * tf.constant([1 / 2, 1 / 3])
        surplus = tf.nn.relu(power[:, 0] - power[:, 1]) / tf.reduce_sum(power, axis=-1)
        f0_hz = 2.0 ** read_pitch(found["pitch_logits"])[0, :, 0]
        return f0_hz, tf.where(peak[0, :, 0] > 0.0, surplus, 0.0)
