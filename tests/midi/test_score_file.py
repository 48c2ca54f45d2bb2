"""MIDI files as notes: times, pairs, and what is refused."""

import mido
import numpy as np
import pytest
from midi_toys import bend, control, named, off, on, save, tempo

from ddsp_tf.errors import ScoreFileError
from ddsp_tf.midi import find_score, read_notes, read_score


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


def test_a_note_that_is_lost_in_a_short_track_ends_with_the_file(tmp_path):
    found = read_notes(save(tmp_path / "a.mid", [on(60)], [on(48), off(48, 960)]))
    np.testing.assert_allclose(found[:, :3], [[0, 1, 48], [0, 1, 60]])


def test_running_status_is_read(tmp_path):
    # One status byte for four events; a note-on of velocity 0 ends a note.
    events = bytes([0, 0x90, 60, 100, 96, 60, 0, 0, 64, 100, 96, 64, 0, 0, 0xFF, 0x2F, 0])
    header = b"MThd\0\0\0\6\0\0\0\1\0\x60"
    (tmp_path / "a.mid").write_bytes(header + b"MTrk" + len(events).to_bytes(4, "big") + events)
    np.testing.assert_allclose(
        read_notes(tmp_path / "a.mid")[:, :3], [[0, 0.5, 60], [0.5, 1, 64]], atol=1e-6
    )


def test_parts_are_tracks_and_channels_by_name(tmp_path):
    program = mido.Message("program_change", program=40, channel=3)
    path = save(
        tmp_path / "a.mid",
        [named("Tempi"), tempo(60)],
        [named("Violin I"), on(76), off(76, 480), on(77, channel=1), off(77, 480, channel=1)],
        [],
        [program, on(48, channel=3), on(52, channel=3), off(48, 480, channel=3)],
        [on(36, channel=9), off(36, 10, channel=9)],
    )
    parts = read_score(path).parts
    assert [(part.number, part.track, part.channel) for part in parts] == [
        *((1, 2, 1), (2, 2, 2), (3, 4, 4), (4, 5, 10)),
    ]
    assert [part.name for part in parts] == ["Violin I", "Violin I", "program 41", "Percussion"]
    assert [part.most_at_once for part in parts] == [1, 1, 2, 1]
    assert read_score(path, channel=4).parts[0].number == 3
    assert "3: program 41 (track 4, channel 4), 2 notes, C3 to E3, up to 2" in parts[2].describe()


def test_bends_are_semitones_of_the_range_that_is_set(tmp_path):
    track = [
        *(on(60), bend(4096, 480), bend(-8192, 480)),
        # A range of 12.5 semitones by the registered parameter 0.
        *(control(101, 0), control(100, 0), control(6, 12), control(38, 50)),
        # An unregistered parameter changes nothing; nor does data without a parameter.
        *(control(99, 1), control(98, 2), control(6, 99), control(101, 127), control(100, 127)),
        *(control(6, 3), control(121, 0, 480), off(60, 480)),
    ]
    wheel_elsewhere = [bend(8191, 480, channel=5)]
    score = read_score(save(tmp_path / "a.mid", track, wheel_elsewhere))
    np.testing.assert_allclose(score.bends[0], [[0.5, 1.0], [1.0, -12.5], [1.5, 0.0]], atol=1e-9)
    assert set(score.bends) == {0, 5}
    assert not score.pedals


def test_pedals_are_read_where_they_change(tmp_path):
    track = [on(60), control(64, 127, 480), control(64, 127, 10), control(64, 0, 470), off(60, 0)]
    score = read_score(save(tmp_path / "a.mid", track))
    np.testing.assert_allclose(score.pedals[0], [[0.5, 1.0], [1.0, 0.0]], atol=1e-9)


def test_an_hour_of_music_keeps_its_times(tmp_path):
    # A tempo whose quarter note is no whole number of milliseconds.
    track = [tempo(121.7)]
    for i in range(7302):
        track += [on(60 + i % 12), off(60 + i % 12, 480)]
    notes = read_notes(save(tmp_path / "long.mid", track))
    assert len(notes) == 7302
    beat_s = mido.bpm2tempo(121.7) * 1e-6
    assert 3590 < notes[-1, 1] < 3610
    np.testing.assert_allclose(notes[:, 0], np.arange(7302) * beat_s, atol=3e-4)


def test_a_tempo_in_which_no_time_passes_is_refused(tmp_path):
    track = [mido.MetaMessage("set_tempo", tempo=0), on(60), off(60, 480)]
    with pytest.raises(ScoreFileError, match="sets a tempo in which no time passes"):
        read_notes(save(tmp_path / "a.mid", track))


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
