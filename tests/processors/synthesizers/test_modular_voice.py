"""The modular voice of 78 settings beside torchsynth's and synthax's.

scripts/oracles/modular.py and synthax_voice.py ran them, with the same settings.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from ddsp_tf import config, dsp
from ddsp_tf.models import Parametric
from ddsp_tf.processors.shares import share_of, value_at

GOLDEN, SYNTHAX = (
    json.loads((Path(__file__).parents[2] / f"dsp/golden/{name}.json").read_text(encoding="utf-8"))
    for name in ("modular", "synthax")
)


@pytest.fixture(scope="module")
def voice() -> Parametric:
    return config.parse(
        ["papers/hagiwara2022/voice.gin"], [f"SAMPLE_RATE={GOLDEN['sample_rate']}"]
    ).build_model()


def test_every_setting_has_torchsynths_range_and_values(voice: Parametric) -> None:
    signals = {key: voice.processor_group.input_signals[key] for key in voice.constant_names}
    assert len(signals) == 78
    assert signals.keys() == GOLDEN["ranges"].keys()
    for key, signal in signals.items():
        low, high, curve, symmetric = GOLDEN["ranges"][key]
        assert (signal.low, signal.high) == pytest.approx((low, high))
        assert signal.curve == curve
        assert curve == 1.0 or symmetric == (low < 0.0)
        places, values = np.array(GOLDEN["places"][key]), np.array(GOLDEN["values"][key])
        np.testing.assert_allclose(value_at(places, signal), values, rtol=1e-6, atol=1e-9)
        np.testing.assert_allclose(share_of(values, signal), places, atol=1e-5)


@pytest.fixture(scope="module")
def played(voice: Parametric) -> dict[str, Any]:
    n_frames = round(GOLDEN["seconds"] * GOLDEN["sample_rate"] / GOLDEN["hop_length"])
    values = {key: tf.constant(x, tf.float32)[:, None] for key, x in GOLDEN["values"].items()}
    values["noise_level"] *= 0.0
    values["midi"] = tf.repeat(values["midi"][:, None], n_frames, axis=1)
    return voice.processor_group(values, return_controls=True)


@pytest.mark.parametrize("golden", [GOLDEN, SYNTHAX], ids=["torchsynth", "synthax"])
def test_parts_and_the_whole_sound_as_others_play_them(
    played: dict[str, Any], golden: dict[str, Any]
) -> None:
    every, parts = GOLDEN["every"], golden["parts"]
    for ours, theirs, atol in (
        (played["adsr_1"]["signal"][..., 0], parts["adsr_1"], 1e-5),
        (played["sine_vco"]["signal"][:, ::every], parts["vco_1"], 5e-3),
        (played["square_saw_vco"]["signal"][:, ::every], parts["vco_2"], 2e-2),
        (played["signal"][:, ::every], golden["audio_without_noise"], 1e-2),
    ):
        np.testing.assert_allclose(ours, theirs, atol=atol)


@pytest.mark.parametrize("golden", [GOLDEN, SYNTHAX], ids=["torchsynth", "synthax"])
def test_the_swing_of_an_lfo_is_theirs(golden: dict[str, Any]) -> None:
    """Before its amplitude's envelope, with every wave in turn blended in."""
    values = {key: tf.constant(x, tf.float64)[:, None] for key, x in GOLDEN["values"].items()}
    rate = GOLDEN["sample_rate"] / GOLDEN["hop_length"]
    theirs = np.array(golden["parts"]["lfo_1"])
    numbers = {
        key.removeprefix("lfo_1_rate_adsr_"): x
        for key, x in values.items()
        if key.startswith("lfo_1_rate_adsr_")
    }
    moved = dsp.adsr_envelope(theirs.shape[1], note_s=values["note_s"], **numbers, frame_rate=rate)
    hz = tf.maximum(values["lfo_1_rate_hz"] + values["lfo_1_depth_hz"] * moved, 0.0)
    waves = dsp.lfo_waves(hz, values["lfo_1_phase"], frame_rate=rate)
    names = ("sine", "triangle", "saw", "reverse_saw", "square")
    weights = np.concatenate([values[f"lfo_1_{key}"] for key in names], axis=1) ** np.e
    weights /= weights.sum(axis=1, keepdims=True)
    swing = np.sum(waves.numpy() * weights[:, None], axis=-1)
    np.testing.assert_allclose(swing, theirs, atol=1e-6)
