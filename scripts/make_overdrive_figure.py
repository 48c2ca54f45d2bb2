"""Makes the figure of docs/systems/overdrive.md: a known overdrive, and the one that is learned.

Dry sounds go through a bell, a saturation and a low-pass by SciPy, at eight times the rate. All but
the last sound are learned from; the last is treated by what was learned, and compared.

Example:
    python scripts/make_overdrive_figure.py docs/images/ first.wav second.wav held_out.wav
"""

import sys
from pathlib import Path

import numpy as np
import soundfile
from matplotlib.figure import Figure
from scipy import signal

from ddsp_tf import config, dsp
from ddsp_tf.inference import match
from ddsp_tf.plotting import make_figure, save_figure
from ddsp_tf.plotting.palette import ACCENT, INPUT, OUTPUT

N_STEPS = 2000


def main(folder: Path, sounds: list[Path]) -> None:
    """Writes the picture, replaces it if it is there, and prints the errors and what was found."""
    print(f"low-pass identified: largest error of a coefficient {identified():.0e}")
    read = [soundfile.read(path) for path in sounds]
    rate = read[0][1]
    *learned, held_out = (sound for sound, _ in read)
    configured = config.parse(
        ["papers/kuznetsov2020/overdrive.gin"], [f"SAMPLE_RATE={rate}", f"HOP_LENGTH={rate // 225}"]
    )
    model = configured.build_model()
    found = match(
        model,
        overdrive(np.concatenate(learned), rate).astype(np.float32),
        dry=np.concatenate(learned).astype(np.float32),
        objective=configured.build_objective(),
        n_steps=N_STEPS,
    )
    for name, (value, unit, *_) in found.parameters.items():
        print(f"{name:10} {value:9.3f} {unit}")
    known = overdrive(held_out, rate)
    played = model({"dry": held_out[np.newaxis].astype(np.float32)})["audio"].numpy()[0]
    print(f"learned from: ESR {found.loss:.1e}")
    print(f"held out:     ESR {np.sum((played - known) ** 2) / np.sum(known**2):.1e}")
    save_figure(curves(known, played, rate), folder / "overdrive.png", overwrite=True)


def identified() -> float:
    """How well a Butterworth low-pass is found from white noise of 4 s at 48 kHz."""
    rate = 48000
    known = signal.butter(2, 1500, fs=rate, output="sos")
    noise = 0.1 * np.random.default_rng(0).standard_normal(4 * rate).astype(np.float32)
    configured = config.parse(["papers/kuznetsov2020/svf.gin"])
    found = match(
        configured.build_model(),
        signal.sosfilt(known, noise).astype(np.float32),
        dry=noise,
        objective=configured.build_objective(),
    ).parameters
    mix = np.array([found[f"mix_{part}"][0] for part in ("low", "band", "high")])
    section = dsp.state_variable_section(
        found["frequency_hz"][0], found["q"][0], mix, sample_rate=rate
    )
    return float(np.max(np.abs(section - np.delete(known[0], 3))))


def overdrive(dry: np.ndarray, rate: int) -> np.ndarray:
    """A bell of 12 dB at 720 Hz, tanh of 18 dB of drive with a bias, a low-pass at 3.2 kHz."""
    fast = 8 * rate
    sound = signal.resample_poly(dry, 8, 1)
    a, w = 10 ** (12 / 40), 2 * np.pi * 720 / fast
    alpha = np.sin(w) / (2 * 0.7)
    bell = (
        [1 + alpha * a, -2 * np.cos(w), 1 - alpha * a],
        [1 + alpha / a, -2 * np.cos(w), 1 - alpha / a],
    )
    bent = np.tanh(10 ** (18 / 20) * signal.lfilter(*bell, sound) + 0.2) - np.tanh(0.2)
    softened = signal.sosfilt(signal.butter(2, 3200, fs=fast, output="sos"), bent)
    return 0.5 * signal.resample_poly(softened, 1, 8)


def curves(known: np.ndarray, played: np.ndarray, rate: int) -> Figure:
    """Some periods of both, and the spectra of the known sound and of what is wrong."""
    figure, (wave, spectrum) = make_figure(2, row_height=2.4, share_time=False)
    loudest = int(np.argmax(np.abs(known)))
    part = slice(loudest, loudest + round(0.02 * rate))
    time_ms = 1000 * np.arange(part.stop - part.start) / rate
    wave.plot(time_ms, known[part], color=INPUT, lw=4.0, alpha=0.5, label="known")
    wave.plot(time_ms, played[part], color=OUTPUT, lw=1.2, label="learned")
    wave.set_xlabel("time (ms)", fontsize=9)
    wave.legend(fontsize=8)
    for sound, color, label in (
        (known, INPUT, "known"),
        (played, OUTPUT, "learned"),
        (played - known, ACCENT, "difference"),
    ):
        hz, power = signal.welch(sound, rate, nperseg=4096)
        spectrum.plot(hz[1:], 10 * np.log10(power[1:] + 1e-20), color=color, lw=1.2, label=label)
    spectrum.set_xscale("log")
    spectrum.set_xlim(40, rate / 2)
    spectrum.set_xlabel("frequency (Hz)", fontsize=9)
    spectrum.set_ylabel("dB/Hz", fontsize=9)
    spectrum.legend(fontsize=8)
    return figure


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(path) for path in sys.argv[2:]])
