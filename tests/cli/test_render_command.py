"""`ddsp-tf render`: songs in, sounds out, honest exit codes."""

import json
import shutil
from pathlib import Path

import click
import mido
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


def test_songs_and_instruments_come_in_any_order(tmp_path: Path) -> None:
    from ddsp_tf.cli.render_arguments import Seat, sort_arguments

    (tmp_path / "songs").mkdir()
    (tmp_path / "songs" / "a.MID").touch()
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "metadata.json").touch()
    (tmp_path / "empty").mkdir()
    songs, model, empty = (str(tmp_path / name) for name in ("songs", "model", "empty"))
    assert sort_arguments(["violin", "a.mid", songs]) == (["a.mid", songs], [Seat("violin", None)])
    assert sort_arguments(["*.mid", f"{model}=1,2", "cello=Cello I"])[1] == [
        *(Seat(model, "1,2"), Seat("cello", "Cello I")),
    ]
    # A folder that holds nothing yet is what is missing otherwise.
    assert sort_arguments(["violin", empty])[0] == [empty]
    assert sort_arguments(["a.mid", empty])[1] == [Seat(empty, None)]
    for wrong, words in (
        (["violin"], "No song was named"),
        (["a.mid"], "No instrument was named"),
        (["a.mid", "violin="], "an instrument and its parts"),
    ):
        with pytest.raises(click.UsageError, match=words):
            sort_arguments(wrong)


@pytest.mark.slow
def test_a_duet_is_played_by_two_with_stems_and_a_picture(
    run: Run, instrument: Path, songs: Path, tmp_path: Path
) -> None:
    jig = songs / "deep" / "jig.mid"
    duet = mido.MidiFile(ticks_per_beat=480)
    for key in (72, 60):
        on, off = (mido.Message(x, note=key, time=y) for x, y in (("note_on", 0), ("note_off", 96)))
        duet.tracks.append(mido.MidiTrack([on, off]))
    duet.save(tmp_path / "duet.mid")
    flags = ("-o", tmp_path / "duet.wav", "--stems", "--plot", tmp_path / "duet.png", "--json")
    made = run("render", tmp_path / "duet.mid", instrument, instrument, "--tail", "0.1", *flags)
    assert made.exit_code == 0, made.output
    about = json.loads(made.stdout)["files"][0]
    assert [Path(path).name for path in about["stems"]] == ["duet_1_toy.wav", "duet_2_toy.wav"]
    assert [player["lowest_midi"] for player in about["players"]] == [72.0, 60.0]
    assert (tmp_path / "duet.png").read_bytes().startswith(b"\x89PNG")
    three = run("render", tmp_path / "duet.mid", *[instrument] * 3, "-o", tmp_path / "b.wav")
    assert three.exit_code == 1
    assert "has 2 parts for 3 instruments. Say who plays which" in three.stderr
    many = run("render", jig, tmp_path / "duet.mid", instrument, "--plot", tmp_path / "a.png")
    assert many.exit_code == 2
    assert "`--plot` draws one song, and there are 2" in many.stderr


@pytest.mark.slow
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
