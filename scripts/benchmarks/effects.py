"""Times effects: how many times faster than it sounds each plays, the share of a core that each
takes live, in blocks of 64 samples; and measures aliases.

python scripts/benchmarks/effects.py
"""

import statistics
import time
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.dsp.delay_networks import absorption_sections, delay_network, orthogonal_matrix
from ddsp_tf.inference import Streamer
from ddsp_tf.models import Parametric
from ddsp_tf.processors import (
    Biquad,
    Compressor,
    Delay,
    ParametricEqualizer,
    Phaser,
    Processor,
    ProcessorGroup,
    Waveshaper,
)

RATE = 48_000
N_RUNS = 7
BLOCK = 64


def _played(processor: Processor, **knobs: float) -> Callable[[tf.Tensor], tf.Tensor]:
    constants = {key: tf.constant([[value]]) for key, value in knobs.items()}
    return lambda audio: processor({"audio": audio, **constants})


def _network() -> Callable[[tf.Tensor], tf.Tensor]:
    random = np.random.default_rng(0)
    delays = [int(delay) for delay in np.linspace(1031, 4001, 16)]
    matrix = orthogonal_matrix(tf.constant(random.normal(size=[16, 16]), tf.float32))
    gains = tf.constant(random.normal(size=16), tf.float32)
    absorption = absorption_sections(delays, 2.0, 0.7, sample_rate=RATE)
    return lambda audio: delay_network(audio, delays, matrix, gains, gains, absorption)[0]


def _live(processor: Processor) -> Callable[[], object]:
    """Plays one block after the other."""
    inputs = [key for key in processor.input_signals if key not in processor.optional_input_names]
    group = ProcessorGroup(dag=[(processor, inputs)])
    streamer = Streamer(Parametric(processor_group=group, hop_length=BLOCK), block_frames=1)
    block = 0.1 * np.random.default_rng(0).standard_normal([1, BLOCK]).astype(np.float32)
    return lambda: streamer.process(block)


def _empty_call(*, xla: bool) -> Callable[[], object]:
    """The call of a graph that does nothing, as directly as TensorFlow can be called."""
    nothing = tf.function(lambda x: x + 1.0, autograph=False, jit_compile=xla or None)
    graph = tf.function(lambda x: nothing(x), autograph=False).get_concrete_function(
        tf.TensorSpec([1, BLOCK])
    )
    block = np.zeros([1, BLOCK], np.float32)
    call = tf.raw_ops.PartitionedCall
    return lambda: call(args=[block], Tout=[tf.float32], f=graph)[0].numpy()


def _share_of_core(play: Callable[[], object]) -> list[float]:
    """Percent of one core, processor time by the time that the blocks last, of each run."""
    n_blocks = RATE // BLOCK
    for _ in range(n_blocks):
        play()
    shares = []
    for _ in range(N_RUNS):
        start = time.process_time()
        for _ in range(n_blocks):
            play()
        shares.append(100.0 * (time.process_time() - start) * RATE / (n_blocks * BLOCK))
    return shares


def _aliases_db(curve: Callable[[tf.Tensor], tf.Tensor], factor: int) -> float:
    """The strongest line that is no overtone, beside 5 kHz at 44.1 kHz, 20 dB into a curve."""
    hz, rate = 5000, 44_100
    tone = np.sin(2 * np.pi * hz * np.arange(2 * rate) / rate)[np.newaxis]
    bent, _ = dsp.oversampled(tone, lambda x: curve(10.0 * x), factor=factor)
    spectrum = np.abs(np.fft.rfft(bent[0, rate:] * np.hanning(rate)))
    own = np.abs((np.arange(len(spectrum)) + hz // 2) % hz - hz // 2) <= 3
    return float(20 * np.log10(np.max(spectrum[~own]) / spectrum[hz]))


def main() -> None:
    """Prints one row an effect (median time, its spread, times real time), and the aliases."""
    bands = {f"band_{number}_db": 3.0 for number in range(1, 7)}
    mono, minute = [1, 2 * RATE], [1, 60 * RATE, 2]
    exact, sampled = (
        ParametricEqualizer(method=method, sample_rate=RATE) for method in ("exact", "frequency")
    )
    rows: list[tuple[str, list[int], Callable[[tf.Tensor], tf.Tensor]]] = [
        ("feedback delay network, 16 lines, 2 s", mono, _network()),
        ("tanh, oversampled 8 times, 2 s", mono, _played(Waveshaper())),
        ("tanh, oversampled 4 times, 2 s", mono, _played(Waveshaper(oversampling=4))),
        ("compressor, 2 s", mono, _played(Compressor(sample_rate=RATE))),
        ("six-band equaliser, exact, 60 s stereo", minute, _played(exact, **bands)),
        ("six-band equaliser, sampled, 60 s stereo", minute, _played(sampled, **bands)),
    ]
    print("| effect | ms, median (least to most) | times real time |")
    print("|---|---|---|")
    for name, shape, play in rows:
        audio = 0.1 * tf.random.stateless_normal(shape, [1, 2])
        run = tf.function(play, jit_compile="network" in name, autograph=False)
        run(audio)
        times = []
        for _ in range(N_RUNS):
            start = time.perf_counter()
            run(audio).numpy()
            times.append(1000.0 * (time.perf_counter() - start))
        median = statistics.median(times)
        factor = 1000.0 * shape[1] / RATE / median
        print(f"| {name} | {median:.0f} ({min(times):.0f} to {max(times):.0f}) | {factor:.0f} |")
    print("\n| live, blocks of 64 samples at 48 kHz | share of a core, % |\n|---|---|")
    for name, begin in (
        ("an empty call of TensorFlow", lambda: _empty_call(xla=False)),
        ("an empty call that XLA compiled", lambda: _empty_call(xla=True)),
        ("delay", lambda: _live(Delay(sample_rate=RATE))),
        ("biquad", lambda: _live(Biquad(sample_rate=RATE))),
        ("six-band equaliser", lambda: _live(ParametricEqualizer(sample_rate=RATE))),
        ("compressor", lambda: _live(Compressor(sample_rate=RATE))),
        ("phaser", lambda: _live(Phaser(sample_rate=RATE))),
    ):
        shares = _share_of_core(begin())
        spread = f"{min(shares):.0f} to {max(shares):.0f}"
        print(f"| {name} | {statistics.median(shares):.0f} ({spread}) |", flush=True)
    print("\n| aliases, dB | 1 time | 2 | 4 | 8 |\n|---|---|---|---|---|")
    for name, curve in (("tanh", tf.tanh), ("soft", dsp.soft_clip), ("hard", dsp.hard_clip)):
        cells = [f"{_aliases_db(curve, factor):.0f}" for factor in (1, 2, 4, 8)]
        print(f"| {name} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
