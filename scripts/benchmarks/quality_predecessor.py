"""Trains ddsp 3.7.0 for some minutes on our features, and plays the held-out recordings with it.

Runs under that library's Python, without ddsp_tf. It can be interrupted at any time and goes on
where it was; when the minutes are used up, it only plays.

Example:
    python scripts/benchmarks/quality_material.py dataset/ -o material/
    PEER/bin/python scripts/benchmarks/quality_predecessor.py material/ -o predecessor/ --minutes 25
    ddsp-tf evaluate violin --data dataset/ --compare predecessor=predecessor/audio -o evaluation/
"""

import argparse
import importlib.metadata
import json
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import peer_worker  # its stand-ins let the imports below succeed

import ddsp.training  # isort: skip
import gin
import numpy as np
import soundfile
import tensorflow as tf

SAMPLE_RATE, HOP_LENGTH, CLIP_FRAMES = peer_worker.SAMPLE_RATE, peer_worker.HOP_LENGTH, 1000
SIZES = {
    "small": (
        "RnnFcDecoder.rnn_channels=256",
        "RnnFcDecoder.ch=128",
        "RnnFcDecoder.layers_per_stack=1",
    ),
    "solo": (),
}
_SAVE_EVERY_S = 60.0
_SILENCE_DB = -80.0

Passage = dict[str, np.ndarray]


class Training:
    """A model, its optimizer, and how far they are, in a checkpoint.

    Args:
        folder: Where the checkpoint lies.
        bindings: Gin bindings beyond `models/solo_instrument.gin`.
        learning_rate: Of Adam.
    """

    def __init__(self, folder: Path, bindings: Sequence[str], learning_rate: float) -> None:
        self.model = build_model(bindings, CLIP_FRAMES)
        schedule = tf.keras.optimizers.schedules.ExponentialDecay(learning_rate, 10_000, 0.98)
        self.optimizer = tf.keras.optimizers.legacy.Adam(schedule)
        self.n_steps = tf.Variable(0, dtype=tf.int64)
        self.seconds = tf.Variable(0.0, dtype=tf.float64)
        checkpoint = tf.train.Checkpoint(
            model=self.model,
            optimizer=self.optimizer,
            n_steps=self.n_steps,
            seconds=self.seconds,
        )
        self._manager = tf.train.CheckpointManager(checkpoint, str(folder), max_to_keep=2)
        self._manager.restore_or_initialize()
        self._traced = False

    def step(self, batch: Passage) -> float:
        """Learns from a batch and counts its time, but for the one that traces the graph."""
        start = time.perf_counter()
        loss = float(self._step({name: tf.constant(value) for name, value in batch.items()}))
        if self._traced:
            self.seconds.assign_add(time.perf_counter() - start)
        self._traced = True
        self.n_steps.assign_add(1)
        return loss

    @tf.function
    def _step(self, batch: Any) -> Any:
        with tf.GradientTape() as tape:
            _, losses = self.model(batch, return_losses=True, training=True)
        weights = self.model.trainable_variables
        clipped, _ = tf.clip_by_global_norm(tape.gradient(losses["total_loss"], weights), 3.0)
        self.optimizer.apply_gradients(zip(clipped, weights, strict=True))
        return losses["total_loss"]

    def save(self) -> None:
        """Writes the checkpoint."""
        self._manager.save(checkpoint_number=int(self.n_steps))

    @property
    def latest_checkpoint(self) -> str:
        """Where the last one is."""
        return str(self._manager.latest_checkpoint)


def build_model(bindings: Sequence[str], n_frames: int) -> Any:
    """Makes the library's solo instrument for sounds of a length; f0 and loudness are as given."""
    n_samples = n_frames * HOP_LENGTH
    fixed = [
        f"F0LoudnessPreprocessor.time_steps={n_frames}",
        "F0LoudnessPreprocessor.compute_loudness=False",
        f"Harmonic.n_samples={n_samples}",
        f"FilteredNoise.n_samples={n_samples}",
    ]
    with gin.unlock_config():
        gin.clear_config()
        gin.parse_config_files_and_bindings(["models/solo_instrument.gin"], [*bindings, *fixed])
    return ddsp.training.models.get_model()


def draw_batch(passages: Sequence[Passage], *, batch_size: int, seed: int, step: int) -> Passage:
    """Draws clips of 4 s, longer passages more often; the same for the same seed and step."""
    rng = np.random.default_rng([seed, step])
    lengths = np.array([len(passage["f0_hz"]) for passage in passages])
    clips = []
    for index in rng.choice(len(passages), batch_size, p=lengths / lengths.sum()):
        start = int(rng.integers(0, max(1, lengths[index] - CLIP_FRAMES + 1)))
        clips.append(_clip(passages[index], start))
    return {name: np.stack([clip[name] for clip in clips]) for name in clips[0]}


def _clip(passage: Passage, start: int) -> Passage:
    frames = slice(start, start + CLIP_FRAMES)
    missing = max(0, CLIP_FRAMES - (len(passage["f0_hz"]) - start))
    audio = passage["audio"][start * HOP_LENGTH : (start + CLIP_FRAMES) * HOP_LENGTH]
    n_samples = CLIP_FRAMES * HOP_LENGTH
    return {
        "audio": np.pad(audio, (0, n_samples - len(audio))),
        "f0_hz": np.pad(passage["f0_hz"][frames], (0, missing), mode="edge"),
        "f0_confidence": np.pad(passage["f0_confidence"][frames], (0, missing)),
        "loudness_db": np.pad(
            passage["loudness_db"][frames], (0, missing), constant_values=_SILENCE_DB
        ),
    }


def train(training: Training, passages: Sequence[Passage], arguments: argparse.Namespace) -> None:
    """Trains until the minutes or steps are used up, saving every minute and when interrupted."""
    saved = time.monotonic()
    try:
        while (
            float(training.seconds) < 60.0 * arguments.minutes
            and int(training.n_steps) < arguments.max_steps
        ):
            step = int(training.n_steps)
            batch = draw_batch(
                passages, batch_size=arguments.batch_size, seed=arguments.seed, step=step
            )
            loss = training.step(batch)
            if step % 25 == 0 or time.monotonic() - saved > _SAVE_EVERY_S:
                minutes = float(training.seconds) / 60.0
                _say(f"step {step + 1}, {minutes:.1f} min of training, loss {loss:.2f}")
            if time.monotonic() - saved > _SAVE_EVERY_S:
                training.save()
                saved = time.monotonic()
    finally:
        training.save()


def play(checkpoint: str, bindings: Sequence[str], passage: Passage) -> np.ndarray:
    """Plays a whole passage at once, as the library's own transfer does: a model of its length."""
    n_frames = len(passage["f0_hz"])
    model = build_model(bindings, n_frames)
    batch = {name: tf.constant(value[np.newaxis]) for name, value in passage.items()}
    # The weights are there once it has been called.
    model(batch, training=False)
    tf.train.Checkpoint(model=model).restore(checkpoint).expect_partial()
    return model.get_audio_from_outputs(model(batch, training=False)).numpy()[0]


def write_audio(path: Path, audio: np.ndarray) -> None:
    """Writes a WAV of floats, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".part")
    soundfile.write(temporary, audio, SAMPLE_RATE, subtype="FLOAT", format="WAV")
    os.replace(temporary, path)


def main() -> None:
    """Trains, then plays."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("material", type=Path, help="made by quality_material.py")
    parser.add_argument("--output", "-o", type=Path, required=True, help="folder to go on in")
    parser.add_argument("--minutes", type=float, default=25.0, help="of training steps")
    parser.add_argument("--max-steps", type=int, default=10**9, help="stop earlier, for a trial")
    parser.add_argument("--size", choices=sorted(SIZES), default="small")
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    passages = {split: _read(arguments.material / split) for split in ("train", "eval")}
    tf.random.set_seed(arguments.seed)
    bindings = SIZES[arguments.size]
    settings = {
        name: getattr(arguments, name) for name in ("size", "batch_size", "learning_rate", "seed")
    }
    _check_same_run(arguments.output / "settings.json", settings)
    training = Training(arguments.output / "checkpoint", bindings, arguments.learning_rate)
    try:
        train(training, list(passages["train"].values()), arguments)
    except KeyboardInterrupt:
        sys.exit("Interrupted. The same command goes on from here.")
    for key, passage in passages["eval"].items():
        audio = play(training.latest_checkpoint, bindings, passage)
        write_audio(arguments.output / "audio" / f"{key}.wav", audio)
        _say(f"played {key}")
    done = {
        **settings,
        "ddsp": importlib.metadata.version("ddsp"),
        "tensorflow": tf.__version__,
        "n_steps": int(training.n_steps),
        "training_s": float(training.seconds),
    }
    (arguments.output / "predecessor.json").write_text(json.dumps(done, indent=2) + "\n")
    _say(json.dumps(done))


def _check_same_run(path: Path, settings: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and json.loads(path.read_text()) != settings:
        sys.exit(f"`{path}` is of a run with other settings. Choose another --output.")
    path.write_text(json.dumps(settings, indent=2) + "\n")


def _read(folder: Path) -> dict[str, Passage]:
    files = sorted(folder.rglob("*.npz"))
    if not files:
        sys.exit(f"There are no .npz files in `{folder}`. Make them with quality_material.py.")
    return {
        file.relative_to(folder).with_suffix("").as_posix(): dict(np.load(file)) for file in files
    }


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    main()
