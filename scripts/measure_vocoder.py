"""Says held-out sentences again by a trained vocoder, measures pitch and spectrum, and draws one.

python scripts/measure_vocoder.py RUN SENTENCES_FOLDER PICTURE.png

For each sentence, said again as it is and 3 semitones higher: how far the pitch, tracked again by
the same tracker, is from what it should be, in cents (median, and the share of frames within 50,
over frames where both are sure); the mean distance of 80 mel levels in dB over frames above -50 dB;
and how many times faster than real time it is made once the graph is there. The picture is of the
second sentence.
"""

import sys
import time
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from PIL import Image

from ddsp_tf.audio import read_audio
from ddsp_tf.features import FeatureSettings, extract_features
from ddsp_tf.inference import ColumnTransfer, VoiceEdits
from ddsp_tf.models import Instrument
from ddsp_tf.plotting import figure_to_image

SEMITONES = 3.0
SURE = 0.6
SIZE, N_COLOURS = (640, 560), 64
COLUMNS = ("f0_hz", "f0_confidence", "mel_db")


def main(run: Path, folder: Path, picture: Path) -> None:
    """Prints the table and writes the picture, which it replaces if it is there."""
    instrument = Instrument.load(run)
    rate = instrument.features.sample_rate
    settings = FeatureSettings(sample_rate=rate, hop_length=80, columns=COLUMNS)
    plain = ColumnTransfer(instrument)
    higher = ColumnTransfer(instrument, voice=VoiceEdits(semitones=SEMITONES))
    print("| sentence | cents | within 50 | +3: cents | within 50 | mel, dB | times real time |")
    print("|---|---|---|---|---|---|---|")
    rows, drawn = [], None
    for number, path in enumerate(sorted(folder.glob("*.wav"))):
        audio, _ = read_audio(path, sample_rate=rate)
        wanted = extract_features(audio, settings)
        sounds = [play(audio, rate).audio for play in (plain, higher)]
        found = [extract_features(sound, settings) for sound in sounds]
        own, moved = (
            cents(wanted, x, shift) for x, shift in zip(found, (0.0, SEMITONES), strict=True)
        )
        heard = wanted.mel_db.max(axis=1) > -50.0
        apart_db = np.abs(found[0].mel_db - wanted.mel_db)[heard].mean()
        rows.append((*own, *moved, apart_db, speed(plain, audio)))
        print(f"| {path.stem} | {line(rows[-1])} |", flush=True)
        if number == 1:
            drawn = {"recording": audio, "said again": sounds[0], "3 semitones up": sounds[1]}
    print(f"| mean | {line(np.mean(rows, axis=0))} |")
    if drawn is not None:
        image = Image.fromarray(figure_to_image(figure(drawn, rate))).convert("RGB").resize(SIZE)
        image.quantize(N_COLOURS, dither=Image.Dither.NONE).save(picture, optimize=True)


def line(row: Any) -> str:
    """The cells of a row."""
    own, near, moved, moved_near, apart_db, times = row
    return f"{own:.1f} | {near:.0%} | {moved:.1f} | {moved_near:.0%} | {apart_db:.1f} | {times:.1f}"


def cents(wanted: Any, found: Any, semitones: float) -> tuple[float, float]:
    """The median distance in cents, and the share of frames within 50."""
    both = (wanted.f0_confidence >= SURE) & (found.f0_confidence >= SURE)
    apart = 1200 * np.log2(found.f0_hz[both] / wanted.f0_hz[both]) - 100 * semitones
    return float(np.median(np.abs(apart))), float(np.mean(np.abs(apart) <= 50.0))


def speed(play: ColumnTransfer, audio: np.ndarray) -> float:
    """Times real time, of the network alone."""
    model, settings = play.instrument.model, play.instrument.features
    features = extract_features(audio, settings).as_batch()
    inputs = {key: np.asarray(x)[0] for key, x in model.encode(features).items()}
    began = time.perf_counter()
    for _ in play._player.blocks(inputs):
        pass
    return len(audio) / settings.sample_rate / (time.perf_counter() - began)


def figure(sounds: dict[str, np.ndarray], rate: int) -> Any:
    """Spectrograms, one below the other."""
    matplotlib.use("Agg")
    from matplotlib.figure import Figure

    drawn = Figure(figsize=(8, 7), layout="constrained")
    axes = drawn.subplots(len(sounds), 1, sharex=True)
    for axis, (name, audio) in zip(axes, sounds.items(), strict=True):
        axis.specgram(audio + 1e-9, NFFT=1024, noverlap=896, Fs=rate, vmin=-140, vmax=-40)
        axis.set_ylim(0, 6000)
        axis.set_title(name)
        axis.set_ylabel("Hz")
    axes[-1].set_xlabel("seconds")
    return drawn


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
