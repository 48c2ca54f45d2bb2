"""Learns a synthetic phaser and a real one, and draws their swing.

python scripts/make_phaser_figure.py OUTPUT_FOLDER PAIRS_FOLDER

The synthetic phaser is four all-passes with feedback, sample by sample in NumPy, with 4 s of
sweeps; its rate begins 20 % too low and too high. The real one is the pedal of the pairs
egfx_NN_dry.flac and egfx_NN_phaser.flac (EGFxSet, CC BY 4.0): learned from the first half of each,
judged on the second, beside the best static filter. With what the first pair found the next ones
begin. Writes phaser.png.
"""

import itertools
import sys
from pathlib import Path

import numpy as np
import soundfile
from matplotlib.figure import Figure
from scipy import linalg, signal

from ddsp_tf import config
from ddsp_tf.data.sources.delay import measure_delay, moved_earlier
from ddsp_tf.inference import match
from ddsp_tf.models import Parametric
from ddsp_tf.plotting import make_figure, save_figure
from ddsp_tf.plotting.palette import ACCENT, OUTPUT

PAPER = "papers/carson2023/phaser.gin"
PHASES = (-0.5, -0.25, 0.0, 0.25)
N_STEPS, RATE = 400, 0.05


def main(folder: Path, pairs: Path) -> None:
    """Writes the picture, replaces it if it is there, and prints what was found."""
    synthetic()
    model, drawn = None, None
    print("\n| pair | rate, Hz | ESR learned | ESR held out | best static filter | better by |")
    print("|---|---|---|---|---|---|")
    for name in sorted(path.name[:7] for path in pairs.glob("egfx_*_phaser.flac")):
        dry, rate = soundfile.read(pairs / f"{name}_dry.flac", dtype="float32")
        wet, _ = soundfile.read(pairs / f"{name}_phaser.flac", dtype="float32")
        wet = moved_earlier(wet, measure_delay(dry, wet, rate).samples)
        half = len(dry) // 2
        model = learned(dry[:half], wet[:half], model)
        played = model({"dry": dry[np.newaxis]})["audio"].numpy()[0]
        # What was moved leaves nothing to judge at the end.
        judged = slice(half, len(dry) - 100)
        known, held = ratio(wet[:half], played[:half]), ratio(wet[judged], played[judged])
        still = min(
            ratio(wet[judged], static(dry, wet, half, n_taps, regular)[judged])
            for n_taps, regular in itertools.product((64, 256, 1024, 4096), (1e-6, 1e-4, 1e-2))
        )
        hz = float(model.constants()["rate_hz"][0])
        print(
            f"| {name} | {hz:.3f} | {100 * known:.2f} % | {100 * held:.2f} % "
            f"({10 * np.log10(held):.1f} dB) | {10 * np.log10(still):.1f} dB "
            f"| {10 * np.log10(still / held):.1f} dB |"
        )
        drawn = drawn or (dry, wet, swing(model, len(dry)), rate)
    if drawn is None:
        raise SystemExit(f"`{pairs}` has no egfx_*_phaser.flac.")
    save_figure(curves(*drawn), folder / "phaser.png", overwrite=True)


def synthetic() -> None:
    """Prints how a known phaser is found from 20 % off its rate."""
    rate = 44100
    time = np.arange(4 * rate) / rate
    dry = 0.5 * signal.chirp(time % 0.25, 30, 0.25, 10000, method="logarithmic")
    true_hz = 2.0
    frequency_hz = 670.0 * 2.0 ** (1.16 * np.sin(2 * np.pi * (true_hz * time + 0.2)))
    wet = 0.6 * dry + 0.5 * all_passes(dry, frequency_hz, rate, n_stages=4, feedback=0.5)
    print("| begun at, Hz | rate, Hz | off by | ESR |\n|---|---|---|---|")
    for begun in (0.8 * true_hz, 1.2 * true_hz):
        configured = config.parse([PAPER], [f"RATE_HZ={begun}"])
        found = match(
            configured.build_model(),
            wet.astype(np.float32),
            dry=dry.astype(np.float32),
            objective=configured.build_objective(),
            n_steps=N_STEPS,
            learning_rate=RATE,
            grow=True,
        )
        hz = found.parameters["rate_hz"][0]
        off = 100 * (hz / true_hz - 1)
        print(f"| {begun:.1f} | {hz:.4f} | {off:+.3f} % | {100 * found.loss:.3f} % |", flush=True)


def all_passes(
    dry: np.ndarray, frequency_hz: np.ndarray, rate: int, *, n_stages: int, feedback: float
) -> np.ndarray:
    """Stages one after the other, each with its memory, and the end fed back without a delay."""
    tangent = np.tan(np.pi * frequency_hz / rate)
    coefficients = (tangent - 1) / (tangent + 1)
    memory, played = np.zeros(n_stages), np.zeros(len(dry))
    for sample, (x, c) in enumerate(zip(dry, coefficients, strict=True)):
        # A stage gives c x + memory: so does the chain, of what comes in and what it remembers.
        remembered = 0.0
        for stage in range(n_stages):
            remembered = c * remembered + memory[stage]
        out = (c**n_stages * x + remembered) / (1 - feedback * c**n_stages)
        value = x + feedback * out
        for stage in range(n_stages):
            following = c * value + memory[stage]
            memory[stage] = value - c * following
            value = following
        played[sample] = out
    return played


def learned(dry: np.ndarray, wet: np.ndarray, known: Parametric | None) -> Parametric:
    """The pedal's two stages, found anew from any rate, or from what another pair found."""
    configured = config.parse([PAPER], ["N_STAGES=2"])
    model = configured.build_model()
    tries: dict[str, tuple[float, ...]] = {"phase": PHASES, "rate_hz": (0.5, 1.0, 2.0, 4.0)}
    if known is not None:
        model.set_weights(known.get_weights())
        tries = {"phase": PHASES}
    match(
        model,
        wet,
        dry=dry,
        objective=configured.build_objective(),
        n_steps=N_STEPS,
        learning_rate=RATE,
        tries=tries,
        grow=known is None,
    )
    return model


def static(dry: np.ndarray, wet: np.ndarray, half: int, n: int, regular: float) -> np.ndarray:
    """The sound through the filter of n taps around 0 that is nearest in the first half."""
    size = 2 ** int(np.ceil(np.log2(2 * half + n)))
    x, y = (np.fft.rfft(sound[:half].astype(np.float64), size) for sound in (dry, wet))
    power = np.fft.irfft(np.abs(x) ** 2, size)[:n]
    power[0] *= 1 + regular
    cross = np.roll(np.fft.irfft(y * np.conj(x), size), n // 2)[:n]
    taps = linalg.solve_toeplitz(power, cross)
    return signal.fftconvolve(dry, taps)[n // 2 :][: len(dry)]


def ratio(target: np.ndarray, value: np.ndarray) -> float:
    """The error-to-signal ratio."""
    return float(np.sum((target - value) ** 2) / np.sum(target**2))


def swing(model: Parametric, n_samples: int) -> np.ndarray:
    """Where the all-passes turn by -90 degrees, in Hz, sample by sample."""
    outputs = model({"dry": np.zeros([1, n_samples], np.float32)})["controls"]
    moved = outputs["phaser"]["controls"]["swing"].numpy()[0]
    low, high = (float(model.constants()[key][0]) for key in ("low_hz", "high_hz"))
    return np.sqrt(low * high) * (high / low) ** (moved / 2)


def curves(dry: np.ndarray, wet: np.ndarray, turned_hz: np.ndarray, rate: int) -> Figure:
    """What the pedal does to every frequency, and what was learned of its swing."""
    figure, (measured, shape) = make_figure(2, row_height=2.6, share_time=False)
    about = {"fs": rate, "nperseg": 2048, "noverlap": 1792}
    hz, time, before = signal.stft(dry, **about)
    after = signal.stft(wet, **about)[2]
    gain_db = 20 * np.log10((np.abs(after) + 1e-5) / (np.abs(before) + 1e-5))
    gain_db[np.abs(before) < 1e-4] = np.nan
    low = hz < 3500
    mesh = measured.pcolormesh(time, hz[low], gain_db[low], vmin=-20, vmax=10, cmap="viridis")
    figure.colorbar(mesh, ax=measured, label="gain (dB)")
    seconds = np.arange(len(turned_hz)) / rate
    learned_until = len(turned_hz) // 2
    for part, style in ((slice(0, learned_until), "-"), (slice(learned_until, None), "--")):
        measured.plot(seconds[part], turned_hz[part], style, color="white", lw=1.6)
    measured.set_ylabel("frequency (Hz)", fontsize=9)
    measured.set_title(
        "measured gain, and the notch that was learned (dashed: held out)", fontsize=9
    )
    shape.plot(seconds, np.log2(turned_hz / np.min(turned_hz)), color=OUTPUT, lw=1.4)
    shape.axvspan(0, learned_until / rate, color=ACCENT, alpha=0.12, lw=0)
    shape.set_xlim(0, seconds[-1])
    shape.set_xlabel("time (s)", fontsize=9)
    shape.set_ylabel("swing (octaves)", fontsize=9)
    return figure


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
