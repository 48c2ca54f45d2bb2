"""Pitch by a network that was taught by a synthesiser, block by block."""

import os
from collections.abc import Iterator
from functools import lru_cache

import numpy as np
import soxr
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.features.blocks import padded_blocks
from ddsp_tf.features.crepe.crepe_f0 import CENTS_PER_BIN, LOWEST_CENTS, REFERENCE_HZ, log_emission
from ddsp_tf.features.crepe.network import N_BINS
from ddsp_tf.features.crepe.salience_decoding import Observation, decode_blocks
from ddsp_tf.features.self_supervised.pitch_network import (
    FFT_LENGTH,
    N_PITCHES,
    SAMPLE_RATE,
    PitchNetwork,
    log_frequency_levels,
    pitches_hz,
)
from ddsp_tf.features.stored_network import StoredKind, load_stored_network
from ddsp_tf.types import Float32Array, Progress

FRAME_RATE = 100
HOP_LENGTH = SAMPLE_RATE // FRAME_RATE
N_BLOCK_FRAMES = 200
# Frames of zeros or of neighbouring sound on both sides, which cover half a window.
_N_CONTEXT = -(-FFT_LENGTH // 2 // HOP_LENGTH)
# The network is taught a normal distribution of one of its bins: so much is the likeliest.
_CERTAIN = 1.0 / np.sqrt(2.0 * np.pi)

_STORED = StoredKind(
    "self_supervised",
    "InverseSynthesis",
    "papers/engel2020/pitch.gin or own_recordings.gin",
    ("n_channels", "n_units"),
)


class SelfSupervisedTracker:
    """`PitchNetwork` behind the `F0Tracker` protocol, at 16 kHz and 100 frames a second.

    It hears 128 ms around a frame, and C1 to B6 (32.7 to 2,000 Hz). The probabilities of its 216
    pitches are read at CREPE's bins of 20 cents and decoded as CREPE's are, by Viterbi over the
    whole file, in bounded memory.

    Args:
        folder: Of a trained model or its run; None is the one that ships.

    Raises:
        ModelError: There is no model in the folder, or another one.

    Example:
        >>> tone = 0.3 * np.sin(2 * np.pi * 440.0 / 16000 * np.arange(16000))
        >>> f0_hz, _ = SelfSupervisedTracker().track(tone.astype(np.float32), 16000)
        >>> bool(abs(np.median(f0_hz) - 440.0) < 4.0)
        True

    Reference:
        Engel et al. 2020, "Self-supervised Pitch Detection by Inverse Audio Synthesis".
    """

    frame_rate = FRAME_RATE

    def __init__(self, folder: str | os.PathLike[str] | None = None) -> None:
        self._network, _ = load_stored_network(_STORED, folder, PitchNetwork)
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
        step, context = N_BLOCK_FRAMES * HOP_LENGTH, _N_CONTEXT * HOP_LENGTH
        for block in padded_blocks(audio, length=step + 2 * context, step=step, before=context):
            salience, emission = self._observe(tf.constant(block))
            yield salience.numpy(), emission.numpy()

    def _observe_block(self, block: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        levels = log_frequency_levels(block[tf.newaxis], hop_length=HOP_LENGTH)
        heard = levels[:, _N_CONTEXT : _N_CONTEXT + N_BLOCK_FRAMES]
        salience = logits_to_salience(self._network(heard)["pitch_logits"][0])
        return salience, log_emission(salience)


def logits_to_salience(pitch_logits: tf.Tensor) -> tf.Tensor:
    """Reads a distribution over the network's pitches at CREPE's bins.

    Args:
        pitch_logits: Of `PitchNetwork`, `[n_frames, 217]`, the last of no pitch.

    Returns:
        `[n_frames, 360]`, 0 to 1: 1 is what the network was taught to give to a clear pitch.
    """
    log_shares = tf.nn.log_softmax(pitch_logits)[:, :N_PITCHES]
    between = log_shares @ tf.constant(_interpolation())
    return tf.minimum(tf.exp(between) / _CERTAIN, 1.0)


@lru_cache(maxsize=1)
def _interpolation() -> Float32Array:
    """`[216, 360]`: cubics through four neighbours (Catmull-Rom), held beyond the ends.

    The logarithm of a normal distribution is a parabola, which these follow exactly.
    """
    bins_hz = REFERENCE_HZ * 2.0 ** ((LOWEST_CENTS + CENTS_PER_BIN * np.arange(N_BINS)) / 1200.0)
    pitches = np.log2(pitches_hz())
    place = (np.log2(bins_hz) - pitches[0]) / (pitches[1] - pitches[0])
    place = np.clip(place, 0.0, N_PITCHES - 1.0)
    before = np.minimum(place.astype(int), N_PITCHES - 2)
    t = place - before
    shares = [
        0.5 * (-t + 2 * t**2 - t**3),
        0.5 * (2 - 5 * t**2 + 3 * t**3),
        0.5 * (t + 4 * t**2 - 3 * t**3),
        0.5 * (-(t**2) + t**3),
    ]
    weights = np.zeros([N_PITCHES, N_BINS])
    for offset, share in zip((-1, 0, 1, 2), shares, strict=True):
        weights[np.clip(before + offset, 0, N_PITCHES - 1), np.arange(N_BINS)] += share
    return weights.astype(np.float32)
