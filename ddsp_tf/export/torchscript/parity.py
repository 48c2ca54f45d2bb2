"""The comparison of an instrument in torch with Python."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ddsp_tf.export.graph_features import graph_settings
from ddsp_tf.export.live_parity import LiveParity, Runner, measure_tracker_parity
from ddsp_tf.export.probes import probe_frames
from ddsp_tf.export.torchscript.contents import Contents
from ddsp_tf.export.torchscript.packages import require_torch
from ddsp_tf.types import Float32Array

Play = Callable[[Float32Array, Float32Array], Float32Array]
"""Audio `[n_frames * hop_length]` of `f0_hz` and `loudness_db`, `[n_frames]` each."""

N_FRAMES = 400


def measure_audio(contents: Contents, play: Play, *, reverb: bool) -> LiveParity:
    """Compares the sound of glides through the instrument's range and beyond.

    Args:
        contents: What was exported.
        play: Plays with the file.
        reverb: Whether it plays the room.

    Returns:
        The error of `audio` as a share of its level: the limit of 1e-4 is -80 dB.
    """
    frames = probe_frames(contents.instrument, batch_size=1, n_frames=N_FRAMES)
    f0_hz, loudness_db = (frames[key][0] for key in ("f0_hz", "loudness_db"))
    model = contents.parts.model
    model = model if reverb else model.without_rooms()
    late = model.lookahead_frames * model.hop_length
    given = {"f0_hz": f0_hz[None, :, None], "loudness_db": loudness_db[None, :, None]}
    expected = np.asarray(model(given)["audio"])[0, :-late]
    found = play(f0_hz, loudness_db)[late:]
    case = f"{N_FRAMES} frames in blocks, {'with' if reverb else 'without'} the room"
    error = _relative(found, expected) if found.shape == expected.shape else float("inf")
    return LiveParity({"audio": error}, case, runtime())


def measure_tracker(contents: Contents, crepe: Any) -> LiveParity:
    """Compares what the tracker in a file hears, over tones, noise and silence."""
    torch = require_torch()
    capacity = graph_settings(contents.instrument.features).f0_tracker.removeprefix("crepe-")

    def run(inputs: Any) -> dict[str, Float32Array]:
        with torch.no_grad():
            return {"salience": crepe(torch.from_numpy(inputs["audio"])[None])[0].numpy()}

    runner: Runner = run
    return measure_tracker_parity(runner, capacity=capacity, runtime=runtime())


def joined(audio: LiveParity, tracker: LiveParity) -> LiveParity:
    """Gives both comparisons as one."""
    errors = {**audio.errors, **tracker.errors}
    return LiveParity(errors, f"{audio.case}; {tracker.case}", audio.runtime)


def runtime() -> str:
    """What runs the files here."""
    return f"torch {require_torch().__version__}"


def _relative(found: Float32Array, expected: Float32Array) -> float:
    error = np.mean(np.square(found - expected, dtype=np.float64))
    return float(np.sqrt(error / max(np.mean(np.square(expected, dtype=np.float64)), 1e-20)))
