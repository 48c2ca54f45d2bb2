"""Every packaged configuration builds what it promises, and trains."""

import re
from typing import Any

import numpy as np
import pytest

from ddsp_tf import config, data, features, training
from ddsp_tf.errors import ConfigError

SOLO, TINY, WITH_Z = 4_801_150, 232_314, 6_407_334 + 843_852
COSINES = 2 * 8 * 512
SMALL = 477_950 + COSINES // 4

CONV = 92_862
ROOMS = "ROOMS=('garner_bwv1002_7_tempo_di_borea', 'studio')"

ROOM = (CONV + 16_001, 16_000)
CLOSE = (CONV + 2_401, 2_400)
CLOSE_GRU = (SMALL + 2_401, 2_400)
RECIPES = {
    "instruments/flute.gin": "models/close_gru_instrument.gin",
    "instruments/trumpet.gin": "models/close_gru_instrument.gin",
    "instruments/saxophone.gin": "models/close_instrument.gin",
    "instruments/cello.gin": "models/close_gru_instrument.gin",
}
"""Each with the model that it includes."""

MODELS = {
    "models/solo_instrument.gin": (SOLO + COSINES, 48_000),
    "models/tiny_instrument.gin": (TINY + 2 * 8 * 3 * 256 + 2 * 8 * 126, 48_000),
    "models/small_instrument.gin": (SMALL, 16_000),
    "models/parallel_instrument.gin": (380_158 + COSINES // 4, 16_000),
    "models/conv_instrument.gin": (CONV, 16_000),
    "models/room_instrument.gin": ROOM,
    "models/close_instrument.gin": CLOSE,
    "models/close_gru_instrument.gin": CLOSE_GRU,
    "models/autoencoder.gin": (WITH_Z + COSINES, 0),
    "papers/iclr2020/solo_instrument.gin": (SOLO, 48_000),
    "papers/iclr2020/tiny_instrument.gin": (TINY, 48_000),
    "papers/iclr2020/nsynth_autoencoder.gin": (WITH_Z, 0),
    "instruments/flute.gin": CLOSE_GRU,
    "instruments/trumpet.gin": CLOSE_GRU,
    "instruments/saxophone.gin": CLOSE,
    "instruments/saxophone_tenor.gin": CLOSE,
    "instruments/cello.gin": CLOSE_GRU,
    "instruments/violin.gin": (CONV + 32_001, 32_000),
    "models/high_rate_instrument.gin": (CONV + 48_001, 48_000),
    "models/close_high_rate_instrument.gin": (CONV + 7_201, 7_200),
    "instruments/violin_48k.gin": (CONV + 48_001, 48_000),
    "instruments/saxophone_48k.gin": (CONV + 7_201, 7_200),
    "instruments/saxophone_tenor_48k.gin": (CONV + 7_201, 7_200),
    "instruments/cello_48k.gin": (SMALL + 7_201, 7_200),
    "instruments/flute_48k.gin": (SMALL + 7_201, 7_200),
    "instruments/trumpet_48k.gin": (SMALL + 7_201, 7_200),
}
"""Weights of the networks, as counted for the paper's library, with what reads the cosines of pitch
and loudness in files that aren't the paper's, and what tells a second room from the main one; and
taps of the reverberation."""


NOT_TRAINED_ALIKE = {
    "papers/choi2022/shipped.gin",  # is pitch.gin with what is said about it
    "papers/choi2022/data.gin",  # says how to prepare; so do the next
    "papers/engel2020/data.gin",
    "papers/jonason2020/data.gin",
    "papers/nercessian2023/data.gin",
    "papers/wang2019/data.gin",
    "papers/valin2019/data.gin",
    "papers/wu2022/data.gin",
    "papers/yu2023/data.gin",
    "papers/masuda2021/subtractive.gin",  # on generated sounds: test_sound_matcher.py
    "papers/schulzeforster2023/separate.gin",  # for one mixture each: test_separate.py
    "papers/sudholt2023/tract.gin",  # for one voice each: test_trace_tract.py
}
"""Files of systems that a batch of `ddsp-tf train` is not for."""

SYSTEMS = [
    name
    for name in config.packaged_configs()
    if name.startswith("papers/")
    and name not in MODELS
    and name not in NOT_TRAINED_ALIKE
    and "# Required macros: none." in config.find_gin_file(name).read_text(encoding="utf-8")
]
"""What needs nothing of its user; the others are built by the tests of their system."""


def test_every_file_is_known_here_and_explains_itself() -> None:
    names = config.packaged_configs()
    assert set(MODELS) <= set(names)
    elsewhere = {name for name in names if "vst" in name}  # test_vst_configs.py
    elsewhere |= {"models/many_instruments.gin", "models/new_instrument.gin"}  # tests/cli
    assert set(names) >= NOT_TRAINED_ALIKE
    for name in set(names) - set(MODELS) - elsewhere:
        # The systems of `papers/` take a step below or have tests of their own.
        assert name.startswith(("data/", "training/", "papers/")), f"test what {name} builds"
    for name in names:
        text = config.find_gin_file(name).read_text(encoding="utf-8")
        assert text.startswith("# "), name
        assert "# Required macros: " in text, name
        assert "# Commonly overridden: " in text, name
        assert max(map(len, text.splitlines())) <= 100, name


@pytest.mark.parametrize("name", MODELS)
def test_parameter_counts(name: str) -> None:
    parsed = config.parse([name], _rooms(name))
    model = parsed.build_model()
    n_reverb = sum(
        int(np.prod(variable.shape))
        for variable in model.variables
        if "impulse_response" in variable.path
    )
    assert (model.count_params() - n_reverb, n_reverb) == MODELS[name]
    lengths = parsed.build_objective().loss.fft_lengths
    if "high_rate" in name or "48k" in name:
        assert (model.sample_rate, model.hop_length) == (48000, 192)
        assert lengths == (4096, 2048, 1024, 512, 256, 128)
    else:
        assert (model.sample_rate, model.hop_length) == (16000, 64)
        assert lengths == (2048, 1024, 512, 256, 128, 64)


def test_the_published_tiny_count_comes_with_the_papers_harmonics() -> None:
    parsed = config.parse(["papers/iclr2020/tiny_instrument.gin"], ["N_HARMONICS=101"])
    assert parsed.build_model().count_params() == 242_933 + 48_000


@pytest.mark.parametrize(
    ("name", "bindings"),
    [
        # Few harmonics make a graph that is quickly traced; the slow ones are as they are used.
        ("models/small_instrument.gin", ("N_HARMONICS=8",)),
        *(pytest.param(name, (), marks=pytest.mark.slow) for name in MODELS if name not in RECIPES),
    ],
)
def test_one_step_of_training(name: str, bindings: tuple[str, ...]) -> None:
    changed = _changed_by_a_step(name, bindings)
    # Where there are rooms, the last two tell the second from the main one, which all clips are in.
    assert np.mean(changed[:-2] if _rooms(name) else changed) > 0.9


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_trains_as_the_model_does_that_it_includes(name: str) -> None:
    """So a step of that model is one of the recipe's."""
    text = config.find_gin_file(name).read_text(encoding="utf-8")
    assert re.findall(r'^include "(.*)"$', text, re.MULTILINE) == [RECIPES[name]]
    bound = re.findall(r"^(?!from|include)(\w[\w./]*)|^  (\w+) =", text, re.MULTILINE)
    assert ["".join(each) for each in bound] == [
        *("training.train", "metadata", "training.Limits", "num_steps", "max_minutes")
    ]


def _rooms(name: str) -> list[str]:
    """What `ddsp-tf train` tells a configuration that needs it."""
    text = config.find_gin_file(name).read_text(encoding="utf-8")
    return [ROOMS] if "# Required macros: ROOMS" in text else []


def _check_names(first: Any, second: Any) -> None:
    """TensorFlow keeps 35 KB for each name that a weight ever had: none may be counted up.

    But for the seeds that Keras's LSTM has, which nobody can name.
    """
    names, again = (
        [variable.path for variable in model.variables if "seed_generator" not in variable.path]
        for model in (first, second)
    )
    assert names == again


def _changed_by_a_step(name: str, bindings: tuple[str, ...] = ()) -> list[bool]:
    """Which weights a step of training moves."""
    parsed = config.parse([name], [*_rooms(name), *bindings])
    model = parsed.build_model()
    _check_names(model, parsed.build_model())
    trainer = training.Trainer(model, parsed.build_objective(), training.Optimization(), xla=False)
    batch = _batch(model)
    trainer.build(batch)
    before = [weight.numpy() for weight in model.trainable_weights]
    result = trainer.step(batch)
    assert np.isfinite(float(result["loss"]))
    assert float(result["gradient_norm"]) > 0.0
    return [
        not np.array_equal(old, new.numpy())
        for old, new in zip(before, model.trainable_weights, strict=True)
    ]


FEWER = {
    # Its 2,048 bands are counted in test_noise_band_net.py; making the noises takes a minute.
    "papers/barahonarios2023/noise_bands_2048.gin": ("N_BANDS=256",),
}
"""Sizes of what is large in one way alone."""


@pytest.mark.slow
@pytest.mark.parametrize("name", SYSTEMS)
def test_one_step_of_a_system(name: str) -> None:
    # Not all at once: the frequency of a band of 0 dB, say, moves when its gain has.
    assert any(_changed_by_a_step(name, FEWER.get(name, ())))


def test_training_settings_are_the_papers_library() -> None:
    solo = config.parse(["models/solo_instrument.gin"])
    assert solo.bound(training.Optimization) == {
        "learning_rate": 3e-4,
        "decay_rate": 0.98,
        "decay_steps": 10_000,
        "gradient_clip_norm": 3.0,
    }
    schedule = solo.bound(training.Schedule)
    assert (schedule["batch_size"], schedule["clip_s"]) == (16, 4.0)
    small = config.parse(["models/small_instrument.gin"])
    assert small.bound(training.Optimization)["learning_rate"] == 2e-3
    assert small.bound(training.Schedule)["batch_size"] == 4


def test_training_files_can_follow_any_model() -> None:
    parsed = config.parse(["models/tiny_instrument.gin", "training/smoke_test.gin"])
    assert parsed.bound(training.Limits)["num_steps"] == 2
    multi = config.parse(["models/tiny_instrument.gin", "training/multi_gpu.gin"])
    assert multi.bound(training.train)["strategy"] == "mirrored"


@pytest.mark.parametrize(
    ("name", "tracker", "loudness"),
    [
        ("data/base.gin", "crepe-tiny", "a_weighted"),
        ("data/precise_pitch.gin", "crepe-full", "a_weighted"),
        ("data/pyin.gin", "pyin", "a_weighted"),
        ("data/magenta.gin", "crepe-tiny", "magenta"),
    ],
)
def test_data_files_reach_the_settings(name: str, tracker: str, loudness: str) -> None:
    settings = config.parse([name]).call(data.PrepareSettings)
    assert settings.features == features.FeatureSettings(f0_tracker=tracker, loudness=loudness)
    assert config.parse(["data/base.gin"]).call(data.PrepareSettings) == data.PrepareSettings()


def test_the_merged_text_of_every_model_builds_the_same(tmp_path: Any) -> None:
    for name in ("models/autoencoder.gin", "papers/iclr2020/tiny_instrument.gin"):
        parsed = config.parse([name])
        path = tmp_path / "merged.gin"
        path.write_text(parsed.text)
        again = config.parse([path])
        first, second = again.build_model(), parsed.build_model()
        assert first.count_params() == second.count_params()
        _check_names(first, second)
        for settings in (training.Schedule, training.Optimization, training.Limits):
            assert again.bound(settings) == parsed.bound(settings) != {}


def _batch(model: Any, seconds: float = 0.5) -> dict[str, Any]:
    """One example of what a model takes, whatever that is, and a sound to compare with."""
    n_frames = round(seconds * model.sample_rate / model.hop_length)
    time_s = np.arange(n_frames * model.hop_length) / model.sample_rate
    noise = np.random.default_rng(0).standard_normal(time_s.shape)
    tone = 0.3 * np.sin(2 * np.pi * 440.0 * time_s) + 0.01 * noise
    batch = {"audio": tone[None], "world_envelope": np.full((1, n_frames, 80), -40.0)}
    batch["world_aperiodicity"] = np.full((1, n_frames, 16), 0.5)  # what some are compared with
    batch["r_d"] = np.ones((1, n_frames, 1))
    for name, signal in model.input_signals.items():
        if name in model.optional_input_names:
            continue
        level = {"f0_hz": 440.0, "loudness_db": -20.0}.get(name, _middle(signal))
        width = signal.width or 1
        shapes = {"frames": (1, n_frames, width), "value": (1, width), "notes": (1, 3, width)}
        if signal.kind == "samples":
            batch[name] = np.broadcast_to(0.5 * tone[:, None], (time_s.size, width))[None]
            batch[name] = batch[name][..., 0] if width == 1 else batch[name]
        else:
            batch[name] = np.full(shapes[signal.kind], level)
    return {name: value.astype(np.float32) for name, value in batch.items()}


def _middle(signal: Any) -> float:
    low = 0.0 if signal.low is None else signal.low
    return 0.5 * (low + (low + 1.0 if signal.high is None else signal.high))


@pytest.mark.parametrize("value", ["True", "'melody.wav'"])
def test_what_plays_a_melody_is_suggested_as_one_writes_it(value: str) -> None:
    suggested = "@inference.TransferSample()"
    with pytest.raises(ConfigError) as caught:
        config.parse(["training/base.gin"], [f"train.transfer={value}"])
    expected = f"transfer` should be a reference such as `{suggested}` or None; got {value}, which"
    assert expected in str(caught.value)
    for right in (suggested, "None"):
        config.parse(["training/base.gin"], [f"train.transfer={right}"])
