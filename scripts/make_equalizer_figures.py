"""Makes the figure of docs/systems/equalizer.md: a curve that is known, and the one that is found.

The shipped violin plays the shipped melody at 48 kHz; SciPy treats that with six known bands; the
equaliser is then found from both sounds.

Example:
    python scripts/make_equalizer_figures.py docs/images/
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile
import tensorflow as tf
from matplotlib.figure import Figure
from scipy import signal

from ddsp_tf import config, dsp
from ddsp_tf.inference import TimbreTransfer, match
from ddsp_tf.plotting import make_figure, save_figure
from ddsp_tf.plotting.palette import ACCENT, INPUT, MUTED, OUTPUT
from ddsp_tf.presets import MELODY
from ddsp_tf.processors import ParametricEqualizer

KNOWN = (
    (90.0, 5.0, 0.8),
    (450.0, -6.0, 1.2),
    (1600.0, 5.0, 1.5),
    (3400.0, -6.0, 2.0),
    (6500.0, 6.0, 2.0),
    (9000.0, -5.0, 0.7),
)
"""Hz, dB and Q of the six bands."""
UNITS = ("hz", "db", "q")
RATE = 48000


def main(folder: Path) -> None:
    """Writes the picture, replaces it if it is there, and prints the bands."""
    melody, rate = soundfile.read(MELODY, dtype="float32")
    dry = 0.3 * TimbreTransfer("violin_48k")(melody, rate).audio
    wet = signal.sosfilt(scipy_sections(KNOWN), dry).astype(np.float32)
    configured = config.parse(["papers/steinmetz2022/equalizer.gin"])
    found = match(
        configured.build_model(),
        wet,
        dry=dry,
        objective=configured.build_objective(),
        learning_rate=0.2,
    )
    bands = [
        tuple(found.parameters[f"band_{number}_{unit}"][0] for unit in UNITS)
        for number in range(1, len(KNOWN) + 1)
    ]
    for known, band in zip(KNOWN, bands, strict=True):
        print("{:6.0f} Hz {:+6.2f} dB Q {:.2f}".format(*known), end="   ")
        print("{:8.1f} Hz {:+7.3f} dB Q {:.3f}".format(*band))
    save_figure(curves(bands, dry), folder / "equalizer_curves.png", overwrite=True)


def scipy_sections(bands: tuple[tuple[float, float, float], ...]) -> np.ndarray:
    """The bands as `scipy.signal.sosfilt` takes them."""
    rows = sections(bands).reshape(-1, 5)
    return np.insert(rows, 3, 1.0, axis=1)


def sections(bands: Sequence[Sequence[float]]) -> np.ndarray:
    """The bands as b0, b1, b2, a1, a2 each."""
    inputs = {
        f"band_{number}_{unit}": tf.constant([[value]], tf.float64)
        for number, band in enumerate(bands, 1)
        for unit, value in zip(UNITS, band, strict=True)
    }
    controls = ParametricEqualizer(sample_rate=RATE).controls({"audio": None, **inputs})
    return controls["sections"].numpy().reshape(-1, 5)


def gain_db(bands: Sequence[Sequence[float]], frequencies_hz: np.ndarray) -> np.ndarray:
    """The gain of all bands together at each frequency."""
    angles = 2.0 * np.pi * frequencies_hz / RATE
    return 20.0 * np.log10(np.abs(dsp.biquad_response(sections(bands), angles)))


def curves(bands: list[tuple[float, ...]], dry: np.ndarray) -> Figure:
    """Both curves, their distance, and where the sound has anything to hear them by."""
    frequencies_hz = np.geomspace(20.0, 0.45 * RATE, 600)
    known, found = gain_db(KNOWN, frequencies_hz), gain_db(bands, frequencies_hz)
    figure, (curve, distance, spectrum) = make_figure(
        3, row_height=2.0, height_ratios=(2.0, 1.0, 1.0), share_time=True
    )
    curve.plot(frequencies_hz, known, color=INPUT, lw=4.0, alpha=0.5, label="known")
    curve.plot(frequencies_hz, found, color=OUTPUT, lw=1.2, label="found")
    for hz, db, _ in bands:
        curve.plot(hz, db, "o", color=ACCENT, ms=4)
    curve.set_ylabel("gain (dB)", fontsize=9)
    curve.legend(fontsize=8)
    distance.plot(frequencies_hz, found - known, color=OUTPUT)
    distance.set_ylabel("found - known (dB)", fontsize=9)
    power_hz, power = signal.welch(dry, RATE, nperseg=8192)
    spectrum.plot(power_hz[1:], 10.0 * np.log10(power[1:] + 1e-20), color=MUTED)
    spectrum.set_ylabel("dry sound (dB/Hz)", fontsize=9)
    spectrum.set_xlabel("frequency (Hz)", fontsize=9)
    spectrum.set_xscale("log")
    spectrum.set_xlim(frequencies_hz[0], frequencies_hz[-1])
    return figure


if __name__ == "__main__":
    main(Path(sys.argv[1]))
