"""Any model played by what is heard in a sound, or drawn by hand."""

import tracemalloc

import numpy as np
import pytest
import soundfile
from column_toys import HOP, RATE, SETTINGS, toy_instrument
from inference_toys import following_instrument, level_db

from ddsp_tf.errors import ArgumentError, ModelError
from ddsp_tf.features import extract_features
from ddsp_tf.inference import ColumnTransfer, Curves
from ddsp_tf.types import Signal


def curves(**points):
    return Curves({key: tuple(np.array(x, float).T) for key, x in points.items()})


def hits(seconds=2.0):
    """Noise that is struck twice a second."""
    time_s = np.arange(round(seconds * RATE)) / RATE
    envelope = np.exp(-12.0 * (time_s % 0.5))
    return (0.3 * envelope * np.random.default_rng(0).uniform(-1, 1, len(time_s))).astype("f4")


def test_the_columns_of_a_sound_reach_the_model():
    sound = hits()
    result = ColumnTransfer(toy_instrument())(sound, RATE)
    assert result.audio.shape == sound.shape
    assert result.report.from_sound == ("loudness_db", "spectral_centroid_hz")
    features = extract_features(sound, SETTINGS)
    for start_s in (0.1, 0.3, 1.2):
        part = slice(round(start_s * RATE), round((start_s + 0.05) * RATE))
        frames = slice(part.start // HOP, part.stop // HOP)
        played = result.audio[part]
        assert np.mean(played) == pytest.approx(
            features["spectral_centroid_hz"][frames].mean() / 1e6, abs=2e-3
        )
        expected = features.loudness_db[frames].mean() - 10 * np.log10(3)
        assert level_db(played - np.mean(played)) == pytest.approx(expected, abs=1.5)


def test_curves_alone_give_a_sound_of_their_length_and_win_over_a_sound():
    drawn = curves(loudness_db=[(0, -60), (3, -20)], spectral_centroid_hz=[(0, 3000)])
    result = ColumnTransfer(toy_instrument(), curves=drawn, chunk_s=0.37)()
    assert result.audio.shape == (3 * RATE,)
    assert result.input_audio is None
    thirds = [level_db(x - x.mean()) for x in np.split(result.audio, 3)]
    assert thirds[2] - thirds[0] > 20
    assert np.mean(result.audio) == pytest.approx(0.003, abs=1e-3)
    sound = hits(1.0)
    both = ColumnTransfer(toy_instrument(), curves=curves(spectral_centroid_hz=[(0, 7000)]))(
        sound, RATE
    )
    assert both.audio.shape == sound.shape
    assert both.report.lines() == [
        "from the sound: loudness_db", "from the curves: spectral_centroid_hz"
    ]  # fmt: skip
    assert np.mean(both.audio[1000:-1000]) == pytest.approx(0.007, abs=1e-3)


def test_blocks_give_what_the_whole_gives():
    drawn = curves(loudness_db=[(0, -60), (2, -10)], spectral_centroid_hz=[(0, 100), (2, 5000)])
    whole, blocks = (
        ColumnTransfer(toy_instrument(), curves=drawn, chunk_s=chunk_s)().audio
        for chunk_s in (10.0, 0.1)
    )
    np.testing.assert_allclose(blocks, whole, atol=1e-6)


def test_a_long_output_takes_the_memory_of_its_frames_alone(tmp_path):
    peaks = []
    for seconds in (1, 150, 300):
        drawn = curves(loudness_db=[(0, -40), (seconds, -10)], spectral_centroid_hz=[(0, 100)])
        transfer = ColumnTransfer(toy_instrument(), curves=drawn)
        tracemalloc.start()
        transfer.transfer_file(None, tmp_path / f"{seconds}.wav")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert soundfile.info(tmp_path / "300.wav").frames == 300 * RATE
    # The sound alone would be 9.6 MB more, as float32.
    assert peaks[2] - peaks[1] < 4e6


def test_an_instrument_of_melodies_plays_curves_too():
    instrument = following_instrument()
    drawn = curves(f0_hz=[(0, 440)], loudness_db=[(0, -20), (1, -20)])
    audio = ColumnTransfer(instrument, curves=drawn)().audio
    spectrum = np.abs(np.fft.rfft(audio))
    assert abs(np.argmax(spectrum) - 440) <= 1
    assert instrument.model.takes_melodies
    assert not toy_instrument().model.takes_melodies


def test_a_melody_out_of_all_hearing_is_refused():
    instrument = following_instrument()
    for wrong in ({"f0_hz": [(0, 50000)]}, {"loudness_db": [(0, 20000)]}):
        drawn = curves(**{"f0_hz": [(0, 440)], "loudness_db": [(0, -20), (1, -20)], **wrong})
        with pytest.raises(ArgumentError, match="should be"):
            ColumnTransfer(instrument, curves=drawn)


def test_a_curve_that_lacks_is_named():
    transfer = ColumnTransfer(toy_instrument(), curves=curves(loudness_db=[(0, -60), (3, -20)]))
    with pytest.raises(ArgumentError, match="lacks `spectral_centroid_hz`, which the model takes"):
        transfer()
    with pytest.raises(ArgumentError, match="Give a sound, or curves, or both"):
        ColumnTransfer(toy_instrument())()


@pytest.mark.parametrize(
    ("points", "message"),
    [
        ({"f0_hz": [(0, 440)]}, "has `f0_hz`, which is no curve that the model takes. It takes"),
        ({"loudness_db": [(0, -20), (1.5, 6)]}, "at 1.5 s: `loudness_db` should be from -80 to 0"),
    ],
)
def test_curves_that_the_model_does_not_take(points, message):
    with pytest.raises(ArgumentError, match=message):
        ColumnTransfer(toy_instrument(), curves=curves(**points))


def test_curves_too_short_for_a_frame():
    drawn = curves(loudness_db=[(0, -60)], spectral_centroid_hz=[(0, 100)])
    with pytest.raises(ArgumentError, match=r"should last a frame at least \(0.004 s\)"):
        ColumnTransfer(toy_instrument(), curves=drawn)()


@pytest.mark.parametrize(
    ("name", "signal", "message"),
    [
        ("notes", Signal("notes", 5), "`ddsp-tf render`"),
        ("dry", Signal("samples"), "`ddsp-tf process`"),
        ("wetness", Signal("frames"), "Draw it as a curve"),
        ("mel_db", Signal("frames", 3), "no extractor makes"),
    ],
)
def test_what_a_model_takes_that_no_sound_has_is_named(name, signal, message):
    with pytest.raises(ModelError, match=f"takes `{name}`") as caught:
        ColumnTransfer(toy_instrument(**{name: signal}))
    assert message in str(caught.value)


def test_an_input_with_a_default_may_be_left_out():
    instrument = toy_instrument(amount=Signal("value", low=0.0, high=1.0, default=0.5))
    assert ColumnTransfer(instrument)(hits(0.5), RATE).audio.shape == (8000,)
