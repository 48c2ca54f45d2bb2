"""The sounds and pictures of a long run."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import tensorflow as tf

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


def test_an_effect_is_heard_dry_wet_and_as_the_model_makes_it(tmp_path: Path) -> None:
    """Stereo, without pitch: nothing is drawn or played that such a model hasn't."""
    rng = np.random.default_rng(0)
    sounds = {name: rng.uniform(-0.5, 0.5, [1600, 2]).astype(np.float32) for name in "dwo"}
    example = ValidationExample(
        {"audio": sounds["w"], "dry": sounds["d"], "gain_db": np.zeros([25, 1])},
        {"audio": sounds["o"], "residual": sounds["o"][:, 0]},
        heard=("audio", "dry"),
    )
    samples = tmp_path / "samples"
    samples.mkdir()
    summaries = Summaries(tmp_path / "tensorboard", samples, FeatureSettings())
    summaries.validation(7, [example])
    summaries.close()
    files = ("step-00000007.wav", "step-00000007.png", "residual-00000007.wav")
    assert {path.name for path in samples.iterdir()} == {*files, "target.wav", "dry.wav"}
    for file, name in (("target", "w"), ("dry", "d"), ("step-00000007", "o")):
        written, _ = soundfile.read(samples / f"{file}.wav")
        np.testing.assert_allclose(written[:1600], sounds[name], atol=1e-6)
    tags = set()
    for path in (tmp_path / "tensorboard").iterdir():
        for record in tf.data.TFRecordDataset(str(path)):
            event = tf.compat.v1.Event.FromString(record.numpy())
            tags |= {value.tag for value in event.summary.value}
    assert tags == {"target/0", "dry/0", "output/0", "output_residual/0", "spectrogram/0"}
