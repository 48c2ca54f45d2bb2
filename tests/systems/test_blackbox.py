"""Training through effects that nobody can look into, as Martinez Ramirez et al. do."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pedalboard
import pytest
import soundfile
import tensorflow as tf
from click.testing import CliRunner
from training_toys import in_settings

from ddsp_tf import config
from ddsp_tf.black_boxes.numpy_compressor import compress
from ddsp_tf.cli.main import cli
from ddsp_tf.data import Generated
from ddsp_tf.errors import TrainingError
from ddsp_tf.features import FeatureSettings
from ddsp_tf.inference import match
from ddsp_tf.losses import Compare
from ddsp_tf.models import Parametric
from ddsp_tf.processors import BlackBox, ProcessorGroup
from ddsp_tf.training import Optimization, Trainer, train

PAPER = "papers/martinezramirez2021"
RATE = 8000
GAIN = {"gain": {"low": 0.0, "high": 2.0, "default": 0.5}}
SOUNDS = ("phrases/trumpet_jazz_phrase", "speech/sms_speech_female", "drums/loop_tabla")


def amplifier(effect: str) -> Parametric:
    box = BlackBox(f"black_box_toys.{effect}", parameters=GAIN, sample_rate=RATE, n_workers=2)
    group = ProcessorGroup(dag=[(box, ["audio", "gain"])])
    return Parametric(processor_group=group, hop_length=16)


def workers(model: Any) -> Any:
    return model.processor_group.processors[0].workers


def louder(
    random: np.random.Generator, n_frames: int, settings: FeatureSettings
) -> dict[str, np.ndarray]:
    dry = random.normal(0.0, 0.1, n_frames * settings.hop_length)
    return {"dry": dry, "audio": 1.3 * dry}


def square(target: tf.Tensor, audio: tf.Tensor) -> tf.Tensor:
    return tf.reduce_mean((target - audio) ** 2)


@pytest.fixture
def toys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the effects look for what they shall do."""
    folder = tmp_path / "toys"
    folder.mkdir()
    monkeypatch.setenv("BLACK_BOX_TOYS", str(folder))
    return folder


@pytest.mark.slow
def test_killing_a_worker_within_a_step_costs_no_step(toys: Path) -> None:
    found = []
    for kill_at in (None, 3):
        model = amplifier("crash_once")
        trainer = Trainer(model, Compare(square), Optimization(0.05))
        random = np.random.default_rng(0)
        losses, processes = [], []
        for step in range(6):
            dry = random.normal(0.0, 0.1, [3, 320]).astype(np.float32)
            if step == kill_at:
                (toys / "armed").touch()
            losses.append(float(trainer.step({"dry": dry, "audio": 1.3 * dry})["loss"]))
            processes.append(set(workers(model).process_ids))
        assert (processes[3] == processes[2]) == (kill_at is None)
        assert not (toys / "armed").exists()
        found.append((losses, [v.numpy() for group in trainer.variables().values() for v in group]))
        workers(model).close()
    np.testing.assert_array_equal(found[0][0], found[1][0])
    for one, other in zip(found[0][1], found[1][1], strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.slow
def test_a_plugin_that_keeps_crashing_ends_a_run_that_loses_nothing(
    toys: Path, tmp_path: Path
) -> None:
    def run(folder: str, *, crash_at: int | None = None, **arguments: Any) -> Any:
        def progress(status: Any) -> None:
            if status.event == "step" and status.step == crash_at:
                (toys / "crash").touch()

        model = amplifier("crash_when_told")
        features = FeatureSettings(sample_rate=RATE, hop_length=16, columns=())
        settings, others = in_settings(
            {
                "num_steps": 8,
                "batch_size": 2,
                "clip_s": 0.1,
                "learning_rate": 0.05,
                "log_every": 1,
                "validate_every": 4,
                "checkpoint_every": 100,
                "seed": 5,
            }
        )
        data = Generated(louder, features=features, eval_seconds=1.0)
        try:
            train(
                model,
                Compare(square),
                data=data,
                run=tmp_path / folder,
                progress=progress,
                **settings,
                **others,
                **arguments,
            )
        finally:
            workers(model).close()
        return model.parameters()["gain"][0]

    whole = run("whole")
    message = (
        r"^The black box `black_box_toys\.crash_when_told` failed, and again in a new process: its "
        r"process was ended by SIGKILL.* The 6 steps before are saved: --resume goes on from there"
    )
    with pytest.raises(TrainingError, match=message):
        run("crashed", crash_at=6)
    (toys / "crash").unlink()
    assert run("crashed", resume=True) == whole
    losses = [
        [row["loss"] for row in map(json.loads, file.read_text().splitlines()) if "loss" in row]
        for file in (tmp_path / "whole/metrics.jsonl", tmp_path / "crashed/metrics.jsonl")
    ]
    assert len(losses[0]) == 8
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["numpy_compressor", "plugin"])
def test_settings_are_found_and_the_loss_falls(name: str, recordings: Path) -> None:
    dry, rate = soundfile.read(recordings / "fx_pairs" / "egfx_07_dry.flac", dtype="float32")
    dry *= 0.5 / np.max(np.abs(dry))
    known = {"threshold_db": -34.0, "ratio": 6.0}
    if name == "plugin":
        board = pedalboard.Pedalboard(
            [pedalboard.Gain(6.0), pedalboard.Compressor(**known), pedalboard.Limiter(-8.0)]
        )
        wet = board(dry[np.newaxis], rate)[0]
    else:
        wet = compress(dry[:, np.newaxis], rate, {**known, "gain_db": 6.0})[:, 0]
    parametric = "train.model=@models.Parametric()"
    bindings = [f"SAMPLE_RATE={rate}", f"HOP_LENGTH={rate // 225}", parametric]
    parsed = config.parse([f"{PAPER}/{name}.gin"], bindings)
    model = parsed.build_model()
    found = match(model, wet, dry=dry, objective=parsed.build_objective(), n_steps=200)
    workers(model).close()
    assert found.loss < 0.1 * found.start_loss
    if name == "numpy_compressor":
        threshold, ratio, gain = (found.parameters[key][0] for key in (*known, "gain_db"))
        assert ratio == pytest.approx(6.0, rel=0.1)
        # All that is heard of the other two in a sound that stays above the threshold.
        level = gain / ratio + threshold * (1.0 - 1.0 / ratio)
        assert level == pytest.approx(6.0 / 6.0 - 34.0 * 5.0 / 6.0, abs=0.5)


def level_db(sound: np.ndarray) -> float:
    return float(10.0 * np.log10(np.mean(np.square(sound)) + 1e-12))


def mastered(dry: np.ndarray, rate: int) -> np.ndarray:
    """As somebody does who listens: brought to -22 dB, then squeezed and limited."""
    gain = pedalboard.Gain(-22.0 - level_db(dry))
    sound = pedalboard.Compressor(threshold_db=-28.0, ratio=4.0)(gain(dry[np.newaxis], rate), rate)
    return pedalboard.Limiter(threshold_db=-6.0)(sound, rate)[0]


@pytest.fixture
def pairs(recordings: Path, tmp_path: Path) -> Path:
    """Music, speech and drums at many levels, before and after mastering."""
    random = np.random.default_rng(0)
    for side in ("dry", "wet", "held_out"):
        (tmp_path / "pairs" / side).mkdir(parents=True)
    for name in SOUNDS:
        sound, rate = soundfile.read(recordings / f"{name}.flac", dtype="float32")
        sound = sound[: 4 * rate] / np.max(np.abs(sound))
        for number, gain_db in enumerate(random.uniform(-30.0, 0.0, 6)):
            dry = (10.0 ** (gain_db / 20.0) * sound).astype(np.float32)
            file = f"{Path(name).name}_{number}.wav"
            soundfile.write(tmp_path / "pairs/dry" / file, dry, rate, subtype="FLOAT")
            soundfile.write(
                tmp_path / "pairs/wet" / file, mastered(dry, rate), rate, subtype="FLOAT"
            )
    return tmp_path / "pairs"


def ran(*arguments: Any) -> str:
    done = CliRunner().invoke(cli, [str(argument) for argument in arguments])
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", ["mastering", "numpy_compressor"])
def test_an_encoder_learns_to_set_an_effect_for_what_it_hears(
    name: str, pairs: Path, recordings: Path, tmp_path: Path
) -> None:
    rates = ("--gin-param", "FeatureSettings.sample_rate=44100")
    rates += ("--gin-param", "FeatureSettings.hop_length=196")
    prepared = ("--workers", 1, "--gin-file", "data/effect_pairs.gin", *rates)
    ran("prepare", pairs, tmp_path / "data", *prepared)
    arguments = ("--gin-file", f"{PAPER}/{name}.gin", "--data", tmp_path / "data")
    few = ("Limits.num_steps=60", "Optimization.decay_steps=30", "Schedule.clip_s=0.5")
    few += ("Schedule.log_every=10", "Schedule.validate_every=60", "train.xla=False")
    few = tuple(word for binding in few for word in ("--gin-param", binding))
    ran("train", *arguments, "--run", tmp_path / "run", *few)
    rows = [json.loads(line) for line in (tmp_path / "run/metrics.jsonl").read_text().splitlines()]
    losses = [row["loss"] for row in rows if "loss" in row]
    assert np.mean(losses[-3:]) < 0.6 * losses[0]
    before, after = [], []
    for gain_db in (-28.0, -14.0, 0.0):
        sound, rate = soundfile.read(recordings / "speech" / "jfk.flac", dtype="float32")
        sound = 10.0 ** (gain_db / 20.0) * sound[: 4 * rate] / np.max(np.abs(sound))
        file = tmp_path / f"speech{gain_db:g}.wav"
        soundfile.write(file, np.stack([sound, 0.5 * sound], axis=1), rate, subtype="FLOAT")
        ran("process", tmp_path / "run", file, "-o", tmp_path / "out")
        before.append(level_db(soundfile.read(file)[0][:, 0]))
        treated = soundfile.read(tmp_path / "out" / file.name)[0]
        assert treated.shape[1] == 2
        after.append(level_db(treated[:, 0]))
    # A speaker it never heard: quiet takes come nearer to loud ones.
    assert np.ptp(after) < 0.5 * np.ptp(before)
