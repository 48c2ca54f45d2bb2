"""Filters designed for responses: what is read, what is written, and how near it comes."""

import json

import numpy as np
import pytest
import soundfile
from scipy import signal

from ddsp_tf import dsp
from ddsp_tf.errors import ArgumentError, AudioFileError
from ddsp_tf.inference import MagnitudeResponse, design_filter, refine_roots
from ddsp_tf.models import IirNet, Instrument, find_instrument, list_filter_designers

RATE = 44100


@pytest.fixture(scope="module")
def shipped():
    return Instrument.load("iirnet").model


def scipy_db(design):
    response = signal.freqz_sos(design.sos(), design.frequency_hz, fs=design.sample_rate)[1]
    return 20 * np.log10(np.abs(response))


def table(tmp_path, text):
    path = tmp_path / "response.csv"
    path.write_text(text)
    return MagnitudeResponse.read(path)


@pytest.mark.parametrize(
    "text",
    [
        "frequency_hz,magnitude_db\n0,0\n1000,-10\n",
        "magnitude_db;other;frequency_hz\n0;7;0\n-10;7;1000\n",
        "# measured\n0\t0\t3\n\n1000\t-10\t4\n",
        "\ufeff0, 0\n1e3, -10.0",
    ],
)
def test_tables_are_read(tmp_path, text):
    read = table(tmp_path, text)
    np.testing.assert_allclose(read.sampled(5, sample_rate=2000), [0, -2.5, -5, -7.5, -10])
    np.testing.assert_allclose(read.sampled(3, sample_rate=8000), [0, -10, -10])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "csv` is empty"),
        ("100,1\n", "two lines of numbers or more. It has 1"),
        ("hz,db\n0,1\n2,3\n", "should have the columns `frequency_hz` and `magnitude_db`.*`hz,db`"),
        ("100,0\n90,1\n", "point 2: `frequency_hz` should be 0 or more and rise.*90 after 100"),
        ("100,0\n100,1\n", "point 2: .* rise"),
        ("-1,0\n100,1\n", "point 1: `frequency_hz` should be 0 or more.* Received -1"),
        ("0,0\n1,nan\n", "line 2: `magnitude_db` should be a number. Received 'nan'"),
        ("0,0\n1\n", "line 2: `magnitude_db` should be a number. Received ''"),
        ("# x\nfrequency_hz,magnitude_db\n0,0\n1,-inf\n", "line 4: `magnitude_db`"),
        ("0,0\n1,1e6\n", "within 1000 dB up or down. Received 1e"),
    ],
)
def test_tables_that_are_none_are_refused(tmp_path, text, message):
    with pytest.raises(ArgumentError, match=message):
        table(tmp_path, text)


def test_nan_is_refused_and_frequencies_beyond_the_rate():
    with pytest.raises(ArgumentError, match="point 2: `magnitude_db` should be a number"):
        MagnitudeResponse(np.array([0.0, 1.0]), np.array([0.0, np.nan]))
    high = MagnitudeResponse(np.array([30000.0, 40000.0]), np.array([0.0, 1.0]))
    with pytest.raises(
        ArgumentError, match="begins at 30000 Hz, and half the sample rate is 24000"
    ):
        design_filter(IirNet(channels=8), high)


@pytest.mark.parametrize("n_samples", [300, 1022, 1500, 50_000])
def test_an_impulse_response_has_scipys_response(tmp_path, n_samples):
    sos = signal.butter(4, [500, 4000], "bandpass", fs=RATE, output="sos")
    impulse = signal.sosfilt(sos, np.eye(1, n_samples)[0])
    soundfile.write(tmp_path / "cabinet.wav", impulse, RATE, subtype="FLOAT")
    read = MagnitudeResponse.read(tmp_path / "cabinet.wav")
    assert read.sample_rate == RATE
    assert read.frequency_hz[-1] == RATE / 2
    response = signal.freqz(impulse, worN=read.frequency_hz, fs=RATE)[1]
    wanted = 20 * np.log10(np.abs(response) + 1e-9)
    band = wanted > -30.0
    # What is longer than 1,022 samples is smoothed over what lies between two points.
    error = np.max(np.abs(read.magnitude_db - wanted)[band])
    assert error < (1e-3 if n_samples < 1023 else 1.0)


def test_silence_is_no_impulse_response():
    with pytest.raises(AudioFileError, match="is silent"):
        MagnitudeResponse.of_impulse_response(np.zeros(100), RATE)


def test_the_shipped_network_designs(shipped):
    assert list_filter_designers() == ["iirnet"]
    frequency = np.linspace(0, 24000, 200)
    bell = 8 * np.exp(-(((frequency - 6000) / 2000) ** 2)) - frequency / 4000
    response = MagnitudeResponse(frequency, bell)
    alone = design_filter(shipped, response)
    refined = design_filter(shipped, response, n_steps=100)
    assert alone.n_steps == 0
    assert alone.error_db == pytest.approx(alone.start_error_db, abs=0.01)
    assert alone.error_db < 1.5
    assert refined.error_db < 0.5 * alone.error_db
    for design in (alone, refined):
        np.testing.assert_allclose(scipy_db(design), design.magnitude_db, atol=1e-6)
        assert design.largest_radius < 1.0
        z, p, _ = signal.sos2zpk(design.sos())
        assert max(np.abs(p)) < 1.0
        assert max(np.abs(z)) < 1.0
    written = json.loads(json.dumps(refined.to_dict()))
    np.testing.assert_array_equal(written["sos"], refined.sos())
    assert written["sections"][2]["a"] == [1.0, *refined.sections[2, 3:]]


def test_every_pole_of_the_shipped_network_is_inside_for_ten_thousand_inputs(shipped):
    random = np.random.default_rng(0)
    drawn = random.normal(0.0, 20.0, [5000, 512])
    walks = np.cumsum(random.normal(0.0, 3.0, [5000, 512]), axis=-1)
    raw = shipped.roots(shipped.limited(np.concatenate([drawn, walks])[np.newaxis]))
    # At two points the responses cost nothing, and the sections are the same but for their gain.
    sections = dsp.design_poles_and_zeros(raw, np.zeros([1, 10_000, 2])).sections().numpy()
    a1, a2 = np.moveaxis(sections.reshape(-1, 5)[:, 3:], -1, 0)
    assert np.all(np.abs(a2) < 1)
    assert np.all(np.abs(a1) < 1 + a2)


def test_the_shipped_network_is_small_and_says_what_it_is():
    folder = find_instrument("iirnet")
    assert sum(file.stat().st_size for file in folder.iterdir()) < 4_000_000
    metadata = Instrument.load("iirnet").metadata
    assert metadata["licence"] == "CC0 1.0"
    assert "generated" in metadata["training_data"]


def test_refinement_finds_a_filter_of_its_own_form_and_harms_none():
    random = np.random.default_rng(4)
    known = random.normal(0.0, 0.5, [3, 2, 4])
    target = dsp.design_poles_and_zeros(known, np.zeros([3, 64])).magnitude_db.numpy()
    near = refine_roots(known + 0.02 * random.normal(size=known.shape), target, n_steps=150)
    error = dsp.design_poles_and_zeros(near, target.astype(np.float32)).magnitude_db - target
    assert np.max(np.abs(error)) < 0.1
    there = refine_roots(known, target, n_steps=3, learning_rate=1.0)
    np.testing.assert_allclose(there, known, atol=1e-6)


def test_a_model_of_sound_designs_nothing():
    flat = MagnitudeResponse(np.array([0.0, 1.0]), np.zeros(2))
    with pytest.raises(ArgumentError, match="`object` designs no filters"):
        design_filter(object(), flat)
    with pytest.raises(ArgumentError, match="`n_steps` 0 or more"):
        design_filter(IirNet(channels=8), flat, n_steps=-1)


@pytest.mark.slow
def test_it_beats_yule_walker_and_descent_from_random_starts(shipped):
    random = np.random.default_rng(11)
    drawn = [dsp.random_filters(random, family, 10) for family in dsp.FILTER_FAMILIES]
    wanted = dsp.sections_magnitude_db(np.concatenate(drawn), n_points=512)

    def error(sections):
        designed = dsp.sections_magnitude_db(sections, n_points=512)
        return np.mean(np.sqrt(np.mean((designed - wanted) ** 2, axis=-1)))

    def refined(raw, n_steps, rate):
        raw = refine_roots(raw, wanted, n_steps=n_steps, learning_rate=rate)
        return error(dsp.design_poles_and_zeros(raw, wanted).sections().numpy())

    raw = shipped.roots(shipped.limited(wanted)[np.newaxis])[0].numpy()
    alone = error(dsp.design_poles_and_zeros(raw, wanted).sections().numpy())
    with_steps = refined(raw, 1000, 0.05)
    from_anywhere = refined(random.normal(size=raw.shape), 1000, 0.1)
    assert with_steps < from_anywhere < alone < error(dsp.yule_walker_sections(wanted))
