"""Lee et al. in use: real rooms found for their impulse responses."""

from pathlib import Path

import numpy as np
import pytest
from scipy import signal

from ddsp_tf import config
from ddsp_tf.audio import read_audio
from ddsp_tf.dsp.room_acoustics import clarity_db, reverberation_times_s
from ddsp_tf.inference import hear_room, match
from ddsp_tf.models import Instrument

RATE = 16000
AT_A_THIRD = [
    "DelayNetworkReverb.delays = [77, 103, 141, 153, 195, 205]",
    "DelayNetworkReverb.all_pass_delays = [[43, 50, 113, 118], [34, 58, 110, 124], "
    "[30, 60, 102, 134], [26, 65, 93, 139], [20, 71, 86, 143], [15, 76, 83, 147]]",
]
"""The paper's delays at a third of its rate."""

BANDS = [250.0, 500.0, 1000.0, 2000.0, 4000.0]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("gin", "steps", "settings"),
    [
        ("papers/lee2022/fvn.gin", 20, []),
        ("papers/lee2022/delay_network.gin", 3, AT_A_THIRD),
    ],
)
def test_a_room_is_found_for_its_response(gin: str, steps: int, settings: list[str]) -> None:
    """A known decay in octaves, with a direct sound: T60 within 10%, C80 within 2 dB."""
    t = np.arange(round(0.6 * RATE)) / RATE
    noise = np.random.default_rng(0).standard_normal(len(t))
    spectrum = np.fft.rfft(noise)
    hz = np.fft.rfftfreq(len(t), 1 / RATE)
    low = np.fft.irfft(spectrum / (1 + (hz / 1400.0) ** 4), len(t))
    response = 0.1 * (low * 10 ** (-3 * t / 0.5) + (noise - low) * 10 ** (-3 * t / 0.3))
    response[0] = 2.0
    parsed = config.parse([gin], [f"SAMPLE_RATE={RATE}", "HOP_LENGTH=64", *settings])
    found = match(
        parsed.build_model(),
        response,
        objective=parsed.build_objective(),
        n_steps=steps,
        learning_rate=0.01,
    )
    assert found.loss <= found.start_loss
    times = [reverberation_times_s(x, BANDS, sample_rate=RATE) for x in (response, found.audio)]
    np.testing.assert_allclose(times[1], times[0], rtol=0.1)
    clear = [clarity_db(x, sample_rate=RATE) for x in (response, found.audio)]
    assert clear[1] == pytest.approx(clear[0], abs=2.0)


@pytest.mark.slow
def test_rooms_are_heard_in_the_speech_of_a_reader_who_was_not_in_training(
    recordings: Path,
) -> None:
    """Six measured rooms, none of which was in training: T60 of 500 Hz to 2 kHz within 25%."""
    estimator = Instrument.load("reverb").model
    speech = recordings / "speech" / "librispeech_5703-47212-0000.flac"
    dry, _ = read_audio(speech, sample_rate=RATE)
    rooms = ("bathroom_1m", "livingroom_2m", "small_concert_hall_4m", "large_concert_hall_8m")
    files = [f"hybridreverb2_{room}" for room in rooms]
    files += ["webaudio_kitchen-true-stereo", "webaudio_omni-35-10"]
    for name in files:
        response, _ = read_audio(recordings / "ir" / f"{name}.flac", sample_rate=RATE)
        bands = estimator.bands_hz[2:5]
        wanted = np.mean(reverberation_times_s(response, bands, sample_rate=RATE))
        heard = hear_room(estimator, signal.fftconvolve(dry, response))
        assert np.mean(heard.t60_s[2:5]) == pytest.approx(wanted, rel=0.25), name


def test_all_configurations_are_shipped() -> None:
    for name in ("fvn", "afvn", "delay_network"):
        model = config.parse([f"papers/lee2022/{name}.gin"], []).build_model()
        assert model.processor_group.processors[0].is_room
        assert model.sample_rate == 48000
