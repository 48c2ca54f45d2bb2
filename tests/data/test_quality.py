"""What is measured on recordings: clipping, and sound that one pitch does not explain."""

import numpy as np
import pytest
import soundfile
from recorded_sounds import HOP, tone

from ddsp_tf.audio import read_audio
from ddsp_tf.data.polyphony import PitchDoubt, measure_pitch_doubt
from ddsp_tf.data.quality import ClippingCounter
from ddsp_tf.features import Features, FeatureSettings, extract_features


def doubt_of(audio: np.ndarray, f0_hz: np.ndarray | float | None = None) -> PitchDoubt:
    audio = audio[: len(audio) // HOP * HOP]
    n_frames = len(audio) // HOP
    if f0_hz is None:
        features = extract_features(audio, FeatureSettings())
    else:
        ones = np.ones(n_frames)
        features = Features(f0_hz * ones, ones, -20 * ones)
    heard = features.loudness_db > np.percentile(features.loudness_db, 95) - 25
    voiced = heard & (features.f0_confidence > 0.5)
    return measure_pitch_doubt(audio, features, voiced, sample_rate=16000, hop_length=HOP)


def test_clipped_samples_are_counted_across_channels():
    counter = ClippingCounter()
    block = np.zeros((1000, 2), np.float32)
    block[100:110, 0] = 1.0
    block[200:210, 1] = -1.0
    block[300:302, 0] = 1.0  # Two in a row are a limiter's work.
    counter.add(block)
    counter.add(np.zeros((1000, 2), np.float32))
    assert counter.share == pytest.approx(20 / 4000)


def test_one_note_is_one_note_with_noise_and_vibrato():
    time_s = np.arange(32000) / 16000
    f0_hz = 330 * 2 ** (0.3 / 12 * np.sin(2 * np.pi * 5.5 * time_s))
    phase = 2 * np.pi * np.cumsum(f0_hz) / 16000
    note = sum(np.sin(k * phase) / k for k in range(1, 12)) * 0.2
    noisy = note + 0.005 * np.random.default_rng(0).standard_normal(len(note))
    assert doubt_of(noisy.astype(np.float32), f0_hz[::HOP]).polyphonic_share == 0


def test_two_synthetic_notes_are_several():
    both = tone(2.0, f0_hz=440) + 0.7 * tone(2.0, f0_hz=440 * 2 ** (4 / 12))
    assert doubt_of(both, 440.0).polyphonic_share > 0.95


def test_a_pitch_one_octave_up_is_told_from_two_notes():
    doubt = doubt_of(tone(2.0, f0_hz=220), 440.0)
    assert doubt.octave_share > 0.95
    assert doubt.polyphonic_share == 0


@pytest.mark.parametrize(("f0_hz", "harmonic"), [(130.0, 3), (98.0, 5), (82.4, 7)])
def test_a_pitch_at_another_harmonic_is_told_from_two_notes(f0_hz, harmonic):
    low = tone(2.0, f0_hz=f0_hz) + 0.3 * tone(2.0, f0_hz=harmonic * f0_hz)
    doubt = doubt_of(low, harmonic * f0_hz)
    assert doubt.octave_share > 0.95
    assert doubt.polyphonic_share == 0


@pytest.mark.parametrize("second_hz", [330.0, 550.0, 587.3, 733.3])
def test_two_notes_are_not_the_harmonics_of_a_third(second_hz):
    both = tone(2.0, f0_hz=440) + 0.7 * tone(2.0, f0_hz=second_hz)
    doubt = doubt_of(both, 440.0)
    assert doubt.polyphonic_share > 0.95
    assert doubt.octave_share == 0


def test_real_notes_alone_and_together(recordings):
    notes = recordings / "reference_notes"
    violin, _ = read_audio(notes / "violin-B3.flac", sample_rate=16000)
    flute, _ = read_audio(notes / "flute-A4.flac", sample_rate=16000)
    n = min(len(violin), len(flute))
    violin, flute = (0.1 * a[:n] / np.std(a[:n]) for a in (violin, flute))
    assert doubt_of(violin).polyphonic_share < 0.02
    assert doubt_of(flute).polyphonic_share < 0.02
    assert doubt_of(violin + flute).polyphonic_share > 0.5


def test_real_double_stops_and_a_real_single_line(recordings):
    violin = recordings / "instruments" / "violin"
    single, rate = soundfile.read(violin / "urmp_violin_2.flac", frames=16000 * 10, dtype="float32")
    assert rate == 16000
    stops, _ = read_audio(violin / "garner_bwv1002_7_tempo_di_borea.flac", sample_rate=16000)
    stops = stops[16000 * 20 : 16000 * 30]
    alone, several = doubt_of(single).polyphonic_share, doubt_of(stops).polyphonic_share
    assert alone < 0.05
    assert several > 0.15


def share_of(audio: np.ndarray, *, flat: bool) -> float:
    counter = ClippingCounter()
    counter.add(audio[:, np.newaxis].astype(np.float32))
    return counter.flat_share if flat else counter.share


def test_floating_point_beyond_full_scale_is_no_clipping():
    loud = tone(1.0, amplitude=4.0)
    assert share_of(loud, flat=False) > 0.3  # What 16 bits would lose.
    assert share_of(loud, flat=True) == 0.0
    slow = 1.5 * np.sin(2 * np.pi * 20 * np.arange(48000) / 48000)
    assert share_of(slow, flat=True) < 1e-3


def test_floating_point_that_was_clipped_before_is_clipping():
    clipped = np.clip(tone(1.0, amplitude=4.0), -1.0, 1.0)
    assert share_of(clipped, flat=True) == pytest.approx(share_of(clipped, flat=False), rel=0.02)
    assert share_of(1.7 * clipped, flat=True) > 0.3
