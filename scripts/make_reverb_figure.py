"""Makes the figures of docs/systems/reverb.md: rooms found for impulse responses, beside them.

Prints a table: the time of reverberation in each octave, measured and found, the worst of them, and
the energy of the first 50 and 80 ms. Octaves are those where the response falls by 25 dB before it
ends, T30 where it falls by 35 dB, T20 elsewhere.

Example:
    python scripts/make_reverb_figure.py docs/images/ fvn room.flac hall.flac
    python scripts/make_reverb_figure.py figures/ fvn room.flac --steps 0
"""

import sys
import time
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from ddsp_tf import config
from ddsp_tf.audio import read_audio
from ddsp_tf.dsp.room_acoustics import (
    OCTAVES_HZ,
    clarity_db,
    echo_density,
    energy_decay_db,
    octave_signals,
    reverberation_times_s,
)
from ddsp_tf.inference import match
from ddsp_tf.plotting import make_figure, save_figure
from ddsp_tf.plotting.palette import ACCENT, INPUT, OUTPUT

RATE = 48000
STEPS = {"fvn": 60, "afvn": 0, "delay_network": 0}
"""The last two are as the analysis alone gives them."""
LEARNING_RATE = 0.01
N_DENSITIES = 4
DENSITY_S = (0.03, 0.3)
"""Where echo densities are compared."""


def main(folder: Path, name: str, files: list[Path]) -> None:
    """Finds every room, writes the picture, replaces it if it is there, and prints the table."""
    print("T60 in s, measured / found, at", ", ".join(f"{hz:g}" for hz in OCTAVES_HZ), "Hz")
    pairs, worst = [], []
    for file in files:
        measured, found, seconds = find(name, file)
        times = [measure(x, measured) for x in (measured, found)]
        error = 100 * np.max(np.abs(times[1] / times[0] - 1))
        worst.append(error)
        clear = [
            f"C{ms} {clarity_db(measured, sample_rate=RATE, early_s=ms / 1000):.1f} / "
            f"{clarity_db(found, sample_rate=RATE, early_s=ms / 1000):.1f} dB"
            for ms in (50, 80)
        ]
        listed = "  ".join(f"{a:.2f}/{b:.2f}" for a, b in zip(*times, strict=True))
        print(
            f"{file.stem:36} {listed}  worst {error:.1f}%  {clear[0]}  {clear[1]}  "
            f"density off by {density_error(measured, found):.2f}  {seconds:.0f} s",
            flush=True,
        )
        pairs.append((file.stem, measured, found))
    print(f"{sum(e <= 10 for e in worst)} of {len(worst)} within 10%; the worst {max(worst):.1f}%")
    save_figure(figure(pairs), folder / f"reverb_{name}.png", overwrite=True)


def find(name: str, file: Path) -> tuple[np.ndarray, np.ndarray, float]:
    """A response, the one that is found for it, and the seconds that took."""
    configured = config.parse([f"papers/lee2022/{name}.gin"], [f"SAMPLE_RATE={RATE}"])
    measured, _ = read_audio(file, sample_rate=RATE)
    if not STEPS[name]:
        start = time.monotonic()
        model = configured.build_model()
        model.begin(measured)
        played = model({"audio": measured[np.newaxis]})["audio"].numpy()[0]
        seconds = time.monotonic() - start
        return measured.astype(np.float64), played.astype(np.float64), seconds
    found = match(
        configured.build_model(),
        measured,
        objective=configured.build_objective(),
        n_steps=STEPS[name],
        learning_rate=LEARNING_RATE,
    )
    print(f"{file.name}: loss {found.start_loss:.2f} to {found.loss:.2f}", file=sys.stderr)
    return measured.astype(np.float64), found.audio.astype(np.float64), found.seconds


def density_error(measured: np.ndarray, found: np.ndarray) -> float:
    """The mean difference of echo densities from 30 to 300 ms."""
    start, stop = (round(t * RATE) for t in DENSITY_S)
    one, other = (echo_density(x[:stop], sample_rate=RATE)[start:] for x in (measured, found))
    return float(np.mean(np.abs(one - other)))


def measure(response: np.ndarray, original: np.ndarray) -> np.ndarray:
    """T30 by octave; T20 where the original doesn't fall as far before its end."""
    times = np.full(len(OCTAVES_HZ), np.nan)
    for fit_db in (20.0, 30.0):
        deep = ends_db(original) < -5.0 - fit_db
        fitted = reverberation_times_s(response, sample_rate=RATE, fit_db=fit_db)
        times = np.where(deep | np.isnan(times), fitted, times)
    return times


def ends_db(response: np.ndarray) -> np.ndarray:
    """How far each octave has fallen in the last tenth of a response."""
    octaves = octave_signals(response, sample_rate=RATE)
    return energy_decay_db(octaves)[:, int(0.9 * response.shape[0])]


def figure(rooms: list[tuple[str, np.ndarray, np.ndarray]]) -> Figure:
    """Times of all rooms, echo density of some, and early energy of all."""
    canvas, (times, density, clear) = make_figure(1, 3, width=13.0, row_height=4.2)
    for _, measured, found in rooms:
        both = [measure(x, measured) for x in (measured, found)]
        times.plot(*both, "o", color=OUTPUT, ms=4, alpha=0.6)
        for early_s, color in ((0.05, ACCENT), (0.08, OUTPUT)):
            ratio = [clarity_db(x, sample_rate=RATE, early_s=early_s) for x in (measured, found)]
            clear.plot(*ratio, "o", color=color, ms=4, alpha=0.7)
    ends = np.array([0.15, 12.0])
    times.plot(ends, ends, color=INPUT, lw=1.0)
    for factor in (0.9, 1.1):
        times.plot(ends, factor * ends, color=INPUT, lw=0.8, ls=":")
    times.set(xscale="log", yscale="log", xlabel="T60 measured (s)", ylabel="T60 found (s)")
    times.set_title("All octaves of all rooms; dotted: 10%", fontsize=10)
    for row, (stem, measured, found) in enumerate(rooms[:N_DENSITIES]):
        for x, color, label in ((measured, INPUT, "measured"), (found, OUTPUT, "found")):
            curve = echo_density(x[: 2 * RATE], sample_rate=RATE)
            at = 1000 * (np.arange(len(curve)) + 1) / RATE
            every = max(1, len(curve) // 2000)
            density.plot(
                at[::every],
                curve[::every] + 1.5 * row,
                color=color,
                lw=1.2,
                label=label if not row else None,
            )
        density.text(1.1, 1.5 * row + 1.1, stem[:30], fontsize=7)
    density.set(xscale="log", xlim=(1, 2000), xlabel="time (ms)", ylabel="echo density, shifted")
    density.legend(fontsize=8, loc="upper left")
    ends = np.array(clear.get_xlim())
    clear.plot(ends, ends, color=INPUT, lw=1.0)
    clear.set(xlabel="C50 (green), C80 (red) measured (dB)", ylabel="found (dB)")
    clear.set_title("Early energy over late", fontsize=10)
    return canvas


if __name__ == "__main__":
    if "--steps" in sys.argv:
        place = sys.argv.index("--steps")
        STEPS[sys.argv[2]] = int(sys.argv.pop(place + 1))
        sys.argv.pop(place)
    main(Path(sys.argv[1]), sys.argv[2], [Path(path) for path in sys.argv[3:]])
