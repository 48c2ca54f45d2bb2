"""The exported page in a real browser: it sounds as Python does, and everybody can use it."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import soundfile
import soxr
from browser import LOADED_MS, OpenPage, open_page
from live_toys import with_minimal_grus

from ddsp_tf import dsp
from ddsp_tf.features import FeatureSettings, extract_features
from ddsp_tf.inference.player import Player
from ddsp_tf.inference.streaming import Streamer
from ddsp_tf.models import Instrument

# One after the other, in one process: most share a page, and leave it to the next as it is.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("web page")]

FloatArray = npt.NDArray[np.float32]
RECORDING = "phrases/trumpet_jazz_phrase.flac"
SECONDS = 4.0


@pytest.fixture(scope="module")
def recording(recordings: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some seconds of a trumpet, at the rate of the instrument."""
    audio, rate = soundfile.read(recordings / RECORDING, dtype="float32", always_2d=True)
    mono = audio.mean(axis=1)[: round(SECONDS * rate)]
    path = tmp_path_factory.mktemp("recording") / "trumpet.wav"
    soundfile.write(path, soxr.resample(mono, rate, 16000), 16000, subtype="FLOAT")
    return path


@pytest.fixture(scope="module")
def playwright() -> Iterator[Any]:
    """What drives browsers."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="module")
def opened(playwright: Any, url: str) -> Iterator[OpenPage]:
    """The page as most see it; the tests below share it."""
    with open_page(playwright, url) as opened:
        yield opened.wait_until_ready()


def ask(opened: OpenPage, script: str, argument: Any = None) -> Any:
    """Runs a script in the page. Arrays come back as lists."""
    return opened.page.evaluate(script, argument)


def glide() -> tuple[FloatArray, FloatArray]:
    """Two seconds of pitch in Hz, also outside the range of training, and loudness in dB."""
    time_s = np.arange(500) / 250.0
    f0_hz = 440.0 * 2.0 ** (1.8 * np.sin(2 * np.pi * 1.3 * time_s))
    loudness_db = -25.0 + 15.0 * np.sin(2 * np.pi * 0.7 * time_s)
    return f0_hz.astype(np.float32), loudness_db.astype(np.float32)


def in_python(
    f0_hz: FloatArray, loudness_db: FloatArray, instrument: Instrument | str = "violin"
) -> FloatArray:
    """What the streaming core plays, without its latency."""
    streamer = Streamer(instrument, xla=False)
    late = [streamer.process(f0_hz[np.newaxis], loudness_db[np.newaxis]), streamer.flush()]
    return np.concatenate(late, axis=1)[0, streamer.latency_samples :]


def difference_db(audio: FloatArray, expected: FloatArray) -> float:
    """The level of the difference against that of what is expected."""
    n_samples = min(len(audio), len(expected))
    error = audio[:n_samples] - expected[:n_samples]
    return float(10 * np.log10(np.mean(error**2) / np.mean(expected[:n_samples] ** 2)))


def test_equal_features_sound_as_in_python(opened: OpenPage) -> None:
    f0_hz, loudness_db = glide()
    played = ask(
        opened,
        "async (x) => Array.from(await ddsp.player.render(x))",
        {"f0Hz": f0_hz.tolist(), "loudnessDb": loudness_db.tolist()},
    )
    expected = in_python(f0_hz, loudness_db)
    assert len(played) == len(expected)
    assert difference_db(np.array(played, np.float32), expected) < -60.0
    assert opened.troubles == []


WORKLET = """async (features) => {
  const { player } = ddsp;
  const frames = await player.ask("decode", features);
  const nSamples = features.f0Hz.length * player.instrument.hop_length;
  const context = new OfflineAudioContext(1, nSamples, player.sampleRate);
  await context.audioWorklet.addModule("player/worklet.js");
  const node = new AudioWorkletNode(context, "ddsp-synth", {
    numberOfInputs: 0,
    outputChannelCount: [1],
    processorOptions: { instrument: player.instrument, impulseResponse: player.impulseResponse },
  });
  const { port1, port2 } = new MessageChannel();
  node.port.postMessage({ type: "connect", port: port1 }, [port1]);
  node.connect(context.destination);
  const asked = new Promise((resolve) => (node.port.onmessage = resolve));
  node.port.postMessage({ type: "stats" });
  await asked;
  port2.postMessage({ type: "start", generation: 1 });
  port2.postMessage({ type: "frames", generation: 1, frames });
  port2.postMessage({ type: "end", generation: 1 });
  node.port.postMessage({ type: "stats" });
  await new Promise((resolve) => setTimeout(resolve, 500));
  return Array.from((await context.startRendering()).getChannelData(0));
}"""


@pytest.mark.parametrize("n_frames", [1, 500])
def test_the_audio_worklet_plays_the_same(opened: OpenPage, n_frames: int) -> None:
    f0_hz, loudness_db = (track[:n_frames] for track in glide())
    features = {"f0Hz": f0_hz.tolist(), "loudnessDb": loudness_db.tolist()}
    played = np.array(ask(opened, WORKLET, features), np.float32)
    assert difference_db(played, in_python(f0_hz, loudness_db)) < -60.0
    assert opened.troubles == []


@pytest.fixture(scope="module")
def heard(opened: OpenPage, recording: Path) -> dict[str, FloatArray]:
    """What the page finds in the recording that somebody chooses, and what it plays."""
    opened.page.set_input_files("#file", recording)
    opened.wait_for_text("#file-name", "trumpet.wav")
    opened.wait_for_text("#status", "Ready.")
    ask(opened, "() => ddsp.player.edit({ octaves: 0, loudnessDb: 0 })")
    found = ask(
        opened,
        """async () => {
          const { player, panels } = ddsp;
          const features = await player.listen(panels.recording.audio);
          const audio = await player.render(features);
          const lists = Object.entries({ ...features, audio });
          return Object.fromEntries(lists.map(([key, values]) => [key, Array.from(values)]));
        }""",
    )
    return {key: np.array(values, np.float32) for key, values in found.items()}


def test_the_page_hears_what_python_hears(heard: dict[str, FloatArray], recording: Path) -> None:
    audio, _ = soundfile.read(recording, dtype="float32")
    expected = extract_features(audio, FeatureSettings(f0_refined=False))
    assert len(heard["f0Hz"]) == expected.n_frames
    np.testing.assert_allclose(heard["loudnessDb"], expected.loudness_db, atol=0.05)
    sure = (expected.f0_confidence > 0.7) & (heard["gain"] == 1.0)
    assert sure.mean() > 0.5
    cents = np.abs(1200 * np.log2(heard["f0Hz"][sure] / expected.f0_hz[sure]))
    assert np.quantile(cents, 0.99) < 10.0


@pytest.mark.parametrize("kind", ["a_weighted", "magenta"])
@pytest.mark.parametrize("length", [512, 1536])
def test_frames_of_any_length_are_as_loud_as_in_python(
    opened: OpenPage, length: int, kind: str
) -> None:
    mode = "normalized" if kind == "a_weighted" else kind
    noise = np.random.default_rng(0).normal(0.0, 0.1, 4 * length).astype(np.float32)
    for f_hz in (220.0, 1000.0, 9000.0):
        audio = noise + 0.5 * np.sin(2 * np.pi * f_hz * np.arange(4 * length) / 48000)
        expected = dsp.a_weighted_loudness_db(
            audio[np.newaxis].astype(np.float32),
            sample_rate=48000,
            hop_length=length,
            fft_length=length,
            mode=mode,
        ).numpy()[0, 2]
        measured = ask(
            opened,
            """async ({ settings, frame }) => {
              const { Loudness } = await import("./features/loudness.js");
              return new Loudness(settings).measure(Float32Array.from(frame));
            }""",
            {
                "settings": {
                    "sample_rate": 48000,
                    "loudness_fft_length": length,
                    "loudness": kind,
                },
                "frame": audio[2 * length - length // 2 : 2 * length + length // 2].tolist(),
            },
        )
        assert measured == pytest.approx(expected, abs=0.1)


def test_a_recording_sounds_as_in_python(heard: dict[str, FloatArray]) -> None:
    player = Player(Instrument.load("violin").model, reverb=True, block_frames=500)
    features = {
        "f0_hz": heard["f0Hz"][:, np.newaxis],
        "loudness_db": heard["loudnessDb"][:, np.newaxis],
    }
    expected = np.concatenate(list(player.blocks(features, heard["gain"])))
    assert np.abs(expected).max() > 0.01
    assert difference_db(heard["audio"], expected) < -40.0
    again = extract_features(heard["audio"])
    sure = (again.f0_confidence > 0.8) & (heard["gain"] == 1.0)
    cents = 1200 * np.log2(again.f0_hz[sure] / heard["f0Hz"][sure])
    assert abs(np.median(cents)) < 10.0


def test_it_plays_and_records_live(opened: OpenPage, tmp_path: Path) -> None:
    page = opened.page
    page.click("#demo")
    opened.wait_for_text("#file-name", "The demo melody")
    opened.wait_for_text("#status", "Ready.")
    page.click("#play")
    opened.wait_for_text("#status", "Playing.")
    page.click("#record")
    page.wait_for_function("() => ddsp.meters.latest?.gain > 0.5", timeout=60_000)
    page.wait_for_timeout(2000)
    page.click("#record")
    opened.wait_for_text("#status", "The take is below.")
    with page.expect_download() as waiting:
        page.click("#takes a")
    waiting.value.save_as(tmp_path / "take.wav")
    audio, rate = soundfile.read(tmp_path / "take.wav")
    assert rate == 16000
    assert len(audio) > 8000
    assert np.abs(audio).max() > 0.01
    stats = ask(opened, "() => ddsp.player.stats()")
    assert stats["networks"]["nFrames"] > 0
    assert stats["synth"]["seconds"] > 0
    page.click("#play")
    page.wait_for_function("() => ddsp.player.state === 'idle'")
    assert opened.troubles == []


def test_a_whole_recording_can_be_cancelled(opened: OpenPage) -> None:
    """What is dropped meanwhile doesn't take its place, and it can be rendered again."""
    page = opened.page
    page.click("#demo")
    opened.wait_for_text("#status", "Ready.")
    n_takes = page.locator("#takes a").count()
    label = opened.text("#render")
    page.click("#render")
    opened.wait_for_text("#render", "Cancel")
    page.evaluate(
        """() => {
          const dropped = new DataTransfer();
          dropped.items.add(new File(["x"], "other.wav"));
          const target = document.getElementById("drop");
          target.dispatchEvent(new DragEvent("drop", { dataTransfer: dropped, bubbles: true }));
        }"""
    )
    assert opened.text("#file-name") == "The demo melody"
    page.click("#render")
    opened.wait_for_text("#status", "No WAV file: it was cancelled.")
    assert (opened.text("#render"), page.locator("#takes a").count()) == (label, n_takes)
    page.click("#render")
    opened.wait_for_text("#status", "The WAV file is ready below.")
    assert "The demo melody, all of it" in opened.text("#takes")
    assert opened.troubles == []


def test_a_file_that_is_no_audio_is_refused(opened: OpenPage, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("no audio")
    opened.page.set_input_files("#file", tmp_path / "letter.txt")
    opened.wait_for_text("#status", "\u201cletter.txt\u201d can\u2019t be read as audio.")
    assert opened.page.is_enabled("#play"), "what was chosen before still plays"
    assert opened.troubles == []


def test_computer_keys_and_midi_play_notes(opened: OpenPage) -> None:
    page = opened.page
    page.focus("#tab-recording")
    page.keyboard.press("ArrowRight")
    assert page.get_attribute("#tab-keyboard", "aria-selected") == "true"
    page.wait_for_function("() => ddsp.player.state === 'keyboard'")
    page.keyboard.down("KeyA")
    opened.wait_for_text("#pitch", "C4")
    assert re.fullmatch(r"in tune|\d+ cents? (sharp|flat)", opened.text("#tuning"))
    page.keyboard.up("KeyA")
    opened.wait_for_text("#pitch", "\u2013")
    ask(opened, "() => ddsp.panels.keyboard.midi.receive([0x90, 69, 100])")
    opened.wait_for_text("#pitch", "A4")
    ask(opened, "() => ddsp.panels.keyboard.midi.receive([0x80, 69, 0])")
    opened.wait_for_text("#pitch", "\u2013")
    page.focus("#piano button[tabindex='0']")
    page.keyboard.press("ArrowRight")
    page.keyboard.down("Space")
    opened.wait_for_text("#pitch", "C♯4")
    page.keyboard.up("Space")
    assert opened.troubles == []


def test_midi_plays_chords_bends_and_holds_them(opened: OpenPage) -> None:
    page = opened.page
    page.click("#tab-keyboard")
    page.wait_for_function("() => ddsp.player.state === 'keyboard'")

    def send(*messages: tuple[int, int, int]) -> None:
        for message in messages:
            ask(opened, "(x) => ddsp.panels.keyboard.midi.receive(x)", list(message))

    def hear() -> FloatArray:
        """Levels of C4, E4 and G4, and of the same a tone higher, in dB."""
        page.wait_for_timeout(700)
        ask(opened, "() => ddsp.player.startRecording()")
        page.wait_for_timeout(1200)
        take = ask(opened, "async () => Array.from(await ddsp.player.stopRecording())")
        audio = np.array(take[-16000:]) * np.hanning(len(take[-16000:]))
        hz = 440.0 * 2.0 ** ((np.array([60, 64, 67, 62, 66, 69]) - 69.0) / 12.0)
        # Vibrato spreads a partial by some Hz.
        bins = np.fft.rfftfreq(len(audio), 1 / 16000)
        spectrum = np.abs(np.fft.rfft(audio)) + 1e-9
        levels = [spectrum[np.abs(bins - x) < 6.0].max() for x in hz]
        return 20.0 * np.log10(np.array(levels) / len(audio))

    send((0x90, 60, 100), (0x90, 64, 100), (0x90, 67, 100))
    chord = hear()
    assert chord[:3].min() > chord[3:].max() + 15
    # The pedal holds what is let go, and the wheel bends it.
    send((0xB0, 64, 127), (0x80, 60, 0), (0x80, 64, 0), (0x80, 67, 0), (0xE0, 127, 127))
    bent = hear()
    assert bent[3:].min() > bent[:3].max() + 15
    send((0xB0, 64, 0), (0xE0, 0, 64))
    assert hear().max() < chord[:3].min() - 30
    assert opened.troubles == []


def test_there_is_one_octave_control_at_a_time(opened: OpenPage) -> None:
    """A key sounds as what is written on it, whatever octave recordings are moved by."""
    page = opened.page
    page.click("#tab-recording")
    page.fill("#octave", "1")
    assert not page.is_visible("#higher")
    page.click("#tab-keyboard")
    page.wait_for_function("() => ddsp.player.state === 'keyboard'")
    assert not page.is_visible("#octave")
    assert page.is_visible("#higher")
    ask(opened, "() => ddsp.panels.keyboard.midi.receive([0x90, 69, 100])")
    opened.wait_for_text("#pitch", "A4")
    ask(opened, "() => ddsp.panels.keyboard.midi.receive([0x80, 69, 0])")
    opened.wait_for_text("#pitch", "\u2013")
    page.click("#tab-recording")
    assert page.is_visible("#octave")
    assert page.text_content("#octave-value") == "+1"
    page.fill("#octave", "0")
    page.click("#tab-keyboard")
    assert opened.troubles == []


def test_it_speaks_to_musicians(opened: OpenPage) -> None:
    for cents, words in ((0, "none"), (5, "narrow"), (12, "medium"), (50, "wide")):
        opened.page.fill("#vibrato", str(cents))
        assert opened.text("#vibrato-value") == words
        assert opened.page.get_attribute("#vibrato", "aria-valuetext") == words
    opened.page.fill("#vibrato", "12")
    facts = ask(
        opened,
        """() => [...document.querySelectorAll("#about dt")].map(
          (term) => [term.textContent, term.nextElementSibling.textContent])""",
    )
    *plain, (last, technical) = facts
    assert dict(plain)["Notes"] == "G3 to C6"
    assert not [text for _, text in plain if re.search(r"\bHz|\bdB|Python|\de-", text)]
    assert last == "For programmers"
    assert re.match(r"16000 Hz, 250 frames a second; .* equal Python.s to \d\.\de-\d", technical)
    assert opened.troubles == []


def test_another_instrument_plays_at_its_own_rate(opened: OpenPage) -> None:
    state = "() => [ddsp.player.sampleRate, ddsp.panels.recording.audio.length]"
    rate_before, length_before = ask(opened, state)
    opened.page.select_option("#instrument", "toy")
    opened.wait_until_ready()
    rate, length = ask(opened, state)
    assert (rate_before, rate) == (16000, 48000)
    assert length / rate == pytest.approx(length_before / rate_before, abs=0.01)
    assert opened.text("#title") == "Play the toy"
    assert opened.troubles == []


def test_another_decoder_sounds_as_in_python(opened: OpenPage) -> None:
    opened.page.select_option("#instrument", "minimal")
    opened.wait_until_ready()
    f0_hz, loudness_db = glide()
    played = ask(
        opened,
        "async (x) => Array.from(await ddsp.player.render(x))",
        {"f0Hz": f0_hz.tolist(), "loudnessDb": loudness_db.tolist()},
    )
    expected = in_python(f0_hz, loudness_db, with_minimal_grus())
    assert difference_db(np.array(played, np.float32), expected) < -60.0
    assert opened.troubles == []


def test_nothing_is_asked_of_another_server(opened: OpenPage, url: str) -> None:
    assert opened.requests
    assert [x for x in opened.requests if not x.startswith((url, "blob:", "data:"))] == []


def test_fingers_play_on_a_phone(playwright: Any, url: str) -> None:
    size = {"width": 390, "height": 844}
    with open_page(playwright, url, has_touch=True, is_mobile=True, viewport=size) as opened:
        opened.wait_until_ready()
        page = opened.page
        page.tap("#tab-keyboard")
        page.wait_for_function("() => ddsp.player.state === 'keyboard'")
        ask(
            opened,
            """() => {
              ddsp.heard = [];
              ddsp.player.addEventListener("frames", ({ detail }) => {
                detail.gain.forEach((gain, i) => gain > 0.5 && ddsp.heard.push(detail.f0Hz[i]));
              });
            }""",
        )
        key = page.locator("#piano button.white").nth(5)
        assert key.bounding_box()["width"] >= 30, "wide enough for a finger"
        key.tap()
        page.wait_for_function("() => ddsp.heard.length > 0")
        note = float(key.get_attribute("data-midi") or "nan")
        found = ask(opened, "() => ddsp.heard[0]")
        assert abs(69 + 12 * np.log2(found / 440.0) - note) < 0.1
        wide = ask(opened, "() => document.documentElement.scrollWidth")
        assert wide <= size["width"], "nothing is cut off at the side"
        assert opened.troubles == []


def test_everything_has_a_name_for_screen_readers(playwright: Any, url: str) -> None:
    with open_page(playwright, url, reduced_motion="reduce", color_scheme="dark") as opened:
        opened.wait_until_ready()
        for tab in ("#tab-keyboard", "#tab-microphone", "#tab-recording"):
            opened.page.click(tab)
            nameless = ask(
                opened,
                """() => [...document.querySelectorAll("button, input, select, a, audio")]
                  .filter((x) => x.checkVisibility())
                  .filter((x) => !(x.getAttribute("aria-label") || x.textContent.trim()
                    || [...(x.labels ?? [])].some((label) => label.textContent.trim())))
                  .map((x) => x.outerHTML)""",
            )
            assert nameless == []
        roles = ask(
            opened,
            """() => ["tablist", "tab", "tabpanel", "status", "alert", "group"].filter(
              (role) => !document.querySelector(`[role=${role}]`))""",
        )
        assert roles == []
        assert opened.troubles == []


FAKE_MICROPHONE = "--use-fake-device-for-media-stream"


def test_a_refused_microphone_is_explained(playwright: Any, url: str) -> None:
    with open_page(playwright, url, flags=[FAKE_MICROPHONE, "--deny-permission-prompts"]) as opened:
        opened.wait_until_ready()
        opened.page.click("#tab-microphone")
        opened.page.click("#listen")
        opened.wait_for_text("#status", "The microphone was refused. Allow it")
        assert opened.page.get_attribute("#status", "data-kind") == "error"
        assert opened.page.is_enabled("#listen"), "to try again"
        assert opened.troubles == []


def test_the_microphone_is_heard(playwright: Any, url: str, tmp_path: Path) -> None:
    time_s = np.arange(10 * 48000) / 48000
    tone = sum(np.sin(2 * np.pi * k * 440.0 * time_s) / k for k in range(1, 8))
    soundfile.write(tmp_path / "tone.wav", 0.2 * tone, 48000)
    capture = f"--use-file-for-fake-audio-capture={tmp_path / 'tone.wav'}"
    with open_page(
        playwright, url, flags=[FAKE_MICROPHONE, "--use-fake-ui-for-media-stream", capture]
    ) as page:
        page.wait_until_ready()
        ask(
            page,
            """() => {
              ddsp.heard = [];
              ddsp.player.addEventListener("frames", ({ detail }) => {
                detail.gain.forEach((gain, i) => gain > 0.9 && ddsp.heard.push(detail.f0Hz[i]));
              });
            }""",
        )
        page.page.click("#tab-microphone")
        page.page.click("#listen")
        page.page.wait_for_function("() => ddsp.heard.length > 20", timeout=LOADED_MS)
        cents = 1200 * np.log2(np.array(ask(page, "() => ddsp.heard")) / 440.0)
        assert abs(np.median(cents)) < 10.0
        page.page.click("#listen")
        page.wait_for_text("#status", "The microphone is off.")
        assert page.troubles == []


def test_without_web_assembly_it_says_so(playwright: Any, url: str) -> None:
    with open_page(playwright, url, flags=["--js-flags=--jitless --no-wasm-jitless"]) as opened:
        assert "This browser has no WebAssembly" in opened.text("#trouble")
        assert opened.page.is_visible("#trouble")
        assert not opened.page.is_visible("main")
        assert opened.troubles == []
