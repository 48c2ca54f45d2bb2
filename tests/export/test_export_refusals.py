"""What can't be exported is refused in one clear message, and nothing is left behind."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import tensorflow as tf
from export_toys import (
    LouderInGraphs,
    NeedsLength,
    OnlyOneSound,
    broken_instrument,
    small_instrument,
)

from ddsp_tf.errors import ExportError, ModelError, OutputError
from ddsp_tf.export import export_saved_model, parity
from ddsp_tf.export.description import SAVED_MODEL_FORMAT
from ddsp_tf.models import Instrument

if TYPE_CHECKING:
    from conftest import Exported

pytestmark = pytest.mark.xdist_group("exported")


@pytest.fixture(autouse=True)
def short_probes(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is wrong here is wrong for any length."""
    monkeypatch.setattr(parity, "_FRAME_CASES", ((1, 2), (3, 4)))
    monkeypatch.setattr(parity, "_AUDIO_CASES", ((1, 0.01),))


@pytest.mark.parametrize(
    ("decoder_type", "message"),
    [
        (OnlyOneSound, r"`synthesize` does not run for `f0_hz` of shape \(3, 4\)"),
        (NeedsLength, r"can't be traced for any batch size and length: .*from its inputs"),
    ],
)
def test_a_model_that_would_be_wrong_is_not_written(
    decoder_type: type, message: str, tmp_path: Path
) -> None:
    with pytest.raises(ExportError, match=r"(?s)" + message):
        export_saved_model(broken_instrument(decoder_type), tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_refused_export_keeps_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    metadata = json.dumps({"format": SAVED_MODEL_FORMAT})
    (tmp_path / "out" / "metadata.json").write_text(metadata)
    (tmp_path / "out" / "saved_model.pb").write_text("kept")
    message = (
        r"does not equal the one in Python: the audio of `synthesize` differs by .*"
        r"\(at most 0\.0001\).*Nothing was written"
    )
    with pytest.raises(ExportError, match=message):
        export_saved_model(broken_instrument(LouderInGraphs), tmp_path / "out", overwrite=True)
    assert (tmp_path / "out" / "saved_model.pb").read_text() == "kept"
    assert (tmp_path / "out" / "metadata.json").read_text() == metadata
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_weights_that_are_not_numbers_are_refused(tmp_path: Path) -> None:
    instrument = small_instrument()
    weights = instrument.model.get_weights()
    weights[0][...] = np.nan
    instrument.model.set_weights(weights)
    with pytest.raises(
        ExportError, match=r"weight `.*kernel` holds NaN or infinity.*Train it again"
    ):
        export_saved_model(instrument, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_instrument_is_refused(tmp_path: Path) -> None:
    small_instrument().save(tmp_path / "toy")
    (tmp_path / "toy" / "weights.h5").write_bytes(b"nothing")
    with pytest.raises(ModelError, match="checksum differs"):
        export_saved_model(Instrument.load(tmp_path / "toy"), tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_an_output_that_exists_is_kept(exported: "Exported") -> None:
    before = (exported.folder / "saved_model.pb").stat().st_mtime_ns
    with pytest.raises(OutputError, match=r"exists\. Choose another name, or pass --overwrite"):
        export_saved_model(exported.instrument, exported.folder)
    assert (exported.folder / "saved_model.pb").stat().st_mtime_ns == before


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(OutputError, match="Cannot create the folder"):
        export_saved_model(small_instrument(), tmp_path / "file" / "out")


@pytest.mark.parametrize(
    ("name", "inputs", "message"),
    [
        ("transfer", {"audio": np.zeros([1, 0])}, "`audio` must hold at least one sample"),
        ("transfer", {"audio": [[0.0, np.nan]]}, "`audio` holds NaN"),
        (
            "synthesize",
            {"f0_hz": np.ones([1, 3]), "loudness_db": np.zeros([1, 4])},
            "`f0_hz` and `loudness_db` must have the same batch size and number of frames",
        ),
        (
            "synthesize",
            {"f0_hz": np.zeros([1, 0]), "loudness_db": np.zeros([1, 0])},
            "must hold at least one frame",
        ),
        (
            "synthesize",
            {"f0_hz": np.full([1, 3], np.inf), "loudness_db": np.zeros([1, 3])},
            "`f0_hz` holds NaN or infinite",
        ),
    ],
)
def test_the_stored_graph_refuses_bad_input(
    exported: "Exported", name: str, inputs: dict[str, object], message: str
) -> None:
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        exported(name, **inputs)
