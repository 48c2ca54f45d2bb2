"""Effects by their names, and chains of them."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pedalboard
import pytest

from ddsp_tf.black_boxes.effects import Chain, EffectNotFoundError, stage_names
from ddsp_tf.black_boxes.numpy_compressor import compress

RATE = 44100
SOUND = np.random.default_rng(0).normal(0.0, 0.2, [3000, 2]).astype(np.float32)


def test_effects_of_pedalboard_are_what_pedalboard_plays() -> None:
    chain = Chain(["pedalboard.Compressor", "pedalboard.Gain", "pedalboard.Compressor"])
    values = {
        "compressor_threshold_db": -30.0,
        "compressor_ratio": 5.0,
        "gain_gain_db": 6.0,
        "compressor_2_attack_ms": 20.0,
        "compressor_2_ratio": 2.0,
    }
    board = pedalboard.Pedalboard(
        [
            pedalboard.Compressor(threshold_db=-30, ratio=5),
            pedalboard.Gain(6),
            pedalboard.Compressor(attack_ms=20, ratio=2),
        ]
    )
    expected = board(SOUND.T, RATE).T
    for _ in range(2):  # from silence each time
        np.testing.assert_allclose(chain.play(SOUND, RATE, values), expected, atol=1e-6)


@pytest.mark.parametrize("shape", [(1, 1), (1, 2), (2, 2), (3, 8), (500, 1)])
def test_short_sounds_have_their_channels_where_they_are(shape: tuple[int, int]) -> None:
    sound = SOUND.reshape(-1)[: shape[0] * shape[1]].reshape(shape)
    played = Chain(["pedalboard.Gain"]).play(sound, RATE, {"gain_db": -20.0})
    np.testing.assert_allclose(played, 0.1 * sound, rtol=1e-5)


def test_what_a_late_effect_still_holds_is_fetched() -> None:
    played = Chain(["pedalboard.PitchShift"]).play(SOUND, RATE, {"semitones": 0.5})
    assert played.shape == SOUND.shape
    thirds = [np.std(part) for part in np.split(played, 3)]
    assert min(thirds) > 0.05


def test_a_plugin_file_is_set_by_its_raw_parameters(monkeypatch: pytest.MonkeyPatch) -> None:
    """What pedalboard loads from a file, as its documentation describes it."""

    class Plugin:
        def __init__(self) -> None:
            self.parameters = {"drive": SimpleNamespace(raw_value=0.0)}

        def process(self, audio: np.ndarray, sample_rate: float, reset: bool) -> np.ndarray:
            assert reset
            assert sample_rate == RATE
            return self.parameters["drive"].raw_value * audio

    loaded: list[str] = []

    def load_plugin(path: str) -> Any:
        loaded.append(path)
        return Plugin()

    monkeypatch.setattr(pedalboard, "load_plugin", load_plugin)
    chain = Chain(["/plugins/Dirt Box.vst3"])
    np.testing.assert_allclose(chain.play(SOUND, RATE, {"drive": 0.5}), 0.5 * SOUND)
    assert loaded == ["/plugins/Dirt Box.vst3"]
    with pytest.raises(EffectNotFoundError, match=r"no parameter `tone`\. It has drive\."):
        chain.play(SOUND, RATE, {"tone": 0.5})


def test_unknown_parameters_are_refused_with_those_that_there_are() -> None:
    message = (
        r"`pedalboard\.Compressor` has no parameter `treshold_db`\. It has attack_ms, ratio, "
        r"release_ms, threshold_db\."
    )
    with pytest.raises(EffectNotFoundError, match=message):
        Chain(["pedalboard.Compressor"]).play(SOUND, RATE, {"treshold_db": -20.0})
    for key in ("process", "__class__", "is_effect"):
        with pytest.raises(EffectNotFoundError, match=f"has no parameter `{key}`"):
            Chain(["pedalboard.Compressor"]).play(SOUND, RATE, {key: 1.0})


def test_parameters_of_a_chain_begin_with_an_effect_of_it() -> None:
    chain = Chain(["pedalboard.Limiter", "pedalboard.Gain"])
    message = "`threshold_db` is none of its effects': names begin with limiter_, gain_"
    with pytest.raises(EffectNotFoundError, match=message):
        chain.play(SOUND, RATE, {"threshold_db": 0.0})
    with pytest.raises(EffectNotFoundError, match=r"`pedalboard\.Gain` has no parameter `db`"):
        chain.play(SOUND, RATE, {"gain_db": 0.0})


def test_what_has_no_parameters_without_arguments_is_refused() -> None:
    with pytest.raises(EffectNotFoundError, match=r"`pedalboard\.Convolution` can't be made"):
        Chain(["pedalboard.Convolution"])


def test_names_of_stages() -> None:
    names = ["pedalboard.LowpassFilter", "pedalboard.LowpassFilter", "a.b_c", "x/Big Room 2.vst3"]
    assert stage_names(names) == ["lowpass_filter", "lowpass_filter_2", "b_c", "big_room_2"]


def test_the_compressor_of_numpy_keeps_what_its_curve_says() -> None:
    sound = np.full([RATE, 2], 10 ** (-6 / 20), np.float32)
    values = {"threshold_db": -26.0, "ratio": 4.0, "gain_db": 3.0}
    played = compress(sound, RATE, values)
    # 23 dB above the threshold become a quarter.
    np.testing.assert_allclose(20 * np.log10(played[-1]), -26.0 + 23.0 / 4.0, atol=0.01)
    # The gain falls by 63 % in the attack time.
    gain_db = 20 * np.log10(played[:, 0] / sound[:, 0]) - 3.0
    assert np.argmax(gain_db < -17.25 * (1 - np.exp(-1))) / RATE == pytest.approx(0.01, abs=0.001)
    quiet = 0.01 * sound
    np.testing.assert_allclose(compress(quiet, RATE, values), quiet * 10 ** (3 / 20), rtol=1e-5)
    assert compress(sound[:0], RATE, values).shape == (0, 2)
