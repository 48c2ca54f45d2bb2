"""Recordings and datasets at addresses: fsspec's memory, a real HTTP server, and S3."""

import functools
import http.server
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
import pytest
import soundfile

from ddsp_tf.data import Dataset, PrepareSettings, prepare
from ddsp_tf.data.remote import require_free
from ddsp_tf.errors import ArgumentError, DatasetError, OutputError
from ddsp_tf.features import FeatureSettings

QUICK = PrepareSettings(features=FeatureSettings(columns=("loudness_db",)), eval_fraction=0.3)


@pytest.fixture
def takes(tmp_path: Path) -> Path:
    folder = tmp_path / "takes"
    (folder / "more").mkdir(parents=True)
    time_s = np.arange(32000) / 16000
    for index, name in enumerate(("one.wav", "two.wav", "more/three.wav")):
        sound = 0.3 * np.sin(2 * np.pi * (200 + 50 * index) * time_s)
        soundfile.write(folder / name, sound, 16000)
    (folder / "bad.wav").write_text("no sound")
    (folder / "notes.txt").write_text("not to be fetched")
    return folder


@pytest.fixture
def memory(takes: Path) -> Iterator[Any]:
    system = fsspec.filesystem("memory")
    system.put(str(takes), "/bucket/takes", recursive=True)
    yield system
    system.store.clear()
    system.pseudo_dirs[:] = [""]


def records(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*.tfrecord")}


def test_what_lies_in_a_bucket_is_as_if_it_lay_here(
    memory: Any, takes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    prepare(takes, "here", settings=QUICK, n_workers=1)
    report = prepare("memory://bucket/takes", "memory://bucket/out", settings=QUICK, n_workers=1)
    assert list(report.failed) == ["bad.wav"]
    assert (
        "memory" in report.failed["bad.wav"] or "/bucket/takes/bad.wav" in report.failed["bad.wav"]
    )
    memory.get("/bucket/out/", str(tmp_path / "back"), recursive=True)
    assert records(tmp_path / "back") == records(tmp_path / "here")
    assert Dataset.open(tmp_path / "back").info["sources"] == Dataset.open("here").info["sources"]
    assert not list(tmp_path.glob(".*"))
    with pytest.raises(OutputError, match="`memory://bucket/out` is not empty"):
        prepare("memory://bucket/takes", "memory://bucket/out", settings=QUICK, n_workers=1)
    with pytest.raises(DatasetError, match="There is no audio file at `memory://nowhere`"):
        prepare("memory://nowhere", "other", settings=QUICK, n_workers=1)
    with pytest.raises(ArgumentError, match=r'pip install "ddsp-tf\[remote\]"'):
        prepare("nosuch://nowhere", "other", settings=QUICK, n_workers=1)


def test_overwrite_replaces_a_dataset_and_nothing_else(memory: Any) -> None:
    memory.pipe("/kept/song.wav", b"mine")
    with pytest.raises(OutputError, match=r"holds `song.wav`, .* nothing was changed"):
        require_free("memory://kept", overwrite=True)
    memory.pipe("/old/train-00000-of-00001.tfrecord", b"")
    with pytest.raises(OutputError, match=r"has no `dataset.json`"):
        require_free("memory://old", overwrite=True)
    memory.pipe("/old/dataset.json", b"{}")
    require_free("memory://old", overwrite=True)
    require_free("memory://empty", overwrite=True)
    assert memory.cat("/kept/song.wav") == b"mine"


def test_a_restart_fetches_only_what_is_missing(
    memory: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetched: list[str] = []
    get_file = type(memory).get_file

    def noted(system: Any, address: str, target: str, **options: Any) -> Any:
        fetched.append(address.rsplit("/", 1)[-1])
        if fetched == ["bad.wav", "three.wav", "one.wav"]:
            raise KeyboardInterrupt
        return get_file(system, address, target, **options)

    monkeypatch.setattr(type(memory), "get_file", noted)
    with pytest.raises(KeyboardInterrupt):
        prepare("memory://bucket/takes", tmp_path / "out", settings=QUICK, n_workers=1)
    assert not (tmp_path / "out").exists()
    prepare("memory://bucket/takes", tmp_path / "out", settings=QUICK, n_workers=1)
    assert fetched == ["bad.wav", "three.wav", "one.wav", "one.wav", "two.wav"]


class _Server(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


@pytest.mark.enable_socket
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")
def test_a_web_server_serves_recordings(takes: Path, tmp_path: Path) -> None:
    handler = functools.partial(_Server, directory=str(takes))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        given = [f"{address}/one.wav", f"{address}/two.wav", f"{address}/gone.wav"]
        report = prepare(given[:2], tmp_path / "web", settings=QUICK, n_workers=1)
        assert sorted(report.recordings) == ["one.wav", "two.wav"]
        with pytest.raises(DatasetError, match=r"gone.wav"):
            prepare(given[2:], tmp_path / "gone", settings=QUICK, n_workers=1)
        server.shutdown()
    prepare([takes / "one.wav", takes / "two.wav"], tmp_path / "here", settings=QUICK, n_workers=1)
    assert records(tmp_path / "web") == records(tmp_path / "here")


@pytest.fixture
def s3() -> Iterator[dict[str, str]]:
    """The environment of those who use a server that speaks S3: moto's."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen([sys.executable, "-m", "moto.server", "-p", str(port)], **quiet) as moto:
        try:
            end = time.monotonic() + 300.0
            while not _answers(port):
                assert moto.poll() is None
                assert time.monotonic() < end
                time.sleep(0.2)
            keys = {"AWS_ACCESS_KEY_ID": "someone", "AWS_SECRET_ACCESS_KEY": "secret"}
            where = {
                "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
                "AWS_DEFAULT_REGION": "us-east-1",
            }
            yield {**os.environ, **keys, **where}
        finally:
            moto.kill()


def _answers(port: int) -> bool:
    with socket.socket() as asked:
        return asked.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.slow
@pytest.mark.enable_socket
def test_s3_to_s3_is_the_same_byte_for_byte(
    s3: dict[str, str], takes: Path, tmp_path: Path
) -> None:
    """By the command as a user gives it."""

    def python(*words: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, *map(str, words)]
        return subprocess.run(
            command, env=s3, cwd=tmp_path, capture_output=True, text=True, check=False
        )

    def copied(work: str) -> None:
        begin = "import fsspec; s3 = fsspec.filesystem('s3'); "
        done = python("-c", begin + work)
        assert done.returncode == 0, done.stderr

    def prepared(source: object, target: object) -> subprocess.CompletedProcess[str]:
        quick = ("--columns", "loudness_db", "--eval-fraction", "0.3", "--workers", "1")
        return python("-m", "ddsp_tf", "prepare", source, target, *quick)

    copied("s3.mkdir('bucket'); s3.put('takes', 'bucket/', recursive=True)")
    here = prepared(takes, "here")
    there = prepared("s3://bucket/takes", "s3://bucket/dataset")
    for done in (here, there):
        assert done.returncode == 1, done.stderr
        assert "1 of 4 files were left out" in done.stderr + done.stdout
        assert "Traceback" not in done.stderr
    copied("s3.get('bucket/dataset/', 'back/', recursive=True)")
    assert len(records(tmp_path / "here")) == 2
    assert records(tmp_path / "back") == records(tmp_path / "here")
    Dataset.open(tmp_path / "back")
    again = prepared("s3://bucket/takes", "s3://bucket/dataset")
    assert again.returncode == 1
    assert "`s3://bucket/dataset` is not empty" in again.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["back", "here", "takes"]
