"""Measures networks that hear a synthesiser's settings: by settings alone, and by sound after it.

On sounds that are made of settings drawn at random: how far the settings are off, beside the mean
of all, and the log-spectral distance (LSD) of what is played, with the pitches that it hears and
with the right ones. On recordings, of which the first second counts: the spectral loss of what each
network says, and after steps by gradient.

Example:
    python scripts/measure_sound_matcher.py runs/settings runs/subtractive notes/*.flac
"""

from pathlib import Path

import click
import numpy as np
import tensorflow as tf

SEED, N_SOUNDS, SECONDS = 7, 64, 1.5
FLOOR = 1e-8
"""Of a power: -80 dB full scale."""


def distance_db(target: tf.Tensor, audio: tf.Tensor) -> float:
    """LSD: over the bins of 1024 samples the root mean square of dB, in the mean over frames."""
    from ddsp_tf import dsp

    levels = [
        10.0 * np.log10(FLOOR + dsp.stft_magnitude(x, fft_length=1024, hop_length=256).numpy() ** 2)
        for x in (target, audio)
    ]
    return float(np.mean(np.sqrt(np.mean((levels[0] - levels[1]) ** 2, axis=-1))))


@click.command()
@click.argument("settings_run")
@click.argument("sound_run")
@click.argument("notes", nargs=-1, type=click.Path(path_type=Path, exists=True))
@click.option("--steps", default=25, show_default=True)
def measure(settings_run: str, sound_run: str, notes: tuple[Path, ...], steps: int) -> None:
    """Prints a line for each measure and each note."""
    from ddsp_tf.audio import read_audio
    from ddsp_tf.inference import match
    from ddsp_tf.losses import SpectralLoss
    from ddsp_tf.models import Instrument

    networks = {
        "settings": Instrument.load(settings_run).model,
        "sound": Instrument.load(sound_run).model,
    }
    random = np.random.default_rng(SEED)
    rate = int(networks["sound"].sample_rate)
    n_samples = round(SECONDS * rate)
    n_parameters = len(networks["sound"].parameters)
    places = tf.constant(random.random([N_SOUNDS, n_parameters]), tf.float32)
    target = networks["sound"].played(networks["sound"].values_of(places), n_samples)["audio"]
    # Heard with the noise that it is trained with, compared without: no settings play noise.
    noisy = target + 1e-4 * random.standard_normal(target.shape)
    off = np.mean(np.abs(places - 0.5))
    print(f"settings off by: mean of all {off:.3f}")
    for name, network in networks.items():
        heard = network.shares(noisy)
        values, right = network.values_of(heard), network.values_of(places)
        pitched = {**values, **{key: right[key] for key in network.pitches}}
        lsd, of_pitched = (
            distance_db(target, network.played(x, n_samples)["audio"]) for x in (values, pitched)
        )
        off = float(np.mean(np.abs(heard - places)))
        print(
            f"trained by {name}: off by {off:.3f}, LSD {lsd:.2f} dB; "
            f"with the right pitches {of_pitched:.2f} dB",
            flush=True,
        )
    lower = 0
    loss = SpectralLoss(sample_rate=rate)
    for path in notes:
        sound = np.asarray(read_audio(path, sample_rate=rate)[0][:rate], np.float32)
        losses = []
        for network in networks.values():
            alone = network({"audio": sound[np.newaxis]})["audio"]
            losses.append(float(loss(sound[np.newaxis], alone)))
        found = match(networks["sound"].toward(sound), sound, n_steps=steps)
        lower += found.loss < losses[0]
        shown = ", ".join(f"{x:.2f}" for x in (*losses, found.start_loss, found.loss))
        print(f"{path.parent.parent.name} {path.name}: {shown}", flush=True)
    if notes:
        print(f"lower than by settings alone: {lower} of {len(notes)}")


if __name__ == "__main__":
    measure()
