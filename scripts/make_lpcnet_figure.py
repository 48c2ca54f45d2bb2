"""Says recordings of speech again by a trained LPCNet, prints what they cost, and draws the last.

python scripts/make_lpcnet_figure.py OUTPUT_FOLDER RUN SPEECH...

For each file, of which the first 10 s count: the cross-entropy when the true past is told, the mean
of the nats that each code costs (256 codes without knowledge cost 5.55); and of what is said again,
with nothing but its own past: the mean difference of log10 magnitudes in 80 mel bands from the
recording; the correlation of both levels in dB, every 10 ms, above -60 dB, and how much softer it
is; the median distance of the tracked pitches where both are sure, and how many of the recording's
sure frames those are; and the seconds that a second of speech takes, after the first block, which
is compiled. Then how dense the recurrent matrix is. Writes lpcnet.png and lpcnet.wav of the last,
which is what is said again.
"""

import sys
import time
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import tensorflow as tf

from ddsp_tf.audio import read_audio, write_audio
from ddsp_tf.dsp.mel import mel_power
from ddsp_tf.features import FeatureSettings, extract_features
from ddsp_tf.models import BlockPlayer, Instrument
from ddsp_tf.plotting import save_figure

LONGEST_S = 10.0
SURE = 0.7


def main(folder: Path, run: str, files: list[Path]) -> None:
    """Prints the table and writes the picture, which it replaces if it is there."""
    instrument = Instrument.load(run)
    model: Any = instrument.model
    model.jit_network = True
    rate = model.sample_rate
    print("| speech | nats | mel | loudness follows | level, dB | cents | sure | s for a second |")
    print("|---|---|---|---|---|---|---|---|")
    for path in files:
        audio = read_audio(path, sample_rate=rate)[0][: round(LONGEST_S * rate)]
        audio = audio[: len(audio) // model.hop_length * model.hop_length]
        features = extract_features(audio, instrument.features).as_batch()
        batch = model.encode(features)
        nats = model({**batch, "audio": audio[np.newaxis]})["nats"]
        player = BlockPlayer(model, block_frames=100)
        rows = {key: np.asarray(value)[0] for key, value in batch.items()}
        blocks, times_s = [], [time.perf_counter()]
        for block in player.blocks(rows):
            blocks.append(block)
            times_s.append(time.perf_counter())
        said = np.concatenate(blocks)
        each_s = np.median(np.diff(times_s)[1:])
        mel = np.abs(log_mel(audio, rate) - log_mel(said, rate)).mean()
        first, second = level_db(audio), level_db(said)
        follows = np.corrcoef(first, second)[0, 1]
        apart, share = pitch(audio, said)
        print(
            f"| {path.stem} | {float(tf.reduce_mean(nats)):.2f} | {mel:.3f} | {follows:.2f} "
            f"| {np.mean(second - first):+.1f} | {apart:.0f} | {share:.0%} | {each_s:.2f} |",
            flush=True,
        )
    gates = np.split(model.recurrent_a.numpy(), 3, axis=1)
    shares = ", ".join(f"{kept(gate):.4f}" for gate in gates)
    print(f"blocks kept of the gates: {shares}, after {int(model.pruning.steps)} steps")
    save_figure(figure(audio, said, rate), folder / "lpcnet.png", overwrite=True)
    write_audio(folder / "lpcnet.wav", said, rate, overwrite=True)


def level_db(audio: np.ndarray) -> np.ndarray:
    """Mean squares of 10 ms, in dB of full scale."""
    frames = np.reshape(audio, [-1, 160]).astype(np.float64)
    return 10.0 * np.log10(np.mean(frames**2, axis=1) + 1e-6)


def log_mel(audio: np.ndarray, rate: int) -> np.ndarray:
    """log10 of mel magnitudes, where full scale is about 0."""
    power = mel_power(
        np.asarray(audio, np.float64),
        sample_rate=rate,
        fft_length=1024,
        hop_length=256,
        n_bands=80,
        per_hz=False,
    )
    return np.log10(np.sqrt(power / (0.375 * 1024)) + 1e-5)


def pitch(audio: np.ndarray, said: np.ndarray) -> tuple[float, float]:
    """How far apart the pitches are, in cents in the median, and the share of frames that count."""
    settings = FeatureSettings(hop_length=160, columns=("f0_hz", "f0_confidence"))
    found = [extract_features(x, settings) for x in (audio, said)]
    sure = [np.ravel(x.f0_confidence) > SURE for x in found]
    both = sure[0] & sure[1]
    if not np.any(both):
        return np.nan, 0.0
    first, second = (np.ravel(x.f0_hz)[both] for x in found)
    apart = np.median(np.abs(1200.0 * np.log2(second / first)))
    return float(apart), float(np.sum(both) / np.sum(sure[0]))


def kept(gate: np.ndarray) -> float:
    """The share of blocks of 4 x 8 that hold something beside the diagonal."""
    rows, columns = len(gate) // 4, len(gate) // 8
    others = (gate - np.diag(np.diag(gate))).reshape(rows, 4, columns, 8)
    return float(np.mean(np.any(others, axis=(1, 3))))


def figure(audio: np.ndarray, said: np.ndarray, rate: int) -> Any:
    """Spectrograms of three seconds, one above the other."""
    matplotlib.use("Agg")
    from matplotlib.figure import Figure

    drawn = Figure(figsize=(4.4, 2.8), layout="constrained")
    axes = drawn.subplots(2, 1, sharex=True)
    for axis, (name, sound) in zip(
        axes, {"recording": audio, "said again": said}.items(), strict=True
    ):
        part = sound[: 3 * rate]
        # Digital silence has no level in dB.
        part = part + 1e-7 * np.random.default_rng(0).standard_normal(len(part))
        axis.specgram(part, NFFT=512, noverlap=448, Fs=rate, vmin=-110, vmax=-40)
        axis.set_title(name)
        axis.set_ylabel("Hz")
    axes[-1].set_xlabel("seconds")
    return drawn


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], [Path(name) for name in sys.argv[3:]])
