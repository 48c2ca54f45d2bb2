"""Long sounds, made in chunks: the numbers, gradients and memory."""

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from contracts import check_equal

from ddsp_tf import dsp
from ddsp_tf.dsp import chunks
from ddsp_tf.dsp.chunks import in_chunks

RATES = {"hop_length": 64, "sample_rate": 16000}


def _draw(lowest: float, highest: float, *shape: int) -> tf.Tensor:
    return tf.constant(np.random.default_rng(5).uniform(lowest, highest, shape), tf.float32)


F0, LEVEL = _draw(80, 900, 2, 40, 1), _draw(0, 1, 2, 40, 1)
SHARES = _draw(0, 1, 2, 40, 12)
AUDIO = _draw(-1, 1, 2, 2560)

FUNCTIONS: dict[str, tuple[Callable[..., tf.Tensor], list[tf.Tensor]]] = {
    "harmonic": (lambda *x: dsp.harmonic(*x, **RATES), [F0, LEVEL, SHARES]),
    "compiled harmonic": (
        lambda *x: dsp.stream_harmonic(*x, initial_turns=None, jit_compile=True, **RATES)[0],
        [F0, LEVEL, SHARES],
    ),
    "sinusoidal": (lambda *x: dsp.sinusoidal(*x, **RATES), [9000 * SHARES, SHARES]),
    "time_varying_fir": (
        lambda *x: dsp.time_varying_fir(*x, hop_length=64), [AUDIO, _draw(-1, 1, 2, 40, 128)],
    ),
    "stft_magnitude": (lambda x: dsp.stft_magnitude(x, fft_length=512, hop_length=128), [AUDIO]),
    "mel_spectrogram": (lambda x: dsp.mel_spectrogram(x, sample_rate=16000), [AUDIO]),
    "mfcc": (lambda x: dsp.mfcc(x, sample_rate=16000), [AUDIO]),
    "a_weighted_loudness_db": (lambda x: dsp.a_weighted_loudness_db(x, **RATES), [AUDIO]),
    "rms_power_db": (lambda x: dsp.rms_power_db(x, hop_length=61, frame_length=100), [AUDIO]),
}  # fmt: skip


def _with_gradients(
    function: Callable[..., tf.Tensor], arguments: list[tf.Tensor]
) -> list[tf.Tensor]:
    with tf.GradientTape() as tape:
        tape.watch(arguments)
        result = function(*arguments)
    weights = _draw(-1, 1, *result.shape)
    return [result, *tape.gradient(result, arguments, output_gradients=weights)]


@pytest.mark.parametrize(
    ("name", "size", "mode"),
    [
        pytest.param(
            *(name, size, mode),
            marks=[]
            if size == 2_000 and (mode == "eager" or (name, mode) == ("harmonic", "graph"))
            else pytest.mark.slow,
        )
        for name in FUNCTIONS
        for size in (2_000, 15_000)
        for mode in ("eager", "graph", "xla")
    ],
)
def test_chunks_are_the_whole_and_so_are_gradients(
    name: str, size: int, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    function, arguments = FUNCTIONS[name]
    expected = _with_gradients(function, arguments)
    calls = []

    def counted(*args: Any, **kwargs: Any) -> tf.Tensor:
        calls.append(kwargs["chunk"])
        return in_chunks(*args, **kwargs)

    for module in ("framing", "filters", "oscillators"):
        monkeypatch.setattr(f"ddsp_tf.dsp.{module}.in_chunks", counted)
    monkeypatch.setattr(chunks, "_LONG_SAMPLES", 10)
    monkeypatch.setattr(chunks, "_NUMBERS_AT_ONCE", 10)
    monkeypatch.setattr(chunks, "_NUMBERS_IN_A_CHUNK", size)
    if mode != "eager":
        function = tf.function(function, jit_compile=mode == "xla", autograph=False)
    found = _with_gradients(function, arguments)
    assert all(calls)
    check_equal(found, expected, tolerance=2e-5, what="the sound in chunks")


def test_clips_to_train_on_are_done_at_once() -> None:
    batch = tf.zeros([64, 1, 1])
    for sample_rate in (16000, 48000):
        frames = 10 * sample_rate // 64
        assert chunks.chunk_frames(batch, frames, hop_length=64, numbers_per_frame=6400) is None
    assert chunks.chunk_frames(batch, 10**6, hop_length=64, numbers_per_frame=6400) == 40


def test_sums_over_chunks() -> None:
    frames, other = _draw(-1, 1, 2, 23, 3), _draw(-1, 1, 2, 25, 3)

    def energy(one: tf.Tensor, two: tf.Tensor) -> tf.Tensor:
        return tf.reduce_sum(one * two[:, 2:] * two[:, :-2], axis=[1])

    def total(*tensors: tf.Tensor) -> tf.Tensor:
        return in_chunks(energy, tensors, extra_frames=[0, 2], chunk=5, summed=True)

    found, expected = (_with_gradients(f, [frames, other]) for f in (total, energy))
    check_equal(found, expected, tolerance=1e-5, what="the sum")


MEMORY = """
import resource, sys
import numpy as np, tensorflow as tf
from ddsp_tf import dsp

def controls(width, n):
    return tf.fill([1, n, width], 0.5)

def call(name, n):
    rates = {"hop_length": 64, "sample_rate": 16000}
    if name == "harmonic":
        given = [200.0 * controls(1, n), controls(1, n), controls(60, n)]
        function = lambda *x: dsp.harmonic(*x, **rates)
    elif name == "sinusoidal":
        given = [900.0 * controls(20, n), controls(20, n)]
        function = lambda *x: dsp.sinusoidal(*x, **rates)
    else:
        given = [tf.ones([1, n * 64])]
        function = {
            "rms": lambda x: dsp.rms_power_db(x, hop_length=64),
            "loudness": lambda x: dsp.a_weighted_loudness_db(x, **rates),
        }[name]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    result = tf.function(function, autograph=False)(*given).numpy()
    assert np.all(np.isfinite(result))
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return (after - before) * 1024 - result.nbytes

call(sys.argv[1], 500)
print(call(sys.argv[1], 30 * 60 * 250))
"""


@pytest.mark.slow
@pytest.mark.skipif(
    sys.platform != "linux", reason="the peak of memory is in other units elsewhere"
)
@pytest.mark.parametrize("name", ["harmonic", "sinusoidal", "rms", "loudness"])
def test_thirty_minutes_take_less_than_a_gigabyte(name: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", MEMORY, name], capture_output=True, text=True, check=True
    )
    assert int(done.stdout) < 1e9
