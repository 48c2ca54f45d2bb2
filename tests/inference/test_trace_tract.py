"""Vocal tracts traced: known formants, bad input, and the command's files."""

import json

import numpy as np
import pytest
import soundfile
import tensorflow as tf
from click.testing import CliRunner

from ddsp_tf import config, dsp
from ddsp_tf.cli.match import command
from ddsp_tf.dsp.inverse_filtering import inverse_filters
from ddsp_tf.errors import ArgumentError, AudioFileError
from ddsp_tf.inference import can_trace_tracts, trace_tract
from ddsp_tf.models import Parametric
from ddsp_tf.processors import GlottalSource, Harmonic, ProcessorGroup, VocalTract

RATE, HOP = 16000, 256
PAPER = "papers/sudholt2023/tract.gin"


def _model(n_sections=44):
    rates = {"sample_rate": RATE, "hop_length": HOP}
    group = ProcessorGroup(
        dag=[
            (GlottalSource(scale=False, **rates), ["amplitudes", "r_d", "f0_hz"]),
            (VocalTract(n_sections=n_sections, **rates), ["glottal_source/signal", "diameters"]),
        ]
    )
    return Parametric(processor_group=group, columns=group.input_names)


def _vowel(formants=(730.0, 1090.0, 2440.0), n_frames=12, r_d=1.0):
    from scipy import signal

    one = np.ones([1, n_frames, 1], np.float32)
    source = GlottalSource(scale=False, sample_rate=RATE, hop_length=HOP)
    audio = source({"amplitudes": 0.1 * one, "r_d": r_d * one, "f0_hz": 110 * one}).numpy()[0]
    for hz in (*formants, 3500.0):
        radius = np.exp(-np.pi * 90 / RATE)
        poles = [1, -2 * radius * np.cos(2 * np.pi * hz / RATE), radius**2]
        audio = signal.lfilter([np.sum(poles)], poles, audio)
    return audio


def test_only_a_glottis_with_a_tube_is_traced():
    names = ["amplitudes", "harmonic_distribution", "f0_hz"]
    other = Parametric(processor_group=ProcessorGroup(dag=[(Harmonic(n_harmonics=2), names)]))
    assert can_trace_tracts(_model(4))
    assert not can_trace_tracts(other)
    with pytest.raises(ArgumentError, match=r"tract\.gin"):
        trace_tract(other, _vowel())


def test_no_voice_is_refused_by_name():
    audio = _vowel()
    with pytest.raises(AudioFileError, match="unvoiced throughout"):
        trace_tract(_model(4), audio, f0_hz=np.zeros(12))
    with pytest.raises(AudioFileError):
        trace_tract(_model(4), np.zeros(6000), f0_hz=np.full(24, 110.0))
    with pytest.raises(ArgumentError, match=r"should be \[12\]"):
        trace_tract(_model(4), audio, f0_hz=np.full(9, 110.0))


def test_inverse_filtering_finds_the_tract_s_formants():
    piece = _vowel()[1024:2048]
    tract = inverse_filters(piece, tract_order=18).tract
    found = dsp.formants_of_lpc(tract, sample_rate=RATE)
    for hz in (730, 1090, 2440):
        assert np.min(np.abs(found / hz - 1)) < 0.06


@pytest.mark.slow
def test_vowels_formants_are_found_from_the_neutral_tube(tmp_path):
    """The first, and others whose second or third formant is weak: 30 dB and more."""
    vowels = [(530, 1840, 2480), (730, 1090, 2440), (570, 840, 2410), (300, 870, 2240)]
    audio = _vowel(vowels[0])
    f0_hz = np.full(12, 110.0)
    f0_hz[[0, -1]] = 0.0
    whole = np.concatenate([_vowel(formants) for formants in vowels])
    model = config.parse([PAPER]).build_model()
    found = trace_tract(model, whole, f0_hz=np.tile(f0_hz, len(vowels)))
    for formants, rows in zip(vowels, np.split(found.formants_hz, len(vowels)), strict=True):
        np.testing.assert_allclose(np.nanmedian(rows, axis=0), formants, rtol=0.07)
    assert found.loss[1] < 0.25 * found.loss[0]
    soundfile.write(tmp_path / "vowel.wav", np.tile(audio, 2), RATE)
    given = [PAPER, str(tmp_path / "vowel.wav"), "-o", str(tmp_path / "found"), "--steps", "2"]
    done = CliRunner().invoke(command, given, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    written = json.loads((tmp_path / "found" / "vowel.json").read_text())
    assert len(written["areas_cm2"]) == 24
    for suffix in ("png", "wav"):
        assert (tmp_path / "found" / f"vowel.{suffix}").stat().st_size > 1000
    assert tf.io.gfile.isdir(str(tmp_path / "found" / "vowel.model"))
