"""`ddsp-tf render`: songs in, sounds out, honest exit codes."""

import json
import shutil
from pathlib import Path

import pytest
import soundfile
from cli_toys import Run

SONG = "oneill_003.mid"


@pytest.fixture
def songs(recordings: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "songs"
    (folder / "deep").mkdir(parents=True)
    shutil.copy(recordings / "midi" / SONG, folder / "deep" / "jig.mid")
    return folder


def test_a_song_is_played_and_what_was_played_is_said(
    run: Run, instrument: Path, songs: Path, tmp_path: Path
) -> None:
    target = tmp_path / "jig.flac"
    result = run(
        *("render", instrument, songs / "deep" / "jig.mid", "-o", target, "--tail", "0.5"),
        *("--transpose", "-12", "--no-reverb", "--limiter", "--sample-rate", "22050"),
    )
    assert result.exit_code == 0, result.output
    assert "x real time" in result.stdout
    assert "notes: " in result.stdout
    assert "one at a time" in result.stdout
    info = soundfile.info(target)
    assert (info.samplerate, info.channels) == (22050, 1)
    assert info.duration > 5.0


def test_folders_keep_their_tree_and_one_bad_file_does_not_stop_the_others(
    run: Run, instrument: Path, songs: Path, tmp_path: Path
) -> None:
    (songs / "text.mid").write_text("this is text under another name")
    (songs / "cut.mid").write_bytes((songs / "deep" / "jig.mid").read_bytes()[:200])
    (songs / "empty.mid").write_bytes(b"MThd\0\0\0\6\0\0\0\1\0\x60MTrk\0\0\0\4\0\xff\x2f\0")
    out = tmp_path / "out"
    result = run("render", instrument, songs, tmp_path / "none.mid", "-o", out, "--json")
    assert result.exit_code == 1
    assert [p.relative_to(out).as_posix() for p in out.rglob("*.wav")] == ["deep/jig.wav"]
    report = json.loads(result.stdout)
    assert len(report["files"]) == 1
    assert report["files"][0]["n_voices"] == 1
    assert report["files"][0]["took_s"] > 0.0
    reasons = {Path(path).name: reason for path, reason in report["failed"].items()}
    assert "is not a MIDI file" in reasons["text.mid"]
    assert "is truncated" in reasons["cut.mid"]
    assert "holds no notes" in reasons["empty.mid"]
    assert "does not exist" in reasons["none.mid"]
    again = run("render", instrument, songs / "deep", "-o", out / "deep")
    assert again.exit_code == 1
    assert "--overwrite" in again.stderr


def test_a_track_that_is_not_there(run: Run, instrument: Path, songs: Path) -> None:
    result = run("render", instrument, songs / "deep" / "jig.mid", "--track", "9")
    assert result.exit_code == 1
    assert "holds no notes in track 9. There are some in track " in result.stderr
    assert sorted(path.name for path in songs.rglob("*.*")) == ["jig.mid"]


def test_wrong_usage(run: Run, instrument: Path, songs: Path, tmp_path: Path) -> None:
    assert run("render", instrument).exit_code == 2
    assert run("render", instrument, songs, "--channel", "17").exit_code == 2
    assert run("render", instrument, songs, "-o", tmp_path / "a.mp3").exit_code == 2
    unknown = run("render", "theremin", songs / "deep" / "jig.mid")
    assert unknown.exit_code == 1
    assert "There is no instrument `theremin`" in unknown.stderr
