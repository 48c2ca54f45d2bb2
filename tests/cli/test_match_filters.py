"""`ddsp-tf match` with a model that designs filters, as a user runs it."""

import json

import numpy as np
import pytest
import soundfile
from scipy import signal

RATE = 44100


@pytest.fixture
def responses(tmp_path):
    folder = tmp_path / "responses"
    folder.mkdir()
    frequency = np.linspace(0, 24000, 100)
    rows = "\n".join(f"{hz},{db}" for hz, db in zip(frequency, -frequency / 3000, strict=True))
    (folder / "tilt.csv").write_text(f"frequency_hz,magnitude_db\n{rows}\n")
    sos = signal.butter(2, 4000, fs=RATE, output="sos")
    impulse = signal.sosfilt(sos, np.eye(1, 500)[0])
    soundfile.write(folder / "dark.wav", impulse, RATE, subtype="FLOAT")
    return folder


def test_sections_and_pictures_are_written(run, responses, tmp_path):
    found = tmp_path / "found"
    done = run("match", "iirnet", responses, "-o", found, "--steps", 20)
    assert done.exit_code == 0, done.stderr
    assert "by the network alone" in done.stdout
    for name, rate in (("tilt", 48000), ("dark", RATE)):
        written = json.loads((found / f"{name}.json").read_text())
        assert written["sample_rate"] == rate
        sos = np.array(written["sos"])
        response = signal.freqz_sos(sos, [0, 1000], fs=rate)[1]
        assert abs(20 * np.log10(np.abs(response[1] / response[0]))) < 1.5
        assert np.max(np.abs(signal.sos2zpk(sos)[1])) < 1.0
        assert (found / f"{name}.png").stat().st_size > 5000
    assert not (found / "dark.wav").exists()
    again = run("match", "iirnet", responses, "-o", found)
    assert again.exit_code == 1
    assert "exists" in again.stderr


@pytest.mark.slow
def test_a_gin_file_starts_from_the_shipped_network(run, responses, tmp_path):
    steps = ("--steps", 0, "--sample-rate", 32000)
    for number, model in enumerate(("iirnet", "papers/colonel2022/design.gin")):
        done = run("match", model, responses / "tilt.csv", "-o", tmp_path / str(number), *steps)
        assert done.exit_code == 0, done.stderr
    first, second = (json.loads((tmp_path / n / "tilt.json").read_text()) for n in "01")
    assert first["sample_rate"] == 32000
    assert first["sos"] == second["sos"]


def test_what_is_wrong_is_said(run, responses, tmp_path):
    (responses / "bad.csv").write_text("0,1\n-5,2\n")
    done = run("match", "iirnet", responses, "-o", tmp_path / "found", "--steps", 0)
    assert done.exit_code == 1
    assert "rise from point to point. Received -5 after 0" in done.stderr
    assert (tmp_path / "found" / "tilt.json").exists()
    done = run("match", "iirnet", responses, "-o", tmp_path, "--dry", responses / "dark.wav")
    assert done.exit_code == 2
    assert "are for sounds; this MODEL designs filters" in done.stderr
    done = run("match", "violin", responses / "dark.wav", "-o", tmp_path, "--sample-rate", 8000)
    assert done.exit_code == 2
    assert "is for a MODEL that designs filters" in done.stderr


def test_other_commands_know_what_it_is(run, responses, tmp_path):
    seen = run("inspect", "iirnet")
    assert seen.exit_code == 0, seen.stderr
    assert "random filters of six families" in seen.stdout
    played = run("transfer", "iirnet", responses / "dark.wav", "-o", tmp_path / "out")
    assert played.exit_code != 0
    assert "takes `magnitude_db`, which no extractor makes of a sound" in played.stderr
    exported = run("export", "iirnet", "-o", tmp_path / "exported")
    assert exported.exit_code != 0
    assert "`IirNet` makes no sound, but magnitude_db, sections" in exported.stderr
