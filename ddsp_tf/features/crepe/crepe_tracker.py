"""CREPE for recordings of any length: the graph of `CrepeF0`, block by block."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import soxr
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.features.blocks import padded_blocks
from ddsp_tf.features.crepe.crepe_f0 import log_emission
from ddsp_tf.features.crepe.network import FRAME_LENGTH, SAMPLE_RATE
from ddsp_tf.features.crepe.salience import (
    FRAME_RATE,
    HOP_LENGTH,
    CrepeSalience,
)
from ddsp_tf.features.crepe.salience_decoding import Observation, decode_blocks
from ddsp_tf.types import Float32Array, Progress


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
        self._weights = tf.function(self._salience.weights, autograph=False)()
        self._observe = tf.function(self._observe_block, autograph=False)

    def track(
        self, audio: Float32Array, sample_rate: int, *, progress: Progress | None = None
    ) -> tuple[Float32Array, Float32Array]:
        """Tracks a recording; see `F0Tracker.track`."""
        if sample_rate != SAMPLE_RATE:
            audio = soxr.resample(audio, sample_rate, SAMPLE_RATE)
        n_frames = max(1, dsp.n_frames(len(audio), HOP_LENGTH))
        return decode_blocks(self._observations(audio), n_frames, progress=progress)

    def _observations(self, audio: Float32Array) -> Iterator[Observation]:
        """Salience and log likelihood of each block, computed while the one before is decoded."""
        # Padded as `CrepeF0` pads.
        blocks = padded_blocks(
            audio,
            length=self._salience.block_length,
            step=self._salience.block_step,
            before=FRAME_LENGTH // 2,
        )
        waiting: Future[Observation] | None = None
        with ThreadPoolExecutor(1) as executor:
            for block in blocks:
                following = executor.submit(self._observe_samples, block)
                if waiting is not None:
                    yield waiting.result()
                waiting = following
            if waiting is not None:
                yield waiting.result()

    def _observe_samples(self, block: Float32Array) -> Observation:
        salience, emission = self._observe(tf.constant(block))
        return salience.numpy(), emission.numpy()

    def _observe_block(self, block: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        salience = self._salience(block, self._weights)
        return salience, log_emission(salience)
