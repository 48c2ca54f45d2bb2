"""Finds glottis and formants of synthetic vowels by GOLF's parts, and times a training step.

python scripts/measure_golf.py

Nine vowels (three of Peterson and Barney's, at R_d 0.6, 1 and 1.8) of 0.25 s at 120 Hz: pulses of
Liljencrants and Fant through resonators in series. A glottis and an all-pole filter of order 12,
constant in time, begin at R_d 0.9 and no filter; 400 steps of Adam on a spectral loss and on the
error of the waveform. Then the time of a step of papers/yu2023/golf.gin beside
harmonic_plus_noise.gin, two clips of 1.5 s, and of playing 4 s.
"""

import functools
import time
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from scipy import signal

from ddsp_tf import config, dsp
from ddsp_tf.dsp.all_pole_parameters import filters_from_logits, lpc_from_filters
from ddsp_tf.losses import SpectralLoss
from ddsp_tf.processors import AllPole, GlottalSource

RATE, HOP, N_FRAMES, F0_HZ, ORDER = 16000, 256, 16, 120.0, 12
VOWELS = {"a": (730, 1090, 2440), "i": (270, 2290, 3010), "o": (570, 840, 2410)}
SHAPES = (0.6, 1.0, 1.8)
N_STEPS, N_TIMED = 400, 5


def main() -> None:
    """Prints both tables."""
    vowels()
    speed()


def vowels() -> None:
    """Analysis by synthesis."""
    about = [(name, x, r_d) for name, x in VOWELS.items() for r_d in SHAPES]
    one = np.ones([len(about), N_FRAMES, 1], np.float32)
    known = np.array([r_d for *_, r_d in about], np.float32)[:, np.newaxis, np.newaxis]
    source = GlottalSource(scale=False, sample_rate=RATE, hop_length=HOP)
    pitch = {"f0_hz": tf.constant(F0_HZ * one)}
    pulses = source({"amplitudes": one, "r_d": known * one, **pitch}).numpy()
    target = np.stack(
        [resonated(x, formants) for x, (_, formants, _) in zip(pulses, about, strict=True)]
    )
    target = tf.constant(0.1 * target / np.std(target, axis=1, keepdims=True), tf.float32)
    tract = AllPole(
        order=ORDER, parameters="lsf", fft_length=1024, sample_rate=RATE, hop_length=HOP
    )
    raw = keras.Variable(np.zeros([len(about), 1, ORDER + 3], np.float32))
    loss = SpectralLoss(fft_lengths=(1024, 512, 256), sample_rate=RATE)
    optimizer = keras.optimizers.Adam(
        keras.optimizers.schedules.CosineDecay(0.05, N_STEPS, alpha=0.05)
    )
    optimizer.build([raw])

    def played(values: Any) -> Any:
        every = values * one
        r_d = 0.3 * 9.0 ** tf.sigmoid(every[..., :1])
        level = 0.1 * tf.exp(every[..., 1:2])
        glottis = source({"amplitudes": level, "r_d": r_d, **pitch})
        return tract({"audio": glottis, "filter_logits": every[..., 2:]})

    @tf.function(autograph=False)
    def step() -> Any:
        with tf.GradientTape() as tape:
            tape.watch(raw.value)
            audio = played(raw.value)
            skipped = slice(1024, None)  # The filter begins with silence.
            error = tf.reduce_sum(tf.square(audio - target)[:, skipped], axis=1)
            error /= tf.reduce_sum(tf.square(target)[:, skipped], axis=1)
            total = loss(target, audio) + tf.reduce_mean(error)
        optimizer.apply([tape.gradient(total, raw.value)], [raw])
        return tf.reduce_mean(error)

    began = time.process_time()
    for _ in range(N_STEPS):
        error = step()
    took = time.process_time() - began
    values = raw.numpy()[:, 0]
    r_d = 0.3 * 9.0 ** (1 / (1 + np.exp(-values[:, 0])))
    print("| vowel | R_d | found | F1, Hz | F2, Hz | F3, Hz |\n|---|---|---|---|---|---|")
    for (name, formants, shape), found, logits in zip(about, r_d, values[:, 2:], strict=True):
        lpc = lpc_from_filters(filters_from_logits(logits, "lsf"), "lsf").numpy()
        peaks = dsp.formants_of_lpc(lpc, sample_rate=RATE, widest_hz=400.0)
        near = [peaks[np.argmin(np.abs(peaks - hz))] for hz in formants]
        listed = [f"{x:.0f} ({x / hz - 1:+.1%})" for x, hz in zip(near, formants, strict=True)]
        print(f"| {name} | {shape} | {found:.2f} | {' | '.join(listed)} |")
    print(f"<!-- error of the waveform {float(error):.4f}, {took:.0f} s of a core -->", flush=True)


def resonated(pulses: Any, formants: Sequence[float]) -> Any:
    """Pulses through five resonators."""
    widths = (60, 90, 120, 150, 200)
    for hz, width in zip((*formants, 3500, 4500), widths, strict=True):
        radius = np.exp(-np.pi * width / RATE)
        poles = [1, -2 * radius * np.cos(2 * np.pi * hz / RATE), radius**2]
        pulses = signal.lfilter([np.sum(poles)], poles, pulses)
    return pulses


def speed() -> None:
    """Times a step and playing, in processor time: other work on the machine counts less."""
    print("\n| model | weights | step, s of a core | playing 4 s, s of a core |\n|---|---|---|---|")
    for name in ("golf", "harmonic_plus_noise"):
        parsed = config.parse([f"papers/yu2023/{name}.gin"])
        model, objective = parsed.build_model(), parsed.build_objective()
        batch = features(2, 375)
        step = stepping(model, objective, batch)
        took = timed(step)
        play = tf.function(model.call, autograph=False)
        longer = features(1, 1000)
        playing = timed(functools.partial(play, longer))
        print(f"| {name} | {model.count_params()} | {took:.2f} | {playing:.2f} |", flush=True)


def features(n_sounds: int, n_frames: int) -> dict[str, Any]:
    """Columns of no sound in particular."""
    one = tf.ones([n_sounds, n_frames, 1])
    audio = 0.1 * dsp.uniform_noise(n_sounds, n_frames * 64, seed=0)
    mel = -40.0 * tf.ones([1, 1, 80]) * one
    return {"f0_hz": 220.0 * one, "loudness_db": -20.0 * one, "mel_db": mel, "audio": audio}


def stepping(model: Any, objective: Any, batch: dict[str, Any]) -> Callable[[], Any]:
    """A step without its optimiser."""
    variables = [x.value for x in model.trainable_variables]

    @tf.function(autograph=False)
    def step() -> Any:
        with tf.GradientTape() as tape:
            tape.watch(variables)
            loss = tf.add_n(list(objective(batch, model(batch, training=True)).values()))
        return tape.gradient(loss, variables)

    return step


def timed(work: Callable[[], Any]) -> float:
    """Processor time of one call, the median of several after two."""
    times = []
    for _ in range(2 + N_TIMED):
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    return float(np.median(times[2:]))


if __name__ == "__main__":
    main()
