"""Preparation on an engine: the same records byte for byte, whoever makes them."""

import json
import os
import signal
import subprocess
import sys
import sysconfig
import time
import venv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from ddsp_tf.data import Dataset, Engine, PrepareSettings, prepare
from ddsp_tf.errors import ArgumentError
from ddsp_tf.features import FeatureSettings

QUICK = PrepareSettings(features=FeatureSettings(columns=("loudness_db", "mel_db")))


def write_notes(folder: Path, n: int) -> Path:
    folder.mkdir()
    for index in range(n):
        time_s = np.arange(16000) / 16000
        sound = 0.3 * np.sin(2 * np.pi * (200 + 10 * index) * time_s)
        soundfile.write(folder / f"note_{index:02d}.wav", sound, 16000)
    (folder / "bad.wav").write_text("no sound at all")
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*[!g]"))}


@pytest.fixture
def dask(tmp_path: Path) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """A scheduler and three workers, each a process of its own."""
    described = tmp_path / "scheduler.json"
    quiet: dict[str, Any] = {"stderr": subprocess.DEVNULL, "cwd": tmp_path}
    where = ["--scheduler-file", str(described)]
    listening = ["--host", "127.0.0.1", "--port", "0", "--no-dashboard"]
    scheduler = [sys.executable, "-m", "distributed.cli.dask_scheduler", *listening, *where]
    worker = [sys.executable, "-m", "distributed.cli.dask_worker", *where, "--no-nanny"]
    worker += ["--nthreads", "1", "--no-dashboard"]
    processes = [subprocess.Popen(scheduler, **quiet)]
    processes += [subprocess.Popen(worker, **quiet) for _ in range(3)]
    end = time.monotonic() + 60
    while not described.exists():
        assert time.monotonic() < end, "the scheduler did not start"
        time.sleep(0.05)
    yield json.loads(described.read_text())["address"], processes[1:]
    for process in processes:
        process.kill()
        process.wait()


@pytest.mark.slow
@pytest.mark.enable_socket
@pytest.mark.filterwarnings("ignore")
def test_dask_loses_a_worker_and_makes_the_same(
    dask: tuple[str, list[subprocess.Popen[bytes]]], tmp_path: Path
) -> None:
    address, workers = dask
    notes = write_notes(tmp_path / "notes", 40)
    prepare(notes, tmp_path / "local/out", settings=QUICK, n_workers=2)
    n_done: list[int] = []
    killed: list[int] = []
    partial = tmp_path / "dask/.out.partial"

    def kill_one(share: float, name: str) -> None:
        n_done.append(len(list(partial.glob("*.npz"))))
        if n_done[-1] >= 5 and not killed:
            os.kill(workers[0].pid, signal.SIGKILL)
            killed.append(n_done[-1])

    report = prepare(
        notes,
        tmp_path / "dask/out",
        settings=QUICK,
        engine=Engine("dask", scheduler=address),
        progress=kill_one,
    )
    assert killed
    assert killed[0] < 40
    assert workers[0].wait(10) == -signal.SIGKILL
    assert list(report.failed) == ["bad.wav"]
    assert contents(tmp_path / "dask/out") == contents(tmp_path / "local/out")
    assert Dataset.open(tmp_path / "dask/out").info["failed"] == report.failed


_BY_BEAM = """
import sys
from ddsp_tf.data import Engine, PrepareSettings, prepare
from ddsp_tf.features import FeatureSettings

if __name__ == "__main__":
    quick = PrepareSettings(features=FeatureSettings(columns=("loudness_db", "mel_db")))
    engine = Engine("beam")
    prepare(sys.argv[1], sys.argv[2], settings=quick, n_workers=2, engine=engine)
"""


@pytest.fixture
def beam_python(tmp_path: Path) -> str:
    """Beam, which is too heavy for the tests' environment, in one of its own beside it."""
    given = os.environ.get("DDSP_TF_BEAM_PYTHON")
    if given:
        return given
    venv.create(tmp_path / "beam", with_pip=False)
    python = tmp_path / "beam/bin/python"
    asked = [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    packages = Path(subprocess.run(asked, capture_output=True, text=True, check=True).stdout[:-1])
    shared = sysconfig.get_path("purelib")
    (packages / "shared.pth").write_text(f"import site; site.addsitedir({shared!r})\n")
    # What is imported of it is compiled when it is.
    pip = [sys.executable, "-m", "pip", "--python", str(python)]
    install = [*pip, "install", "--quiet", "--no-compile", "apache-beam>=2.77,<3"]
    subprocess.run(install, capture_output=True, check=True)
    return str(python)


@pytest.mark.slow
def test_beam_makes_the_same(beam_python: str, tmp_path: Path) -> None:
    notes = write_notes(tmp_path / "notes", 6)
    script = tmp_path / "by_beam.py"
    script.write_text(_BY_BEAM)
    command = [beam_python, str(script), str(notes), str(tmp_path / "beam_made/out")]
    subprocess.run(command, capture_output=True, check=True, timeout=250)
    prepare(notes, tmp_path / "local/out", settings=QUICK, n_workers=2)
    assert contents(tmp_path / "beam_made/out") == contents(tmp_path / "local/out")
    assert list(Dataset.open(tmp_path / "beam_made/out").info["failed"]) == ["bad.wav"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("spark",), "`engine` must be one of"),
        (("local", "tcp://a:1"), "`scheduler` is Dask's, but `engine` is 'local'"),
        (("dask", None, ["--runner=x"]), "`options` are Beam's, but `engine` is 'dask'"),
    ],
)
def test_what_no_engine_takes_is_refused(arguments: Any, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        Engine(*arguments)


def test_an_engine_that_is_not_installed_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "apache_beam", None)
    with pytest.raises(ArgumentError, match=r'pip install "ddsp-tf\[beam\]"'):
        prepare(tmp_path, tmp_path / "out", engine=Engine("beam"))
