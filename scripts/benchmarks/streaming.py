"""Measures what streaming takes of one processor core, as a share of real time.

    python scripts/benchmarks/streaming.py             the table of docs/streaming.md
    python scripts/benchmarks/streaming.py --quick     few repetitions, the small model alone

A block of sound lasts as long as it lasts; the share is the processor time that making it takes,
divided by that. Time is that of the process, with one thread, so that other programs on the machine
count little; the median of all blocks is shown, and the quickest. The synthesiser's share is that
of the whole less that of the decoder.
"""

import argparse
import time
from collections.abc import Callable
from functools import partial

import numpy as np
import tensorflow as tf

from ddsp_tf import config
from ddsp_tf.features.live_features import LiveFeatures
from ddsp_tf.inference.live_transfer import LiveTransfer
from ddsp_tf.inference.streaming import Streamer
from ddsp_tf.inference.streaming_graph import StreamingGraph
from ddsp_tf.models import Autoencoder, Instrument

MODELS = {
    "CPU-sized": "models/small_instrument.gin",
    "README's": "models/room_instrument.gin",
    "4.8 M solo": "models/solo_instrument.gin",
}
TARGETS = {"CPU-sized": 10, "README's": 5, "4.8 M solo": 30}
BINDINGS = {"README's": ["ROOMS=('room',)"]}
SHAPES: tuple[tuple[int, int], ...] = ((64, 1), (64, 5), (64, 16), (320, 1), (1024, 1))
"""Hop length and frames of a block."""

Times = tuple[float, float]


def process_seconds(function: Callable[[], object], n_runs: int) -> Times:
    """Processor time of a call: the median, and the least."""
    function()
    seconds = []
    for _ in range(n_runs):
        start = time.process_time()
        function()
        seconds.append(time.process_time() - start)
    return float(np.median(seconds)), min(seconds)


def share(times: Times, seconds: float) -> str:
    """Shares of real time in percent, as `median (least)`."""
    median, least = (100.0 * value / seconds for value in times)
    return f"{median:.1f} ({least:.1f})"


def measure_model(model: Autoencoder, block_frames: int, n_runs: int) -> tuple[Times, Times]:
    """Times of a block: of the decoder, and of the whole."""
    graph = StreamingGraph(model, batch_size=1, block_sizes=[], xla=False)
    decode = graph.compile_decoder(block_frames)
    inputs = np.full([2, 1, block_frames], 300.0, np.float32)
    decoder = process_seconds(lambda: decode(inputs), n_runs)
    streamer = Streamer(model, block_frames=block_frames)
    f0_hz, loudness_db = np.full([1, block_frames], 300.0), np.full([1, block_frames], -20.0)
    for _ in range(1 + streamer.latency_frames):
        streamer.process(f0_hz, loudness_db)
    return decoder, process_seconds(lambda: streamer.process(f0_hz, loudness_db), n_runs)


def print_models(names: list[str], shapes: tuple[tuple[int, int], ...], n_runs: int) -> None:
    """Prints a row for each model, hop and block."""
    print("| model | hop | block | decoder % | synthesiser % | whole % | target |")
    print("|---|---|---|---|---|---|---|")
    for name in names:
        for hop_length, block_frames in shapes:
            bindings = [f"HOP_LENGTH={hop_length}", *BINDINGS.get(name, [])]
            model = config.parse([MODELS[name]], bindings).build_model()
            decoder, whole = measure_model(model, block_frames, n_runs)
            seconds = block_frames * hop_length / model.sample_rate
            synthesizer = tuple(max(0.0, a - b) for a, b in zip(whole, decoder, strict=True))
            print(
                f"| {name} | {hop_length} | {block_frames * hop_length} | {share(decoder, seconds)}"
                f" | {share((synthesizer[0], synthesizer[1]), seconds)} | {share(whole, seconds)}"
                f" | {TARGETS[name]} |",
                flush=True,
            )


def mean_process_seconds(function: Callable[[], object], n_runs: int) -> float:
    """Mean processor time of a call: CREPE works in some blocks, and not in others."""
    function()
    start = time.process_time()
    for _ in range(n_runs):
        function()
    return (time.process_time() - start) / n_runs


def print_live(n_runs: int) -> None:
    """Prints the front end's rows, and those of the whole of `ddsp-tf stream`."""
    violin = Instrument.load("violin")
    noise = np.random.default_rng(0).normal(0.0, 0.1, 1024).astype(np.float32)
    print("\n| part | block | % of real time |")
    print("|---|---|---|")
    for block in (64, 320, 1024):
        live, transfer = LiveFeatures(violin.features), LiveTransfer(violin, block_samples=block)
        for name, push in (
            ("pitch and loudness", live.push),
            ("`ddsp-tf stream violin`", transfer.process),
        ):
            seconds = mean_process_seconds(partial(push, noise[:block]), n_runs)
            print(f"| {name} | {block} | {100.0 * seconds * 16000 / block:.0f} |", flush=True)


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="fewer rows and repetitions")
    arguments = parser.parse_args()
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    names, shapes, n_runs = [*MODELS], SHAPES, 300
    if arguments.quick:
        names, shapes, n_runs = names[:1], SHAPES[:2], 50
    print_models(names, shapes, n_runs)
    print_live(n_runs)


if __name__ == "__main__":
    main()
