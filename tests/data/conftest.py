"""Sounds and recordings that the data tests share."""

from collections.abc import Callable
from pathlib import Path

import pytest
from recorded_sounds import default_columns

from ddsp_tf.data import Dataset, PrepareReport, PrepareSettings, prepare
from ddsp_tf.data.dataset_writer import write_dataset
from ddsp_tf.data.recording import Recording
from ddsp_tf.features import Column


@pytest.fixture
def make_dataset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Dataset]:
    """Writes recordings as a dataset, without files and features to extract, nor a picture."""
    monkeypatch.setattr(PrepareReport, "save_figure", lambda self, path: None)

    def make(
        recordings: dict[str, Recording],
        columns: dict[str, Column] | None = None,
        **settings: object,
    ) -> Dataset:
        write_dataset(
            tmp_path / "dataset",
            recordings,
            settings=PrepareSettings(**settings),
            columns=columns or default_columns(),
            load=lambda name: recordings[name],
            digests=dict.fromkeys(recordings, "0"),
            failed={},
            duplicates={},
            overwrite=True,
        )
        return Dataset.open(tmp_path / "dataset")

    return make


@pytest.fixture(scope="session")
def prepared(
    real_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, PrepareReport]:
    """The dataset of `real_folder` and its report."""
    output = tmp_path_factory.mktemp("datasets") / "phrases"
    report = prepare(real_folder, output, settings=PrepareSettings(eval_fraction=0.2), n_workers=1)
    return output, report
