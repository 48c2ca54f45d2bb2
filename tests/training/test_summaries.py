"""The sounds and pictures of a long run."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ddsp_tf.audio import read_audio
from ddsp_tf.features import FeatureSettings
from ddsp_tf.plotting import make_figure
from ddsp_tf.training.summaries import Summaries
from ddsp_tf.training.validation import ValidationExample

RATE = 16_000


def example(amplitude: float) -> ValidationExample:
    """A tone in 0.1 s, which the model plays at some amplitude."""
    tone = np.sin(2.0 * np.pi * 440.0 / RATE * np.arange(RATE // 10)).astype(np.float32)
    frames = np.full([25, 1], 440.0, np.float32)
    columns = {"audio": 0.5 * tone, "f0_hz": frames, "loudness_db": frames}
    return ValidationExample(columns, {"audio": amplitude * tone})


def test_the_first_and_the_last_samples_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def plain(*_: Any) -> dict[str, Any]:
        return {"spectrogram": make_figure(width=1)[0]}

    monkeypatch.setattr(Summaries, "_figures", plain)
    (tmp_path / "samples").mkdir()
    summaries = Summaries(tmp_path / "tensorboard", tmp_path / "samples", FeatureSettings())
    for validation in range(1, 13):
        summaries.validation(100 * validation, [example(validation / 20)])
    summaries.close()

    kept = [1, *range(3, 13)]
    names = {f"step-{100 * step:08d}{suffix}" for step in kept for suffix in (".wav", ".png")}
    assert {path.name for path in (tmp_path / "samples").iterdir()} == {"target.wav", *names}
    for step in kept:
        sound, _ = read_audio(tmp_path / f"samples/step-{100 * step:08d}.wav")
        assert np.max(np.abs(sound)) == pytest.approx(step / 20, abs=1e-3)
