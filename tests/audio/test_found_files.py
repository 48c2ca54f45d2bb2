"""Which files of a folder are taken, and what is said of the others."""

import os
from pathlib import Path

import pytest
import soundfile
from recorded_sounds import tone

from ddsp_tf.audio import find_audio_files, read_audio, search_audio_files, write_audio
from ddsp_tf.errors import AudioFileError, DatasetError
from ddsp_tf.files import printable


def names_in(folder: Path) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in find_audio_files(folder)]


def test_broadcast_and_long_wav_are_found(tmp_path):
    for name in ("a.bwf", "b.WAVE", "c.rf64", "d.wav"):
        soundfile.write(tmp_path / name, tone(0.1), 16000, format="WAV")
        assert len(read_audio(tmp_path / name)[0]) == 1600
    assert names_in(tmp_path) == ["a.bwf", "b.WAVE", "c.rf64", "d.wav"]


def test_linked_folders_are_followed_once_and_loops_end(tmp_path):
    folder, elsewhere = tmp_path / "in", tmp_path / "elsewhere"
    (folder / "sub").mkdir(parents=True)
    elsewhere.mkdir()
    (elsewhere / "far.wav").touch()
    (folder / "near.wav").touch()
    (folder / "link").symlink_to(elsewhere)
    (folder / "same").symlink_to(elsewhere)
    (folder / "sub" / "loop").symlink_to(folder)
    (elsewhere / "back").symlink_to(folder)
    assert names_in(folder) == ["link/far.wav", "near.wav"]


def test_what_is_passed_over_is_told(tmp_path):
    for name in ("a.wav", "b.txt", "c.TXT", "cover.jpg", "README", ".hidden.wav"):
        (tmp_path / name).touch()
    (tmp_path / "gone.wav").symlink_to(tmp_path / "nothing.wav")
    os.mkfifo(tmp_path / "pipe.wav")
    skipped = search_audio_files(tmp_path).skipped
    assert skipped == [
        f"`{tmp_path}/gone.wav` is a link to nothing.",
        f"`{tmp_path}/pipe.wav` is a device or a pipe, no file.",
        "Files that are no audio by their names: 2 .txt, 1 .jpg, 1 without suffix.",
        "Hidden files and folders: 1.",
    ] or set(skipped) == {
        f"`{tmp_path}/gone.wav` is a link to nothing.",
        f"`{tmp_path}/pipe.wav` is a device or a pipe, no file.",
        "Files that are no audio by their names: 2 .txt, 1 without suffix, 1 .jpg.",
        "Hidden files and folders: 1.",
    }


def test_a_folder_of_other_things_says_which(tmp_path):
    (tmp_path / "notes.txt").touch()
    (tmp_path / "gone.wav").symlink_to(tmp_path / "nothing")
    with pytest.raises(DatasetError, match=r"no audio file among its 2.*link to nothing.*1 \.txt"):
        find_audio_files(tmp_path)


def test_links_and_pipes_named_themselves(tmp_path):
    (tmp_path / "gone.wav").symlink_to(tmp_path / "nothing")
    with pytest.raises(DatasetError, match="is a link to nothing"):
        find_audio_files(tmp_path / "gone.wav")
    os.mkfifo(tmp_path / "pipe.wav")
    with pytest.raises(DatasetError, match="device or a pipe"):
        find_audio_files(tmp_path / "pipe.wav")
    with pytest.raises(AudioFileError, match="device or a pipe"):
        read_audio(tmp_path / "pipe.wav")


def test_a_name_that_is_no_utf_8_is_read_written_and_printed(tmp_path):
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/take_\xe9.wav"))
    write_audio(path, tone(0.5), 16000)
    assert find_audio_files(tmp_path) == [path]
    assert len(read_audio(path)[0]) == 8000
    path.write_text("no sound")
    with pytest.raises(AudioFileError, match=r"take_\\xe9\.wav` is not audio") as error:
        read_audio(path)
    assert str(error.value).encode("utf-8")
    assert printable(path).endswith("take_\\xe9.wav")


def test_names_that_no_system_takes_are_errors_of_the_file(tmp_path):
    for name in ("a" * 5000 + ".wav", "a\0b.wav"):
        with pytest.raises(AudioFileError, match=r"cannot be read|does not exist"):
            read_audio(tmp_path / name)
