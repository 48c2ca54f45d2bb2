"""A small instrument, short recordings, and a way to run commands in this process."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from cli_toys import SAMPLE_RATE, SMALL_MODEL, Run, melody
from click.testing import CliRunner, Result

from ddsp_tf.cli.main import cli


@pytest.fixture
def run() -> Run:
    """Runs a command line in this process: `run("transfer", "violin", path)`."""

    def invoke(*arguments: object) -> Result:
        return CliRunner().invoke(cli, [str(argument) for argument in arguments])

    return invoke


@pytest.fixture(scope="session")
def melody_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One second of melody at 22,050 Hz in stereo."""
    path = tmp_path_factory.mktemp("melody") / "melody.wav"
    mono = melody([262.0, 330.0], 1.0, 22050)
    soundfile.write(path, np.stack([mono, mono], axis=1), 22050)
    return path


@pytest.fixture(scope="session")
def recordings_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three short takes, among a hidden file and a text file."""
    folder = tmp_path_factory.mktemp("recordings")
    takes = ([220.0, 330.0, 440.0], [330.0, 247.0, 294.0], [440.0, 392.0, 262.0])
    for index, notes in enumerate(takes):
        soundfile.write(folder / f"take_{index}.flac", melody(notes, 5.0), SAMPLE_RATE)
    (folder / "notes.txt").write_text("not audio")
    (folder / ".hidden.wav").write_text("not audio either")
    return folder


@pytest.fixture(scope="session")
def instrument(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained instrument with statistics, saved in a folder."""
    from ddsp_tf import config
    from ddsp_tf.features import Features, FeatureSettings, Statistics
    from ddsp_tf.models import Instrument

    f0_hz = np.geomspace(196.0, 1760.0, 2000).astype(np.float32)
    loudness_db = np.linspace(-50.0, -15.0, 2000).astype(np.float32)
    played = Features(f0_hz, np.full(2000, 0.95, np.float32), loudness_db)
    path = tmp_path_factory.mktemp("instruments") / "toy"
    Instrument(
        model=config.parse(["models/tiny_instrument.gin"], SMALL_MODEL).build_model(),
        features=FeatureSettings(),
        statistics=Statistics.from_features([played]),
        metadata={"licence": "CC0", "training_data": "a glide", "metrics": {"loudness_db": 2.5}},
    ).save(path)
    return path


@pytest.fixture(scope="session")
def dataset(tmp_path_factory: pytest.TempPathFactory, recordings_folder: Path) -> Path:
    """A dataset prepared by the command."""
    path = tmp_path_factory.mktemp("datasets") / "dataset"
    arguments = ["prepare", str(recordings_folder), str(path), "--workers", "1", "--quiet"]
    result = CliRunner().invoke(cli, [*arguments, "--eval-fraction", "0.3"])
    assert result.exit_code == 0, result.output
    return path


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, dataset: Path) -> Path:
    """A run of two steps, made by the command."""
    path = tmp_path_factory.mktemp("runs") / "run"
    arguments = ["train", "--data", str(dataset), "--run", str(path), "--quiet"]
    arguments += ["--gin-file", "models/tiny_instrument.gin"]
    arguments += ["--gin_file", "training/smoke_test.gin"]
    for binding in (*SMALL_MODEL, "train.xla=False"):
        arguments += ["--gin-param", binding]
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 0, result.output
    return path
