"""Makes the test vectors of docs/contract.md: what a host should get, in one JSON file.

Example:
    python scripts/make_contract_vectors.py docs/contract_vectors.json
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.export import DecoderStep
from ddsp_tf.export.frame_tracker import FrameTracker
from ddsp_tf.models import Instrument
from ddsp_tf.processors import Add, FilteredNoise, Harmonic, ProcessorGroup, Reverb

N_FRAMES = 12


def make_vectors() -> dict[str, Any]:
    """Makes all vectors, ready for JSON."""
    return {
        "format_version": 1,
        "scaling": _scaling(),
        "exp_sigmoid": _exp_sigmoid(),
        "noise": _noise(),
        "loudness": _loudness(),
        "synthesis": [
            _synthesis(
                "Hann crossfade, one partial after the other reaches Nyquist",
                sample_rate=16000,
                hop_length=64,
                amplitude_method="window",
                n_bands=9,
                window_length=None,
                seed=0,
                add_dry=True,
            ),
            _synthesis(
                "linear crossfade, shortened noise filters, room without dry sound",
                sample_rate=32000,
                hop_length=40,
                amplitude_method="linear",
                n_bands=17,
                window_length=12,
                seed=-7,
                add_dry=False,
            ),
        ],
        "decoder": _decoder(),
        "tracker": _tracker(),
    }


def _scaling() -> dict[str, Any]:
    f0_hz = np.array([0.0, 5.0, 27.5, 196.0, 440.0, 1234.5, 7999.0], np.float32)
    loudness_db = np.array([-80.0, -33.3, -6.0, 0.0], np.float32)
    return {
        "f0_hz": _numbers(f0_hz),
        "f0_scaled": _numbers(dsp.scale_f0_hz(f0_hz)),
        "loudness_db": _numbers(loudness_db),
        "loudness_scaled": _numbers(dsp.scale_loudness_db(loudness_db)),
    }


def _exp_sigmoid() -> dict[str, Any]:
    x = np.array([-30.0, -8.0, -5.0, -1.0, 0.0, 0.5, 3.0, 20.0], np.float32)
    return {"x": _numbers(x), "y": _numbers(dsp.exp_sigmoid(tf.constant(x)))}


def _noise() -> list[dict[str, Any]]:
    cases = []
    for seed, start in ((0, 0), (0, -3), (-7, 2**32 - 2), (123456789, 16000)):
        values = dsp.uniform_noise(2, 5, seed=seed, start=start)
        cases.append({"seed": seed, "start": start, "rows": _numbers(values)})
    return cases


def _loudness() -> dict[str, Any]:
    n_samples = 600
    time = np.arange(n_samples)
    audio = 0.3 * np.sin(0.17 * time) + 0.1 * np.sin(1.9 * time)
    audio = tf.constant(audio[np.newaxis], tf.float32)
    a_weighted = dsp.a_weighted_loudness_db(audio, sample_rate=16000, hop_length=64, fft_length=512)
    return {
        "audio": _numbers(audio[0]),
        "sample_rate": 16000,
        "a_weighted": {"hop_length": 64, "window": 512, "loudness_db": _numbers(a_weighted[0])},
        "rms": {
            "hop_length": 320,
            "window": 1024,
            "loudness_db": _numbers(dsp.rms_power_db(audio, hop_length=320, frame_length=1024)[0]),
        },
    }


def _synthesis(
    what: str,
    *,
    sample_rate: int,
    hop_length: int,
    amplitude_method: Any,
    n_bands: int,
    window_length: int | None,
    seed: int,
    add_dry: bool,
) -> dict[str, Any]:
    rng = np.random.default_rng(abs(seed))
    n_harmonics, n_taps = 6, 40
    rates: dict[str, Any] = {"sample_rate": sample_rate, "hop_length": hop_length}
    reverb = Reverb(impulse_response_length=n_taps, add_dry=add_dry)
    response = rng.normal(scale=0.1, size=n_taps).astype(np.float32)
    reverb.impulse_response.assign(response)
    group = ProcessorGroup(
        dag=[
            (
                Harmonic(amplitude_method=amplitude_method, **rates),
                ["amplitudes", "harmonic_distribution", "f0_hz"],
            ),
            (
                FilteredNoise(n_bands=n_bands, window_length=window_length, seed=seed, **rates),
                ["noise_magnitudes"],
            ),
            (Add(), ["harmonic/signal", "filtered_noise/signal"]),
            (reverb, ["add/signal"]),
        ]
    )
    raw = {
        "amplitudes": rng.normal(size=[1, N_FRAMES, 1]).astype(np.float32),
        "harmonic_distribution": rng.normal(size=[1, N_FRAMES, n_harmonics]).astype(np.float32),
        "noise_magnitudes": (3.0 * rng.normal(size=[1, N_FRAMES, n_bands])).astype(np.float32),
    }
    f0_hz = np.geomspace(0.0137, 0.11, N_FRAMES, dtype=np.float32) * np.float32(sample_rate)
    f0_hz[3] = 0.0
    outputs = group({**raw, "f0_hz": f0_hz[np.newaxis, :, np.newaxis]}, return_controls=True)
    played = {name: outputs[name] for name in ("harmonic", "filtered_noise")}
    finished = {**played["harmonic"]["controls"], **played["filtered_noise"]["controls"]}
    return {
        "what": what,
        **rates,
        "amplitude_crossfade": amplitude_method,
        "noise": {
            "n_bands": n_bands,
            "window_length": window_length or 2 * (n_bands - 1),
            "seed": seed,
            "initial_bias": -5.0,
        },
        "reverb": {"impulse_response": _numbers(response), "add_dry": add_dry},
        "f0_hz": _numbers(f0_hz),
        "raw": {key: _numbers(x[0]) for key, x in raw.items()},
        "finished": {key: _numbers(finished[key][0]) for key in raw},
        "harmonic": _numbers(played["harmonic"]["signal"][0]),
        "filtered_noise": _numbers(played["filtered_noise"]["signal"][0]),
        "audio": _numbers(outputs["signal"][0]),
    }


def _decoder() -> dict[str, Any]:
    step = DecoderStep(Instrument.load("flute").model)
    # The last two lie far outside the flute's range.
    f0_hz = np.array([440.0, 442.0, 445.0, 600.0, 880.0, 98.0, 3520.0], np.float32)
    loudness_db = np.array([-30.0, -28.0, -25.0, -25.0, -40.0, -25.0, -25.0], np.float32)
    state = step.initial_state()
    frames = []
    for hz, level in zip(f0_hz, loudness_db, strict=True):
        outputs = step.step(dsp.scale_f0_hz(hz[None]), dsp.scale_loudness_db(level[None]), state)
        state = outputs.pop("state")
        frames.append({key: _numbers(x) for key, x in outputs.items()})
    return {
        "instrument": "flute",
        "f0_hz": _numbers(f0_hz),
        "loudness_db": _numbers(loudness_db),
        "frames": frames,
        "first_of_last_state": _numbers(state[:8]),
    }


def _tracker() -> dict[str, Any]:
    tracker = FrameTracker("tiny")
    cases = []
    for hz in (110.0, 440.0, 1318.5):
        phase = 2.0 * np.pi * hz / 16000.0 * np.arange(1024)
        audio = 0.5 * np.sin(phase) + 0.25 * np.sin(2.0 * phase)
        found = tracker.track(tf.constant(audio, tf.float32))
        keys = ("f0_hz", "f0_confidence")
        cases.append({"tone_hz": hz, **{key: _numbers(found[key])[0] for key in keys}})
    return {"capacity": "tiny", "cases": cases}


def _numbers(values: Any) -> Any:
    """Lists with seven significant digits, which say a float32 to its last bit but one."""
    return _rounded(np.asarray(values, np.float32).tolist())


def _rounded(value: Any) -> Any:
    return [_rounded(x) for x in value] if isinstance(value, list) else float(f"{value:.8g}")


def main(output: Path) -> None:
    """Writes the file."""
    lines = json.dumps(make_vectors(), allow_nan=False)
    output.write_text(lines.replace('], "', '],\n"') + "\n", encoding="utf-8")
    print(f"{output}: {output.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
