"""Checkpoints that ddsp 3.7.0 writes, small ones, and what that library then plays.

Runs under the predecessor's own Python (`scripts/benchmarks/peer_worker.py` lists what it needs):

    PYTHONPATH=scripts/benchmarks PEER/bin/python scripts/oracles/magenta_checkpoints.py \\
        tests/models/magenta/golden

The target gets a folder for each of solo, tiny and vst: checkpoint, operative gin file, and
`expected.npz` with features, raw controls, the additive synthesiser's sound, and the same in its
room. Sizes are bound to be small by gin; topology and every other number are the library's own.
With `--full` the sizes are the library's own, too. The tests read such a folder when it is named:

    DDSP_TF_MAGENTA_CHECKPOINTS=TARGET python -m pytest -n 0 tests/models/magenta
"""

import os
import sys
from pathlib import Path
from typing import Any

import gin
import numpy as np
import peer_worker  # noqa: F401  Puts empty modules in place of what is not installed.
import tensorflow as tf
from ddsp.training import models, train_util, trainers

_N_FRAMES = {"solo": 50, "tiny": 50, "vst": 26}
_HOP_LENGTH = {"solo": 64, "tiny": 64, "vst": 320}
_GIN_FILE = {
    "solo": "models/solo_instrument.gin",
    "tiny": "papers/iclr2020/tiny_instrument.gin",
    "vst": "models/vst/vst.gin",
}
_LENGTHS = [
    "Harmonic.n_samples = {n_samples}",
    "FilteredNoise.n_samples = {n_samples}",
    "F0LoudnessPreprocessor.time_steps = {n_frames}",
]
_SMALL = [
    "RnnFcDecoder.ch = 12",
    "RnnFcDecoder.rnn_channels = 10",
    "Reverb.reverb_length = 400",
    "FilteredNoiseReverb.reverb_length = 1600",
    "FilteredNoiseReverb.n_frames = 20",
]


def _write(kind: str, folder: Path, bindings: list[str]) -> None:
    n_frames = _N_FRAMES[kind]
    n_samples = n_frames * _HOP_LENGTH[kind]
    tf.keras.utils.set_random_seed(3)
    with gin.unlock_config():
        gin.clear_config(clear_constants=True)
        gin.parse_config_files_and_bindings(
            [_GIN_FILE[kind], "optimization/base.gin"],
            [line.format(n_samples=n_samples, n_frames=n_frames) for line in bindings],
            skip_unknown=True,
        )
    model = models.get_model()
    at = np.linspace(0.0, 1.0, n_frames, dtype=np.float32)[np.newaxis]
    # No partial crosses Nyquist while it glides: that is another rule here than there.
    f0_hz = np.where(at < 0.6, 100.0 * 1.3**at, 440.0).astype(np.float32)
    level = (-45.0 + 30.0 * np.sin(3.0 * at)).astype(np.float32)
    seconds = np.arange(n_samples - (_HOP_LENGTH[kind] if kind == "vst" else 0)) / 16000
    audio = np.sin(2 * np.pi * 400 * seconds) * (0.02 + 0.5 * seconds)
    features = {
        "audio": audio[np.newaxis].astype(np.float32),
        "f0_hz": f0_hz,
        "f0_confidence": np.ones_like(at),
        "loudness_db": level,
    }
    features["audio_16k"] = features["audio"]
    if kind != "vst":
        # Its preprocessor measures the sound it is given anew, and so would lose the curve.
        model.preprocessor._compute_loudness = model.preprocessor.compute_loudness = False
    model(features, training=False)
    for weight in model.trainable_variables:
        # As after training: no bias is zero, no gain is one, and the room is heard.
        room = weight.name.split(":")[0].endswith("ir")
        spread = 0.02 if room else 0.3 * min(1.0, (10.0 / weight.shape[0]) ** 0.5)
        weight.assign_add(spread * tf.random.normal(weight.shape))
    outputs = model(features, training=False)
    trainer = trainers.Trainer(model, train_util.get_strategy())
    trainer.save(str(folder))
    for stale in folder.glob("checkpoint"):
        stale.unlink()
    (folder / "operative_config-0.gin").write_text(gin.operative_config_str())
    dry = model.processor_group.harmonic(
        outputs["amps"], outputs["harmonic_distribution"], outputs["f0_hz"]
    )
    expected = {key: np.asarray(outputs[key]) for key in ("amps", "harmonic_distribution")}
    noise = outputs["noise_magnitudes"] if "noise_magnitudes" in outputs else outputs["magnitudes"]
    expected |= {"noise_magnitudes": np.asarray(noise), "dry": np.asarray(dry)}
    reverb = model.processor_group.reverb
    if kind == "vst":
        draws = [np.asarray(reverb.get_controls(dry)["ir"])[0] for _ in range(40)]
        expected["room_power"] = np.mean(np.square(draws), axis=0)
    else:
        expected["wet"] = np.asarray(reverb(dry))
    expected["f0_hz"] = features["f0_hz"]
    expected["loudness_db"] = np.asarray(outputs["pw_db"])[..., 0] if kind == "vst" else level
    expected["audio"] = features["audio"]
    arrays: dict[str, Any] = {key: np.asarray(x, np.float32) for key, x in expected.items()}
    np.savez_compressed(folder / "expected.npz", **arrays)


if __name__ == "__main__":
    full = "--full" in sys.argv
    for kind in _GIN_FILE:
        target = Path(sys.argv[1]) / kind
        os.makedirs(target, exist_ok=True)
        _write(kind, target, _LENGTHS if full else [*_LENGTHS, *_SMALL])
