"""Keys pressed live: voices, the pedal, bends, and what the plain performer would do."""

import numpy as np
import pytest

from ddsp_tf.errors import ScoreFileError
from ddsp_tf.inference import PlainPerformer
from ddsp_tf.inference.live_keys import LiveKeys
from ddsp_tf.midi.live_events import parse_event

RATE = 250.0


def play(*lines, n_voices=2, seconds=1.0):
    """Frames of lines that all have times."""
    keys = LiveKeys(n_voices=n_voices, statistics=None, frame_rate=RATE)
    parts, frame = [], 0
    for event in [*map(parse_event, lines), parse_event(f"{seconds} end")]:
        parts.append(keys.advance(round(event.time_s * RATE) - frame))
        frame = round(event.time_s * RATE)
        keys.hear(event)
    return [np.concatenate(x) for x in zip(*parts, strict=True)]


def midi(f0_hz):
    return np.round(69 + 12 * np.log2(f0_hz / 440.0), 3)


def sounding(played, second):
    """Keys that sound at a time."""
    f0_hz, _, gate = played
    frame = round(second * RATE)
    return sorted(midi(f0_hz[frame])[gate[frame] > 0.5].tolist())


def test_a_note_sounds_as_the_plain_performer_plays_it():
    f0_hz, loudness_db, gate = play("0.2 on 69 127", "0.6 off 69", n_voices=1)
    note = np.array([[0.2, 0.6, 69, 1.0, 0]])
    plain = PlainPerformer().perform(note, statistics=None, frame_rate=RATE, n_frames=250)
    np.testing.assert_allclose(f0_hz[50:, 0], plain.f0_hz[50:], rtol=1e-6)
    np.testing.assert_allclose(loudness_db[50:, 0], plain.loudness_db[50:], atol=1e-4)
    assert gate[:50].max() == 0.0
    assert gate[53, 0] == pytest.approx(1.0)
    np.testing.assert_allclose(gate[153:, 0], plain.gate[153:], atol=0.11)
    assert gate[-1] == 0.0


def test_chords_bends_and_the_pedal():
    held = play("0 on 60 90", "0.2 on 64 90", "0.4 bend -1.5", "0.6 off 60", "0.7 off 64")
    assert [sounding(held, x) for x in (0.1, 0.3, 0.5, 0.65, 0.9)] == [
        *([60], [60, 64], [58.5, 62.5], [62.5], []),
    ]
    pedal = play("0 on 60 90", "0.1 pedal 127", "0.2 off 60", "0.3 on 64 90", "0.6 pedal 0")
    assert [sounding(pedal, x) for x in (0.25, 0.5, 0.8)] == [[60], [60, 64], [64]]
    quiet = play("0 on 60 90", "0.1 pedal 127", "0.3 quiet")
    assert [sounding(quiet, x) for x in (0.2, 0.5)] == [[60], []]


def test_a_key_that_lost_its_voice_gets_it_back():
    trill = play("0 on 60 90", "0.2 on 62 90", "0.4 off 62", "0.6 off 60", n_voices=1)
    assert [sounding(trill, x) for x in (0.1, 0.3, 0.5, 0.8)] == [[60], [62], [60], []]
    stolen = play("0 on 60 90", "0.1 on 64 90", "0.2 on 67 90", "0.4 off 64")
    assert [sounding(stolen, x) for x in (0.15, 0.3, 0.5)] == [[60, 64], [64, 67], [60, 67]]
    again = play("0 on 60 90", "0.2 on 60 20", "0.4 off 60")
    assert [sounding(again, x) for x in (0.1, 0.3, 0.6)] == [[60], [60], []]


def test_lines_are_read_or_refused():
    assert parse_event("# nothing") is parse_event("  ") is None
    assert parse_event(" .5  ON 60 0 ").values == (60.0, 0.0)
    for line, words in (
        ("0 play 60 1", "is no event"),
        ("-1 on 60 1", "a time outside"),
        ("on 60", "is no event"),
        ("on 60 300", "VELOCITY should be a number from 0 to 127; got 300"),
        ("on 60.5 100", "KEY should be a whole number"),
        ("bend nan", "SEMITONES should be a number"),
        ("5", "is no event"),
    ):
        with pytest.raises(ScoreFileError, match=words):
            parse_event(line)
