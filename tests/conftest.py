"""What every test shares: where the real recordings are, and stricter rules than users have.

Warnings are errors and there is no network (pyproject.toml); random examples are the same in
every run.
"""

import os
import signal
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import soundfile

SHARED_DATA = Path(
    os.environ.get("DDSP_TF_TEST_DATA", Path(__file__).parents[2] / "shared" / "data")
)

PHRASES = ("cello_phrase", "clarinet_phrase", "trumpet_jazz_phrase", "ddsp_vst_input")

# Shells start background jobs with Ctrl-C ignored, which the programs under test would inherit.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# TensorFlow's first call of a function takes longer than any deadline for an example.
hypothesis.settings.register_profile("ddsp_tf", derandomize=True, deadline=None, database=None)
hypothesis.settings.load_profile("ddsp_tf")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keeps a file's tests in one process, which makes its fixtures and compiles its loops once.

    Slow tests are too few and too long for that: they go where there is room.
    """
    for item in items:
        if not item.get_closest_marker("xdist_group") and not item.get_closest_marker("slow"):
            item.add_marker(
                pytest.mark.xdist_group(str(item.path.relative_to(Path(__file__).parent)))
            )


@pytest.fixture(scope="session")
def recordings() -> Path:
    """The folder of real recordings. Without it a test is skipped here, but fails in CI."""
    if SHARED_DATA.is_dir():
        return SHARED_DATA
    message = f"The recordings are not at `{SHARED_DATA}`; set DDSP_TF_TEST_DATA to their folder."
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


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
def recorded_dataset(recordings: Path) -> Any:
    """Three seconds of a real violin."""
    from recorded_toys import RecordedDataset

    return RecordedDataset(recordings / "instruments" / "violin")
