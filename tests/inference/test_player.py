"""Blocks are the whole: no seams, whatever the size of a block, and one trace for all."""

import numpy as np
import pytest
import tensorflow as tf
from inference_toys import HOP, RATE

from ddsp_tf.inference import Player
from ddsp_tf.models import Autoencoder, Instrument
from ddsp_tf.processors import Crop, ProcessorGroup

N_FRAMES = 700


def controls(n_frames: int = N_FRAMES) -> dict[str, np.ndarray]:
    """A glide with vibrato, and swells."""
    time_s = np.arange(n_frames) * HOP / RATE
    f0_hz = 300 * 2 ** (time_s / 3 + 0.03 * np.sin(2 * np.pi * 5.5 * time_s))
    loudness_db = -35 + 20 * np.sin(2 * np.pi * 0.7 * time_s)
    return {"f0_hz": f0_hz[:, None], "loudness_db": loudness_db[:, None]}


def play(
    instrument: Instrument, size: int, *, reverb: bool = True, **arrays: np.ndarray
) -> np.ndarray:
    features = arrays or controls()
    gate = features.pop("gate", np.ones(len(features["f0_hz"])))
    player = Player(instrument.model, reverb=reverb, block_frames=size)
    return np.concatenate(list(player.blocks(features, gate)))


def at_once(model: Autoencoder) -> np.ndarray:
    """The model's own call, compiled because an eager recurrence takes seconds."""
    batch = {key: tf.constant(x[None], tf.float32) for key, x in controls().items()}
    return tf.function(lambda: model(batch)["audio"], autograph=False)().numpy()[0]


@pytest.fixture(scope="module")
def whole(recurrent: Instrument) -> np.ndarray:
    return at_once(recurrent.model)


@pytest.fixture(scope="module")
def dry(recurrent: Instrument) -> np.ndarray:
    return at_once(recurrent.model.without_reverb())


def difference_db(audio: np.ndarray, reference: np.ndarray) -> float:
    assert audio.shape == reference.shape
    return 20 * np.log10(np.abs(audio - reference).max() / np.abs(reference).max() + 1e-12)


@pytest.mark.parametrize("size", [pytest.param(3, marks=pytest.mark.slow), 37, 1000])
def test_blocks_of_any_size_give_the_sound_of_playing_at_once(
    recurrent: Instrument, whole: np.ndarray, size: int
) -> None:
    assert difference_db(play(recurrent, size), whole) < -80


def test_without_reverb_the_dry_model_plays(
    recurrent: Instrument, whole: np.ndarray, dry: np.ndarray
) -> None:
    audio = play(recurrent, 350, reverb=False)
    assert difference_db(audio, dry) < -80
    assert difference_db(audio, whole) > -40, "the reverb should be audible"


def test_the_gate_silences_the_dry_sound_and_the_room_rings_on(
    recurrent: Instrument, dry: np.ndarray
) -> None:
    """The oracle is a plain convolution in float64."""
    gate = np.where((np.arange(N_FRAMES) > 200) & (np.arange(N_FRAMES) < 300), 0.0, 1.0)
    gain = np.interp(np.arange(N_FRAMES * HOP) / HOP, np.arange(N_FRAMES), gate)
    gated = dry * gain
    response = recurrent.model.processor_group.processors[-1].impulse_response.numpy().astype(float)
    response[0] = 1.0
    expected = np.convolve(gated, response)[: gated.size]
    audio = play(recurrent, 90, **controls(), gate=gate)
    assert difference_db(audio, expected) < -80
    start = 202 * HOP
    assert np.abs(audio[start : start + 2000]).max() > 0, "the tail must not be cut"
    rung_out = 299 * HOP
    assert np.abs(audio[start + 4000 : rung_out]).max() < 1e-6


def test_one_trace_serves_files_of_every_length(recurrent: Instrument) -> None:
    player = Player(recurrent.model, reverb=True, block_frames=50)
    for n_frames in (1, 49, 50, 51, 333):
        audio = np.concatenate(list(player.blocks(controls(n_frames), np.ones(n_frames))))
        assert audio.shape == (n_frames * HOP,)
    assert player.n_traces == 1


def test_every_file_starts_anew_and_blocks_are_made_when_asked_for(recurrent: Instrument) -> None:
    player = Player(recurrent.model, reverb=True, block_frames=100)
    first, second = (next(player.blocks(controls(), np.ones(N_FRAMES))) for _ in range(2))
    assert first.shape == (100 * HOP,)
    np.testing.assert_array_equal(first, second)


def test_a_model_that_cannot_be_played_in_blocks_is_played_at_once(following: Instrument) -> None:
    harmonic = following.model.processor_group.processors[0]
    group = ProcessorGroup(
        dag=[
            (harmonic, ["amplitudes", "harmonic_distribution", "f0_hz"]),
            (Crop(n_samples=128, location="back"), ["harmonic/signal"]),
        ]
    )
    cropping = Autoencoder(decoder=following.model.decoder, processor_group=group)
    player = Player(cropping, reverb=True, block_frames=100)
    gate = np.linspace(0, 1, N_FRAMES)
    (audio,) = player.blocks(controls(), gate)
    whole = play(following, 100, **controls(), gate=gate)
    assert difference_db(audio, whole[: audio.size]) < -80
