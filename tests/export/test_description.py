"""The export says what it is."""

import json
from typing import TYPE_CHECKING

import pytest

import ddsp_tf
from ddsp_tf.export import ParityReport
from ddsp_tf.export.graph_features import graph_settings

pytestmark = pytest.mark.xdist_group("description")

if TYPE_CHECKING:
    from conftest import Exported

GOOD = {
    "synthesize_error": 1e-7,
    "transfer_error": 2e-6,
    "f0_cents": 0.001,
    "f0_confidence_error": 1e-6,
    "loudness_db_error": 1e-5,
    "resampled": False,
    "cases": ("one", "two"),
    "n_bytes": 6_500_000,
}


@pytest.mark.slow
def test_metadata_lies_beside_the_graph(exported: "Exported") -> None:
    found = json.loads((exported.folder / "metadata.json").read_text())
    assert found["format_version"] == 1
    assert found["ddsp_tf_version"] == ddsp_tf.__version__
    assert (found["title"], found["licence"]) == ("Toy", "CC0")
    assert found["instrument"]["training_data"] == "a glide"
    assert (found["sample_rate"], found["hop_length"], found["frame_rate"]) == (16000, 64, 250.0)
    assert found["f0_hz_range"] == pytest.approx([200.0, 1725.0], rel=0.02)
    assert found["loudness_db_range"] == pytest.approx([-49.6, -15.4], abs=0.3)
    assert found["statistics"] == exported.instrument.statistics.to_dict()
    assert found["features"] == graph_settings(exported.instrument.features).to_dict()
    assert found["parity"]["audio_error"] == exported.report.audio_error < 1e-4
    synthesize, transfer = found["signatures"]["synthesize"], found["signatures"]["transfer"]
    assert list(synthesize["inputs"]) == ["f0_hz", "loudness_db"]
    assert list(transfer["inputs"]) == ["audio"]
    assert set(transfer["outputs"]) == {"audio", "f0_hz", "f0_confidence", "loudness_db"}
    for tensor in (*synthesize["inputs"].values(), *transfer["outputs"].values()):
        assert tensor["shape"] == [None, None]
        assert tensor["dtype"] == "float32"
        assert tensor["meaning"]


@pytest.mark.slow
def test_progress_ends_at_one(exported: "Exported") -> None:
    assert exported.shares == sorted(exported.shares)
    assert exported.shares[-1] == 1.0


@pytest.mark.slow
def test_the_report_reads_well(exported: "Exported") -> None:
    assert str(ParityReport(**GOOD)) == (
        "equals Python to 2.0e-06 in audio, 0.001 cents and 1.0e-05 dB in features "
        "(2 test signals); 6.5 MB."
    )
    assert len(exported.report.cases) == 5
    assert "synthesize: batch of 3, 20 frames" in exported.report.cases


@pytest.mark.parametrize(
    ("change", "failure"),
    [
        ({}, None),
        (
            {"synthesize_error": 2e-4},
            "the audio of `synthesize` differs by 0.0002 (at most 0.0001)",
        ),
        (
            {"transfer_error": float("nan")},
            "the audio of `transfer` differs by nan (at most 0.0001)",
        ),
        ({"f0_cents": 0.5}, "`f0_hz` differs by 0.5 cents (at most 0.1)"),
        ({"f0_cents": 0.5, "resampled": True}, None),
        ({"loudness_db_error": 0.02}, "`loudness_db` differs by 0.02 dB (at most 0.01)"),
    ],
)
def test_what_differs_is_named(change: dict[str, object], failure: str | None) -> None:
    report = ParityReport(**{**GOOD, **change})
    assert report.failures() == ([] if failure is None else [failure])
