"""Prepares pitch tracking by ddsp_tf."""

import math
from typing import Any

from worker_loop import Work

from ddsp_tf.audio import read_audio
from ddsp_tf.features import build_crepe_network, get_tracker

SAMPLE_RATE = 16000


def pitch_tracking(tracker: str, path: str, seconds: float) -> tuple[Work, dict[str, Any]]:
    """A tracker on the start of a recording, Viterbi included.

    Raises:
        ModelError: The tracker's weights are not installed.
    """
    audio, _ = read_audio(path, sample_rate=SAMPLE_RATE)
    audio = audio[: round(seconds * SAMPLE_RATE)]
    track = get_tracker(tracker)
    n_frames = math.ceil(len(audio) / SAMPLE_RATE * track.frame_rate)

    def work() -> None:
        track.track(audio, SAMPLE_RATE)

    return work, {
        "seconds": len(audio) / SAMPLE_RATE,
        "flop": crepe_flop(tracker.removeprefix("crepe-")) * n_frames,
    }


def crepe_flop(capacity: str) -> float:
    """Additions and multiplications for one frame by the network as it was published."""
    network = build_crepe_network(capacity)
    flop = 0.0
    for layer in network.layers:
        kernel = next((weight for weight in layer.weights if weight.name == "kernel"), None)
        if kernel is not None:
            n_positions = layer.output.shape[1] if len(kernel.shape) == 3 else 1
            flop += 2.0 * math.prod(kernel.shape) * n_positions
    return flop
