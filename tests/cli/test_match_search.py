"""`ddsp-tf match` without gradients: methods, going on, and presets of others."""

import json

import numpy as np
import pytest
import soundfile

GIN = """from __gin__ import dynamic_registration
from ddsp_tf import losses
from ddsp_tf import models
from ddsp_tf import processors
from ddsp_tf import training
training.train.model = @models.Parametric()
training.train.objective = @losses.Compare()
losses.Compare.loss = @losses.SpectralLoss()
losses.SpectralLoss.fft_lengths = (512, 64)
models.Parametric.processor_group = @processors.ProcessorGroup()
processors.ProcessorGroup.dag = [
    (@processors.Adsr(), ["f0_hz", "note_s"]),
    (@processors.SawSquare(), ["f0_hz", "adsr/signal", "adsr/signal", "amplitude"]),
]
processors.Adsr:
  sample_rate = 8000
  hop_length = 80
processors.SawSquare:
  n_harmonics = 3
  sample_rate = 8000
  hop_length = 80
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "tone.gin").write_text(GIN)
    t = np.arange(3200) / 8000
    soundfile.write(tmp_path / "a.wav", 0.3 * np.sin(2 * np.pi * 440 * t) * np.exp(-9 * t), 8000)
    soundfile.write(tmp_path / "silent.wav", np.zeros(3200), 8000)
    soundfile.write(tmp_path / "long.wav", np.tile(0.1 * np.sin(t * 900), 30), 8000)
    return tmp_path


@pytest.mark.slow
def test_a_method_is_chosen_and_bad_sounds_are_told(run, folder):
    sounds = (folder / "a.wav", folder / "silent.wav", folder / "long.wav")
    about = ("-o", folder / "found", "--method", "ga", "--evaluations", "80", "--seed", "2")
    done = run("match", folder / "tone.gin", *sounds, *about)
    assert done.exit_code == 1
    assert "silent.wav" in done.stderr
    assert "may have 8 s" in done.stderr
    written = json.loads((folder / "found/a.json").read_text())
    assert (written["method"], written["n_steps"], written["seed"]) == ("ga", 0, 2)
    assert written["parameters"]["f0_hz"]["unit"] == "Hz"
    assert not (folder / "found/a.search").exists()


@pytest.mark.slow
def test_a_preset_is_begun_with_and_that_of_another_refused(run, folder):
    preset = {
        "parameters": {
            "f0_hz": {"value": 440.0},
            "note_s": {"value": 0.2},
            "amplitude": {"value": 0.3},
        }
    }
    (folder / "own.json").write_text(json.dumps(preset))
    (folder / "other.json").write_text(json.dumps({"parameters": {"cutoff": {"value": 1.0}}}))
    base = ("match", folder / "tone.gin", folder / "a.wav", "-o", folder / "found", "--steps", "1")
    done = run(*base, "--start-from", folder / "own.json")
    assert done.exit_code == 0, done.stderr
    found = json.loads((folder / "found/a.json").read_text())["parameters"]
    assert found["f0_hz"]["value"] == pytest.approx(440.0, rel=0.2)
    done = run(*base, "--start-from", folder / "other.json")
    assert done.exit_code == 2
    assert "of another synthesiser: it lacks amplitude, f0_hz, note_s and has cutoff" in done.stderr


@pytest.mark.slow
def test_a_search_of_other_settings_is_refused(run, folder):
    from ddsp_tf.inference.search import SearchFile

    (folder / "found").mkdir()
    SearchFile(folder / "found/a.search", {"method": "de"}).write({})
    base = ("match", folder / "tone.gin", folder / "a.wav", "-o", folder / "found")
    done = run(*base, "--method", "ga", "--evaluations", "40", "--resume")
    assert done.exit_code == 1
    assert "made with other settings" in done.stderr
    done = run(*base, "--method", "ga", "--steps", "3")
    assert done.exit_code == 2
    assert "--method ga+adam" in done.stderr
    assert run(*base, "--evaluations", "3").exit_code == 2
