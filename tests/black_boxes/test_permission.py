"""Which effects a stored model may run."""

import os

import pytest

from ddsp_tf.black_boxes import allow_black_boxes, permission, require_allowed
from ddsp_tf.errors import ArgumentError


@pytest.fixture(autouse=True)
def _nothing_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(permission, "_allowed", set())
    monkeypatch.delenv(permission.VARIABLE, raising=False)


@pytest.mark.parametrize(
    "effect",
    [
        "pedalboard.Compressor",
        "pedalboard.LadderFilter",
        "ddsp_tf.black_boxes.numpy_compressor.compress",
    ],
)
def test_what_is_known_may_run(effect: str) -> None:
    require_allowed("box", [effect])


@pytest.mark.parametrize(
    "effect",
    [
        "os.system",
        "pedalboard.VST3Plugin",
        "pedalboard.load_plugin",
        "pedalboard.io.AudioFile",
        "pedalboard.Compressor.vst3",
        "ddsp_tf.black_boxes.worker.serve",
        "model/evil.vst3",
        "my_effects.compress",
        "",
    ],
)
def test_what_is_not_known_has_to_be_allowed(effect: str) -> None:
    with pytest.raises(ArgumentError, match=r"^`box` would run `.*which a stored model names"):
        require_allowed("box", ["pedalboard.Gain", effect])


def test_the_user_allows_by_a_call_or_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    effects = ["my_effects.compress", "/plugins/Some Plugin.vst3"]
    with pytest.raises(ArgumentError) as caught:
        require_allowed("box", effects)
    assert 'allow_black_boxes("my_effects.compress", "/plugins/Some Plugin.vst3")' in str(
        caught.value
    )
    assert f"DDSP_TF_BLACK_BOXES to {os.pathsep.join(effects)}." in str(caught.value)
    monkeypatch.setenv(permission.VARIABLE, os.pathsep.join(effects))
    require_allowed("box", effects)
    monkeypatch.delenv(permission.VARIABLE)
    allow_black_boxes(*effects)
    require_allowed("box", effects)
