"""From the salience of one block after another to a track, in bounded memory."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from ddsp_tf.features.crepe.belief_recursion import BeliefRecursion
from ddsp_tf.features.crepe.crepe_f0 import VOICED_THRESHOLD, read_salience
from ddsp_tf.features.crepe.survivor_path import SurvivorPath
from ddsp_tf.features.track import fill_unvoiced
from ddsp_tf.types import Float32Array, Progress

Observation = tuple[Float32Array, Float32Array]
"""Salience and log likelihood of some frames (`log_emission`), each `[n_frames, 360]`."""


def decode_blocks(
    observations: Iterator[Observation], n_frames: int, *, progress: Progress | None = None
) -> tuple[Float32Array, Float32Array]:
    """Decodes a recording by Viterbi, some seconds at a time, as if all were there at once.

    Args:
        observations: Of the blocks in order; together `n_frames` frames or more. A bin is 20 cents,
            as CREPE's, from 31.7 Hz.
        n_frames: How many are wanted, at least 1.
        progress: Is called with the share that is done, 0 to 1.

    Returns:
        `f0_hz` and `confidence`, each `[n_frames]`; see `F0Tracker.track`.
    """
    survivors, recursion = SurvivorPath(), BeliefRecursion()
    parts: list[tuple[Float32Array, Float32Array]] = []
    n_done = 0
    for salience, emission in observations:
        n_wanted = min(len(salience), n_frames - n_done)
        beliefs = recursion.advance(emission[:n_wanted])
        parts.append(_read(*survivors.add(salience[:n_wanted], beliefs)))
        n_done += n_wanted
        if progress is not None:
            progress(n_done / n_frames)
    parts.append(_read(*survivors.finish()))
    f0_hz, confidence = (np.concatenate(part) for part in zip(*parts, strict=True))
    filled = fill_unvoiced(f0_hz[None], confidence[None], threshold=VOICED_THRESHOLD)
    return filled.numpy()[0], confidence


_read_salience = tf.function(read_salience, reduce_retracing=True, autograph=False)


def _read(salience: Float32Array, path: npt.NDArray[np.int32]) -> tuple[Float32Array, Float32Array]:
    f0_hz, confidence = _read_salience(
        tf.constant(salience[np.newaxis]), tf.constant(path[np.newaxis])
    )
    return f0_hz.numpy()[0], confidence.numpy()[0]
