"""Envelopes and waves of modular synthesisers at the ends of their ranges; see also the golden
values in tests/processors/synthesizers/test_modular_voice.py."""

import numpy as np
import tensorflow as tf
from contracts import check_modes_agree

from ddsp_tf import dsp


def envelope(n_frames: int = 50, **values: float) -> tf.Tensor:
    about = {"note_s": 0.3, "attack_s": 0.1, "decay_s": 0.1, "sustain": 0.5, "release_s": 0.1}
    numbers = {key: tf.constant([[x]]) for key, x in {**about, **values}.items()}
    return dsp.adsr_envelope(n_frames, **numbers, frame_rate=100.0)


def test_an_envelope_meets_its_times() -> None:
    drawn = envelope().numpy()[0]
    np.testing.assert_allclose(
        drawn[[0, 5, 10, 15, 20, 30, 35]], [0, 0.5, 1, 0.75, 0.5, 0.5, 0.25], atol=1e-3
    )
    assert np.max(drawn[41:]) < 1e-5
    short = envelope(note_s=0.05).numpy()[0]  # A key that is let go during the attack.
    assert np.argmax(short) == 5
    assert short[15] < 1e-5


def test_every_number_has_a_finite_slope_even_at_the_ends() -> None:
    names = ("note_s", "attack_s", "decay_s", "sustain", "release_s", "power")
    for ends in ((0.01, 0.0, 0.0, 0.0, 0.0, 0.1), (0.3, 2.0, 2.0, 1.0, 5.0, 6.0)):
        values = [tf.constant([[x]]) for x in ends]
        with tf.GradientTape() as tape:
            tape.watch(values)
            drawn = dsp.adsr_envelope(40, **dict(zip(names, values, strict=True)), frame_rate=100.0)
            total = tf.reduce_sum(drawn)
        assert np.all(np.isfinite(drawn))
        assert all(np.isfinite(x).all() for x in tape.gradient(total, values))


def test_modes_agree() -> None:
    hz = np.random.default_rng(0).uniform(0.0, 20.0, [2, 30]).astype(np.float32)
    check_modes_agree(
        lambda rate_hz: dsp.lfo_waves(rate_hz, 0.3, frame_rate=100.0)[..., :3], {"rate_hz": hz}
    )
    midi = np.random.default_rng(1).uniform(40.0, 80.0, [2, 9]).astype(np.float32)
    check_modes_agree(
        lambda midi: dsp.square_saw_wave(
            dsp.modulated_phase(
                midi, 0.0 * midi, depth=3.0, phase=0.1, hop_length=32, sample_rate=8000.0
            ),
            tf.reduce_max(midi, axis=1, keepdims=True),
            0.5,
        ),
        {"midi": midi},
        tolerance=2e-3,  # A square's edge multiplies what is rounded in its phase.
    )
