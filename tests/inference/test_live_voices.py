"""Keys pressed live, as the voices of a polyphonic model are told of them."""

import numpy as np
import pytest

from ddsp_tf.errors import ArgumentError
from ddsp_tf.features import FeatureSettings
from ddsp_tf.inference.live_notes import LiveNotes
from ddsp_tf.inference.live_voices import LiveVoices
from ddsp_tf.midi import allocate_voices
from ddsp_tf.midi.live_events import LiveEvent, parse_event
from ddsp_tf.models import (
    Instrument,
    ModalPiano,
    RigaudTuning,
    StrikeNetwork,
)
from ddsp_tf.processors import ProcessorGroup, StruckStrings, Voices

RATE = 250.0


def play(*lines, n_voices=2, seconds=1.0, **arguments):
    keys = LiveVoices(n_voices, **arguments)
    parts, frame = [], 0
    for event in [*map(parse_event, lines), parse_event(f"{seconds} end")]:
        parts.append(keys.advance(round(event.time_s * RATE) - frame))
        frame = round(event.time_s * RATE)
        keys.hear(event)
    return {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}, keys


def sounding(told, second):
    frame = round(second * RATE)
    return sorted(told["midi"][frame][told["gate"][frame] > 0].tolist())


def test_what_is_played_live_is_what_the_score_would_be():
    """Voices, strikes and gates are those of `allocate_voices`, also with a note that is stolen."""
    notes = np.array(
        [
            [0.0, 0.4, 60, 0.5, 0],
            [0.1, 0.9, 64, 0.6, 0],
            [0.2, 0.5, 67, 0.7, 0],
            [0.6, 0.8, 60, 0.8, 0],
            [0.92, 0.96, 72, 0.9, 0],
        ]
    )
    events = [(on, "on", (key, round(127 * v))) for on, _, key, v, _ in notes]
    events += [(off, "off", (key,)) for _, off, key, _, _ in notes]
    keys, parts, frame = LiveVoices(2), [], 0
    for time_s, kind, values in sorted(events):
        parts.append(keys.advance(round(time_s * RATE) - frame))
        frame = round(time_s * RATE)
        keys.hear(LiveEvent(kind, values))
    parts.append(keys.advance(250 - frame))
    told = {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}
    expected = allocate_voices(notes, n_voices=2, frame_rate=RATE, n_frames=250)
    np.testing.assert_allclose(told["velocity"], expected.velocity, atol=0.005)
    np.testing.assert_array_equal(told["gate"], expected.gate)
    held = expected.gate > 0
    np.testing.assert_array_equal(told["midi"][held], expected.midi[held])
    assert keys.n_stolen == expected.n_stolen == 1


def test_the_pedal_repeats_and_quiet():
    pedal, _ = play("0 on 60 90", "0.1 pedal 127", "0.2 off 60", "0.3 on 64 90", "0.6 pedal 0")
    assert [sounding(pedal, x) for x in (0.25, 0.5, 0.8)] == [[60], [60, 64], [64]]
    again, keys = play("0 on 60 90", "0.2 on 60 20", "0.4 off 60", "0.5 on 60 0")
    assert np.count_nonzero(again["velocity"]) == 2
    assert [sounding(again, x) for x in (0.1, 0.3, 0.6)] == [[60], [60], []]
    assert keys.n_stolen == 0
    quiet, _ = play("0 on 60 90", "0.1 pedal 127", "0.3 quiet")
    assert [sounding(quiet, x) for x in (0.2, 0.5)] == [[60], []]


def test_a_key_that_is_left_at_once_is_held_for_a_frame_and_moved_into_the_range():
    told, _ = play("0.1 on 20 90", "0.1 off 20", lowest_key=21, highest_key=108)
    assert told["gate"].sum() == 1.0
    assert sounding(told, 0.1) == [32]
    assert np.count_nonzero(told["velocity"]) == 1


def piano():
    strings = Voices(StruckStrings(n_harmonics=8), 3, name="strings")
    model = ModalPiano(
        processor_group=ProcessorGroup(dag=[(strings, list(strings.input_names))]),
        network=StrikeNetwork(channels=6),
        tuning=RigaudTuning(2),
        n_voices=3,
    )
    return Instrument(model, FeatureSettings(columns=()))


@pytest.mark.slow
def test_live_sound_is_that_of_the_model():
    instrument = piano()
    live = LiveNotes(instrument, voices=2, xla=False, semitones=12, loudness_db=-6.0)
    live.hear(parse_event("on 60 127"))
    audio = [live.play_until(0.1)]
    live.hear(parse_event("on 64 64"))
    audio = np.concatenate([*audio, live.play_until(0.4), live.flush()])[live.latency_samples :]
    frames = np.zeros([3, 1, 100, 3], np.float32)
    frames[0] = [72, 76, 21]
    frames[1, 0, 0, 0], frames[1, 0, 25, 1] = 1.0, 64 / 127
    frames[2, 0, :, 0] = frames[2, 0, 25:, 1] = 1.0
    expected = instrument.model(dict(zip(("midi", "velocity", "gate"), frames, strict=True)))
    # Before its first key a voice stands at the lowest one, and phases go on from there.
    first = expected["audio"].numpy()[0, : 25 * 64] * 10 ** (-6 / 20)
    np.testing.assert_allclose(audio[: 25 * 64], first, atol=1e-5)
    assert live.n_voices == 2
    assert audio.std() > 1e-4
    with pytest.raises(ArgumentError, match="`voices` must be at most 3"):
        LiveNotes(instrument, voices=4)
    with pytest.raises(ArgumentError, match="`semitones` must be a whole number"):
        LiveNotes(instrument, semitones=0.5)
