"""Draws what folds back: a glide of a saw and of FM, as published and as the library plays them.

Example:
    python scripts/make_synthesizer_figure.py docs/images/synthesizer_aliases.png
"""

import sys
from pathlib import Path

import numpy as np

from ddsp_tf.plotting import save_figure, spectrogram_pair
from ddsp_tf.processors import Fm, Wavetable

RATE, HOP, SECONDS = 16000, 64, 2.0
N_POINTS = 512


def main(picture: Path) -> None:
    """Draws both, the saw first.

    Args:
        picture: The PNG file.
    """
    n_frames = round(SECONDS * RATE / HOP)
    f0_hz = np.geomspace(150.0, 2000.0, n_frames).astype(np.float32).reshape(1, -1, 1)
    one = np.ones([1, n_frames, 1], np.float32)
    saw = np.linspace(1.0, -1.0, N_POINTS, endpoint=False, dtype=np.float32)
    read = Wavetable(n_points=N_POINTS, scale=False)(
        {"amplitudes": 0.5 * one, "wavetables": saw * one, "f0_hz": f0_hz}
    )[0].numpy()
    frame = np.arange(n_frames * HOP) / HOP
    turns = np.cumsum(np.interp(frame, np.arange(n_frames), f0_hz[0, :, 0]) / RATE)
    points = np.arange(N_POINTS + 1) / N_POINTS
    naive = 0.5 * np.interp(turns % 1.0, points, np.append(saw, saw[0]))
    levels = np.full([1, n_frames, 6], 0.25, np.float32)
    published, limited = (
        0.5
        * Fm(patch="strings", scale=False, limited=limited, oversampling=oversampling)(
            {"levels": levels, "f0_hz": f0_hz}
        )[0].numpy()
        for limited, oversampling in ((False, 1), (True, 2))
    )
    figure = spectrogram_pair(
        np.concatenate([naive, published]),
        np.concatenate([read, limited]),
        RATE,
        titles=("A saw between the points of its table, then FM, as published", "As played here"),
    )
    save_figure(figure, picture, overwrite=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
