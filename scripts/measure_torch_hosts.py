"""Measures the instruments in torch against Python, for `docs/torch.md` and the tests.

    python scripts/measure_torch_hosts.py ../shared/data/phrases [--seconds 6] [--names violin ...]

Runs where torch and ddsp_tf are. Prints a table: how far the sound of a phrase is from that of
`Streamer`, in dB, and the processor time of a block of 1,024 samples, in percent of its length; the
pitch that is heard from that of `LiveFeatures`, at most in cents; the spectrum of what is played of
sound from that of `LiveTransfer`, in dB; its latency in ms and its processor time.
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ddsp_tf.audio import read_audio
from ddsp_tf.export.graph_features import live_settings
from ddsp_tf.export.torchscript.archive import script
from ddsp_tf.export.torchscript.contents import Contents, take_contents
from ddsp_tf.export.torchscript.modules.front_end import FrontEnd
from ddsp_tf.export.torchscript.modules.players import ControlPlayer, SoundPlayer
from ddsp_tf.export.torchscript.modules.streamed_instrument import StreamedInstrument
from ddsp_tf.features import extract_features
from ddsp_tf.features.live_features import LiveFeatures
from ddsp_tf.inference import Streamer
from ddsp_tf.inference.live_transfer import LiveTransfer
from ddsp_tf.models import Instrument
from ddsp_tf.types import Float32Array

PHRASES = {
    "violin": "cello_phrase",
    "cello": "voice_vocadito_1",
    "flute": "clarinet_phrase",
    "saxophone": "saxophone_tenor_scale_e_major",
    "trumpet": "trumpet_jazz_phrase",
    "violin_48k": "viola_urmp_24",
}
BLOCK = 1024


def measure(name: str, phrases: Path, seconds: float) -> dict[str, Any]:
    """Gives the figures of an instrument."""
    instrument = Instrument.load(name)
    contents, settings = take_contents(instrument), instrument.features
    rate = settings.sample_rate
    audio, _ = read_audio(phrases / f"{PHRASES[name]}.flac", sample_rate=rate)
    audio = audio[: int(seconds * rate) // BLOCK * BLOCK]
    features = extract_features(audio, settings)
    signals = np.stack([features.f0_hz, features.loudness_db])
    told = StreamedInstrument(contents.facts, contents.arrays)
    player = script(ControlPlayer(told, contents.facts["usual_f0_hz"]))
    held = signals.repeat(settings.hop_length, axis=1)[:, : len(audio)]
    found, share = _play(player, held)
    expected = Streamer(instrument, xla=False).process(*signals[:, None])[0]
    return {
        "name": name,
        "phrase": PHRASES[name],
        "sound_db": _difference_db(found, expected[: len(found)]),
        "controls_percent": share * 100.0 * rate / BLOCK,
        **_listen(contents, audio),
    }


def _listen(contents: Contents, audio: Float32Array) -> dict[str, float]:
    instrument, facts = contents.instrument, contents.facts
    rate, hop = facts["sample_rate"], facts["hop_length"]
    front_end = script(FrontEnd(facts, contents.arrays))
    live = LiveFeatures(
        live_settings(instrument.features), initial_f0_hz=facts["usual_f0_hz"]
    ).push(audio)
    heard, told = [], 0
    with torch.no_grad():
        for start in range(0, len(audio), BLOCK):
            due = max(0, -(-(start + BLOCK) // hop) - front_end.n_late)
            block = torch.from_numpy(audio[None, start : start + BLOCK])
            heard.append(front_end(block, due - told, 0.0, 0.0)[0][0].numpy())
            told = due
    f0_hz = np.concatenate(heard)
    n = min(len(f0_hz), live.n_frames)
    player = SoundPlayer(
        StreamedInstrument(facts, contents.arrays), FrontEnd(facts, contents.arrays)
    )
    found, share = _play(script(player), audio[None])
    transfer = LiveTransfer(instrument, xla=False)
    expected = transfer.process(audio)
    found, expected = found[player.latency_samples :], expected[transfer.latency_samples :]
    n_samples = min(len(found), len(expected))
    return {
        "cents": float(np.max(1200.0 * np.abs(np.log2(f0_hz[:n] / live.f0_hz[:n])))),
        "transfer_db": _spectral_difference_db(found[:n_samples], expected[:n_samples]),
        "latency_ms": 1000.0 * player.latency_samples / rate,
        "transfer_percent": share * 100.0 * rate / BLOCK,
    }


def _play(player: Any, signals: Float32Array) -> tuple[Float32Array, float]:
    """Plays signals `[n_inputs, n_samples]` in blocks; gives the median time of one, too."""
    parts, times = [], []
    with torch.no_grad():
        for start in range(0, signals.shape[1], BLOCK):
            given = [torch.from_numpy(x[None, start : start + BLOCK].copy()) for x in signals]
            begin = time.thread_time()
            parts.append(player(*given)[0].numpy())
            times.append(time.thread_time() - begin)
    return np.concatenate(parts), float(np.median(times))


def _difference_db(found: Float32Array, expected: Float32Array) -> float:
    error = np.mean(np.square(found - expected, dtype=np.float64))
    level = np.mean(np.square(expected, dtype=np.float64))
    return float(10.0 * np.log10(error / level + 1e-30))


def _spectral_difference_db(found: Float32Array, expected: Float32Array) -> float:
    def magnitudes(audio: Float32Array) -> Any:
        frames = np.lib.stride_tricks.sliding_window_view(audio, 1024)[::256]
        return np.abs(np.fft.rfft(frames * np.hanning(1024)))

    here, there = magnitudes(found), magnitudes(expected)
    return float(20.0 * np.log10(np.linalg.norm(here - there) / np.linalg.norm(there)))


def main() -> None:
    """Prints a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("phrases", type=Path)
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--names", nargs="+", default=list(PHRASES), choices=list(PHRASES))
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    rows = []
    for name in options.names:
        row = measure(name, options.phrases, options.seconds)
        rows.append(row)
        if not options.json:
            values = [f"{x:.4g}" if isinstance(x, float) else x for x in row.values()]
            print("| " + " | ".join(values) + " |", flush=True)
    if options.json:
        print(json.dumps(rows))


if __name__ == "__main__":
    main()
