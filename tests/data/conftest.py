"""Sounds and recordings that the data tests share."""

from collections.abc import Callable
from pathlib import Path

import pytest
import soundfile

from ddsp_tf.data import Dataset, PrepareReport, PrepareSettings, prepare
from ddsp_tf.data.dataset_writer import write_dataset
from ddsp_tf.data.recording import Recording

PHRASES = ("cello_phrase", "clarinet_phrase", "trumpet_jazz_phrase", "ddsp_vst_input")


@pytest.fixture
def make_dataset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Dataset]:
    """Writes recordings as a dataset, without files and features to extract, nor a picture."""
    monkeypatch.setattr(PrepareReport, "save_figure", lambda self, path: None)

    def make(recordings: dict[str, Recording], **settings: object) -> Dataset:
        write_dataset(
            tmp_path / "dataset",
            recordings,
            settings=PrepareSettings(**settings),
            load=lambda name: recordings[name],
            digests=dict.fromkeys(recordings, "0"),
            failed={},
            duplicates={},
            overwrite=True,
        )
        return Dataset.open(tmp_path / "dataset")

    return make


@pytest.fixture(scope="session")
def real_folder(recordings: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as people have them: real recordings among hidden and other files."""
    folder = tmp_path_factory.mktemp("recordings")
    (folder / "takes").mkdir()
    for name in PHRASES:
        audio, rate = soundfile.read(recordings / "phrases" / f"{name}.flac")
        soundfile.write(folder / "takes" / f"{name}.wav", audio, rate)
    (folder / "notes.txt").write_text("bring the good microphone")
    (folder / ".hidden.wav").write_text("not audio")
    (folder / ".trash").mkdir()
    (folder / ".trash" / "old.wav").write_text("not audio")
    (folder / "broken.wav").write_text("this is text under another name")
    return folder


@pytest.fixture(scope="session")
def prepared(
    real_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, PrepareReport]:
    """The dataset of `real_folder` and its report."""
    output = tmp_path_factory.mktemp("datasets") / "phrases"
    report = prepare(real_folder, output, settings=PrepareSettings(eval_fraction=0.2), n_workers=1)
    return output, report
