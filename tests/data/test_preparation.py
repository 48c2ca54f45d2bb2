"""From folders of recordings to datasets: what goes in, what stays out, and interruptions."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
from recorded_sounds import tone

from ddsp_tf.audio import read_audio
from ddsp_tf.data import Dataset, PrepareSettings, prepare
from ddsp_tf.data.sources import recordings as recordings_source
from ddsp_tf.data.sources.audio_names import name_files
from ddsp_tf.errors import ArgumentError, DatasetError, OutputError

SECONDS = 1.5
PHRASES = (
    "cello_phrase",
    "clarinet_phrase",
    "saxophone_tenor_scale_e_major",
    "trumpet_jazz_phrase",
    "voice_doremi_16k",
    "voice_female_phrase",
)


@pytest.fixture
def tones(tmp_path: Path) -> Path:
    """Four short files; two are called like takes in sub-folders."""
    folder = tmp_path / "tones"
    (folder / "more").mkdir(parents=True)
    for index, name in enumerate(["a.wav", "b.flac", "more/a.wav", "more/c.wav"]):
        soundfile.write(folder / name, tone(SECONDS, f0_hz=200 + 40 * index), 16000)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix != ".png"}


def test_real_recordings_become_batches(prepared):
    output, report = prepared
    dataset = Dataset.open(output)
    assert dataset.seconds("train") == pytest.approx(report.train_seconds)
    assert 0.1 < report.eval_seconds / (report.train_seconds + report.eval_seconds) < 0.4
    batch = next(iter(dataset.batches(batch_size=4, clip_s=2.0)))
    loud = batch["loudness_db"].numpy() > -40
    assert loud.mean() > 0.5
    assert np.median(batch["f0_confidence"].numpy()[loud]) > 0.7
    assert dataset.statistics.voiced_share > 0.5
    assert {"report.txt", "report.png", "dataset.json"} < {path.name for path in output.iterdir()}
    assert (output / "report.png").read_bytes().startswith(b"\x89PNG")
    assert not list(output.parent.glob(".*"))


def test_stored_audio_is_the_recording_to_16_bits(prepared, real_folder):
    dataset = Dataset.open(prepared[0])
    for split in ("train", "eval"):
        for name, stored, features in dataset.recordings(split):
            audio, _ = read_audio(real_folder / name, sample_rate=16000)
            segments = dataset.info["splits"][split]["segments"]
            (first,) = [s["first_frame"] for s in segments if s["name"] == name][:1]
            original = audio[first * 64 : first * 64 + len(stored)]
            np.testing.assert_allclose(stored[: len(original)], original, atol=0.5 / 32767)
            assert features.n_frames * 64 == len(stored)


def test_bad_files_are_left_out_with_the_reason(prepared):
    output, report = prepared
    assert list(report.failed) == ["broken.wav"]
    assert "is not audio" in report.failed["broken.wav"]
    assert "broken.wav` is not audio" in (output / "report.txt").read_text()


def test_the_dataset_describes_itself(prepared, real_folder):
    info = json.loads((prepared[0] / "dataset.json").read_text())
    expected = PrepareSettings(eval_fraction=0.2, source="recordings")
    assert PrepareSettings.from_dict(info["settings"]) == expected
    assert [source["name"] for source in info["sources"]] == sorted(
        f"takes/{path.name}" for path in (real_folder / "takes").iterdir()
    )
    assert all(len(source["sha256"]) == 64 for source in info["sources"])
    assert str(real_folder) not in json.dumps(info["sources"])


def test_names_tell_files_apart_and_no_file_is_taken_twice(tones):
    names = name_files([tones, tones / "more", tones / "b.flac"])
    assert sorted(names) == ["a.wav", "b.flac", "more/a.wav", "more/c.wav"]
    names = name_files([tones / "more", tones])
    assert sorted(names) == ["a.wav", "b.flac", "c.wav", "tones/a.wav"]
    assert names["tones/a.wav"] == tones / "a.wav"


def test_every_kind_of_bad_file_at_once(tones, tmp_path):
    bad = tmp_path / "bad"
    shutil.copytree(tones, bad)
    soundfile.write(bad / "1 sample.wav", np.ones(1), 16000)
    soundfile.write(bad / "short.wav", tone(0.2), 16000)
    soundfile.write(bad / "silent.wav", np.zeros(32000), 16000)
    soundfile.write(bad / "nan.wav", np.full(16000, np.nan), 16000, subtype="FLOAT")
    (bad / "cut.flac").write_bytes((tones / "b.flac").read_bytes()[:5000])
    report = prepare(bad, tmp_path / "out", n_workers=1)
    assert len(report.recordings) == 4
    for name, reason in {
        "1 sample.wav": "too short",
        "short.wav": "less than 0.5 s of sound",
        "silent.wav": "only silence",
        "nan.wav": "NaN or infinite",
        "cut.flac": "truncated",
    }.items():
        assert reason in report.failed.pop(name)
    assert not report.failed


def test_when_every_file_fails_nothing_is_written(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.wav").write_text("text")
    soundfile.write(tmp_path / "in" / "b.wav", np.zeros(16000), 16000)
    with pytest.raises(DatasetError, match=r"None of the 2 audio files is usable:\n.*not audio"):
        prepare(tmp_path / "in", tmp_path / "out", n_workers=1)
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_inputs_that_hold_nothing(tmp_path):
    with pytest.raises(DatasetError, match="does not exist"):
        prepare(tmp_path / "nowhere", tmp_path / "out")
    with pytest.raises(DatasetError, match="`input_paths` is empty"):
        prepare([], tmp_path / "out")
    with pytest.raises(ArgumentError, match="`n_workers` must be at least 1"):
        prepare(tmp_path, tmp_path / "out", n_workers=0)


def test_an_output_that_exists_is_kept(tones, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "diary.txt").write_text("dear diary")
    with pytest.raises(OutputError, match=r"exists.*--overwrite"):
        prepare(tones, out, n_workers=1)
    with pytest.raises(
        OutputError, match="is not a dataset that ddsp_tf wrote, so --overwrite does not"
    ):
        prepare(tones, out, n_workers=1, overwrite=True)
    assert (out / "diary.txt").read_text() == "dear diary"


def test_a_dataset_is_replaced_on_request(tones, tmp_path):
    prepare(tones / "a.wav", tmp_path / "out", n_workers=1)
    prepare(tones / "b.flac", tmp_path / "out", n_workers=1, overwrite=True)
    assert [s["name"] for s in Dataset.open(tmp_path / "out").info["sources"]] == ["b.flac"]


def test_a_loud_file_is_turned_down_not_clipped(tmp_path):
    soundfile.write(tmp_path / "loud.wav", tone(2.0, amplitude=1.8), 16000, subtype="FLOAT")
    report = prepare(tmp_path / "loud.wav", tmp_path / "out", n_workers=1)
    recording = report.recordings["loud.wav"]
    assert recording.source["gain_db"] == pytest.approx(-20 * np.log10(1.8), abs=0.01)
    ((_, audio, _),) = Dataset.open(tmp_path / "out").recordings("train")
    np.testing.assert_allclose(audio, tone(2.0, amplitude=1.0)[: len(audio)], atol=1e-4)


def test_progress_rises_to_one(tones, tmp_path):
    told: list[float] = []
    prepare(tones, tmp_path / "out", n_workers=1, progress=lambda share, _: told.append(share))
    assert told == sorted(told)
    assert told[0] == 0.0
    assert told[-1] == 1.0
    assert len(told) > 5


def test_finished_files_are_not_done_again(tones, tmp_path, monkeypatch):
    analysed: list[str] = []
    analyse_file = recordings_source.analyse_file

    def spied(path, settings, **options):
        if len(analysed) == 2:
            raise KeyboardInterrupt
        recording = analyse_file(path, settings, **options)
        analysed.append(path.name)
        return recording

    monkeypatch.setattr(recordings_source, "analyse_file", spied)
    with pytest.raises(KeyboardInterrupt):
        prepare(tones, tmp_path / "out", n_workers=1)
    assert not (tmp_path / "out").exists()
    monkeypatch.setattr(recordings_source, "analyse_file", analyse_file)
    report = prepare(tones, tmp_path / "out", n_workers=1)
    assert len(analysed) == 2
    assert len(report.recordings) == 4
    assert not (tmp_path / ".out.partial").exists()


def test_a_resumed_dataset_equals_an_uninterrupted_one(tones, tmp_path, monkeypatch):
    prepare(tones, tmp_path / "whole" / "out", n_workers=1)

    def interrupt_late(share: float, _: str) -> None:
        if share > 0.6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare(tones, tmp_path / "resumed" / "out", n_workers=1, progress=interrupt_late)
    waiting = list((tmp_path / "resumed" / ".out.partial").iterdir())
    assert 1 <= len(waiting) <= 3
    waiting[0].write_bytes(b"a damaged one is done again")
    prepare(tones, tmp_path / "resumed" / "out", n_workers=1)
    assert contents(tmp_path / "resumed" / "out") == contents(tmp_path / "whole" / "out")


SCRIPT = """
import sys
from ddsp_tf.data import prepare

if __name__ == "__main__":
    prepare(sys.argv[1], sys.argv[2], n_workers=2)
"""


def start_preparing(folder: Path, output: Path) -> subprocess.Popen[bytes]:
    script = output.parent / "script.py"
    script.write_text(SCRIPT)
    command = [sys.executable, str(script), str(folder), str(output)]
    return subprocess.Popen(command, start_new_session=True, stderr=subprocess.PIPE)


def wait_for(condition, seconds: float = 240.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


def session_members(session: int, *, besides: int) -> list[int]:
    members = []
    for entry in Path("/proc").iterdir():
        try:
            process = int(entry.name) if entry.name.isdigit() else besides
            if process != besides and os.getsid(process) == session:
                members.append(process)
        except OSError:
            continue
    return members


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for processes in /proc")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_killed_preparation_goes_on_and_leaves_no_process(recordings, tmp_path, how):
    folder = tmp_path / "in"
    folder.mkdir()
    for name in PHRASES:
        shutil.copy(recordings / "phrases" / f"{name}.flac", folder)
    output, partial = tmp_path / "out", tmp_path / ".out.partial"
    process = start_preparing(folder, output)
    try:
        wait_for(lambda: partial.is_dir() and any(partial.glob("[!.]*.npz")))
        if how == signal.SIGKILL:
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGINT)
        wait_for(lambda: not session_members(process.pid, besides=process.pid), seconds=20)
    finally:
        process.kill()
        process.communicate()
    assert not output.exists()
    finished = {path.name: path.stat().st_mtime_ns for path in partial.glob("[!.]*.npz")}
    assert 1 <= len(finished) < len(PHRASES)
    done_again: list[str] = []
    prepare(folder, output, n_workers=1, progress=lambda _, name: done_again.append(name))
    n_analysed = len({name for name in done_again if name.endswith(".flac")})
    assert n_analysed == len(PHRASES) - len(finished)
    assert len(Dataset.open(output).info["sources"]) == len(PHRASES)


@pytest.mark.slow
def test_processes_and_one_process_give_the_same(recordings, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("cello_phrase", "clarinet_phrase"):
        shutil.copy(recordings / "phrases" / f"{name}.flac", folder)
    for name, n_workers in (("one", 1), ("two", 2)):
        prepare(folder, tmp_path / name / "out", n_workers=n_workers)
    one, two = (Dataset.open(tmp_path / name / "out") for name in ("one", "two"))
    assert one.seconds() == two.seconds()
    for first, second in zip(one.recordings("train"), two.recordings("train"), strict=True):
        np.testing.assert_array_equal(first[1], second[1])
        # Sums are taken in another order when TensorFlow has another number of threads.
        cents = 1200 * np.abs(np.log2(first[2].f0_hz / second[2].f0_hz))
        assert np.quantile(cents, 0.99) < 0.1
