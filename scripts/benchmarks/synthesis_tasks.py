"""Prepares synthesis by ddsp_tf: the harmonic oscillator, and an instrument that plays."""

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf
from worker_loop import Work

from ddsp_tf import dsp
from ddsp_tf.inference import Player
from ddsp_tf.models import Instrument
from ddsp_tf.processors import Harmonic

SAMPLE_RATE, HOP_LENGTH = 16000, 64
BLOCK_FRAMES = 1000

Sound = Callable[[tf.Tensor, tf.Tensor, tf.Tensor], tf.Tensor]


def harmonic(
    formulation: str, batch_size: int, n_frames: int, n_harmonics: int, gradient: bool
) -> tuple[Work, dict[str, Any]]:
    """The additive synthesiser, forward or with the gradient of its energy.

    Args:
        formulation: "trained", as a trainer sets it; "graph", without XLA; "free": each partial as
            a sinusoid of its own; "stored": all sines of all samples at once; "sines": nothing but
            one sine for each partial and sample, compiled.
        batch_size: Sounds.
        n_frames: Of 64 samples each.
        n_harmonics: Partials.
        gradient: Whether the gradient is made too.
    """
    rng = np.random.default_rng(0)
    amplitudes = tf.constant(rng.standard_normal((batch_size, n_frames, 1)), tf.float32)
    shape = (batch_size, n_frames, n_harmonics)
    distribution = tf.constant(rng.standard_normal(shape), tf.float32)
    f0_hz = tf.constant(rng.uniform(100.0, 800.0, (batch_size, n_frames, 1)), tf.float32)
    sound = _FORMULATIONS[formulation]()

    @tf.function(autograph=False, jit_compile=formulation == "sines")
    def forward() -> tf.Tensor:
        return sound(amplitudes, distribution, f0_hz)

    @tf.function(autograph=False)
    def backward() -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch([amplitudes, distribution])
            energy = tf.reduce_sum(tf.square(sound(amplitudes, distribution, f0_hz)))
        return tape.gradient(energy, [amplitudes, distribution])[1]

    return lambda: _read((backward if gradient else forward)()), {}


def _processor(compiled: bool) -> Sound:
    processor = Harmonic(sample_rate=SAMPLE_RATE, hop_length=HOP_LENGTH)
    if hasattr(processor, "jit_compile"):
        processor.jit_compile = compiled
    names = ("amplitudes", "harmonic_distribution", "f0_hz")
    return lambda *inputs: processor(dict(zip(names, inputs, strict=True)))


def _free() -> Sound:
    def play(amplitudes: tf.Tensor, distribution: tf.Tensor, f0_hz: tf.Tensor) -> tf.Tensor:
        partials_hz = f0_hz * _numbers(distribution)
        levels = _levels(amplitudes, distribution, f0_hz)
        return dsp.sinusoidal(partials_hz, levels, hop_length=HOP_LENGTH, sample_rate=SAMPLE_RATE)

    return play


def _stored() -> Sound:
    def play(amplitudes: tf.Tensor, distribution: tf.Tensor, f0_hz: tf.Tensor) -> tf.Tensor:
        angles = _angles(f0_hz)[..., tf.newaxis] * _numbers(distribution)
        levels = _levels(amplitudes, distribution, f0_hz)
        at_samples = dsp.resample_envelope(levels, hop_length=HOP_LENGTH, method="window")
        return tf.reduce_sum(tf.sin(angles) * at_samples, axis=-1)

    return play


def _sines() -> Sound:
    def play(amplitudes: tf.Tensor, distribution: tf.Tensor, f0_hz: tf.Tensor) -> tf.Tensor:
        del amplitudes
        angles = _angles(f0_hz)
        return tf.add_n([tf.sin(angles * k) for k in range(1, distribution.shape[-1] + 1)])

    return play


_FORMULATIONS: dict[str, Callable[[], Sound]] = {
    # As the trainer's: XLA on the CPU alone, where it has been measured to win.
    "trained": lambda: _processor(not tf.config.list_logical_devices("GPU")),
    "graph": lambda: _processor(False),
    "free": _free,
    "stored": _stored,
    "sines": _sines,
}


def _numbers(distribution: tf.Tensor) -> tf.Tensor:
    return tf.range(1, distribution.shape[-1] + 1, dtype=tf.float32)


def _levels(amplitudes: tf.Tensor, distribution: tf.Tensor, f0_hz: tf.Tensor) -> tf.Tensor:
    shares = dsp.normalize_harmonics(dsp.exp_sigmoid(distribution), f0_hz, sample_rate=SAMPLE_RATE)
    return dsp.exp_sigmoid(amplitudes) * shares


def _angles(f0_hz: tf.Tensor) -> tf.Tensor:
    """A phase at every sample: not exact, since only its cost matters here."""
    cycles = tf.repeat(f0_hz[..., 0], HOP_LENGTH, axis=1) / SAMPLE_RATE
    return 2.0 * np.pi * tf.cumsum(cycles, axis=1)


def chunked_playing(instrument: str, seconds: float) -> tuple[Work, dict[str, Any]]:
    """An instrument playing features block by block, as `ddsp-tf transfer` does."""
    model = Instrument.load(instrument).model
    player = Player(model, reverb=True, block_frames=BLOCK_FRAMES)
    n_frames = round(seconds * model.sample_rate / model.hop_length)
    features = {key: track[0] for key, track in _melody(1, n_frames).items()}
    gate = np.ones(n_frames, np.float32)

    def work() -> None:
        for _ in player.blocks(features, gate):
            pass

    return work, {}


def playing_batch(instrument: str, batch_size: int, seconds: float) -> tuple[Work, dict[str, Any]]:
    """An instrument playing several melodies at once, each as a whole."""
    model = Instrument.load(instrument).model
    n_frames = round(seconds * model.sample_rate / model.hop_length)
    features = {key: tf.constant(track) for key, track in _melody(batch_size, n_frames).items()}
    play = tf.function(lambda: model(features)["audio"], autograph=False)
    return lambda: _read(play()), {}


def _melody(batch_size: int, n_frames: int) -> dict[str, np.ndarray]:
    time = np.arange(n_frames)[np.newaxis, :, np.newaxis] + np.arange(batch_size)[:, None, None]
    return {
        "f0_hz": (440.0 + 100.0 * np.sin(time / 200.0)).astype(np.float32),
        "loudness_db": (-30.0 + 8.0 * np.sin(time / 90.0)).astype(np.float32),
    }


def _read(audio: tf.Tensor) -> float:
    return float(tf.reshape(audio, [-1])[0])
