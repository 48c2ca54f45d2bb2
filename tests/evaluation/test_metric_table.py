"""A figure is one function and one entry: every table, the card and the intervals follow."""

import importlib
import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from recorded_toys import SETTINGS

from ddsp_tf.evaluation import (
    RECONSTRUCTION,
    TRANSFER,
    Comparison,
    Imitation,
    Metric,
    MetricTable,
    measure,
    model_card,
    pitch_errors,
)
from ddsp_tf.features import FeatureSettings, extract_features

RATE = SETTINGS.sample_rate
WITHOUT_PITCH = replace(SETTINGS, columns=("loudness_db",))
SOUNDS = [
    np.float32(level * np.random.default_rng(seed).normal(size=RATE // 2))
    for seed, level in enumerate((0.05, 0.1, 0.2))
]


class Noises:
    """Three noises with one column."""

    def __init__(self, settings: FeatureSettings) -> None:
        self.features = settings

    def seconds(self, split: str) -> float:
        return sum(map(len, SOUNDS)) / RATE

    def recordings(self, split: str) -> Any:
        for index, sound in enumerate(SOUNDS):
            yield f"{index}.wav", sound, extract_features(sound, self.features)


def louder(key: str, audio: np.ndarray, features: Any) -> np.ndarray:
    return np.float32(2.0) * audio


def test_without_pitch_all_that_needs_none_is_measured_and_the_rest_is_said() -> None:
    report = measure(louder, Noises(WITHOUT_PITCH), n_examples=1)
    assert report.overall.loudness_db == pytest.approx(6.02, abs=0.01)
    assert report.overall.spectral_distance > 1.0
    for name in ("mean_cents", "raw_pitch_accuracy", "voiced_s", "n_frames"):
        assert report.left_out[name] == ("f0_hz", "f0_confidence")
        assert name not in report.overall.values
        assert name not in report.intervals
    assert "loudness_db" not in report.left_out
    last = report.table().splitlines()[-1]
    assert last.startswith("Not measured: ")
    assert "f0 median" in last
    assert last.endswith("(the dataset has no f0_hz, f0_confidence)")
    assert "f0" not in Comparison({"model": report}).markdown()
    assert set(report.figures()) == {"spectrogram-0"}
    assert json.loads(json.dumps(report.to_dict(), allow_nan=False))["left_out"]["mean_cents"]
    assert np.isnan(report.overall.pitch.median_cents)


def test_a_new_figure_is_one_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    peak = Metric[Imitation](
        "peak_db",
        "peak dB",
        "peak",
        lambda x: 20.0 * float(np.log10(np.max(np.abs(x.audio)) / np.max(np.abs(x.target)))),
        "{:+.2f}",
        "dB",
        better="near 0",
        where=("report", "comparison", "card"),
    )
    table = MetricTable((*RECONSTRUCTION, peak))
    for module in ("evaluation", "evaluation_report", "comparison", "model_card"):
        monkeypatch.setattr(
            importlib.import_module(f"ddsp_tf.evaluation.{module}"), "RECONSTRUCTION", table
        )
    report = measure(louder, Noises(WITHOUT_PITCH))
    assert report.overall.peak_db == pytest.approx(6.02, abs=0.01)
    assert "peak dB" in report.table()
    assert "| peak, dB |" in Comparison({"model": report}).markdown()
    assert report.intervals["peak_db"] == pytest.approx((6.02, 6.02), abs=0.01)
    card = model_card(
        "toy",
        {"metrics": report.overall.to_dict()},
        features=WITHOUT_PITCH,
        statistics=None,
        n_parameters=1,
    )
    assert "| peak, dB | +6.02 |" in card


@pytest.mark.parametrize("table", [RECONSTRUCTION, TRANSFER])
def test_every_entry_is_complete(table: MetricTable[Any]) -> None:
    names = [metric.name for metric in table]
    assert len(set(names)) == len(names)
    for metric in table:
        assert metric.write(1.5)
        assert metric.write(float("nan")) == metric.write(None) == "-"
        # Units are in the names, as everywhere.
        for unit in ("dB", "cents", "ms"):
            assert (unit == metric.unit) == metric.name.endswith(f"_{unit.lower()}"), metric.name


def test_pitch_of_all_is_that_of_the_frames_together() -> None:
    errors = [np.array([10.0, -30.0, 1210.0]), np.array([70.0])]
    pitch = MetricTable(
        metric for metric in RECONSTRUCTION if metric.needs and metric.name in _pitch_figures()
    )
    observed = [{metric.name: each for metric in pitch} for each in errors]
    together = pitch.combined(observed, [1.0, 9.0])
    expected = pitch_errors(np.concatenate(errors))
    for name, value in together.items():
        assert value == pytest.approx(getattr(expected, name)), name
    assert together["mean_cents"] == pytest.approx((10 + 30 + 1210 + 70) / 4)
    assert together["octave_error_share"] == 0.25


def _pitch_figures() -> set[str]:
    return {
        "mean_cents",
        "median_cents",
        "bias_cents",
        "raw_pitch_accuracy",
        "raw_chroma_accuracy",
        "octave_error_share",
    }
