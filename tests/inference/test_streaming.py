"""What is streamed is what is played at once, whatever the blocks, and for hours."""

import io
import re
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from inference_toys import HOP, FollowingDecoder, following_instrument, recurrent_instrument

from ddsp_tf import config
from ddsp_tf.errors import ArgumentError
from ddsp_tf.inference import Streamer
from ddsp_tf.models import Autoencoder
from ddsp_tf.processors import Crop, Harmonic, ProcessorGroup

BLOCKS = (1, 4, 3, 1, 1, 9, 2, 0, 13)
N_FRAMES = sum(BLOCKS)

CAUSAL_CONFIGS = [
    "models/small_instrument.gin",
    "models/high_rate_instrument.gin",
    "models/solo_instrument.gin",
    "models/tiny_instrument.gin",
    "models/parallel_instrument.gin",
    "models/conv_instrument.gin",
    "models/room_instrument.gin",
    "models/close_instrument.gin",
    "models/close_gru_instrument.gin",
    "models/close_high_rate_instrument.gin",
    "models/vst.gin",
    "models/vst_32k.gin",
    "models/vst_48k.gin",
]
ROOMS = ("ROOMS=['hall', 'studio']",)
WITH_Z: dict[str, tuple[str, ...]] = {
    "models/autoencoder.gin": (),
    "models/many_instruments.gin": ("INSTRUMENTS=['violin', 'flute']",),
    "models/new_instrument.gin": ("INSTRUMENTS=['oboe']", "START_FROM='violin'"),
    "papers/iclr2020/nsynth_autoencoder.gin": (),
}


def melody_of(batch: int, n_frames: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(4)
    f0_hz = 300.0 * 2 ** (np.cumsum(rng.normal(size=[batch, n_frames]), axis=1) / 40)
    return f0_hz.astype(np.float32), rng.uniform(-50, -10, [batch, n_frames]).astype(np.float32)


def offline(model: Autoencoder, f0_hz: np.ndarray, loudness_db: np.ndarray) -> np.ndarray:
    features = {"f0_hz": f0_hz[..., np.newaxis], "loudness_db": loudness_db[..., np.newaxis]}
    return model({key: tf.constant(x) for key, x in features.items()})["audio"].numpy()


def streamed(streamer: Streamer, f0_hz: np.ndarray, loudness_db: np.ndarray) -> np.ndarray:
    parts, start = [], 0
    for count in BLOCKS:
        block = slice(start, start + count)
        parts.append(streamer.process(f0_hz[:, block], loudness_db[:, block]))
        assert parts[-1].shape == (len(f0_hz), count * streamer.hop_length)
        start += count
    return np.concatenate([*parts, streamer.flush()], axis=1)


def difference_db(actual: np.ndarray, expected: np.ndarray) -> float:
    error = np.mean(np.square(actual - expected, dtype=np.float64))
    return float(10 * np.log10(error / np.mean(np.square(expected, dtype=np.float64)) + 1e-30))


@pytest.fixture(scope="module")
def model() -> Autoencoder:
    return recurrent_instrument().model


@pytest.fixture(scope="module")
def streamer(model: Autoencoder) -> Streamer:
    return Streamer(model, block_frames=4, xla=False)


@pytest.fixture(autouse=True)
def _silent(request: pytest.FixtureRequest) -> None:
    if "streamer" in request.fixturenames:
        request.getfixturevalue("streamer").reset()


def test_blocks_of_any_size_are_the_whole_later(streamer: Streamer, model: Autoencoder) -> None:
    melody = melody_of(1, N_FRAMES)
    played = streamed(streamer, *melody)
    latency = streamer.latency_samples
    assert latency == streamer.latency_frames * HOP == 2 * HOP
    assert streamer.latency_ms == 8.0
    np.testing.assert_array_equal(played[:, :latency], 0.0)
    assert difference_db(played[:, latency:], offline(model, *melody)) < -100.0


def test_compiled_and_in_step_they_are_the_whole_too(model: Autoencoder) -> None:
    compiled = Streamer(model, batch_size=3, block_frames=1, reverb=False)
    melody = melody_of(3, N_FRAMES)
    played = streamed(compiled, *melody)[:, compiled.latency_samples :]
    assert difference_db(played, offline(model.without_reverb(), *melody)) < -100.0


def test_a_sound_shorter_than_the_latency_is_played_whole(
    streamer: Streamer, model: Autoencoder
) -> None:
    melody = melody_of(1, 1)
    played = np.concatenate([streamer.process(*melody), streamer.flush()], axis=1)
    assert played.shape[1] == HOP + streamer.latency_samples
    assert difference_db(played[:, streamer.latency_samples :], offline(model, *melody)) < -100.0
    assert streamer.flush().shape == (1, 0)


def test_no_call_traces_or_compiles_again(
    streamer: Streamer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the model was traced again")

    monkeypatch.setattr(Autoencoder, "decode", refuse)
    streamed(streamer, *melody_of(1, N_FRAMES))
    streamer.process(*melody_of(1, 57))


def test_the_state_can_be_stored_and_set_in_another_object(
    streamer: Streamer, model: Autoencoder
) -> None:
    melody = melody_of(1, N_FRAMES)
    first, second = ([x[:, part] for x in melody] for part in (slice(0, 11), slice(11, None)))
    streamer.process(*first)
    file = io.BytesIO()
    np.savez(file, **streamer.state)
    expected = [streamer.process(*second), streamer.flush()]
    file.seek(0)
    streamer.state = dict(np.load(file))
    for played in expected:
        again = streamer.process(*second) if played.shape[1] > 2 * HOP else streamer.flush()
        np.testing.assert_array_equal(again, played)


def test_reset_forgets_everything(streamer: Streamer) -> None:
    before = streamer.state
    melody = melody_of(1, 30)
    once = streamer.process(*melody)
    streamer.reset()
    for name, value in streamer.state.items():
        np.testing.assert_array_equal(value, before[name], err_msg=name)
    np.testing.assert_array_equal(streamer.process(*melody), once)


def test_the_state_does_not_grow_and_stays_in_range(streamer: Streamer) -> None:
    sizes = {name: value.nbytes for name, value in streamer.state.items()}
    streamer.process(*melody_of(1, 400))
    state = streamer.state
    assert {name: value.nbytes for name, value in state.items()} == sizes
    assert 0.0 <= state["processors/harmonic/turns"].item() < 1.0
    assert all(np.isfinite(value).all() for value in state.values())


def test_noise_goes_on_past_the_end_of_its_positions(streamer: Streamer) -> None:
    melody = melody_of(1, 6)
    streamer.process(*melody)
    played = []
    for frame in (2**32 - 3, 2**48 - 3):  # 199 days, and 35,000 years
        state = {**streamer.state, "processors/filtered_noise/frame": np.int64(frame)}
        streamer.state = state
        played.append(streamer.process(*melody))
        assert np.isfinite(played[-1]).all()
        assert 0 <= streamer.state["processors/filtered_noise/frame"] < 2**32
    assert np.std(played[0]) > 0.0


def test_an_hour_stays_in_tune() -> None:
    """The phase after an hour of glides is that of an exact sum, and the pitch is the asked one."""
    # Drift comes from the number of frames; few samples in each make the hour short.
    rate, hop, size = 1000, 4, 9000
    streamer = Streamer(_one_partial(rate, hop), block_frames=size, xla=False)
    n_blocks = round(3600 * rate / hop / size)
    walk = np.cumsum(np.random.default_rng(6).normal(size=size)) / 4000
    f0_hz = (110.0 * 2**walk).astype(np.float32)[np.newaxis]
    cycles = f0_hz[0].astype(np.float64) / rate
    glides = np.roll(cycles, -1) - cycles
    exact = np.sum(cycles * hop + glides * (0.5 * (hop - 1)))
    loudness_db = np.full_like(f0_hz, -20.0)
    streamer.process(f0_hz[:, -1:], loudness_db[:, -1:])  # What follows is ahead by one frame.
    streamer.process(f0_hz, loudness_db)
    start = streamer.state["processors/harmonic/turns"].item()
    for _ in range(n_blocks):
        streamer.process(f0_hz, loudness_db)
    end = streamer.state["processors/harmonic/turns"].item()
    drift = (end - start - exact * n_blocks + 0.5) % 1.0 - 0.5
    assert abs(drift) < 1e-6  # turns, after 396,000 of them
    steady = np.full_like(f0_hz, 111.0)
    tone = streamer.process(steady, loudness_db)[0, 4 * hop :]
    phase = np.unwrap(np.angle(_analytic(tone, 111.0, rate)))[500:-500]
    slope_hz = np.polyfit(np.arange(len(phase)) / rate, phase, 1)[0] / (2 * np.pi)
    assert abs(1200 * np.log2(slope_hz / 111.0)) < 0.1


def _one_partial(rate: int, hop: int) -> Autoencoder:
    harmonic = Harmonic(sample_rate=rate, hop_length=hop, scale=False)
    keys = ["amplitudes", "harmonic_distribution", "f0_hz"]
    group = ProcessorGroup(dag=[(harmonic, keys)])
    return Autoencoder(decoder=FollowingDecoder(n_harmonics=1), processor_group=group)


def _analytic(tone: np.ndarray, hz: float, rate: int) -> np.ndarray:
    """The fundamental alone, without negative frequencies."""
    spectrum = np.fft.fft(tone)
    f_hz = np.fft.fftfreq(len(tone), 1 / rate)
    spectrum[np.abs(f_hz - hz) > 30] = 0.0
    return np.fft.ifft(spectrum)


def test_an_onset_is_heard_after_one_frame_and_full_after_two() -> None:
    streamer = Streamer(following_instrument(), block_frames=1, xla=False)
    assert streamer.latency_frames == 1
    levels = []
    for frame in range(12):
        loudness_db = -20.0 if frame >= 5 else -80.0
        audio = streamer.process(np.full([1, 1], 500.0), np.full([1, 1], loudness_db))
        levels.append(20 * np.log10(np.max(np.abs(audio)) + 1e-9))
    # The rise towards frame 5 is in the block that the call with frame 5 gives.
    assert max(levels[:5]) < -70.0
    assert -30.0 < levels[5] < levels[6] + 0.1
    assert levels[6] == pytest.approx(levels[11], abs=0.5)


@pytest.mark.parametrize(
    ("f0_hz", "loudness_db", "message"),
    [
        ([[440.0, np.nan]], [[0.0, 0.0]], "`f0_hz` holds NaN or infinity. Replace it"),
        ([[440.0]], [[-np.inf]], "`loudness_db` holds NaN or infinity. Replace it"),
        ([[-1.0]], [[0.0]], "`f0_hz` must be >= 0 Hz; got -1"),
        (
            [440.0],
            [0.0],
            r"`f0_hz` must be \[batch, n_frames\] with a batch of 1; got shape \(1,\)",
        ),
        ([[1.0]] * 2, [[1.0]] * 2, r"with a batch of 1; got shape \(2, 1\)"),
        ([[1.0, 2.0]], [[1.0]], r"must have the same shape; got \(1, 2\) and \(1, 1\)"),
    ],
)
def test_refuses_wrong_features_and_keeps_its_state(
    streamer: Streamer, f0_hz: Any, loudness_db: Any, message: str
) -> None:
    streamer.process(*melody_of(1, 5))
    before = streamer.state
    with pytest.raises(ArgumentError, match=message):
        streamer.process(f0_hz, loudness_db)
    for name, value in streamer.state.items():
        np.testing.assert_array_equal(value, before[name], err_msg=name)


def test_refuses_foreign_states(streamer: Streamer) -> None:
    state = streamer.state
    with pytest.raises(ArgumentError, match="missing is decoder; unknown is encoder"):
        streamer.state = {**{k: v for k, v in state.items() if k != "decoder"}, "encoder": 0}
    wrong = {**state, "decoder": np.zeros([2, 16], np.float32)}
    message = r"`decoder` should be float32 \(1, 16\). Received float32 \(2, 16\)"
    with pytest.raises(ArgumentError, match=message):
        streamer.state = wrong
    with pytest.raises(ArgumentError, match="`n_frames_ahead` must be from 0 to 2; got 7"):
        streamer.state = {**state, "n_frames_ahead": np.array(7, np.int64)}


@pytest.mark.parametrize("name", ["batch_size", "block_frames"])
def test_refuses_sizes_below_one(model: Autoencoder, name: str) -> None:
    with pytest.raises(ArgumentError, match=f"`{name}` must be an integer of at least 1; got 0"):
        Streamer(model, **{name: 0})


def test_refuses_a_crop_before_any_work(model: Autoencoder) -> None:
    group = model.processor_group
    dag = [*zip(group.processors, group.node_inputs, strict=True)]
    dag += [(Crop(n_samples=9), [f"{group.processors[-1].name}/signal"])]
    cropped = Autoencoder(decoder=model.decoder, processor_group=ProcessorGroup(dag=dag))
    message = "can't be streamed: its processor `crop` can't play a part of a sound. Play whole"
    with pytest.raises(ArgumentError, match=message):
        Streamer(cropped)


def test_every_model_of_the_package_is_known_here() -> None:
    known = {*CAUSAL_CONFIGS, *WITH_Z}
    models = [name for name in config.packaged_configs() if name.startswith("models/")]
    assert set(models) <= known


@pytest.mark.parametrize(("name", "bindings"), WITH_Z.items())
def test_refuses_models_with_z(name: str, bindings: tuple[str, ...]) -> None:
    message = "can't be streamed: its encoder makes `z` from the whole recording. Play whole"
    with pytest.raises(ArgumentError, match=re.escape(message)):
        Streamer(config.parse([name], bindings).build_model())


@pytest.mark.parametrize(
    ("name", "bindings"),
    [
        ("models/vst.gin", ("N_HARMONICS=5", "RnnFcDecoder.rnn_channels=8")),
        *(pytest.param(name, ROOMS, marks=pytest.mark.slow) for name in CAUSAL_CONFIGS),
    ],
)
def test_every_causal_model_streams_as_it_plays(name: str, bindings: tuple[str, ...]) -> None:
    keras.utils.set_random_seed(1)
    model = config.parse([name], bindings).build_model()
    for weight in model.trainable_weights:
        if "impulse_response" in weight.path:  # An untrained room is not heard.
            decay = np.exp(-np.arange(weight.shape[0]) / 3000)
            weight.assign(0.05 * decay * np.random.default_rng(2).normal(size=decay.shape))
    streamer = Streamer(model, block_frames=4, xla=False)
    melody = melody_of(1, N_FRAMES)
    played = streamed(streamer, *melody)[:, streamer.latency_samples :]
    assert difference_db(played, offline(model, *melody)) < -80.0
