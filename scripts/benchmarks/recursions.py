"""Times exact recursions beside loops that numba compiles, in one run, alternating.

    python scripts/benchmarks/recursions.py

Both work on 8 sounds of 4 s at 16 kHz in float32, numba in parallel over the sounds. Numba's
gradient is the same closed form: the filter backwards in time, and one product at each sample.
"""

import statistics
import time
from collections.abc import Callable
from typing import Any

import numba
import numpy as np
import tensorflow as tf

from ddsp_tf import dsp

BATCH, N_SAMPLES, ORDER, N_SECTIONS = 8, 64_000, 22, 6
N_RUNS = 7


@numba.njit(parallel=True, fastmath=True)
def _all_pole(audio: Any, coefficients: Any) -> Any:
    filtered = np.zeros((audio.shape[0], ORDER + audio.shape[1]), np.float32)
    for row in numba.prange(audio.shape[0]):
        for sample in range(audio.shape[1]):
            value = audio[row, sample]
            for i in range(ORDER):
                value -= coefficients[row, sample, i] * filtered[row, ORDER + sample - 1 - i]
            filtered[row, ORDER + sample] = value
    return filtered


@numba.njit(parallel=True, fastmath=True)
def _all_pole_gradient(upstream: Any, coefficients: Any, filtered: Any) -> Any:
    n_samples = upstream.shape[1]
    to_audio = np.zeros((upstream.shape[0], n_samples + ORDER), np.float32)
    to_coefficients = np.empty_like(coefficients)
    for row in numba.prange(upstream.shape[0]):
        for sample in range(n_samples - 1, -1, -1):
            value = upstream[row, sample]
            for i in range(ORDER):
                later = sample + 1 + i
                if later < n_samples:
                    value -= coefficients[row, later, i] * to_audio[row, later]
            to_audio[row, sample] = value
            for i in range(ORDER):
                before = filtered[row, ORDER + sample - 1 - i]
                to_coefficients[row, sample, i] = -value * before
    return to_audio[:, :n_samples], to_coefficients


@numba.njit(parallel=True, fastmath=True)
def _sections(audio: Any, sections: Any) -> Any:
    filtered = audio.copy()
    for row in numba.prange(audio.shape[0]):
        for section in range(N_SECTIONS):
            first, second = np.float32(0.0), np.float32(0.0)
            for sample in range(audio.shape[1]):
                b0, b1, b2, a1, a2 = sections[row, sample, section]
                value = filtered[row, sample]
                played = b0 * value + first
                first = b1 * value - a1 * played + second
                second = b2 * value - a2 * played
                filtered[row, sample] = played
    return filtered


@numba.njit(parallel=True, fastmath=True)
def _sections_gradient(audio: Any, upstream: Any, sections: Any) -> Any:
    count = audio.shape[1]
    to_audio, to_sections = upstream.copy(), np.empty_like(sections)
    for row in numba.prange(audio.shape[0]):
        # The sound before each section, and after the last.
        sounds = np.empty((N_SECTIONS + 1, count), np.float32)
        sounds[0] = audio[row]
        for section in range(N_SECTIONS):
            first, second = np.float32(0.0), np.float32(0.0)
            for sample in range(count):
                b0, b1, b2, a1, a2 = sections[row, sample, section]
                value = sounds[section, sample]
                played = b0 * value + first
                first = b1 * value - a1 * played + second
                second = b2 * value - a2 * played
                sounds[section + 1, sample] = played
        for section in range(N_SECTIONS - 1, -1, -1):
            later, latest = np.float32(0.0), np.float32(0.0)
            for sample in range(count - 1, -1, -1):
                b0, b1, b2, a1, a2 = sections[row, sample, section]
                x, y = sounds[section, sample], sounds[section + 1, sample]
                now = to_audio[row, sample] - a1 * later - a2 * latest
                product = to_sections[row, sample, section]
                product[0], product[1], product[2] = now * x, later * x, latest * x
                product[3], product[4] = -later * y, -latest * y
                to_audio[row, sample] = b0 * now + b1 * later + b2 * latest
                later, latest = now, later
    return to_audio, to_sections


@numba.njit(parallel=True, fastmath=True)
def _first_order(terms: Any, factors: Any) -> Any:
    states = np.empty_like(terms)
    for row in numba.prange(terms.shape[0]):
        state = np.float32(0.0)
        for sample in range(terms.shape[1]):
            state = factors[row, sample] * state + terms[row, sample]
            states[row, sample] = state
    return states


@numba.njit(parallel=True, fastmath=True)
def _attack_release(target: Any, attack: float, release: float) -> Any:
    followed = np.empty_like(target)
    for row in numba.prange(target.shape[0]):
        state = np.float32(0.0)
        for sample in range(target.shape[1]):
            wanted = target[row, sample]
            factor = attack if wanted < state else release
            state += np.float32(factor) * (wanted - state)
            followed[row, sample] = state
    return followed


def _differentiated(function: Callable[..., Any]) -> Callable[..., Any]:
    @tf.function(autograph=False)
    def run(audio: tf.Tensor, coefficients: tf.Tensor) -> Any:
        with tf.GradientTape() as tape:
            tape.watch([audio, coefficients])
            filtered = function(audio, coefficients)[0]
        return tape.gradient(filtered, [audio, coefficients])

    return run


def _milliseconds(call: Callable[[], Any]) -> float:
    start = time.perf_counter()
    call()
    return 1000.0 * (time.perf_counter() - start)


def main() -> None:
    """Prints one row a recursion: medians, their spread, and the ratio."""
    random = np.random.default_rng(0)
    audio = random.normal(0.0, 0.1, (BATCH, N_SAMPLES)).astype(np.float32)
    poles = (random.normal(0.0, 0.01, (BATCH, N_SAMPLES, ORDER))).astype(np.float32)
    factors = random.uniform(0.5, 0.99, (BATCH, N_SAMPLES)).astype(np.float32)
    peak = dsp.peak_biquad(1000.0, 6.0, 1.0, sample_rate=16000).numpy()
    shape = (BATCH, N_SAMPLES, N_SECTIONS, 5)
    sections = np.ascontiguousarray(np.broadcast_to(peak, shape)).astype(np.float32)
    filtered, upstream = _all_pole(audio, poles), np.ones_like(audio)
    tensors = {
        "audio": tf.constant(audio),
        "poles": tf.constant(poles),
        "factors": tf.constant(factors),
        "sections": tf.constant(sections),
    }
    in_graph = {
        function: tf.function(function, autograph=False)
        for function in (
            dsp.all_pole,
            dsp.second_order_sections,
            dsp.first_order,
            dsp.attack_release,
        )
    }
    gradient = _differentiated(dsp.all_pole)
    sections_gradient = _differentiated(dsp.second_order_sections)
    sound, x = tensors["audio"], tensors
    rows: list[tuple[str, Callable[[], Any], Callable[[], Any]]] = [
        (
            f"all-pole, order {ORDER}, changing at every sample",
            lambda: in_graph[dsp.all_pole](sound, x["poles"])[0].numpy(),
            lambda: _all_pole(audio, poles),
        ),
        (
            "the same with its gradient",
            lambda: gradient(sound, x["poles"])[1].numpy(),
            lambda: _all_pole_gradient(upstream, poles, _all_pole(audio, poles)),
        ),
        (
            f"{N_SECTIONS} sections, changing at every sample",
            lambda: in_graph[dsp.second_order_sections](sound, x["sections"])[0].numpy(),
            lambda: _sections(audio, sections),
        ),
        (
            "the same with its gradient",
            lambda: sections_gradient(sound, x["sections"])[1].numpy(),
            lambda: _sections_gradient(audio, upstream, sections),
        ),
        (
            "first order",
            lambda: in_graph[dsp.first_order](sound, x["factors"])[0].numpy(),
            lambda: _first_order(audio, factors),
        ),
        (
            "attack and release",
            lambda: in_graph[dsp.attack_release](sound, 0.1, 0.01)[0].numpy(),
            lambda: _attack_release(audio, 0.1, 0.01),
        ),
    ]
    ours = in_graph[dsp.all_pole](sound, x["poles"])[0].numpy()
    np.testing.assert_allclose(ours, filtered[:, ORDER:], atol=1e-5)
    theirs = _sections_gradient(audio, upstream, sections)
    for ours, wanted in zip(sections_gradient(sound, x["sections"]), theirs, strict=True):
        np.testing.assert_allclose(ours, wanted, rtol=1e-3, atol=1e-3)
    print(f"{BATCH} x {N_SAMPLES} samples; ms, median of {N_RUNS} (least to most)")
    print("| recursion | ddsp_tf | numba | ratio of medians | ratio of the least |")
    print("|---|---|---|---|---|")
    for name, first, second in rows:
        for call in (first, second):
            call()
        pairs = [(_milliseconds(first), _milliseconds(second)) for _ in range(N_RUNS)]
        mine, theirs = (sorted(values) for values in zip(*pairs, strict=True))
        cells = [f"{statistics.median(v):.0f} ({v[0]:.0f} to {v[-1]:.0f})" for v in (mine, theirs)]
        ratios = statistics.median(mine) / statistics.median(theirs), mine[0] / theirs[0]
        print(f"| {name} | {cells[0]} | {cells[1]} | {ratios[0]:.2f} | {ratios[1]:.2f} |")


if __name__ == "__main__":
    main()
