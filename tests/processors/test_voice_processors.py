"""Sources and filters of voices: the contract, blocks, and what they sound like."""

import numpy as np
import pytest
import scipy.signal
import tensorflow as tf
from contracts import check_declarations, check_layer, check_refusals, check_streaming

from ddsp_tf.errors import ArgumentError
from ddsp_tf.processors import (
    AllPole,
    GlottalSource,
    ProcessorGroup,
    PulseTrain,
    SineNoise,
    VocalTract,
)

RATES = {"sample_rate": 4000, "hop_length": 16}
HOP = RATES["hop_length"]
SMALL = {"fft_length": 64, **RATES}


def _frames(seed, width, low, high, batch, n_frames):
    rng = np.random.default_rng(seed)
    return rng.uniform(low, high, [batch, n_frames, width]).astype(np.float32)


def _audio(seed, batch, n_frames):
    return _frames(seed, HOP, -1, 1, batch, n_frames).reshape([batch, -1])


def _pitch(batch, n_frames):
    return {"f0_hz": _frames(0, 1, 90, 400, batch, n_frames)}


def _filtered(order):
    def make(batch, n_frames):
        logits = _frames(4, order, -1, 1, batch, n_frames)
        return {"audio": _audio(3, batch, n_frames), "filter_logits": logits}

    return make


PROCESSORS = {
    "GlottalSource": (
        lambda: GlottalSource(**RATES),
        lambda *size: {
            "amplitudes": _frames(1, 1, -1, 1, *size),
            "r_d": _frames(2, 1, -1, 1, *size),
            **_pitch(*size),
        },
    ),
    "PulseTrain": (lambda: PulseTrain(lowest_hz=90.0, **RATES), _pitch),
    "SineNoise": (lambda: SineNoise(n_harmonics=3, **RATES), _pitch),
    "AllPole, sections": (lambda: AllPole(order=4, **SMALL), _filtered(4)),
    "AllPole, lsf": (lambda: AllPole(order=4, parameters="lsf", **SMALL), _filtered(5)),
    "AllPole, exact sections": (lambda: AllPole(order=4, method="exact", **SMALL), _filtered(4)),
    "AllPole, reflection": (
        lambda: AllPole(order=4, parameters="reflection", **SMALL), _filtered(4),
    ),
    "VocalTract": (
        lambda: VocalTract(n_sections=5, **SMALL),
        lambda *size: {"audio": _audio(3, *size), "diameters": _frames(5, 5, 0.5, 2, *size)},
    ),
}  # fmt: skip


# XLA takes seconds for each.
_FAST = ("AllPole, sections",)
NAMES = [x if x in _FAST else pytest.param(x, marks=pytest.mark.slow) for x in PROCESSORS]


@pytest.mark.parametrize("name", NAMES)
def test_holds_the_contract(name):
    make, inputs = PROCESSORS[name]
    check_layer(make, inputs, tolerance=2e-4)


@pytest.mark.parametrize("name", [x for x in PROCESSORS if "exact" not in x])
def test_a_sound_in_blocks_is_the_sound_at_once(name):
    make, inputs = PROCESSORS[name]
    processor = make()
    check_streaming(processor, inputs(1, 6), hop_length=HOP, blocks=(1, 3, 2))
    check_declarations(processor, inputs(2, 5))
    check_refusals(processor, inputs(2, 5))


@pytest.mark.slow
def test_an_exact_filter_in_blocks_is_the_filter_at_once():
    make, inputs = PROCESSORS["AllPole, exact sections"]
    check_streaming(make(), inputs(1, 6), hop_length=HOP, blocks=(1, 3, 2))


def test_an_exact_filter_that_stands_still_is_scipys():
    filter = AllPole(order=4, method="exact", **RATES)
    given = _filtered(4)(1, 5)
    given["filter_logits"][:] = given["filter_logits"][:, :1]
    first, second = filter.controls(given)["filters"][0, 0].numpy().reshape(2, 2)
    poles = np.convolve([1.0, *first], [1.0, *second])
    expected = scipy.signal.lfilter([1.0], poles, given["audio"])
    np.testing.assert_allclose(filter(given), expected, atol=1e-5)


def test_glottal_source_keeps_its_level_and_is_silent_without_pitch():
    source = GlottalSource(sample_rate=16000, hop_length=64, scale=False)
    one = tf.ones([2, 100, 1])
    f0_hz = one * tf.constant([[[130.0]], [[0.0]]])
    audio = source({"amplitudes": 0.1 * one, "r_d": one, "f0_hz": f0_hz}).numpy()
    assert np.sqrt(np.mean(audio[0] ** 2)) == pytest.approx(0.1, rel=0.02)
    assert not audio[1].any()


def test_r_d_offset_makes_it_breathier():
    source = GlottalSource(sample_rate=16000, hop_length=64, scale=False)
    one = tf.ones([1, 50, 1])
    given = {"amplitudes": one, "r_d": one, "f0_hz": 200.0 * one}
    moved = source({**given, "r_d_offset": tf.constant([[1.0]])})
    np.testing.assert_allclose(moved, source({**given, "r_d": 2.0 * one}), atol=1e-5)


@pytest.mark.parametrize("way", ["sections", "reflection", "lsf"])
def test_no_filter_bursts_whatever_its_logits_do(way):
    rng = np.random.default_rng(0)
    logits = 100.0 * rng.standard_normal([1, 100, 22 + (way == "lsf")])
    noise = 0.1 * rng.uniform(-1, 1, [1, 100 * 64])
    filter = AllPole(parameters=way, fft_length=512)
    audio = filter({"audio": noise, "filter_logits": logits}).numpy()
    assert 0.001 < np.max(np.abs(audio)) < 1.0


def test_reflection_coefficients_sample_by_sample_are_refused():
    with pytest.raises(ArgumentError, match='Take "sections" or "lsf" with "exact"'):
        AllPole(parameters="reflection", method="exact")


def test_a_longer_tract_lowers_formants():
    impulse = np.zeros([1, 1024], np.float32)
    impulse[0, 0] = 1.0
    logits = np.broadcast_to(np.array([-0.6, 1.5, 0.0, 0.0], np.float32), [1, 16, 4])
    filter = AllPole(order=4)
    given = {"audio": impulse, "filter_logits": logits}
    peaks = []
    for ratio in ([[1.0]], [[1.25]]):
        audio = filter({**given, "tract_length_ratio": tf.constant(ratio)}).numpy()[0]
        peaks.append(np.argmax(np.abs(np.fft.rfft(audio))))
    same = filter({**given, "tract_length_ratio": tf.ones([1, 1])})
    np.testing.assert_allclose(filter(given), same, atol=1e-6)
    assert peaks[0] / peaks[1] == pytest.approx(1.25, rel=0.03)


def test_a_group_passes_edits_on():
    group = ProcessorGroup(
        dag=[
            (GlottalSource(), ["amplitudes", "r_d", "f0_hz"]),
            (AllPole(order=4), ["glottal_source/signal", "filter_logits"]),
        ]
    )
    assert set(group.optional_input_names) == {"r_d_offset", "tract_length_ratio"}
