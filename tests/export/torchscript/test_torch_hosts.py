"""The violin in the hosts of TorchScript: their calls, made in C++ and by their own packages."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from engine_runner import run
from torch_hosts import Host, in_torch, quiet

from ddsp_tf.audio import read_audio
from ddsp_tf.features import extract_features
from ddsp_tf.inference import Streamer
from ddsp_tf.inference.live_transfer import LiveTransfer
from ddsp_tf.models import Instrument, list_presets

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800), pytest.mark.xdist_group("torch")]

RATE, HOP = 16000, 64
N_FRAMES = 640
LATENCY = 320


def difference_db(found: np.ndarray, expected: np.ndarray) -> float:
    error = np.mean(np.square(found - expected, dtype=np.float64))
    return float(10.0 * np.log10(error / np.mean(np.square(expected, dtype=np.float64)) + 1e-30))


def spectral_difference_db(found: np.ndarray, expected: np.ndarray) -> float:
    """Of magnitudes, which a phase that drifts apart doesn't change."""

    def magnitudes(audio: np.ndarray) -> np.ndarray:
        frames = np.lib.stride_tricks.sliding_window_view(audio, 1024)[::256]
        return np.abs(np.fft.rfft(frames * np.hanning(1024)))

    here, there = magnitudes(found), magnitudes(expected)
    return float(20.0 * np.log10(np.linalg.norm(here - there) / np.linalg.norm(there)))


@pytest.fixture(scope="module")
def violin() -> Instrument:
    return Instrument.load("violin")


@pytest.fixture(scope="module")
def phrase(recordings: Path) -> np.ndarray:
    audio, _ = read_audio(recordings / "phrases/cello_phrase.flac", sample_rate=RATE)
    return audio[: N_FRAMES * HOP]


@pytest.fixture(scope="module")
def frames(phrase: np.ndarray, violin: Instrument) -> np.ndarray:
    """Pitch and loudness of the phrase, `[2, n_frames]`."""
    features = extract_features(phrase, violin.features)
    return np.stack([features.f0_hz, features.loudness_db])[:, :N_FRAMES]


@pytest.fixture(scope="module")
def rows(frames: np.ndarray) -> np.ndarray:
    """The phrase at four pitches and levels, `[4, 2, n_frames]`."""
    shifted = [[frames[0] * 2.0 ** (row / 4), frames[1] - 3 * row] for row in range(4)]
    return np.array(shifted, np.float32)


@pytest.fixture(scope="module")
def played_rows(rows: np.ndarray, violin: Instrument) -> np.ndarray:
    """What `Streamer` makes of them."""
    return Streamer(violin, batch_size=4, xla=False).process(rows[:, 0], rows[:, 1])


@pytest.fixture(scope="module")
def transferred(phrase: np.ndarray, violin: Instrument) -> np.ndarray:
    """What `LiveTransfer` makes of the phrase an octave higher and 3 dB softer."""
    transfer = LiveTransfer(violin, octave=1, loudness_db=-3.0, xla=False)
    assert transfer.latency_samples == LATENCY
    return transfer.process(phrase)


def test_ddsp_tilde_plays_what_streamer_plays(
    host: Host, exports: Path, frames: np.ndarray, violin: Instrument
) -> None:
    envelope = frames + np.array([[0.0], [103.0]], np.float32)
    file = exports / "ddsp_tilde" / "ddsp_violin_pretrained.ts"
    found, facts = host("ddsp", file, "IN", "OUT", given=envelope.repeat(HOP, axis=1))
    expected = Streamer(violin, reverb=False, xla=False).process(*frames[:, np.newaxis])[0]
    error_db = difference_db(found, expected)
    print(f"{error_db:.1f} dB, {facts['mean_ms'][0]} ms a block")  # noqa: T201
    assert error_db < -80.0


def test_ddsp_tilde_has_the_room_beside_it(exports: Path, violin: Instrument) -> None:
    folder = exports / "ddsp_tilde"
    response, rate = soundfile.read(folder / "ddsp_violin_impulse.wav")
    room = violin.model.processor_group.processors[-1]
    taps = np.asarray(room.controls({"audio": None})["impulse_response"])
    assert (rate, response[0]) == (RATE, 1.0)
    np.testing.assert_array_equal(response[1:], taps[1:])
    text = (folder / "ddsp_violin_config.yaml").read_text()
    assert "  sampling_rate: 16000\n  block_size: 64\n" in text
    assert json.loads((folder / "metadata.json").read_text())["title"] == "Violin"
    names = sorted(path.name for path in folder.iterdir())
    stem = "ddsp_violin"
    ours = [f"{stem}_config.yaml", f"{stem}_impulse.wav", f"{stem}_pretrained.ts", "metadata.json"]
    assert names == ours


def test_a_pitch_that_is_none_is_held(host: Host, exports: Path) -> None:
    signals = np.array([[440.0], [70.0]], np.float32).repeat(16 * 1024, axis=1)
    file = exports / "ddsp_tilde" / "ddsp_violin_pretrained.ts"
    whole, _ = host("ddsp", file, "IN", "OUT", given=signals)
    signals[0, 8 * 1024 :] = 0.0
    held, _ = host("ddsp", file, "IN", "OUT", given=signals)
    np.testing.assert_array_equal(whole, held)
    # What is no number doesn't stay.
    signals[:, 2048:4096] = np.nan
    after, _ = host("ddsp", file, "IN", "OUT", given=signals)
    assert np.isfinite(after).all()
    assert np.max(np.abs(after[-2048:])) > 0.01


@pytest.mark.parametrize(("n_rows", "block"), [(1, 2048), (4, 2048), (4, 32)])
def test_nn_tilde_plays_rows_as_streamer_does(
    n_rows: int, block: int, host: Host, exports: Path, rows: np.ndarray, played_rows: np.ndarray
) -> None:
    # Blocks that are shorter than a hop take their time.
    n_frames = N_FRAMES if block > HOP else 160
    signals = rows[:n_rows, :, :n_frames].repeat(HOP, axis=2)
    file = exports / "violin.ts"
    found, facts = host("nn", file, "forward", n_rows, block, "IN", "OUT", given=signals)
    assert facts["method"] == ["forward", "transfer"]
    assert facts["attribute"] == ["octave", "loudness", "room", "noise"]
    assert facts["params"] == ["2 1 1 1"]
    assert facts["rate"] == ["16000"]
    for row, audio in zip(found.reshape(n_rows, -1), played_rows, strict=False):
        assert difference_db(row, audio[: len(row)]) < -80.0


def test_nn_tilde_hears_what_live_transfer_hears(
    host: Host, exports: Path, phrase: np.ndarray, transferred: np.ndarray
) -> None:
    file = exports / "violin.ts"
    settings = ("octave=1", "loudness=-3", "octave=9", "noise=-1")
    found, facts = host("nn", file, "transfer", 1, 2048, "IN", "OUT", *settings, given=phrase)
    assert facts["params"] == ["1 1 1 1"]
    # What is beyond a range is refused and changes nothing.
    assert facts["set_octave"] == ["0", "-1"]
    assert facts["get_octave"] == ["1", "1"]
    assert (facts["set_noise"], facts["get_noise"]) == (["-1"], ["1."])
    # The front end's last digits move the phase, so spectra are compared; and they are as late.
    error_db = spectral_difference_db(found[RATE // 10 :], transferred[RATE // 10 :])
    print(f"{error_db:.1f} dB in the spectrum, {facts['mean_ms'][0]} ms a block")  # noqa: T201
    assert error_db < -60.0


def test_nn_tilde_turns_room_and_noise(host: Host, exports: Path, frames: np.ndarray) -> None:
    signals = frames.repeat(HOP, axis=1)

    def play(*settings: str) -> np.ndarray:
        file = exports / "violin.ts"
        return host("nn", file, "forward", 1, 2048, "IN", "OUT", *settings, given=signals)[0]

    usual, dry, clear = play(), play("room=0"), play("room=0", "noise=0")
    assert np.std(usual - dry) > 0.02 * np.std(usual)
    assert np.std(dry - clear) > 0.001 * np.std(dry)
    assert np.std(clear) > 0.8 * np.std(dry)


NEUTONE = """
import json, sys
import numpy as np, torch
from neutone_sdk.utils import load_neutone_model

torch.set_num_threads(1)
model, metadata = load_neutone_model(sys.argv[1])
audio = torch.from_numpy(np.fromfile(sys.argv[2], "<f4"))[None]
with torch.no_grad():
    # As the plug-in does at the model's own rate.
    model.set_daw_sample_rate_and_buffer_size(16000, 1024)
    model.reset()

    def play(pitch=0.5, loudness=0.5):
        params = torch.full([4, 1024], 0.5)
        params[0], params[1] = pitch, loudness
        parts = [model.forward(x, params).clone() for x in audio.split(1024, dim=1)]
        return torch.cat(parts, dim=1)[0].numpy()

    usual = play()
    model.reset()
    again = play()
    model.reset()
    higher = play(0.75, 0.4375)  # an octave, and 3 dB softer
    facts = {
        "reset": float(np.abs(usual - again).max()),
        "delay": model.calc_model_delay_samples(),
        "rates": model.get_native_sample_rates(),
        "buffers": model.get_native_buffer_sizes(),
        "samples": len(metadata.pop("sample_sound_files")),
        "metadata": metadata,
    }
np.concatenate([usual, higher]).astype("<f4").tofile(sys.argv[3])
print(json.dumps(facts))
"""


def test_neutone_plays_what_live_transfer_plays(
    torch_python: Path,
    exports: Path,
    phrase: np.ndarray,
    transferred: np.ndarray,
    tmp_path: Path,
) -> None:
    phrase.astype("<f4").tofile(tmp_path / "in.f32")
    arguments = (exports / "violin.nm", tmp_path / "in.f32", tmp_path / "out.f32")
    facts = json.loads(in_torch(torch_python, NEUTONE, *arguments))
    usual, higher = np.fromfile(tmp_path / "out.f32", "<f4").reshape(2, -1)
    assert (facts["rates"], facts["buffers"], facts["reset"]) == ([RATE], [1024], 0.0)
    assert facts["delay"] == LATENCY
    assert spectral_difference_db(higher[RATE // 10 :], transferred[RATE // 10 :]) < -60.0
    assert spectral_difference_db(usual[RATE // 10 :], transferred[RATE // 10 :]) > -10.0
    said = facts["metadata"]
    assert said["model_name"] == "Violin"
    assert [knob["name"] for knob in said["neutone_parameters"].values()] == [
        "pitch",
        "loudness",
        "noise",
        "room",
    ]
    assert "CC BY 4.0" in said["model_long_description"]
    assert (facts["samples"], said["is_experimental"]) == (1, False)


def test_neutone_s_own_benchmark_runs(torch_python: Path, exports: Path) -> None:
    code = (
        "import sys; from neutone_sdk.benchmark import cli;"
        "cli(['benchmark-speed', '--model_file', sys.argv[1], *sys.argv[2:]])"
    )
    options = ("--repeat", "3", "--buffer_size", "512")
    in_torch(torch_python, code, exports / "violin.nm", *options)


def test_all_that_ship_and_odd_ones_equal_python(torch_python: Path) -> None:
    script = Path(__file__).with_name("play_in_torch.py")
    errors = json.loads(run(torch_python, script, env=quiet()).splitlines()[-1])
    followers = set(list_presets()) - {"piano"}
    assert followers < set(errors)
    assert len(errors) == len(followers) + 9
    assert max(errors.values()) < 3e-5, errors


def test_it_hears_at_48_khz(torch_python: Path, recordings: Path) -> None:
    measure = Path(__file__).parents[3] / "scripts" / "measure_torch_hosts.py"
    options = ("--names", "violin_48k", "--seconds", "2", "--json")
    printed = run(torch_python, measure, recordings / "phrases", *options, env=quiet())
    (found,) = json.loads(printed.splitlines()[-1])
    print(found)  # noqa: T201
    assert found["sound_db"] < -80.0
    # CREPE hears by another resampler.
    assert found["cents"] < 1.0
    assert found["transfer_db"] < -40.0
    assert found["latency_ms"] == 24.0
