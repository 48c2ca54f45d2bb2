"""`export_plugin`: what it writes, what it compares, and what it refuses."""

from pathlib import Path

import numpy as np
import pytest
from live_toys import LouderLive, NotCausal, live_instrument

from ddsp_tf.errors import ArgumentError, ExportError, OutputError
from ddsp_tf.export import export_plugin
from ddsp_tf.export.plugin.container import read_container
from ddsp_tf.models import DilatedConvDecoder, Instrument, MinGruFcDecoder, RnnFcDecoder

SMALL = {"n_harmonics": 6, "n_noise_bands": 5, "rnn_channels": 8}


@pytest.fixture(autouse=True)
def _few_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ddsp_tf.export.live_parity.N_FRAMES", 8)


@pytest.mark.parametrize(
    ("decoder_type", "statistics"),
    [(RnnFcDecoder, True), (MinGruFcDecoder, False), (DilatedConvDecoder, True)],
)
def test_a_file_equals_the_model(tmp_path: Path, decoder_type: type, statistics: bool) -> None:
    toy = live_instrument(**SMALL, decoder_type=decoder_type, statistics=statistics)
    shares: list[float] = []
    report = export_plugin(toy, tmp_path / "new", name="My Toy", progress=shares.append)
    assert report.path == tmp_path / "new" / "my-toy.ddsp"
    assert report.n_bytes == report.path.stat().st_size
    assert report.parity.error < 1e-5
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    found = read_container(report.path)
    assert found.facts["title"] == "Toy"
    assert found.facts["sample_rate"] == 16000
    assert found.facts["weights"] == "float32"
    assert found.facts["parity"] == report.parity.to_dict()
    assert (found.facts["read_range"] is not None) == statistics
    assert len(found.facts["loudness_db_quantiles"] or []) == (101 if statistics else 0)
    room = toy.model.processor_group.processors[-1]
    response = np.asarray(room.controls({"audio": None})["impulse_response"])
    np.testing.assert_array_equal(found.arrays["room/impulse_response"], response)


@pytest.mark.slow  # the melody is played twice
def test_half_precision_is_measured(tmp_path: Path) -> None:
    toy = live_instrument(**SMALL)
    whole = export_plugin(toy, tmp_path, name="whole")
    half = export_plugin(toy, tmp_path, name="half", quantize="float16")
    assert half.n_bytes < 0.6 * whole.n_bytes
    assert half.loss is not None
    assert half.loss.values["log_spectral_difference_db"] < 0.5
    assert "float16, which costs" in str(half)
    kernel = read_container(half.path).arrays["decoder/controls/kernel"]
    exact = read_container(whole.path).arrays["decoder/controls/kernel"]
    np.testing.assert_array_equal(kernel, exact.astype(np.float16).astype(np.float32))
    with pytest.raises(ArgumentError, match="`quantize` must be 'float16' or None"):
        export_plugin(toy, tmp_path, name="less", quantize="int8")  # type: ignore[arg-type]


def test_what_is_there_stays(tmp_path: Path) -> None:
    toy = live_instrument(**SMALL)
    (tmp_path / "other.ddsp").write_text("another's")
    (tmp_path / "toy.ddsp").write_text("before")
    with pytest.raises(OutputError, match=r"toy\.ddsp` exists"):
        export_plugin(toy, tmp_path, name="toy")
    assert (tmp_path / "toy.ddsp").read_text() == "before"
    export_plugin(toy, tmp_path, name="toy", overwrite=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other.ddsp", "toy.ddsp"]
    assert (tmp_path / "other.ddsp").read_text() == "another's"
    with pytest.raises(OutputError, match="is a file"):
        export_plugin(toy, tmp_path / "toy.ddsp", name="toy")
    with pytest.raises(ArgumentError, match="goes into a folder: give"):
        export_plugin(toy, tmp_path / "new.ddsp", name="toy")


class OwnDecoder(RnnFcDecoder):
    """Might compute anything."""


@pytest.mark.parametrize(
    ("decoder_type", "message"),
    [
        (NotCausal, "needs frames that are still to come"),
        (
            OwnDecoder,
            "knows the decoders RnnFcDecoder, MinGruFcDecoder and DilatedConvDecoder, and this",
        ),
        (LouderLive, "knows the decoders"),
    ],
)
def test_what_the_engine_cannot_play_is_refused(
    tmp_path: Path, decoder_type: type, message: str
) -> None:
    toy = live_instrument(**SMALL, decoder_type=decoder_type)
    with pytest.raises(ExportError, match=message):
        export_plugin(toy, tmp_path / "out", name="toy")
    assert not (tmp_path / "out").exists()


def test_a_file_that_differs_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ddsp_tf.export.plugin import plugin

    gather = plugin.gather_arrays

    def wrong(instrument: Instrument, parts: object) -> dict[str, np.ndarray]:
        arrays = gather(instrument, parts)  # type: ignore[arg-type]
        arrays["decoder/recurrence/0/bias"] = arrays["decoder/recurrence/0/bias"] + 0.1
        return arrays

    monkeypatch.setattr(plugin, "gather_arrays", wrong)
    with pytest.raises(ExportError, match="file for the plug-in does not equal"):
        export_plugin(live_instrument(**SMALL), tmp_path / "out", name="toy")
    assert not (tmp_path / "out").exists()
