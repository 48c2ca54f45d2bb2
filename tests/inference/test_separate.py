"""Mixtures taken apart: what is always true, and how well two vowels and real duets come out."""

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner
from function_graphs import graphs
from midi_toys import off, on, save

from ddsp_tf.cli.separate import command
from ddsp_tf.errors import ArgumentError
from ddsp_tf.inference import separate, share_out, si_sdr_db, tune_to_sound
from ddsp_tf.models.separation.source_filter_separator import SourceFilterSeparator

RATE = 16000


def _tones(seconds=0.5):
    time = np.arange(int(seconds * RATE)) / RATE
    low = sum(np.sin(2 * np.pi * 200 * k * time) / k for k in (1, 2, 3))
    high = sum(np.sin(2 * np.pi * 330 * k * time) / k for k in (1, 2, 3))
    return 0.1 * low, 0.1 * high


def _model():
    return SourceFilterSeparator(n_units=4, fft_length=1024, hop_length=256, lowest_hz=150.0)


def _pitches(audio):
    return np.tile([200.0, 330.0], [-(-len(audio) // 256), 1])


@pytest.mark.parametrize("method", ["mask", pytest.param("model", marks=pytest.mark.slow)])
def test_voices_and_residual_sum_to_the_mixture_and_combs_part_tones(method):
    stems = _tones()
    mixture = stems[0] + stems[1]
    found = separate(_model(), mixture, RATE, _pitches(mixture), method=method, n_steps=1)
    np.testing.assert_allclose(found.stems.sum(axis=0) + found.residual, mixture, atol=1e-12)
    for stem, own in zip(found.stems, stems, strict=True):
        assert si_sdr_db(stem, own) > 15.0


@pytest.mark.slow
def test_of_what_is_taken_apart_by_masks_no_graph_stays():
    before = graphs()
    mixture = sum(_tones(0.2))
    separate(_model(), mixture, RATE, _pitches(mixture), method="mask")
    assert not graphs() - before


def test_a_known_power_is_wiener_s_share():
    audio = np.random.default_rng(0).standard_normal(4000)
    powers = np.ones([17, 2, 513]) * np.array([3.0, 1.0])[:, np.newaxis]
    rates = {"sample_rate": 22050, "powers_rate": RATE, "fft_length": 1024, "hop_length": 256}
    np.testing.assert_allclose(share_out(audio, powers, **rates)[0], 0.75 * audio, atol=1e-9)


def test_a_score_is_tuned_to_what_is_heard():
    hz = 440.0 * 2 ** (40 / 1200)
    magnitudes = np.zeros([6, 1025])
    for k in range(1, 13):
        place = k * hz * 2048 / RATE
        bins = np.arange(1025)
        magnitudes += np.maximum(0.0, 1.0 - np.abs(bins - place) / 2) / k
    tuned = tune_to_sound(
        np.array([[440.0]] * 5 + [[0.0]]), magnitudes, sample_rate=RATE, fft_length=2048
    )
    cents = 1200 * np.log2(tuned[:5, 0] / 440.0)
    np.testing.assert_allclose(cents, 40, atol=10.1)
    assert tuned[5, 0] == 0.0


@pytest.mark.parametrize(
    ("f0_hz", "message"),
    [
        (np.zeros([32, 2]), "without any pitch"),
        (np.full([32, 3], 100.0), "that many voices"),
        (np.full([20, 2], 100.0), "should have 32 frames"),
    ],
)
def test_pitches_that_do_not_fit_are_refused(f0_hz, message):
    with pytest.raises(ArgumentError, match=message):
        separate(_model(), np.sum(_tones(), axis=0), RATE, f0_hz)


@pytest.mark.slow
def test_the_command_writes_parts_whose_sum_is_exact(tmp_path):
    mixture = np.sum(_tones(0.4), axis=0)
    soundfile.write(tmp_path / "duet.wav", mixture, RATE, subtype="PCM_16")
    for name, hz in (("a", 200), ("b", 330)):
        (tmp_path / f"{name}.csv").write_text(f"time_s,f0_hz\n0,{hz}\n0.4,{hz}\n")
    (tmp_path / "long.csv").write_text("time_s,f0_hz\n0,200\n9,200\n")
    small = ["--gin-param", "SourceFilterSeparator.n_units=4"]
    small += ["--gin-param", "SourceFilterSeparator.lowest_hz=150.0"]

    def run(*arguments):
        given = [str(tmp_path / x) if "." in x and "=" not in x else x for x in arguments]
        return CliRunner().invoke(command, [*given, *small], catch_exceptions=False)

    out = ["-o", str(tmp_path / "parts")]
    done = run("duet.wav", "--f0", "a.csv", "b.csv", *out, "--steps", "1")
    assert done.exit_code == 0, done.output
    names = ("voice_1", "voice_2", "residual")
    parts = [soundfile.read(tmp_path / "parts" / f"{x}.wav", dtype="int32")[0] for x in names]
    original, _ = soundfile.read(tmp_path / "duet.wav", dtype="int32")
    np.testing.assert_array_equal(np.sum(parts, axis=0), original)
    assert (tmp_path / "parts" / "separation.png").stat().st_size > 1000
    assert "ends at 9.00 s" in run("duet.wav", "--f0", "a.csv", "long.csv", "-o", "x").output
    assert run("duet.wav", "-o", "x").exit_code == 2
    assert "exists" in run("duet.wav", "--f0", "a.csv", "b.csv", *out).output


def _vowel(f0_hz, formants, seed):
    from scipy import signal

    time = np.arange(2 * RATE) / RATE
    track = f0_hz * (1 + 0.015 * np.sin(2 * np.pi * 5 * time + seed))
    turns = np.cumsum(track) / RATE
    audio = sum(np.sin(2 * np.pi * k * turns) / k for k in range(1, int(7500 / f0_hz)))
    for hz in formants:
        radius = np.exp(-np.pi * 100 / RATE)
        poles = [1, -2 * radius * np.cos(2 * np.pi * hz / RATE), radius**2]
        audio = signal.lfilter([1 - radius], poles, audio)
    return 0.1 * audio / np.std(audio), track[::256]


@pytest.mark.slow
def test_two_vowels_come_out_8_db_clearer():
    import keras

    voices = [_vowel(131, (730, 1090, 2440), 0), _vowel(196, (270, 2290, 3010), 1)]
    stems = [audio for audio, _ in voices]
    mixture = np.sum(stems, axis=0)
    keras.utils.set_random_seed(0)
    model = SourceFilterSeparator(n_units=32, hop_length=256)
    f0_hz = np.stack([track for _, track in voices], axis=-1)
    found = separate(model, mixture, RATE, f0_hz, n_steps=60)
    for stem, own in zip(found.stems, stems, strict=True):
        assert si_sdr_db(stem, own) - si_sdr_db(mixture, own) > 8.0


def test_scores_say_what_each_voice_plays(tmp_path):
    stems = _tones(1.0)
    soundfile.write(tmp_path / "duet.wav", stems[0] + stems[1], RATE, subtype="FLOAT")
    # 200 Hz is 35 cents above the lower key: scores are tuned to what is heard.
    for name, key in (("low", 55), ("high", 64)):
        save(tmp_path / f"{name}.mid", [on(key), off(key, 960)])
    scores = [str(tmp_path / f"{name}.mid") for name in ("low", "high")]
    arguments = ["--scores", *scores, "--method", "mask", "-o", str(tmp_path / "parts")]
    result = CliRunner().invoke(command, [str(tmp_path / "duet.wav"), *arguments])
    assert result.exit_code == 0, result.output
    for i, own in enumerate(stems):
        stem, rate = soundfile.read(tmp_path / "parts" / f"voice_{i + 1}.wav")
        assert rate == RATE
        assert si_sdr_db(stem, own) > 12.0
