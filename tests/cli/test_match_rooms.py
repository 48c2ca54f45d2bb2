"""`ddsp-tf match` with a model that hears rooms, as a user runs it."""

import json

import numpy as np
import pytest
import soundfile

from ddsp_tf.inference import find_room
from ddsp_tf.models import Instrument, list_effects

RATE = 16000
BANDS = np.array([125.0, 250.0, 500.0, 1000.0, 2000.0, 4000.0])
SMALL = """from __gin__ import dynamic_registration
from ddsp_tf import models
from ddsp_tf import processors
from ddsp_tf import training
training.train.model = @models.Room()
models.Room:
  processor_group = @processors.ProcessorGroup()
  hop_length = 64
processors.ProcessorGroup.dag = [
    (@processors.FilteredVelvetNoise(), ["audio", "t60_s", "gains_db", "spread", "early_percent"]),
]
processors.FilteredVelvetNoise:
  sample_rate = 16000
  n_segments = 8
  add_dry = False
"""


def syllables(t60_s: float, seconds: float = 9.0) -> np.ndarray:
    """Bursts of noise whose pitch-like colour changes, with pauses, in a room of one decay."""
    random = np.random.default_rng(0)
    dry = np.zeros(round(seconds * RATE))
    at = 0
    while at < len(dry) - RATE:
        length = int(random.uniform(0.08, 0.25) * RATE)
        burst = random.standard_normal(length) * np.hanning(length) ** 0.5
        dry[at : at + length] += random.uniform(0.3, 1.0) * burst
        at += length + int(random.uniform(0.02, 0.7) * RATE)
    t = np.arange(round(1.2 * t60_s * RATE)) / RATE
    response = 0.03 * random.standard_normal(len(t)) * 10 ** (-3 * t / t60_s)
    response[0] = 1.0
    length = 1 << (len(dry) + len(t)).bit_length()
    wet = np.fft.irfft(np.fft.rfft(dry, length) * np.fft.rfft(response, length), length)
    return 0.5 * wet[: len(dry)] / np.max(np.abs(wet))


def test_the_shipped_network_tells_rooms_from_each_other() -> None:
    assert "reverb" in list_effects()
    estimator = Instrument.load("reverb").model
    for t60 in (0.4, 2.0):
        said = estimator({"audio": syllables(t60)[np.newaxis, : 8 * RATE].astype(np.float32)})
        middle = float(np.mean(np.asarray(said["t60_s"])[0, 2:5]))
        assert middle == pytest.approx(t60, rel=0.35)


@pytest.mark.slow
def test_a_room_is_written_that_plays(run, tmp_path):
    (tmp_path / "room.gin").write_text(SMALL)
    soundfile.write(tmp_path / "hall.wav", syllables(0.5), RATE)
    soundfile.write(tmp_path / "short.wav", np.full(1000, 0.1), RATE)
    found = tmp_path / "found"
    sounds = (tmp_path / "hall.wav", tmp_path / "short.wav")
    done = run("match", "reverb", *sounds, "-o", found, "--room", tmp_path / "room.gin")
    assert done.exit_code == 1
    assert "1000 Hz: T60 0." in done.stdout
    assert "short.wav`: `audio` should be [n_samples], 1 s at least" in done.stderr
    written = json.loads((found / "hall.json").read_text())
    assert written["heard"]["bands_hz"] == BANDS.tolist()
    assert set(written["parameters"]) == {"t60_s", "gains_db", "spread", "early_percent"}
    response, rate = soundfile.read(found / "hall.wav")
    assert rate == RATE
    assert np.argmax(np.abs(response)) == 0
    assert (found / "hall.png").stat().st_size > 5000
    played = run("process", found / "hall.model", tmp_path / "short.wav", "-o", tmp_path / "out")
    assert played.exit_code == 0, played.stderr
    assert soundfile.info(tmp_path / "out" / "short.wav").frames > 1000
    again = run("match", "reverb", tmp_path / "hall.wav", "-o", found)
    assert again.exit_code == 1
    assert "exists" in again.stderr


def test_what_is_wrong_is_said(run, tmp_path):
    soundfile.write(tmp_path / "hall.wav", syllables(0.5, 3.0), RATE)
    for arguments, message in (
        (("reverb", "--steps", 3), "this MODEL hears rooms"),
        (("papers/lee2022/fvn.gin", "--room", "room.gin"), "--room is for a MODEL that hears"),
    ):
        model, *options = arguments
        done = run("match", model, tmp_path / "hall.wav", "-o", tmp_path / "found", *options)
        assert done.exit_code == 2
        assert message in done.stderr
    assert not (tmp_path / "found").exists()
    done = run("process", "reverb", tmp_path / "hall.wav", "-o", tmp_path / "out")
    assert done.exit_code == 2
    assert "hears rooms and makes no sound" in done.stderr
    with pytest.raises(ValueError, match="hears no rooms"):
        find_room(Instrument.load("iirnet").model, syllables(0.5, 3.0))
