"""Evaluation hears what was done to a sound, and says it in the right units."""

import json
from collections.abc import Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from recorded_toys import NAME, SETTINGS, RecordedDataset, small_autoencoder
from rich.cells import cell_len

from ddsp_tf.errors import ArgumentError, DatasetError
from ddsp_tf.evaluation import RecordingMetrics, compare, evaluate
from ddsp_tf.evaluation.rendering import Renderer
from ddsp_tf.features import Features, FeatureSettings, extract_features
from ddsp_tf.models import Model
from ddsp_tf.types import Signal

RATE = SETTINGS.sample_rate


def melody(*, shift_cents: float = 0.0) -> np.ndarray:
    """Four notes of six partials, with attacks and decays."""
    notes = []
    for midi in (60, 67, 64, 72):
        f0_hz = 440.0 * 2 ** ((midi - 69) / 12 + shift_cents / 1200)
        time = np.arange(int(0.6 * RATE)) / RATE
        tone = sum(np.sin(2 * np.pi * f0_hz * k * time) / k for k in range(1, 7))
        notes.append(0.1 * tone * np.minimum(1, time / 0.03) * np.exp(-2 * time))
    return np.concatenate(notes).astype(np.float32)


@pytest.fixture(scope="module")
def original() -> tuple[np.ndarray, Features]:
    audio = melody()
    return audio, extract_features(audio, SETTINGS)


def measure(original: tuple[np.ndarray, Features], audio: np.ndarray) -> RecordingMetrics:
    target, features = original
    return compare("melody", target, audio, features, settings=SETTINGS)[0]


class Player(Model):
    """A model that "plays" whatever it is told to, to be measured."""

    sample_rate, hop_length = SETTINGS.sample_rate, SETTINGS.hop_length

    def __init__(self, play: Any) -> None:
        super().__init__()
        self._play = play
        self.built = True

    @property
    def input_signals(self) -> Mapping[str, Signal]:
        return {"audio": Signal("samples")}

    def call(self, batch: Mapping[str, Any], training: bool = False) -> dict[str, Any]:
        del training
        return {"audio": self._play(batch["audio"])}


def instrument(model: Any, features: FeatureSettings = SETTINGS) -> Any:
    return SimpleNamespace(model=model, features=features)


def test_a_perfect_copy_has_no_errors(original: tuple[np.ndarray, Features]) -> None:
    metrics = measure(original, original[0])
    assert metrics.spectral_distance == 0.0
    assert metrics.log_mel_db == 0.0
    assert metrics.loudness_db == 0.0
    assert metrics.delay_ms == pytest.approx(0.0, abs=0.01)
    assert metrics.pitch.mean_cents == 0.0
    assert metrics.pitch.raw_pitch_accuracy == 1.0
    assert 1.5 < metrics.voiced_s <= metrics.seconds


def test_ten_cents_sharp(original: tuple[np.ndarray, Features]) -> None:
    pitch = measure(original, melody(shift_cents=10.0)).pitch
    assert pitch.bias_cents == pytest.approx(10.0, abs=2.0)
    assert pitch.median_cents == pytest.approx(10.0, abs=2.0)
    assert pitch.raw_pitch_accuracy > 0.97


def test_an_octave_too_high(original: tuple[np.ndarray, Features]) -> None:
    pitch = measure(original, melody(shift_cents=1200.0)).pitch
    assert pitch.median_cents == pytest.approx(1200.0, abs=5.0)
    assert pitch.raw_pitch_accuracy < 0.05
    assert pitch.raw_chroma_accuracy > 0.9


def test_three_db_quieter(original: tuple[np.ndarray, Features]) -> None:
    metrics = measure(original, original[0] * np.float32(10 ** (-3 / 20)))
    assert metrics.loudness_db == pytest.approx(3.0, abs=0.05)
    assert metrics.delay_ms == pytest.approx(0.0, abs=0.5)
    assert metrics.pitch.median_cents < 1.0


def test_twenty_ms_late(original: tuple[np.ndarray, Features]) -> None:
    n_samples = int(0.02 * RATE)
    late = np.concatenate([np.zeros(n_samples, np.float32), original[0]])
    metrics = measure(original, late)
    assert metrics.delay_ms == pytest.approx(20.0, abs=1.0)
    assert metrics.spectral_distance > 1.0


def test_an_output_that_is_too_short_is_refused(original: tuple[np.ndarray, Features]) -> None:
    with pytest.raises(ArgumentError, match="fewer than the recording's"):
        measure(original, original[0][:-1])


def test_the_report_of_real_recordings(recorded_dataset: RecordedDataset) -> None:
    done: list[float] = []
    quieter = instrument(Player(lambda audio: 0.5 * audio))
    report = evaluate(quieter, recorded_dataset, progress=done.append)
    assert done == [1.0]
    assert report.overall.loudness_db == pytest.approx(6.02, abs=0.1)
    assert report.overall.pitch.median_cents < 1.0
    values = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    assert values["overall"]["median_cents"] == report.overall.pitch.median_cents
    assert values["recordings"][0]["name"] == NAME
    heads, _, first, _, overall = report.table().splitlines()
    assert heads.split()[0] == "recording"
    assert first.startswith(NAME)
    assert overall.startswith("all")
    assert len({len(line) for line in (heads, first, overall)}) == 1
    takes = [replace(report.recordings[0], name=name) for name in ("練習曲 第一番", "e\u0301tude")]
    lines = replace(report, recordings=tuple(takes)).table().splitlines()
    assert len({cell_len(line) for line in lines}) == 1
    figures = report.figures()
    assert set(figures) == {"spectrogram-0", "f0-and-loudness-0"}


def test_recordings_count_by_their_length(original: tuple[np.ndarray, Features]) -> None:
    audio, features = original
    half = len(audio) // 2 // SETTINGS.hop_length * SETTINGS.hop_length

    class TwoParts(RecordedDataset):
        def __init__(self) -> None:
            pass

        def seconds(self, split: str = "train") -> float:
            return len(audio) / RATE + half / RATE

        def recordings(self, split: str = "eval") -> Any:
            yield "long", audio, features
            yield "short", audio[:half], features[: half // SETTINGS.hop_length]

    levels = iter([1.0, 10 ** (-6 / 20)])
    report = evaluate(instrument(Player(lambda x: next(levels) * x)), TwoParts(), n_examples=1)
    long, short = report.recordings
    expected = (long.loudness_db * long.seconds + short.loudness_db * short.seconds) / (
        long.seconds + short.seconds
    )
    assert short.loudness_db > 4.0
    assert report.overall.loudness_db == pytest.approx(expected)
    assert report.overall.pitch.n_frames == long.pitch.n_frames + short.pitch.n_frames
    assert len(report.examples) == 1


def test_a_dataset_of_other_features_is_refused(recorded_dataset: RecordedDataset) -> None:
    other = instrument(Player(lambda audio: audio), FeatureSettings(hop_length=128))
    with pytest.raises(DatasetError, match="`hop_length` is 64 there, 128 here"):
        evaluate(other, recorded_dataset)


def test_an_empty_split_is_refused(recorded_dataset: RecordedDataset) -> None:
    class Empty(RecordedDataset):
        def __init__(self) -> None:
            self.seconds = lambda split: 0.0
            self.recordings = lambda split: iter(())

    with pytest.raises(DatasetError, match="holds nothing in its 'eval' split"):
        evaluate(instrument(Player(lambda audio: audio)), Empty())


@pytest.mark.slow
def test_long_recordings_are_played_in_chunks_without_seams(
    recorded_dataset: RecordedDataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = small_autoencoder()
    _, audio, features = next(recorded_dataset.recordings())
    audio, features = audio[: 64 * 200], features[:200]
    whole = Renderer(model)(features, audio)
    monkeypatch.setattr("ddsp_tf.evaluation.rendering._CHUNK_S", 0.27)
    chunked = Renderer(model)(features, audio)
    assert len(whole) == 64 * 200
    assert np.abs(chunked - whole).max() < 1e-4 * np.abs(whole).max()
