"""Measures a piano that was trained on a few notes, and draws the spectrograms of its page.

Example:
    python scripts/make_piano_figures.py runs/piano notes/ docs/images/piano_spectrogram.png
"""

import sys
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from ddsp_tf.data.note_recordings import NoteRecordings
from ddsp_tf.evaluation.inharmonicity import measure_inharmonicity
from ddsp_tf.losses import SpectralLoss
from ddsp_tf.models import Instrument, Piano
from ddsp_tf.plotting import save_figure, spectrogram_pair

KEYS, DYNAMIC, SECONDS = (48, 60, 72), "MF", 1.5


def main(run: Path, notes: Path, picture: Path) -> None:
    """Prints the table of the page, and draws the three notes, recorded and played."""
    instrument = Instrument.load(run)
    model, rate = instrument.model, instrument.model.sample_rate
    keras.utils.set_random_seed(0)
    untrained = Piano.from_config(model.get_config())
    recorded = NoteRecordings(notes, keys=KEYS, dynamics=[DYNAMIC], n_voices=model.n_voices)
    loss, sounds = SpectralLoss(), []
    print("| key | B, least squares | B, trained | ratio | strings, cents | loss before, after |")
    print("|---|---|---|---|---|---|")
    for key in KEYS:
        batch = _batch(recorded, key, round(SECONDS * rate / model.hop_length), model)
        target = tf.constant(batch["audio"])
        before, after = (float(loss(target, x(batch)["audio"])) for x in (untrained, model))
        sounds.append((batch["audio"][0], model(batch)["audio"].numpy()[0]))
        part = recorded.sound(key, DYNAMIC, rate)[rate // 10 : 21 * rate // 10]
        tempered_hz = 440.0 * 2.0 ** ((key - 69) / 12)
        fit = measure_inharmonicity(part, sample_rate=rate, expected_hz=tempered_hz)
        strings_hz, b = (x.numpy()[0, 0] for x in model.tuning(tf.fill([1, 1, 1], float(key))))
        cents = ", ".join(f"{x:+.1f}" for x in 1200 * np.log2(strings_hz / fit.f0_hz))
        print(
            f"| {key} | {fit.inharmonicity:.3e} | {b[0]:.3e} | {b[0] / fit.inharmonicity:.3f} "
            f"| {cents} | {before:.2f}, {after:.2f} ({after / before - 1:+.0%}) |"
        )
    heard, played = (np.concatenate(parts) for parts in zip(*sounds, strict=True))
    figure = spectrogram_pair(heard, played, sample_rate=rate, titles=("recorded", "played"))
    save_figure(figure, picture, overwrite=True)


def _batch(
    recorded: NoteRecordings, key: int, n_frames: int, model: Piano
) -> dict[str, np.ndarray]:
    """One note, in the first voice."""
    n_samples = n_frames * model.hop_length
    frames = np.zeros([1, n_frames, model.n_voices], np.float32)
    velocity, gate = frames.copy(), frames.copy()
    velocity[0, 0, 0], gate[0, :, 0] = 0.63, 1.0
    sound = recorded.sound(key, DYNAMIC, model.sample_rate)[:n_samples]
    return {"audio": sound[np.newaxis], "midi": frames + key, "velocity": velocity, "gate": gate}


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
