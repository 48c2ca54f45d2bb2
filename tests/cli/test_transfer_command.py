"""`ddsp-tf transfer`: many files, honest exit codes, one line a failure."""

import functools
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from cli_toys import Run, melody

from ddsp_tf.audio import PeakLimiter


@pytest.fixture
def outputs(tmp_path: Path) -> Path:
    return tmp_path / "out"


def test_a_melody_is_played_and_what_was_changed_is_said(
    run: Run, instrument: Path, melody_file: Path, outputs: Path
) -> None:
    result = run("transfer", instrument, melody_file, "-o", f"{outputs}/", "--plot")
    assert result.exit_code == 0, result.output
    audio, sample_rate = soundfile.read(outputs / "melody.wav")
    assert sample_rate == 16000
    assert audio.shape == (16000,)
    assert np.max(np.abs(audio)) > 0.0
    assert (outputs / "melody.png").stat().st_size > 10_000
    for text in ("x real time", "octave", "dB on average", f"{outputs}/melody.wav"):
        assert text in result.stdout
    assert sorted(path.name for path in outputs.iterdir()) == ["melody.png", "melody.wav"]


@pytest.mark.slow
def test_a_second_run_plays_the_same_files(
    run: Run, instrument: Path, melody_file: Path, tmp_path: Path
) -> None:
    takes = tmp_path / "takes"
    takes.mkdir()
    shutil.copy(melody_file, takes / "a.wav")
    for flags in ((), ("-o", takes / "out")):
        first = run("transfer", instrument, takes, *flags, "--format", "flac")
        assert first.exit_code == 0, first.output
        before = sorted(takes.rglob("*"))
        again = run("transfer", instrument, takes, *flags, "--format", "flac")
        assert again.exit_code == 1
        assert "exists. Choose another name, or pass --overwrite" in again.stderr
        replaced = run("transfer", instrument, takes, *flags, "--format", "flac", "--overwrite")
        assert replaced.exit_code == 0, replaced.output
        assert replaced.stdout.count(" -> ") == 1
        assert sorted(takes.rglob("*")) == before
    assert "Left out 1 file that an earlier run wrote, such as" in replaced.stderr


def test_the_musical_flags_reach_the_sound(
    run: Run,
    instrument: Path,
    melody_file: Path,
    outputs: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    low_limiter = functools.partial(PeakLimiter, ceiling_db=-60.0)
    monkeypatch.setattr("ddsp_tf.inference.timbre_transfer.PeakLimiter", low_limiter)
    flags = ("--octave", "1", "--semitones", "2", "--loudness-db", "-3", "--no-match-loudness")
    result = run(
        *("transfer", instrument, melody_file, "-o", outputs / "one.flac", "--json"),
        *(
            *flags,
            "--dynamics",
            "0.5",
            "--autotune",
            "0.5",
            "--no-gate",
            "--no-reverb",
            "--sample-rate",
            "48000",
        ),
        "--limiter",
    )
    assert result.exit_code == 0, result.output
    (report,) = json.loads(result.stdout)["files"]
    assert report["octaves"] == 1
    assert report["semitones"] == 2.0
    assert report["loudness_matched"] is False
    assert report["loudness_change_db"] == pytest.approx(-3.0, abs=0.1)
    assert report["limited_db"] > 0.0
    assert np.abs(soundfile.read(outputs / "one.flac")[0]).max() < 0.0011
    assert report["times_real_time"] > 0.0
    assert soundfile.info(outputs / "one.flac").samplerate == 48000


def test_one_bad_file_does_not_stop_the_others(
    run: Run, instrument: Path, melody_file: Path, outputs: Path, tmp_path: Path
) -> None:
    takes = tmp_path / "takes"
    (takes / "deep").mkdir(parents=True)
    (takes / "deep" / "good.wav").write_bytes(melody_file.read_bytes())
    (takes / "text.wav").write_text("not audio")
    (takes / "cut.wav").write_bytes(melody_file.read_bytes()[:2000])
    (takes / "empty.wav").write_bytes(b"")
    soundfile.write(takes / "silent.wav", np.zeros(16000), 16000)
    soundfile.write(takes / "short.wav", np.full(10, 0.5), 16000)
    soundfile.write(takes / "nan.wav", np.full(16000, np.nan, np.float32), 16000, "FLOAT")
    result = run("transfer", instrument, takes, tmp_path / "missing.wav", "-o", outputs)
    assert result.exit_code == 1
    assert [path.name for path in outputs.rglob("*") if path.is_file()] == ["good.wav"]
    assert (outputs / "deep" / "good.wav").is_file()
    lines = result.stderr.splitlines()
    assert lines[-8] == "7 of 8 failed:"
    for name in ("text", "cut", "empty", "silent", "short", "nan", "missing"):
        assert sum(f"{name}.wav`" in line for line in lines[-7:]) == 1, (name, lines)


def test_an_output_that_exists_is_kept_unless_told(
    run: Run, instrument: Path, melody_file: Path, outputs: Path
) -> None:
    outputs.mkdir()
    target = outputs / "melody.wav"
    target.write_text("mine")
    result = run("transfer", instrument, melody_file, "-o", outputs)
    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1
    assert f"`{target}` exists" in result.stderr
    assert "--overwrite" in result.stderr
    assert target.read_text() == "mine"
    assert run("transfer", instrument, melody_file, "-o", outputs, "--overwrite").exit_code == 0
    assert soundfile.info(target).frames == 16000


def test_an_unknown_instrument_is_one_line(run: Run, melody_file: Path, outputs: Path) -> None:
    result = run("transfer", "theremin", melody_file, "-o", outputs)
    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1
    assert "There is no instrument `theremin`." in result.stderr
    assert "Shipped instruments:" in result.stderr
    assert not outputs.exists()


@pytest.mark.parametrize("damage", ["missing weights", "corrupt weights", "newer", "no json"])
def test_a_damaged_model_is_one_line(
    run: Run, instrument: Path, melody_file: Path, outputs: Path, tmp_path: Path, damage: str
) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    for path in instrument.iterdir():
        (copy / path.name).write_bytes(path.read_bytes())
    if damage == "missing weights":
        (copy / "weights.h5").unlink()
    elif damage == "corrupt weights":
        (copy / "weights.h5").write_bytes(b"\0" * 1000)
    elif damage == "newer":
        metadata = json.loads((copy / "metadata.json").read_text())
        (copy / "metadata.json").write_text(json.dumps({**metadata, "format_version": 99}))
    else:
        (copy / "model.json").write_text("{")
    result = run("transfer", copy, melody_file, "-o", outputs)
    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1
    assert "This should not happen" not in result.stderr
    assert str(copy) in result.stderr
    assert not outputs.exists()


@pytest.mark.parametrize(
    ("flags", "text"),
    [
        (("--octave", "high"), "'high' is neither `auto` nor a whole number"),
        (("--octave", "99"), "`octave` must be"),
        (("--autotune", "2"), "2.0 is not in the range"),
        (("--semitones", "900"), "`semitones` must be from"),
        (("-o", "out.mp3"), "should end in .wav or .flac"),
        (("--format", "mp3"), "is not one of"),
        (("--ocatve", "1"), "--octave"),
    ],
)
def test_wrong_usage(
    run: Run, instrument: Path, melody_file: Path, flags: tuple[str, ...], text: str
) -> None:
    result = run("transfer", instrument, melody_file, *flags)
    assert result.exit_code == 2
    assert text in result.stderr
    assert [path.name for path in melody_file.parent.iterdir()] == ["melody.wav"]


def test_no_input_is_wrong_usage(run: Run, instrument: Path) -> None:
    assert run("transfer", instrument).exit_code == 2


def test_an_empty_folder_is_one_line(run: Run, instrument: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    result = run("transfer", instrument, tmp_path / "empty", "-o", tmp_path / "out")
    assert result.exit_code == 1
    assert result.stderr.startswith(f"Error: The folder `{tmp_path / 'empty'}` is empty")


def test_ctrl_c_in_the_middle_leaves_nothing_half_written(
    run: Run,
    instrument: Path,
    melody_file: Path,
    outputs: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from ddsp_tf.inference import timbre_transfer

    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(timbre_transfer.Player, "play", interrupt, raising=False)
    monkeypatch.setattr(timbre_transfer, "extract_features", interrupt)
    result = run("transfer", instrument, melody_file, "-o", outputs)
    assert result.exit_code == 130
    assert result.stderr == "Interrupted. Nothing was left half-written.\n"
    assert not [path for path in outputs.rglob("*") if path.is_file()]


def test_quiet_says_nothing(run: Run, instrument: Path, melody_file: Path, outputs: Path) -> None:
    result = run("transfer", instrument, melody_file, "-o", outputs, "--quiet")
    assert result.exit_code == 0
    assert result.output == ""


def test_polyphony_is_warned_about_and_done(
    run: Run, instrument: Path, outputs: Path, tmp_path: Path
) -> None:
    chord = sum(melody([note], 1.0) for note in (220.0, 277.0, 311.0, 415.0)) / 4
    noise = np.random.default_rng(0).normal(0.0, 0.2, 16000)
    soundfile.write(tmp_path / "chord.wav", chord + noise, 16000)
    result = run("transfer", instrument, tmp_path / "chord.wav", "-o", outputs)
    assert result.exit_code == 0, result.output
    assert "warning:" in result.stderr
    assert (outputs / "chord.wav").is_file()


@pytest.mark.slow
def test_what_a_folder_holds_besides_is_said_and_strange_names_are_played(
    instrument: Path, melody_file: Path, outputs: Path, tmp_path: Path
) -> None:
    takes = tmp_path / "takes"
    takes.mkdir()
    strange = os.fsencode(takes) + b"/take_\xe9.wav"
    Path(os.fsdecode(strange)).write_bytes(melody_file.read_bytes())
    (takes / "notes.txt").write_text("la")
    command = [sys.executable, "-c", "from ddsp_tf.cli.main import main; main()"]
    result = subprocess.run(
        [*command, "transfer", instrument, takes, "-o", outputs], capture_output=True, check=False
    )
    assert result.returncode == 0, result.stderr
    assert b"Files that are no audio by their names: 1 .txt." in result.stderr
    assert b"take_\\udce9.wav" in result.stdout
    assert os.listdir(os.fsencode(outputs)) == [b"take_\xe9.wav"]
