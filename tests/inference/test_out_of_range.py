"""Notes outside the trained range: played at their pitch, and the same live as from a file."""

import numpy as np
from inference_toys import HOP, RATE, cents_between, fundamental_hz, tone

from ddsp_tf.inference import Streamer, TimbreTransfer
from ddsp_tf.models import Instrument


def test_the_pitch_that_is_played_is_not_softened(following: Instrument) -> None:
    play = TimbreTransfer(following, octave=0, semitones=-24.0, reverb=False)
    result = play(tone(300.0, 1.5), RATE)
    middle = result.audio[RATE // 2 : RATE]
    assert abs(cents_between(fundamental_hz(middle, 75.0), 75.0)) < 15
    assert result.report.share_below > 0.9


def test_streamed_it_is_the_whole(recurrent: Instrument) -> None:
    f0_hz = np.geomspace(40.0, 4000.0, 40, dtype=np.float32)[np.newaxis]
    loudness_db = np.full_like(f0_hz, -20.0)
    streamer = Streamer(recurrent, block_frames=1, reverb=False, xla=False)
    late = [streamer.process(f0_hz, loudness_db), streamer.flush()]
    played = np.concatenate(late, axis=1)[:, streamer.latency_samples :]
    features = {"f0_hz": f0_hz[..., np.newaxis], "loudness_db": loudness_db[..., np.newaxis]}
    model = recurrent.model.without_reverb()
    assert played.shape == (1, 40 * HOP)
    assert _difference_db(played, model(features)["audio"].numpy()) < -80.0
    unsoftened = model.with_ranges(None, model.loudness_range)(features)["audio"].numpy()
    assert _difference_db(played, unsoftened) > -60.0, "the range makes a difference here"


def _difference_db(sound: np.ndarray, expected: np.ndarray) -> float:
    error = np.mean(np.square(sound - expected, dtype=np.float64))
    return float(10 * np.log10(error / np.mean(np.square(expected, dtype=np.float64)) + 1e-30))
