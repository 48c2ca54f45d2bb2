"""Carson et al. 2023 on a real pedal: learned from half a note, judged on the other half."""

from pathlib import Path

import numpy as np
import pytest
import scipy.linalg
import scipy.signal
import soundfile

from ddsp_tf import config
from ddsp_tf.data.sources.delay import measure_delay, moved_earlier
from ddsp_tf.inference import match


def best_static(dry: np.ndarray, wet: np.ndarray, half: int, n_taps: int = 256) -> np.ndarray:
    """Wiener's filter of the first half, with as many taps before 0 as after."""
    x, y = (np.pad(sound[:half].astype(np.float64), [0, n_taps]) for sound in (dry, wet))
    power = scipy.signal.correlate(x, x)[len(x) - 1 :][:n_taps]
    cross = scipy.signal.correlate(y, x)[len(x) - 1 - n_taps // 2 :][:n_taps]
    taps = scipy.linalg.solve_toeplitz(power * (1 + 1e-6 * (np.arange(n_taps) == 0)), cross)
    return scipy.signal.fftconvolve(dry, taps)[n_taps // 2 :][: len(dry)]


@pytest.mark.slow
def test_a_real_phaser_is_learned(recordings: Path) -> None:
    """Its error in the half that was held out is 15 dB below that of the best static filter."""
    folder = recordings / "fx_pairs"
    dry, rate = soundfile.read(folder / "egfx_07_dry.flac", dtype="float32")
    wet, _ = soundfile.read(folder / "egfx_07_phaser.flac", dtype="float32")
    delay = measure_delay(dry, wet, rate)
    assert delay.samples == -8
    wet, half = moved_earlier(wet, delay.samples), len(dry) // 2
    configured = config.parse(["papers/carson2023/phaser.gin"], ["N_STAGES=2", "RATE_HZ=1.7"])
    model = configured.build_model()
    found = match(
        model,
        wet[:half],
        dry=dry[:half],
        objective=configured.build_objective(),
        n_steps=300,
        learning_rate=0.05,
        grow=True,
    )
    assert found.parameters["rate_hz"][0] == pytest.approx(1.92, rel=0.01)
    played = model({"dry": dry[np.newaxis]})["audio"].numpy()[0]
    judged = slice(half, len(dry) - 100)
    error, still = (
        np.sum((wet - sound)[judged] ** 2) for sound in (played, best_static(dry, wet, half))
    )
    assert 10 * np.log10(still / error) > 15.0
