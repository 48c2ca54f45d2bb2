"""`ddsp-tf process` and `ddsp-tf match` as a user runs them."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile
from cli_toys import Run

RATE = 16000
GIN = """
from __gin__ import dynamic_registration
from ddsp_tf import losses
from ddsp_tf import models
from ddsp_tf import processors
from ddsp_tf import training

training.train.model = @models.Parametric()
training.train.objective = @losses.Compare()
losses.Compare.loss = @losses.SpectralLoss()
losses.SpectralLoss.fft_lengths = [256, 64]
models.Parametric:
  processor_group = @processors.ProcessorGroup()
  sample_rate = 16000
  hop_length = 64
processors.ProcessorGroup.dag = [(@processors.DryWet(), ["audio", "wet"])]
processors.DryWet.effect = @processors.Reverb()
processors.Reverb.impulse_response_length = 400
processors.Reverb.initial_scale = 0.05
"""


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from ddsp_tf import config
    from ddsp_tf.features import FeatureSettings
    from ddsp_tf.models import Instrument

    folder = tmp_path_factory.mktemp("effects")
    (folder / "room.gin").write_text(GIN)
    model = config.parse([str(folder / "room.gin")]).build_model()
    Instrument(model, FeatureSettings(columns=())).save(folder / "room")
    noise = 0.1 * np.random.default_rng(0).standard_normal((RATE, 2))
    soundfile.write(folder / "takes.wav", noise, RATE, subtype="FLOAT")
    return folder


def test_process_treats_files_and_goes_on_after_a_bad_one(run: Run, room: Path, tmp_path: Path):
    (tmp_path / "bad.wav").write_text("no audio")
    inputs = (room / "takes.wav", tmp_path / "bad.wav")
    done = run("process", room / "room", *inputs, "-o", tmp_path / "out", "--json")
    assert done.exit_code == 1
    assert "bad.wav" in done.stderr
    treated, rate = soundfile.read(tmp_path / "out" / "takes.wav")
    assert rate == RATE
    assert treated.shape[1] == 2
    (file,) = json.loads(done.stdout)["files"]
    assert len(treated) == round(RATE * (1.0 + file["tail_s"]))


def test_process_leaves_what_is_there(run: Run, room: Path, tmp_path: Path):
    (tmp_path / "takes.wav").write_text("mine")
    done = run("process", room / "room", room / "takes.wav", "-o", tmp_path)
    assert done.exit_code == 1
    assert "--overwrite" in done.stderr
    assert (tmp_path / "takes.wav").read_text() == "mine"


def test_process_says_what_an_earlier_run_wrote(run: Run, room: Path, tmp_path: Path):
    shutil.copy(room / "takes.wav", tmp_path / "a.wav")
    assert run("process", room / "room", tmp_path, "-o", tmp_path).exit_code == 0
    again = run("process", room / "room", tmp_path, "-o", tmp_path, "--overwrite")
    assert again.exit_code == 0, again.output
    assert again.stdout.count(" -> ") == 1
    assert "Left out 1 file that an earlier run wrote, such as" in again.stderr


def test_process_names_what_a_model_lacks(run: Run, instrument: Path, room: Path, tmp_path: Path):
    done = run("process", instrument, room / "takes.wav", "-o", tmp_path)
    assert done.exit_code == 2
    assert "`Autoencoder` is no effect" in done.stderr


def test_match_writes_parameters_sound_and_picture(run: Run, room: Path, tmp_path: Path):
    run("process", room / "room", room / "takes.wav", "-o", tmp_path / "wet.wav", "--tail", 0)
    command = ("match", room / "room.gin", tmp_path / "wet.wav", "--dry", room / "takes.wav")
    done = run(*command, "-o", tmp_path / "found", "--steps", 3, "--gin-param", "DryWet.seed=1")
    assert done.exit_code == 2  # DryWet has no seed.
    assert "no parameter `seed`" in done.stderr
    done = run(*command, "-o", tmp_path / "found", "--steps", 3)
    assert done.exit_code == 0, done.stderr
    found = json.loads((tmp_path / "found" / "wet.json").read_text())
    assert 0.0 <= found["parameters"]["wet"]["value"] <= 1.0
    assert found["n_steps"] == 3
    assert (tmp_path / "found" / "wet.png").stat().st_size > 5000
    assert soundfile.info(tmp_path / "found" / "wet.wav").samplerate == RATE
    again = run(*command, "-o", tmp_path / "found", "--steps", 3)
    assert again.exit_code == 1
    assert "exists" in again.stderr


@pytest.mark.slow
def test_what_match_found_is_played_and_begun_from(run: Run, room: Path, tmp_path: Path):
    run("process", room / "room", room / "takes.wav", "-o", tmp_path / "wet.wav", "--tail", 0)
    command = ("match", room / "room.gin", tmp_path / "wet.wav", "--dry", room / "takes.wav")
    done = run(*command, "-o", tmp_path / "found", "--steps", 8, "--try", "wet=0.2,0.8")
    assert done.exit_code == 0, done.stderr
    model = tmp_path / "found" / "wet.model"
    played = run("process", model, room / "takes.wav", "-o", tmp_path / "out.wav", "--tail", 0)
    assert played.exit_code == 0, played.stderr
    found, _ = soundfile.read(tmp_path / "found" / "wet.wav")
    both, _ = soundfile.read(tmp_path / "out.wav")
    # `match` hears one channel, the mean of both.
    np.testing.assert_allclose(both.mean(axis=1), found, atol=1e-4)

    on = ("-o", tmp_path / "on", "--steps", 1)
    done = run(*command, *on, "--start-from", model, "--json")
    first = json.loads((tmp_path / "found" / "wet.json").read_text())
    (second,) = json.loads(done.stdout)["files"]
    assert second["start_loss"] == pytest.approx(first["loss"], rel=1e-3)
    done = run(*command, *on, "--try", "wet=much")
    assert done.exit_code == 2
    assert "--try should be NAME=VALUE,VALUE,... with numbers. Received 'wet=much'" in done.stderr
    longer = ("--gin-param", "Reverb.impulse_response_length=500")
    done = run(*command, *on, "--start-from", model, *longer)
    assert done.exit_code == 2
    assert "--start-from should be a model of the same parts as MODEL" in done.stderr


@pytest.mark.slow
def test_match_takes_a_delay_out(run: Run, room: Path, tmp_path: Path):
    dry, _ = soundfile.read(room / "takes.wav")
    late = np.concatenate([np.zeros((30, 2)), 0.5 * dry[:-30]])
    soundfile.write(tmp_path / "late.wav", late, RATE, subtype="FLOAT")
    command = ("match", room / "room.gin", tmp_path / "late.wav", "--dry", room / "takes.wav")
    done = run(*command, "-o", tmp_path / "as_is", "--steps", 1)
    assert "comes 30 samples later than the dry one. --align takes that out." in done.stderr
    done = run(*command, "-o", tmp_path / "moved", "--steps", 1, "--align")
    assert "comes 30 samples later than the dry one, and is moved." in done.stdout


def test_match_says_what_is_missing(run: Run, room: Path, tmp_path: Path):
    done = run("match", room / "room.gin", room / "takes.wav", "-o", tmp_path / "found")
    assert done.exit_code == 1
    assert "--dry FILE" in done.stderr
    assert not list(tmp_path.glob("found/*"))


def test_world_says_a_voice_again_by_a_track(run: Run, tmp_path: Path):
    time_s = np.arange(RATE // 2) / RATE
    buzz = 0.05 * sum(np.sin(2 * np.pi * 150 * k * time_s) for k in range(1, 20))
    soundfile.write(tmp_path / "voice.wav", buzz, RATE)
    (tmp_path / "f0.csv").write_text("time_s,f0_hz\n0,150\n0.5,150\n")
    (tmp_path / "short.csv").write_text("time_s,f0_hz\n0,150\n5,150\n")
    about = ("process", "world", tmp_path / "voice.wav", "--semitones", "3")
    done = run(*about, "-o", tmp_path / "up.wav", "--f0", tmp_path / "f0.csv", "--json")
    assert done.exit_code == 0, done.output
    (file,) = json.loads(done.stdout)["files"]
    assert file["voiced"] > 0.9
    assert len(soundfile.read(tmp_path / "up.wav")[0]) == len(buzz)
    failed = run(*about, "-o", tmp_path / "no.wav", "--f0", tmp_path / "short.csv")
    assert failed.exit_code == 1
    assert "ends at 5.00 s and the sound at 0.50 s" in failed.stderr
    assert not (tmp_path / "no.wav").exists()


def test_world_alone_moves_voices(run: Run, room: Path, tmp_path: Path):
    done = run("process", room / "room", room / "takes.wav", "-o", tmp_path, "--formants", "2")
    assert done.exit_code == 2
    assert "process with `world`" in done.stderr
