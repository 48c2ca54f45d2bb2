"""Makes the shipped piano of a run: small weights, what was measured, a card and pictures.

What is measured is what ships, but for its voices and its law of velocities: the recordings have
another one, by which it is compared with them.

Example:
    python scripts/publish_piano.py piano/scores recordings/piano/notes recordings/piano/*.flac
"""

import dataclasses
import tempfile
from pathlib import Path
from typing import Any

import click
import numpy as np
import tensorflow as tf
from publish_instrument import save_small
from train_piano import PLAYED, PRESET, RECIPES

from ddsp_tf import config
from ddsp_tf.data.note_recordings import NoteRecordings
from ddsp_tf.data.scored_recordings import ScoredRecordings
from ddsp_tf.evaluation.inharmonicity import measure_inharmonicity
from ddsp_tf.features import FeatureSettings
from ddsp_tf.files import write_text
from ddsp_tf.losses import SpectralLoss
from ddsp_tf.models import Instrument
from ddsp_tf.plotting import spectrogram_pair
from ddsp_tf.training import train

SECONDS, LEFT_OUT_S = 3.0, 68.0
VELOCITY_EXPONENT, GAIN_DB = 0.57, -6.0
"""Of the recordings, as in the recipe."""


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("notes", type=click.Path(path_type=Path))
@click.argument("music", nargs=-1, type=click.Path(path_type=Path))
@click.option("--output", default=PRESET, type=click.Path(path_type=Path))
def main(run: Path, notes: Path, music: tuple[Path, ...], output: Path) -> None:
    """Writes the best model of RUN to OUTPUT."""
    publish(run, notes, list(music), output)


def publish(run: Path, notes: Path, music: list[Path], output: Path) -> None:
    """Rebuilds the model with the voices of one that is played, measures it, and writes it."""
    trained = Instrument.load(run)
    facts = config.parse([RECIPES["scores"]], ["NOTES=''", "RECORDINGS=['']"]).bound(train)
    played = config.parse([RECIPES["notes"]], ["NOTES=''", *PLAYED]).build_model()
    take_weights(played, trained.model)
    small = dataclasses.replace(
        trained, model=played, metadata={**trained.metadata, **facts["metadata"]}
    )
    with tempfile.TemporaryDirectory() as folder:
        small.save(Path(folder) / "piano", weights_dtype="float16")
        small = Instrument.load(Path(folder) / "piano")
    compared = trained.model
    compared.set_weights(small.model.get_weights())
    measured, keys, sounds = measure(compared, notes, music)
    ends = [played.lowest_key, played.highest_key]
    small.metadata.update(metrics=measured, measured_keys=keys, key_range=ends)
    small.save(output, overwrite=True, weights_dtype="float16")
    heard, made = sounds
    figure = spectrogram_pair(
        heard, made, sample_rate=compared.sample_rate, titles=("recorded", "played")
    )
    save_small(figure, output / "spectrogram.png", overwrite=True)
    write_text(output / "README.md", card(small), overwrite=True)
    print(card(small))


def take_weights(played: Any, trained: Any) -> None:
    """Copies what was learned, but for B and pitch, which stay as they were measured.

    The losses hear a few cents less well than a least-squares fit does: trained, keys end up to 3
    cents and 6% of B from it, each in its own direction, and keys that were never heard not at all.
    """
    tables = [played.tuning.key_inharmonicity, played.tuning.key_tuning]
    measured = [table.numpy() for table in tables]
    played.set_weights(trained.get_weights())
    for table, values in zip(tables, measured, strict=True):
        table.assign(values)
    apart = np.tanh(played.tuning.key_detuning.numpy())
    half = (apart[:, 1:] - apart[:, :1]) / 2.0
    played.tuning.key_detuning.assign(np.arctanh(np.concatenate([-half, half], axis=1)))


def measure(
    model: Any, notes: Path, music: list[Path]
) -> tuple[dict[str, float], list[dict[str, float]], list[np.ndarray]]:
    """Compares a model with the recordings: figures, those of each key, and sounds to look at."""
    rate = model.sample_rate
    settings = FeatureSettings(sample_rate=rate, hop_length=model.hop_length, columns=())
    recorded = NoteRecordings(
        notes,
        n_voices=model.n_voices,
        leave_out_every=4,
        velocity_exponent=VELOCITY_EXPONENT,
        gain_db=GAIN_DB,
    )
    loss = SpectralLoss()
    n_frames = round(SECONDS * settings.frame_rate)
    distances: dict[str, list[float]] = {"trained": [], "left_out": []}
    decays, rises, sounds = [], [], []
    for part, chosen in (("trained", recorded.taken), ("left_out", recorded.left_out)):
        for key, dynamic in chosen:
            example = recorded.example(key, dynamic, n_frames, settings)
            heard = example["audio"]
            made = model({k: x[np.newaxis] for k, x in example.items()})["audio"].numpy()[0]
            distances[part].append(float(loss(heard[np.newaxis], made[np.newaxis])))
            partials_hz = partials(model, key)
            decays += decay_pairs(heard, made, partials_hz, rate)
            rises.append([rise_ms(x, rate) for x in (heard, made)])
            if part == "left_out":
                sounds.append((heard[:rate], made[:rate]))
    keys = [key_facts(model, recorded, key) for key in sorted({key for key, _ in recorded.taken})]
    apart = np.array(decays)
    played = [float(np.mean(distances[part])) for part in ("trained", "left_out")]
    figures = {
        "spectral_distance": played[1],
        "spectral_distance_trained": played[0],
        "left_out_to_trained": played[1] / played[0],
        "inharmonicity_error": max(abs(row["b"] / row["b_fit"] - 1.0) for row in keys),
        "tuning_error_cents": max(abs(row["cents"] - row["cents_fit"]) for row in keys),
        "decay_db_per_s": float(np.median(np.abs(apart[:, 0]))),
        "decay_error_db_per_s": float(np.median(np.abs(apart[:, 0] - apart[:, 1]))),
        "rise_error_ms": float(np.median(np.abs(np.diff(rises, axis=1)))),
    }
    if music:
        scored = ScoredRecordings(music[:1], n_voices=model.n_voices)
        trained = music_distance(model, scored, music[0], settings, 10.0, loss)
        left_out = music_distance(model, scored, music[0], settings, LEFT_OUT_S + 1.0, loss)
        figures |= {"music_distance": left_out, "music_distance_trained": trained}
    pair = [np.concatenate(part) for part in zip(*sounds, strict=True)]
    return figures, keys, pair


def music_distance(
    model: Any,
    scored: ScoredRecordings,
    path: Path,
    settings: FeatureSettings,
    start_s: float,
    loss: SpectralLoss,
) -> float:
    """Of 20 s of music; a second before them is played too, and not compared."""
    first, length = (round(x * settings.frame_rate) for x in (start_s - 1.0, 21.0))
    example = scored.part(path, first, length, settings)
    batch = {key: x[np.newaxis] for key, x in example.items()}
    made = model(batch)["audio"][:, settings.sample_rate :]
    return float(loss(batch["audio"][:, settings.sample_rate :], made))


def partials(model: Any, key: int) -> np.ndarray:
    """Where the model has the partials of a key, in Hz."""
    f0_hz, b = (x.numpy()[0, 0] for x in model.tuning(tf.fill([1, 1, 1], float(key))))
    k = np.arange(1, 13)
    return k * f0_hz.mean() * np.sqrt(1.0 + b[0] * k**2)


def key_facts(model: Any, recorded: NoteRecordings, key: int) -> dict[str, float]:
    """B and pitch of a key, the model's and those of the recordings' least-squares fits."""
    tempered_hz = 440.0 * 2.0 ** ((key - 69) / 12)
    rate = model.sample_rate
    fits = [
        measure_inharmonicity(
            recorded.sound(key, dynamic, rate)[rate // 10 : 21 * rate // 10],
            sample_rate=rate,
            expected_hz=tempered_hz,
        )
        for of, dynamic in recorded.files
        if of == key
    ]
    f0_hz, b = (x.numpy()[0, 0] for x in model.tuning(tf.fill([1, 1, 1], float(key))))
    fitted_hz = np.median([fit.f0_hz for fit in fits])
    return {
        "key": key,
        "b": float(b[0]),
        "b_fit": float(np.median([fit.inharmonicity for fit in fits])),
        "cents": float(1200.0 * np.log2(f0_hz.mean() / tempered_hz)),
        "cents_fit": float(1200.0 * np.log2(fitted_hz / tempered_hz)),
        "strings_cents": float(1200.0 * np.log2(f0_hz[1] / f0_hz[0])),
    }


def decay_pairs(
    heard: np.ndarray, made: np.ndarray, partials_hz: np.ndarray, rate: int
) -> list[tuple[float, float]]:
    """How fast each partial falls from 0.1 to 1 s, in dB a second, recorded and played."""
    pairs = []
    for hz in partials_hz[partials_hz < 0.4 * rate]:
        levels = [
            [level_db(x, float(hz), t, rate) for t in np.arange(0.1, 1.0, 0.05)]
            for x in (heard, made)
        ]
        # Below this the recordings are hiss.
        if min(levels[0]) > -65.0:
            slopes = [np.polyfit(np.arange(0.1, 1.0, 0.05), x, 1)[0] for x in levels]
            pairs.append((float(slopes[0]), float(slopes[1])))
    return pairs


def level_db(audio: np.ndarray, hz: float, start_s: float, rate: int) -> float:
    """Level of a partial in a window of 128 ms."""
    n = round(0.128 * rate)
    part = audio[round(start_s * rate) :][:n]
    turn = np.exp(-2j * np.pi * hz / rate * np.arange(len(part)))
    return float(20 * np.log10(4.0 / n * abs(np.sum(part * np.hanning(len(part)) * turn)) + 1e-9))


def rise_ms(audio: np.ndarray, rate: int) -> float:
    """When the envelope, in windows of 4 ms, first comes within 3 dB of its highest."""
    n = round(0.004 * rate)
    power = np.square(audio[: rate // 2]).reshape(-1, n).mean(axis=1)
    return float(1000.0 * n / rate * np.argmax(power > 0.5 * power.max()))


def card(instrument: Instrument) -> str:
    """What a person should know about the piano, in Markdown."""
    facts = instrument.metadata
    measured = facts["metrics"]
    lines = {
        "spectral distance, notes left out": f"{measured['spectral_distance']:.2f}",
        "spectral distance, notes trained on": f"{measured['spectral_distance_trained']:.2f}",
        "their ratio": f"{measured['left_out_to_trained']:.2f}",
        "spectral distance, music left out": f"{measured.get('music_distance', np.nan):.2f}",
        "spectral distance, music trained on": (
            f"{measured.get('music_distance_trained', np.nan):.2f}"
        ),
        "inharmonicity B, at most beside the fit": f"{100 * measured['inharmonicity_error']:.1f}%",
        "pitch, at most beside the fit": f"{measured['tuning_error_cents']:.2f} cents",
        "decay of partials, median": f"{measured['decay_db_per_s']:.1f} dB/s",
        "decay of partials, median error": f"{measured['decay_error_db_per_s']:.1f} dB/s",
        "time of rise, median error": f"{measured['rise_error_ms']:.0f} ms",
    }
    table = "\n".join(f"| {what} | {value} |" for what, value in lines.items())
    credits = "\n".join(f"- Attribution: {line}" for line in facts["attribution"])
    weak = "\n".join(f"- {line}" for line in facts["known_weaknesses"])
    model, training = instrument.model, facts["training"]
    return (
        f"# {facts['title']}\n\n{facts['description']}\n\n"
        f"- Licence: {facts['licence']}\n{credits}\n"
        f"- Sound: {model.sample_rate} Hz, {model.n_voices} voices, "
        f"{model.count_params():,} parameters\n"
        f"- Keys: {model.lowest_key} to {model.highest_key}; "
        f"recorded were {facts['recorded_keys']}\n"
        f"- Trained on: {facts['training_data']}\n"
        f"- Training: {facts['training_steps']}, seed {training.get('seed', 0)}\n\n"
        f"## Measured\n\n{facts['held_out_data']}\n\n| what | value |\n|---|---|\n{table}\n\n"
        f"## Known weaknesses\n\n{weak}\n\n## Made by\n\n```\n"
        + "\n".join(facts["command"])
        + "\n```\n\n![Above the notes left out, one second of each, below the piano]"
        "(spectrogram.png)\n"
    )


if __name__ == "__main__":
    main()
