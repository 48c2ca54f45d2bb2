"""The plug-ins in real hosts: they play what Python plays, and do what hosts ask of them."""

import os
import shutil
import time
from pathlib import Path
from typing import Any

import mido
import numpy as np
import pytest
from engine_runner import play as play_engine
from plugin_hosts import (
    HOSTS,
    Task,
    compile_hosts,
    open_vst3,
    play,
    play_small,
    set_knobs,
    validate_lv2,
)

from ddsp_tf.audio import read_audio
from ddsp_tf.export.plugin.build import build_plugins
from ddsp_tf.features import extract_features
from ddsp_tf.inference import PlainPerformer, Render, Streamer
from ddsp_tf.inference.live_transfer import LiveTransfer
from ddsp_tf.midi import read_notes
from ddsp_tf.models import Instrument

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800), pytest.mark.xdist_group("engine")]

RATE = 16000
INSTRUMENTS = ("cello", "violin", "violin_48k")  # in the order of the plug-in
VIOLIN = 1.0


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small hosts."""
    return compile_hosts(tmp_path_factory.mktemp("hosts"))


@pytest.fixture(scope="session")
def plugins(instruments: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The plug-ins, as `ddsp-tf export --build` compiles them, with three instruments inside."""
    folder = tmp_path_factory.mktemp("built")
    for name in INSTRUMENTS:
        shutil.copy(instruments / f"{name}.ddsp", folder)
    shares: list[float] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ddsp_tf.export.plugin.build.list_presets", lambda: list(INSTRUMENTS))
        built = build_plugins(folder, progress=shares.append)
    assert built.instruments == INSTRUMENTS
    assert [path.exists() for path in built.paths] == [True] * 6
    assert shares == sorted(shares)
    assert len(shares) > 10
    return folder


@pytest.fixture(autouse=True)
def _no_user_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DDSP_TF_INSTRUMENTS", str(tmp_path / "user"))


@pytest.fixture(scope="session")
def phrase(recordings: Path) -> np.ndarray:
    """Five seconds of a trumpet."""
    audio, _ = read_audio(recordings / "phrases/trumpet_jazz_phrase.flac", sample_rate=RATE)
    return audio[: 5 * RATE]


@pytest.fixture(scope="session")
def transferred(phrase: np.ndarray) -> np.ndarray:
    """What Python makes of it live, an octave higher, without its latency."""
    violin = Instrument.load("violin")
    transfer = LiveTransfer(violin, octave=1, loudness_db=-3.0, xla=False)
    late = [transfer.process(phrase), transfer.process(np.zeros(RATE, np.float32))]
    return np.concatenate(late)[transfer.latency_samples :][: len(phrase)]


def spectral_difference_db(found: np.ndarray, expected: np.ndarray) -> float:
    """Of magnitudes, which a phase that drifts apart doesn't change."""

    def magnitudes(audio: np.ndarray) -> np.ndarray:
        frames = np.lib.stride_tricks.sliding_window_view(audio, 1024)[::256]
        return np.abs(np.fft.rfft(frames * np.hanning(1024)))

    n = min(len(found), len(expected))
    here, there = magnitudes(found[:n]), magnitudes(expected[:n])
    return float(20.0 * np.log10(np.linalg.norm(here - there) / np.linalg.norm(there)))


def cents_apart(found: np.ndarray, expected: np.ndarray, share: float = 95.0) -> float:
    """How far the pitches of two sounds are apart where both are sure."""
    settings = Instrument.load("violin").features
    a, b = extract_features(found, settings), extract_features(expected, settings)
    n = min(a.n_frames, b.n_frames)
    sure = (a.f0_confidence[:n] > 0.8) & (b.f0_confidence[:n] > 0.8)
    assert sure.mean() > 0.4
    cents = 1200.0 * np.abs(np.log2(a.f0_hz[:n] / b.f0_hz[:n]))[sure]
    return float(np.percentile(cents, share))


@pytest.mark.parametrize("host", HOSTS)
def test_an_effect_plays_a_phrase_as_python_does(
    host: str,
    plugins: Path,
    programs: Path,
    phrase: np.ndarray,
    transferred: np.ndarray,
    tmp_path: Path,
) -> None:
    values = {"instrument": VIOLIN, "octave": 1.0, "loudness": -3.0}
    if host == "lv2":  # its ports are told while it plays already; a saved state comes before
        save = tmp_path / "state"
        task = Task(phrase[:RATE], values=values)
        bundle = plugins / "ddsp_tf_effect.lv2"
        play_small(programs / "lv2_host", bundle, task, tmp_path, f"save={save}")
        found = play_small(programs / "lv2_host", bundle, Task(phrase), tmp_path, f"load={save}")
    else:
        found = play(host, "effect", plugins, programs, Task(phrase, values=values), tmp_path)
    assert np.array_equal(found.audio[0], found.audio[1])
    assert found.latency == 320 + 80  # LiveTransfer's, and the limiter's 5 ms
    audio = found.audio[0, found.latency :]
    start = 200  # Python fades in the beginning of a file, which has none in a plug-in
    error_db = spectral_difference_db(audio[start:], transferred[start:])
    cents = cents_apart(audio, transferred)
    print(f"{host}: {error_db:.1f} dB, {cents:.2f} cents")  # noqa: T201
    assert error_db < -40.0
    assert cents < 5.0


def as_messages(notes: np.ndarray, sample_rate: int) -> list[tuple[int, mido.Message]]:
    """Notes as MIDI; what ends at a sample comes before what begins there."""
    found = []
    for onset, offset, key, velocity, _ in notes:
        of = {"note": int(key), "channel": 0}
        loud = round(float(velocity) * 127)
        found.append((round(onset * sample_rate), 1, mido.Message("note_on", velocity=loud, **of)))
        found.append((round(offset * sample_rate), 0, mido.Message("note_off", **of)))
    return [(at, message) for at, _, message in sorted(found, key=lambda one: one[:2])]


@pytest.fixture(scope="session")
def score(recordings: Path) -> np.ndarray:
    """The beginning of the Preludio of Bach's third partita, each note slurred to the next."""
    notes = read_notes(recordings / "midi/bwv1006_mov1_preludio.mid")[:40].copy()
    notes[:, 0] -= notes[0, 0]
    hop_s = 64 / RATE
    notes[:, 0] = np.round(notes[:, 0] / hop_s) * hop_s
    notes[:-1, 1] = notes[1:, 0]
    notes[:, 3] = np.round(notes[:, 3] * 127) / 127
    return notes


@pytest.mark.parametrize("host", HOSTS)
def test_an_instrument_plays_a_score_as_python_does(
    host: str, plugins: Path, programs: Path, score: np.ndarray, tmp_path: Path
) -> None:
    violin = Instrument.load("violin")
    n = int((score[-1, 1] + 0.5) * RATE) // 64 * 64
    about = {"statistics": violin.statistics, "frame_rate": 250.0, "n_frames": n // 64}
    played = PlainPerformer().perform(score, **about)
    streamer = Streamer(violin, xla=False)
    audio = [streamer.process(played.f0_hz[np.newaxis], played.loudness_db[np.newaxis])[0]]
    expected = np.concatenate([*audio, streamer.flush()[0]])[streamer.latency_samples :][:n]

    values = {"instrument": VIOLIN, "voices": 1.0}
    task = Task(np.zeros(n), messages=as_messages(score, RATE), values=values)
    if host == "lv2":
        save, bundle = tmp_path / "state", plugins / "ddsp_tf_instrument.lv2"
        play_small(
            programs / "lv2_host",
            bundle,
            Task(np.zeros(480), values=values),
            tmp_path,
            f"save={save}",
        )
        later = Task(task.audio, messages=task.messages)
        found = play_small(programs / "lv2_host", bundle, later, tmp_path, f"load={save}")
    else:
        found = play(host, "instrument", plugins, programs, task, tmp_path)
    late = 128 + 80  # synthesis and limiter: the host's rate is the model's
    assert found.latency in (late, 0)  # 0: the host doesn't tell
    last = round(score[-1, 1] * RATE)  # how a last note ends isn't compared: Python sees it coming
    audio_found = found.audio[0, late:last]
    error_db = spectral_difference_db(audio_found, expected[: last - late])
    cents = cents_apart(audio_found, expected[: last - late])
    print(f"{host}: {error_db:.1f} dB, {cents:.2f} cents")  # noqa: T201
    assert error_db < -40.0
    assert cents < 5.0


def test_a_score_as_written_has_the_pitches_of_render(
    plugins: Path, programs: Path, recordings: Path, tmp_path: Path
) -> None:
    """Notes that end before the next begins: only Python knows that beforehand."""
    notes = read_notes(recordings / "midi/oneill_001.mid")[:24]
    expected, _ = Render("violin", performer="plain", voices=1, tail_s=0.5)(notes)
    task = Task(
        np.zeros(len(expected) + 1000),
        messages=as_messages(notes, RATE),
        values={"instrument": VIOLIN, "voices": 1.0},
    )
    found = play("clap", "instrument", plugins, programs, task, tmp_path)
    assert cents_apart(found.audio[0, found.latency :], expected) < 5.0


def test_sixteen_notes_are_sixteen_notes(plugins: Path, programs: Path, tmp_path: Path) -> None:
    """Each has its partial, at 48 kHz and played by chords, bent as a whole by two semitones."""
    keys = range(55, 71)
    messages = [(0, mido.Message("pitchwheel", pitch=8191))]
    messages += [(0, mido.Message("note_on", note=key, velocity=90)) for key in keys]
    values = {"instrument": VIOLIN, "room": 0.0}
    task = Task(np.zeros(3 * 48000), 48000, (512,), messages, values)
    found = play("clap", "instrument", plugins, programs, task, tmp_path).audio[0, 48000:]
    spectrum = np.abs(np.fft.rfft(found * np.hanning(len(found))))
    bin_hz = 48000 / len(found)
    for key in keys:
        hz = 440.0 * 2.0 ** ((key + 2 * 8191 / 8192 - 69) / 12)
        near = spectrum[int((hz - 6) / bin_hz) : int((hz + 6) / bin_hz)]
        between = spectrum[int(hz * 2 ** (0.4 / 12) / bin_hz) : int(hz * 2 ** (0.6 / 12) / bin_hz)]
        assert near.max() > 10.0 * np.median(between)


def strongest_hz(audio: np.ndarray, sample_rate: int) -> float:
    spectrum = np.abs(np.fft.rfft(audio * np.hanning(len(audio)), 8 * len(audio)))
    return float(np.argmax(spectrum)) * sample_rate / (8 * len(audio))


@pytest.mark.parametrize("announced", [False, True])
def test_notes_of_mpe_have_their_own_bend_and_level(
    announced: bool, plugins: Path, programs: Path, tmp_path: Path
) -> None:
    """By the knob, or by the message that announces a zone of fifteen channels."""
    announce = [
        (0, mido.Message("control_change", control=number, value=value))
        for number, value in ((101, 0), (100, 6), (6, 15))
    ]
    two_of_48 = round(8192 * 2 / 48)
    messages = [
        *(announce if announced else []),
        (0, mido.Message("pitchwheel", channel=3, pitch=two_of_48)),
        (0, mido.Message("pitchwheel", channel=4, pitch=-8192)),  # another note's
        (0, mido.Message("note_on", channel=3, note=69, velocity=80)),
        (RATE, mido.Message("pitchwheel", channel=0, pitch=4096)),  # of all: half of two semitones
        (2 * RATE, mido.Message("aftertouch", channel=3, value=127)),
        (3 * RATE, mido.Message("control_change", channel=3, control=11, value=40)),
    ]
    values = {"instrument": VIOLIN, "room": 0.0} | ({} if announced else {"mpe": 1.0})
    task = Task(np.zeros(4 * RATE), messages=messages, values=values)
    audio = play("clap", "instrument", plugins, programs, task, tmp_path).audio[0]
    plain, higher, pressed, soft = (
        audio[int((second + 0.4) * RATE) : int((second + 0.95) * RATE)] for second in range(4)
    )
    for sound, midi in ((plain, 71.0), (higher, 72.0)):
        cents = 1200 * np.log2(strongest_hz(sound, RATE) / (440 * 2 ** ((midi - 69) / 12)))
        assert abs(cents - 1200 * np.round(cents / 1200)) < 3.0
    rms = [np.sqrt(np.mean(sound**2)) for sound in (higher, pressed, soft)]
    assert rms[1] > 1.2 * rms[0]
    assert rms[2] < 0.5 * rms[1]


@pytest.mark.parametrize("kind", ["effect", "instrument"])
def test_lengths_of_blocks_change_nothing(
    kind: str, plugins: Path, programs: Path, phrase: np.ndarray, tmp_path: Path
) -> None:
    messages = [(1000, mido.Message("note_on", note=70, velocity=80))]
    found = [
        play_small(
            programs / "clap_host",
            plugins / f"ddsp_tf_{kind}.clap",
            Task(phrase[:20000], 16000, blocks, messages, {"instrument": VIOLIN}),
            tmp_path,
        ).audio
        for blocks in ((1,), (8192,), (64, 3, 1000, 257))
    ]
    assert np.max(np.abs(found[0])) > 0.01
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0], found[2])


@pytest.mark.parametrize("sample_rate", [22050, 44100, 48000, 96000])
def test_every_rate_has_the_same_sound(
    sample_rate: int,
    plugins: Path,
    recordings: Path,
    transferred: np.ndarray,
    programs: Path,
    tmp_path: Path,
) -> None:
    import soxr

    path = recordings / "phrases/trumpet_jazz_phrase.flac"
    audio, _ = read_audio(path, sample_rate=sample_rate)
    values = {"instrument": VIOLIN, "octave": 1.0, "loudness": -3.0}
    task = Task(audio[: 5 * sample_rate], sample_rate, (512,), values=values)
    found = play("pedalboard", "effect", plugins, programs, task, tmp_path)
    sound = soxr.resample(found.audio[0, found.latency :], sample_rate, RATE)
    assert cents_apart(sound, transferred) < 5.0
    assert spectral_difference_db(sound[200:], transferred[200:]) < -20.0


@pytest.mark.parametrize("sample_rate", [16000, 44100, 48000])
@pytest.mark.parametrize("host", ["clap", "lv2"])
def test_an_impulse_is_as_late_as_is_said(
    host: str, sample_rate: int, plugins: Path, programs: Path, tmp_path: Path
) -> None:
    """Dry, bypassed, and of the instrument itself: what is dry tells when what is wet is due."""
    impulse = np.zeros(sample_rate)
    impulse[300] = 0.5
    task = Task(impulse, sample_rate, (100,), values={"wet": 0.0})
    found = play(host, "effect", plugins, programs, task, tmp_path)
    assert found.latency > 0
    heard = np.flatnonzero(np.abs(found.audio[0]) > 1e-6)
    assert heard.tolist() == [300 + found.latency]


def test_bypass_is_what_came_in(plugins: Path, phrase: np.ndarray) -> None:
    plugin: Any = open_vst3(plugins / "ddsp_tf_effect.vst3")
    set_knobs(plugin, {"bypass": 1.0})
    stereo = np.stack([phrase, -0.5 * phrase])
    found = plugin.process(stereo, RATE, buffer_size=333)
    np.testing.assert_allclose(found, stereo[:, : found.shape[1]], atol=1e-6)


@pytest.mark.parametrize("kind", ["clap", "lv2", "vst3"])
def test_a_saved_state_is_restored(
    kind: str, plugins: Path, programs: Path, phrase: np.ndarray, tmp_path: Path
) -> None:
    audio = phrase[: 2 * RATE]
    values = {"instrument": VIOLIN, "octave": -1.0, "room": 0.5}
    if kind == "vst3":
        first: Any = open_vst3(plugins / "ddsp_tf_effect.vst3")
        second: Any = open_vst3(plugins / "ddsp_tf_effect.vst3")
        stereo = np.stack([audio, audio])
        set_knobs(first, values)
        expected = first.process(stereo, RATE)
        assert not np.allclose(second.process(stereo, RATE), expected, atol=1e-3)
        second.raw_state = first.raw_state
        assert second.instrument == "Violin"
        found = second.process(stereo, RATE)
        np.testing.assert_array_equal(found, expected)
        return
    save = tmp_path / "state"
    plugin, host = plugins / f"ddsp_tf_effect.{kind}", programs / f"{kind}_host"
    play_small(host, plugin, Task(audio, values=values), tmp_path, f"save={save}")
    once = play_small(host, plugin, Task(audio), tmp_path, f"load={save}").audio
    play_small(host, plugin, Task(audio[:500]), tmp_path, f"load={save}", f"save={save}2")
    twice = play_small(host, plugin, Task(audio), tmp_path, f"load={save}2").audio
    other = play_small(host, plugin, Task(audio), tmp_path).audio
    np.testing.assert_array_equal(once, twice)
    assert np.max(np.abs(once - other)) > 0.05


def test_an_instrument_of_the_user_is_found_by_its_name(
    plugins: Path, programs: Path, instruments: Path, tmp_path: Path
) -> None:
    """Another file before it moves its number, and not what a song plays."""
    user, save = tmp_path / "user", tmp_path / "state"
    user.mkdir()
    shutil.copy(instruments / "flute.ddsp", user / "my-flute.ddsp")
    (user / "notes.txt").write_text("no instrument")
    messages = [(1000, mido.Message("note_on", note=76, velocity=100))]
    slot = float(len(INSTRUMENTS))
    plugin, host = plugins / "ddsp_tf_instrument.clap", programs / "clap_host"
    task = Task(np.zeros(RATE), messages=messages)
    flute = play_small(
        host,
        plugin,
        Task(task.audio, messages=messages, values={"instrument": slot}),
        tmp_path,
        f"save={save}",
    ).audio
    assert b"my-flute" in save.read_bytes()
    shutil.copy(instruments / "trumpet.ddsp", user / "a-trumpet.ddsp")
    (user / "damaged.ddsp").write_bytes(flute.tobytes()[:5000])
    found = play_small(host, plugin, task, tmp_path, f"load={save}").audio
    np.testing.assert_array_equal(found, flute)
    # A damaged file is said to be one, and something sounds in its stead.
    damaged = Task(task.audio, messages=messages, values={"instrument": slot + 1})
    other = play_small(host, plugin, damaged, tmp_path).audio
    assert np.max(np.abs(other)) > 0.01
    assert not np.array_equal(other, flute)


def test_switching_makes_no_click(plugins: Path) -> None:
    """A held note goes from one instrument to another, and never leaps."""
    plugin: Any = open_vst3(plugins / "ddsp_tf_instrument.vst3")
    set_knobs(plugin, {"instrument": VIOLIN, "room": 0.0})
    rate, heard = 48000, []
    on = [mido.Message("note_on", note=69, velocity=100, time=0.0)]
    for block in range(60):
        if block in (20, 40):
            set_knobs(plugin, {"instrument": 0.0 if block == 20 else VIOLIN})
        audio = plugin.process(
            on if block == 0 else [], duration=0.05, sample_rate=rate, num_channels=2, reset=False
        )
        heard.append(audio[0])
        if block in (20, 40):  # its thread needs time, as it has in a host that plays
            time.sleep(0.5)
    sound = np.concatenate(heard)
    steady = slice(int(0.5 * rate), int(0.95 * rate))
    usual = np.max(np.abs(np.diff(sound, 3)[steady]))
    switching = np.max(np.abs(np.diff(sound, 3)[int(0.95 * rate) :]))
    assert switching < 3.0 * usual
    level = np.sqrt(np.mean(sound[int(0.5 * rate) :].reshape(-1, 480) ** 2, axis=1))
    assert level.min() > 0.1 * np.median(level)
    spectra = [
        np.abs(np.fft.rfft(sound[int(at * rate) :][:9600] * np.hanning(9600)))
        for at in (0.7, 1.7, 2.7)
    ]
    apart = [np.linalg.norm(a - spectra[0]) / np.linalg.norm(spectra[0]) for a in spectra[1:]]
    assert apart[0] > 0.2  # another instrument
    assert apart[1] < 0.1  # the first one again


def test_ten_play_at_once(plugins: Path, phrase: np.ndarray) -> None:
    audio = np.stack([phrase, phrase])[:, : 2 * RATE]
    ten: list[Any] = [open_vst3(plugins / "ddsp_tf_effect.vst3") for _ in range(10)]
    for i, plugin in enumerate(ten):
        set_knobs(plugin, {"instrument": float(i % 2)})
    found = [plugin.process(audio, RATE) for plugin in ten]
    for i in range(2, 10):
        np.testing.assert_array_equal(found[i], found[i % 2])
    assert np.max(np.abs(found[0] - found[1])) > 0.05


def test_minutes_have_no_gap_and_take_no_memory(plugins: Path) -> None:
    """`scripts/measure_plugin.py` does the same for an hour."""
    plugin: Any = open_vst3(plugins / "ddsp_tf_effect.vst3")
    set_knobs(plugin, {"instrument": VIOLIN})
    n = 10 * RATE
    tone = 0.3 * np.sin(2 * np.pi * 440.0 * np.arange(n) / RATE).astype(np.float32)
    megabytes = []
    for chunk in range(12):
        audio = plugin.process(np.stack([tone, tone]), RATE, reset=False)
        if chunk:
            assert audio.shape[1] == n
            level = np.sqrt(np.mean(audio[0].reshape(-1, 400) ** 2, axis=1))
            assert level.min() > 0.3 * np.median(level)
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        megabytes.append(pages * os.sysconf("SC_PAGE_SIZE") / 1e6)
    assert megabytes[-1] - megabytes[2] < 5.0


def test_the_lv2_bundles_are_valid(plugins: Path) -> None:
    for kind in ("effect", "instrument"):
        assert "Found 0 errors" in validate_lv2(plugins / f"ddsp_tf_{kind}.lv2")


def test_the_plugin_equals_the_engine(
    engine: Path,
    plugins: Path,
    programs: Path,
    instruments: Path,
    phrase: np.ndarray,
    tmp_path: Path,
) -> None:
    task = Task(phrase, 48000, (512,), values={"instrument": VIOLIN})
    found = play("clap", "effect", plugins, programs, task, tmp_path)
    expected = play_engine(
        engine,
        *("effect", instruments / "violin.ddsp", 48000, 512, "IN", "OUT", "limiter=1"),
        given=phrase,
        folder=tmp_path,
    )
    np.testing.assert_allclose(found.audio[0], expected, atol=1e-6)
