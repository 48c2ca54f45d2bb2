"""MIDI files as notes: times, pairs, and what is refused."""

from pathlib import Path

import mido
import numpy as np
import pytest

from ddsp_tf.errors import ScoreFileError
from ddsp_tf.midi import find_score, read_notes


def save(path: Path, *tracks: list, ticks_per_beat: int = 480, kind: int = 1) -> Path:
    file = mido.MidiFile(ticks_per_beat=ticks_per_beat, type=kind)
    file.tracks.extend(mido.MidiTrack(track) for track in tracks)
    file.save(path)
    return path


def on(key: int, time: int = 0, *, velocity: int = 127, channel: int = 0) -> mido.Message:
    return mido.Message("note_on", note=key, velocity=velocity, time=time, channel=channel)


def off(key: int, time: int, *, channel: int = 0) -> mido.Message:
    return mido.Message("note_off", note=key, time=time, channel=channel)


def tempo(beats_a_minute: float, time: int = 0) -> mido.MetaMessage:
    return mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(beats_a_minute), time=time)


def test_times_follow_changes_of_tempo_in_another_track(tmp_path):
    tempi = [tempo(60), tempo(120, 960)]
    notes = [on(60), off(60, 480), on(62, 480), off(62, 480)]
    found = read_notes(save(tmp_path / "a.mid", tempi, notes))
    # The second note is played at twice the speed of the first.
    np.testing.assert_allclose(found, [[0, 1, 60, 1, 0], [2, 2.5, 62, 1, 0]], atol=1e-6)
    assert found.dtype == np.float32


def test_without_a_tempo_a_quarter_note_lasts_half_a_second(tmp_path):
    found = read_notes(save(tmp_path / "a.mid", [on(60, 480), off(60, 960)]))
    np.testing.assert_allclose(found[0, :2], [0.5, 1.5])


def test_velocity_channel_and_a_note_on_without_velocity(tmp_path):
    track = [on(60, velocity=64, channel=9), on(60, 480, velocity=0, channel=9)]
    found = read_notes(save(tmp_path / "a.mid", track))
    np.testing.assert_allclose(found, [[0, 0.5, 60, 64 / 127, 9]], atol=1e-6)


def test_notes_of_one_key_end_in_the_order_of_their_beginning(tmp_path):
    track = [on(60), on(60, 480), off(60, 480), off(60, 480), off(60, 480)]
    found = read_notes(save(tmp_path / "a.mid", track))
    np.testing.assert_allclose(found[:, :2], [[0, 1], [0.5, 1.5]])
    channels = [on(60, channel=0), on(60, channel=1), off(60, 480, channel=1), off(60, 480)]
    found = read_notes(save(tmp_path / "b.mid", channels))
    assert {(row[1], row[4]) for row in found.tolist()} == {(1.0, 0.0), (0.5, 1.0)}


def test_what_is_never_released_ends_with_the_file(tmp_path):
    track = [on(60), on(64), off(64, 960), mido.MetaMessage("end_of_track", time=480)]
    found = read_notes(save(tmp_path / "a.mid", track))
    np.testing.assert_allclose(found[:, 1], [1.5, 1.0])


def test_chords_are_sorted(tmp_path):
    track = [on(67), on(60), on(64), off(60, 480), off(64, 0), off(67, 0)]
    assert read_notes(save(tmp_path / "a.mid", track))[:, 2].tolist() == [60, 64, 67]


def test_one_track_or_channel_is_read_at_its_own_times(tmp_path):
    tempi = [tempo(60), tempo(120, 960)]
    upper = [on(72), off(72, 480), on(74, 480), off(74, 480)]
    lower = [on(48, channel=1), off(48, 480, channel=1), tempo(30, 480)]
    path = save(tmp_path / "a.mid", tempi, upper, lower)
    # The tempo is set in all three tracks, and two of them are left out.
    upper_alone = read_notes(path, track=2)
    np.testing.assert_allclose(upper_alone[:, :3], [[0, 1, 72], [2, 4, 74]])
    np.testing.assert_array_equal(read_notes(path, channel=1), upper_alone)
    assert read_notes(path, track=3, channel=2)[:, 2].tolist() == [48]
    for asked, words in (({"track": 1}, "track 1"), ({"channel": 9}, "channel 9")):
        with pytest.raises(ScoreFileError, match=f"holds no notes in {words}. There are some in "):
            read_notes(path, **asked)
    with pytest.raises(ScoreFileError, match="in track 2 channel 1, track 3 channel 2"):
        read_notes(path, track=7, channel=3)


def test_real_scores(recordings):
    notes = read_notes(recordings / "midi" / "bwv1006_mov1_preludio.mid")
    assert len(notes) > 1000
    # The violin's range, and no time runs backwards.
    assert notes[:, 2].min() >= 55
    assert (np.diff(notes[:, 0]) >= 0).all()
    assert (notes[:, 1] > notes[:, 0]).all()
    for path in (recordings / "midi").glob("*.mid"):
        assert len(read_notes(path))


def test_what_is_no_score(tmp_path):
    def refused(name: str, message: str) -> None:
        with pytest.raises(ScoreFileError, match=message):
            read_notes(tmp_path / name)

    refused("missing.mid", "does not exist")
    (tmp_path / "text.mid").write_text("do re mi")
    refused("text.mid", "is not a MIDI file")
    (tmp_path / "nothing.mid").write_bytes(b"")
    refused("nothing.mid", "is not a MIDI file")
    good = save(tmp_path / "good.mid", [on(60), off(60, 480)] * 20).read_bytes()
    for length in (4, 10, 20, 30, len(good) - 5):
        (tmp_path / "cut.mid").write_bytes(good[:length])
        refused("cut.mid", "is truncated")
    (tmp_path / "cut.mid").write_bytes(good[: len(good) // 2])
    refused("cut.mid", "is truncated")
    save(tmp_path / "empty.mid", [tempo(100)])
    refused("empty.mid", "is MIDI, but holds no notes")
    save(tmp_path / "songs.mid", [on(60), off(60, 480)], kind=2)
    refused("songs.mid", "format 2")
    smpte = bytearray(good)
    smpte[12:14] = b"\xe7\x28"
    (tmp_path / "smpte.mid").write_bytes(smpte)
    refused("smpte.mid", "can't be laid beside a recording")
    broken = bytearray(good)
    broken[24] = 0xF0  # A note of number 240.
    (tmp_path / "broken.mid").write_bytes(broken)
    refused("broken.mid", "is damaged")


def test_the_score_of_a_recording_has_its_name(tmp_path):
    for name in ("song.wav", "song.MID", "song.take.2.flac", "song.take.2.midi", "tune.wav"):
        (tmp_path / name).touch()
    assert find_score(tmp_path / "song.wav") == tmp_path / "song.MID"
    assert find_score(tmp_path / "song.take.2.flac") == tmp_path / "song.take.2.midi"
    assert find_score(tmp_path / "tune.wav") is None
