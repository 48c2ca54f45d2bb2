"""Finds drums for recordings of single strokes, beside noise alone, and draws one of them.

Both models are found by `inference.match` with the same steps: `papers/shier2023/drum.gin`, and
`papers/shier2023/noise.gin`, its noise of 65 bands alone. A row for each recording gives the
multi-scale spectral loss of both after analysis and at the end, and by how much the attack time of
each differs from the recording's; and how much of the loss of each lies in the logarithms of
magnitudes above 4 kHz after the attack, where both have noise alone. Recordings longer than a
stroke are left out, and said.

Example:
    python scripts/make_drum_figures.py recordings/drums/*.flac --steps 60 \
        --picture docs/images/drum_spectrogram.png
"""

from pathlib import Path

import click
import numpy as np

from ddsp_tf import config, dsp
from ddsp_tf.audio import read_audio
from ddsp_tf.errors import AudioFileError
from ddsp_tf.evaluation.attack import attack_time_s
from ddsp_tf.inference import match
from ddsp_tf.plotting import save_figure, spectrogram_pair
from ddsp_tf.types import FloatArray

MODELS = ("noise", "drum")
HOP_LENGTH, LONGEST_S = 256, 1.2
RATE = 44100
FFT_LENGTHS, FLOOR = (2048, 1024, 512, 256, 128, 64), 1e-5
LATE_S, HIGH_HZ = 0.2, 4000.0


@click.command()
@click.argument("recordings", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--steps", default=60, show_default=True)
@click.option("--picture", type=click.Path(path_type=Path), help="Of the first recording.")
def main(recordings: tuple[Path, ...], steps: int, picture: Path | None) -> None:
    """Prints a row for each recording, and the means."""
    rows: list[tuple[list[float], list[float]]] = []
    for path in recordings:
        try:
            rows.append(row(path, steps, picture if not rows else None))
        except AudioFileError as error:
            click.echo(f"{path.name}: left out. {error}")
    losses = np.array([losses for losses, _ in rows])
    attacks = np.array([attacks for _, attacks in rows])
    ratios = losses[:, 3] / losses[:, 2]
    click.echo(
        f"mean ratio {ratios.mean():.2f} ({ratios.min():.2f} to {ratios.max():.2f}); means of the "
        f"losses {np.round(losses.mean(axis=0), 2)}; attack times off by at most, ms: "
        f"noise {attacks[:, 0].max():.2f}, drum {attacks[:, 1].max():.2f}"
    )


def row(path: Path, steps: int, picture: Path | None) -> tuple[list[float], list[float]]:
    """Finds both models for one recording, and prints what they measure."""
    target, _ = read_audio(path, sample_rate=RATE)
    n_frames = -(-len(target) // HOP_LENGTH)
    if n_frames * HOP_LENGTH > LONGEST_S * RATE:
        raise AudioFileError(f"{len(target) / RATE:.1f} s are more than one stroke.")
    # A stroke as long as the recording: what comes after it would take time and not be heard.
    length = [f"LENGTH_S={n_frames * HOP_LENGTH / RATE!r}", f"N_NOISE_FRAMES={n_frames}"]
    starts, ends, attacks, tails = [], [], [], []
    for name in MODELS:
        parsed = config.parse([f"papers/shier2023/{name}.gin"], length)
        model = parsed.build_model()
        found = match(model, target, objective=parsed.build_objective(), n_steps=steps)
        starts.append(found.start_loss)
        ends.append(found.loss)
        ours, theirs = (attack_time_s(x, sample_rate=RATE) for x in (found.audio, target))
        attacks.append(1000.0 * abs(ours - theirs))
        tails.append(loss_of_tail(target, found.audio))
    noise, drum = ends
    click.echo(
        f"| {path.stem} | {len(target) / RATE:.2f} | {starts[0]:.2f} -> {noise:.2f} | "
        f"{starts[1]:.2f} -> {drum:.2f} | {drum / noise:.2f} | {attacks[0]:.2f} | "
        f"{attacks[1]:.2f} | {tails[0]:.2f} | {tails[1]:.2f} |"
    )
    if picture is not None:
        figure = spectrogram_pair(target, found.audio, RATE, titles=(path.stem, "the drum"))
        save_figure(figure, picture, overwrite=True)
    return [*starts, *ends], attacks


def loss_of_tail(target: FloatArray, audio: FloatArray) -> float:
    """The part of the loss in the logarithms of magnitudes late and high, all scales together."""
    total = 0.0
    for n in FFT_LENGTHS:
        levels = [
            np.log(np.maximum(dsp.stft_magnitude(sound, fft_length=n, hop_length=n // 4), FLOOR))
            for sound in (target[np.newaxis], audio[np.newaxis, : len(target)])
        ]
        apart = np.abs(levels[0] - levels[1])[0]
        late = np.arange(len(apart)) * n / 4 > LATE_S * RATE
        high = np.arange(apart.shape[1]) * RATE / n >= HIGH_HZ
        total += float(apart[late][:, high].sum()) / apart.size
    return total


if __name__ == "__main__":
    main()
