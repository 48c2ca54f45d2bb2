"""Checkpoints that ddsp 3.7.0 writes, small ones, and what that library then plays.

Runs under the predecessor's own Python (`scripts/benchmarks/peer_worker.py` lists what it needs):

    PYTHONPATH=scripts/benchmarks PEER/bin/python scripts/oracles/magenta_checkpoints.py TARGET

TARGET gets a folder for each of solo, tiny and vst: checkpoint, operative gin file, and
`expected.npz` with features, raw controls, the additive synthesiser's sound, and the same in its
room. Sizes are bound to be small by gin; topology and every other number are the library's own.
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

_SMALL = [
    "RnnFcDecoder.ch = 12",
    "RnnFcDecoder.rnn_channels = 10",
    "Harmonic.n_samples = {n_samples}",
    "FilteredNoise.n_samples = {n_samples}",
    # Their own cure of phase that drifts in float32; by default it is off.
    "Harmonic.use_angular_cumsum = True",
]
# Preprocessors would measure the given sound anew, and so lose the curve.
_LOUDNESS = [
    *_SMALL,
    "F0LoudnessPreprocessor.compute_loudness = False",
    "F0LoudnessPreprocessor.time_steps = 50",
    "Reverb.reverb_length = 800",
]
_VST = [*_SMALL, "FilteredNoiseReverb.reverb_length = 1000", "FilteredNoiseReverb.n_frames = 20"]
_KINDS = {
    "solo": ("models/solo_instrument.gin", 3200, _LOUDNESS),
    "tiny": ("papers/iclr2020/tiny_instrument.gin", 3200, _LOUDNESS),
    "vst": ("models/vst/vst.gin", 3520, _VST),
}


def _write(kind: str, folder: Path) -> None:
    gin_file, n_samples, bindings = _KINDS[kind]
    tf.keras.utils.set_random_seed(3)
    with gin.unlock_config():
        gin.clear_config(clear_constants=True)
        gin.parse_config_files_and_bindings(
            [gin_file, "optimization/base.gin"],
            [line.format(n_samples=n_samples) for line in bindings],
            skip_unknown=True,
        )
    model = models.get_model()
    n_frames = 11 if kind == "vst" else 50
    at = np.linspace(0.0, 1.0, n_frames, dtype=np.float32)[np.newaxis]
    level = (-45.0 + 30.0 * np.sin(3.0 * at)).astype(np.float32)
    swelling = np.linspace(0.01, 0.5, 3200) * np.sin(np.arange(3200) / 7.0)
    audio = swelling[np.newaxis].astype(np.float32)
    features = {
        "audio": audio,
        "audio_16k": audio,
        "f0_hz": (110.0 + 20.0 * at).astype(np.float32),
        "f0_confidence": np.ones_like(at),
        "loudness_db": level,
    }
    model(features, training=False)
    for weight in model.trainable_variables:
        # As after training: no bias is zero, no gain is one, and the room is heard.
        spread = 0.02 if "ir" in weight.name else 0.3
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
    arrays: dict[str, Any] = {key: np.asarray(x, np.float32) for key, x in expected.items()}
    np.savez_compressed(folder / "expected.npz", **arrays)


if __name__ == "__main__":
    for kind in _KINDS:
        target = Path(sys.argv[1]) / kind
        os.makedirs(target, exist_ok=True)
        _write(kind, target)
