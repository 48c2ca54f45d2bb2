"""CREPE for recordings of any length: the graph of `CrepeF0`, block by block."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import soxr
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.features.crepe import (
    VOICED_THRESHOLD,
    log_emission,
    read_salience,
)
from ddsp_tf.features.crepe_network import FRAME_LENGTH, N_BINS, SAMPLE_RATE
from ddsp_tf.features.crepe_salience import (
    BLOCK_LENGTH,
    BLOCK_STEP,
    FRAME_RATE,
    HOP_LENGTH,
    N_BLOCK_FRAMES,
    CrepeSalience,
    EdgeWeights,
)
from ddsp_tf.features.survivor_path import SurvivorPath
from ddsp_tf.features.track import fill_unvoiced
from ddsp_tf.features.tracker import FloatArray, Progress
from ddsp_tf.features.viterbi import viterbi_forward


class CrepeTracker:
    """CREPE behind the `F0Tracker` protocol.

    Gives the numbers of `CrepeF0`, but holds a few seconds of salience at a time.

    Args:
        capacity: `"tiny"`, `"small"`, `"medium"`, `"large"` or `"full"`.

    Raises:
        ArgumentError: `capacity` is unknown.
        ModelError: Its weights are not installed.
    """

    frame_rate = FRAME_RATE

    def __init__(self, capacity: str = "tiny") -> None:
        self._salience = CrepeSalience(capacity)
        self._edge_weights = tf.function(self._salience.edge_weights, autograph=False)()
        self._advance = tf.function(self._advance_block, reduce_retracing=True, autograph=False)

    def track(
        self, audio: FloatArray, sample_rate: int, *, progress: Progress | None = None
    ) -> tuple[FloatArray, FloatArray]:
        """Tracks a recording; see `F0Tracker.track`."""
        if sample_rate != SAMPLE_RATE:
            audio = soxr.resample(audio, sample_rate, SAMPLE_RATE)
        n_frames = max(1, dsp.n_frames(len(audio), HOP_LENGTH))
        survivors = SurvivorPath()
        belief = tf.zeros([1, N_BINS])
        parts: list[tuple[FloatArray, FloatArray]] = []
        for start, block in _blocks(audio):
            n_wanted = min(N_BLOCK_FRAMES, n_frames - start)
            salience, beliefs = self._advance(
                tf.constant(block), belief, tf.constant(n_wanted), self._edge_weights
            )
            belief = beliefs[-1:]
            parts.append(_read(*survivors.add(salience.numpy(), beliefs.numpy())))
            if progress is not None:
                progress((start + n_wanted) / n_frames)
        parts.append(_read(*survivors.finish()))
        f0_hz, confidence = (np.concatenate(part) for part in zip(*parts, strict=True))
        filled = fill_unvoiced(f0_hz[None], confidence[None], threshold=VOICED_THRESHOLD)
        return filled.numpy()[0], confidence

    def _advance_block(
        self,
        block: tf.Tensor,
        belief: tf.Tensor,
        n_frames: tf.Tensor,
        edge_weights: EdgeWeights,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        salience = self._salience(block, edge_weights)[:n_frames]
        return salience, viterbi_forward(log_emission(salience)[tf.newaxis], belief)[0]


def _blocks(audio: FloatArray) -> Iterator[tuple[int, FloatArray]]:
    """The first frame and the samples of each block, padded like `CrepeF0` pads."""
    half = FRAME_LENGTH // 2
    for i, start in enumerate(range(0, max(1, len(audio)), BLOCK_STEP)):
        block = np.zeros(BLOCK_LENGTH, np.float32)
        first = start - half
        inside = audio[max(first, 0) : first + BLOCK_LENGTH]
        offset = max(-first, 0)
        block[offset : offset + len(inside)] = inside
        yield i * N_BLOCK_FRAMES, block


_read_salience = tf.function(read_salience, reduce_retracing=True, autograph=False)


def _read(salience: FloatArray, path: npt.NDArray[np.int32]) -> tuple[FloatArray, FloatArray]:
    f0_hz, confidence = _read_salience(
        tf.constant(salience[np.newaxis]), tf.constant(path[np.newaxis])
    )
    return f0_hz.numpy()[0], confidence.numpy()[0]
