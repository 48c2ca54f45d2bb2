"""Plays the LV2 plug-ins in `jalv` and Ardour, under JACK without a sound card, as fast as it goes.

Prints how the effect, dry and bypassed, differs from what went in; how near it comes to what Python
plays live; and how near the instrument comes to the performer. Needs `apt install jackd2 jalv
ardour` and `pip install JACK-Client`; Ardour runs as `ardour7-lua`, without a screen.

Example:
    python scripts/measure_in_jack.py plugins/ phrase.flac song.mid
"""

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import jack
import numpy as np

from ddsp_tf.audio import read_audio
from ddsp_tf.features import extract_features
from ddsp_tf.inference import PlainPerformer, Streamer
from ddsp_tf.inference.live_transfer import LiveTransfer
from ddsp_tf.midi import read_notes
from ddsp_tf.models import Instrument

RATE, BLOCK, SECONDS, N_NOTES = 16000, 320, 5, 40
"""Blocks are whole hops, and whole steps of the tracker."""

Event = tuple[int, tuple[int, int, int]]

ARDOUR = """
AudioEngine:set_backend("JACK", "ardour", "")
AudioEngine:start()
local session = create_session(os.getenv("FOLDER"), "tried", tonumber(os.getenv("RATE")))
local kind, last = os.getenv("KIND"), ARDOUR.PresentationInfo.max_order
local stereo = ARDOUR.ChanCount(ARDOUR.DataType("audio"), 2)
local tracks
if kind == "effect" then
  tracks = session:new_audio_track(1, 2, nil, 1, "tried", last, ARDOUR.TrackMode.Normal, true)
else
  local one = ARDOUR.ChanCount(ARDOUR.DataType("midi"), 1)
  tracks = session:new_midi_track(one, stereo, true, ARDOUR.PluginInfo(), nil, nil, 1, "tried",
    last, ARDOUR.TrackMode.Normal, true)
end
local track = tracks:front()
local processor = ARDOUR.LuaAPI.new_plugin(
  session, "urn:ddsp_tf:" .. kind, ARDOUR.PluginType.LV2, "")
track:add_processor_by_index(processor, 0, nil, true)
local plugin, which = processor:to_insert():plugin(0), 0
for port = 0, plugin:parameter_count() - 1 do
  if plugin:parameter_is_control(port) then
    local value = os.getenv("KNOB_" .. plugin:parameter_label(port):lower())
    if value then ARDOUR.LuaAPI.set_processor_param(processor, which, tonumber(value)) end
    which = which + 1
  end
end
track:to_track():monitoring_control():set_value(1, PBD.GroupControlDisposition.NoGroup)
while true do sleep(1000) end
"""


@contextmanager
def running(*command: str, **environment: str) -> Iterator[None]:
    """Runs a program meanwhile."""
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **environment},
    )
    try:
        time.sleep(2.0)
        yield
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()  # JACK's server, when a client went without a word
            process.wait()


def played(ports_of: str, audio: np.ndarray, events: list[Event]) -> np.ndarray:
    """What ports with names like this make of sound and MIDI, `[n_samples]`, a block late."""
    own = jack.Client("measure_in_jack", no_start_server=True)
    send, midi = own.outports.register("sound"), own.midi_outports.register("notes")
    receive = own.inports.register("heard")
    heard, state, done = np.zeros_like(audio), {"at": -1, "event": 0}, threading.Event()

    def process(n: int) -> None:
        at = state["at"]
        midi.clear_buffer()
        buffer = send.get_array()
        buffer[:] = 0.0
        if at < 0 or at >= len(audio):
            return
        part = audio[at : at + n]
        buffer[: len(part)] = part
        while state["event"] < len(events) and events[state["event"]][0] < at + n:
            when, message = events[state["event"]]
            midi.write_midi_event(when - at, message)
            state["event"] += 1
        heard[at : at + len(part)] = receive.get_array()[: len(part)]
        state["at"] = at + n
        if state["at"] >= len(audio):
            done.set()

    own.set_process_callback(process)
    # Ardour hangs if it meets this client at work.
    end = time.monotonic() + 60.0
    while not own.get_ports(ports_of):
        if time.monotonic() > end:
            raise TimeoutError(f"Nobody opened ports like `{ports_of}`.")
        time.sleep(0.5)
    time.sleep(3.0)  # for the others, and for the instrument to be loaded
    with own:
        ports = own.get_ports(ports_of)
        for port in ports:
            if port.is_input:
                own.connect(midi if port.is_midi else send, port)
        own.connect(next(port for port in ports if port.is_audio and port.is_output), receive)
        own.set_freewheel(True)
        time.sleep(0.5)
        state["at"] = 0
        if not done.wait(600.0):
            raise TimeoutError("The client played nothing.")
        own.set_freewheel(False)
    return heard


def through_jalv(
    folder: Path, kind: str, audio: np.ndarray, events: list[Event], values: Mapping[str, float]
) -> np.ndarray:
    """What a plug-in makes of it in `jalv`, without the block that this script is late."""
    knobs = [text for key, value in values.items() for text in ("-c", f"{key}={value}")]
    with (
        tempfile.TemporaryDirectory() as nothing,
        running(
            *("jalv", "-x", "-n", "tried", *knobs, f"urn:ddsp_tf:{kind}"),
            LV2_PATH=str(folder.resolve()),
            DDSP_TF_INSTRUMENTS=nothing,
        ),
    ):
        return played("^tried:", np.pad(audio, (0, RATE)), events)[BLOCK:]


def through_ardour(
    folder: Path, kind: str, audio: np.ndarray, events: list[Event], values: Mapping[str, float]
) -> np.ndarray:
    """What it makes on a track of Ardour, which listens to its input."""
    with tempfile.TemporaryDirectory() as work:
        script = Path(work) / "session.lua"
        script.write_text(ARDOUR)
        with running(
            "ardour7-lua",
            str(script),
            LV2_PATH=str(folder.resolve()),
            DDSP_TF_INSTRUMENTS=str(script),
            FOLDER=str(Path(work) / "session"),
            RATE=str(RATE),
            KIND=kind,
            **{f"KNOB_{name}": str(value) for name, value in values.items()},
        ):
            return played("^ardour:tried/", np.pad(audio, (0, RATE)), events)[BLOCK:]


HOSTS = {"jalv": through_jalv, "Ardour": through_ardour}


def through(
    host: str,
    folder: Path,
    kind: str,
    audio: np.ndarray,
    events: list[Event],
    values: Mapping[str, float],
) -> np.ndarray:
    """What a plug-in makes of it in a host, with a JACK server of its own."""
    server = ("jackd", "--no-realtime", "--sync", "-t", "20000", "-d", "dummy")
    with running(*server, "-r", str(RATE), "-p", str(BLOCK)):
        return HOSTS[host](folder, kind, audio, events, values)


def aligned(found: np.ndarray, expected: np.ndarray, most: int = 4000) -> np.ndarray:
    """What was found from where it is most like what was expected: hosts differ in delay."""
    size = 2 ** int(np.ceil(np.log2(len(found) + len(expected))))
    spectra = np.fft.rfft(found, size) * np.conj(np.fft.rfft(expected, size))
    late = int(np.argmax(np.fft.irfft(spectra)[:most]))
    print(f"  {late} samples late", flush=True)
    return found[late:]


def magnitudes(audio: np.ndarray) -> np.ndarray:
    """Spectra, frame by frame."""
    frames = np.lib.stride_tricks.sliding_window_view(audio, 1024)[::256]
    return np.abs(np.fft.rfft(frames * np.hanning(1024)))


def compare(what: str, found: np.ndarray, expected: np.ndarray) -> None:
    """Prints the difference of spectra in dB, and that of pitch, for 95 of 100 frames."""
    n = min(len(found), len(expected))
    here, there = magnitudes(found[:n]), magnitudes(expected[:n])
    error_db = 20.0 * np.log10(np.linalg.norm(here - there) / np.linalg.norm(there))
    settings = Instrument.load("violin").features
    a, b = (extract_features(x[:n].astype(np.float32), settings) for x in (found, expected))
    sure = (a.f0_confidence > 0.8) & (b.f0_confidence > 0.8)
    cents = np.percentile(1200.0 * np.abs(np.log2(a.f0_hz / b.f0_hz))[sure], 95)
    print(f"{what}: {error_db:.1f} dB, {cents:.2f} cents", flush=True)


def measure_effect(host: str, folder: Path, path: Path) -> None:
    """Dry, bypassed, and as an instrument."""
    audio, _ = read_audio(path, sample_rate=RATE)
    audio = audio[: SECONDS * RATE]
    violin = Instrument.load("violin")
    transfer = LiveTransfer(violin, octave=1, xla=False)
    live = [transfer.process(audio), transfer.process(np.zeros(RATE, np.float32))]
    late = transfer.latency_samples + RATE // 200  # and the limiter's 5 ms
    # Ardour has a switch of its own for `lv2_enabled`.
    untreated = {"dry": {"wet": 0.0}, "bypassed": {"lv2_enabled": 0.0}}
    for what, values in untreated.items() if host == "jalv" else []:
        found = through(host, folder, "effect", audio, [], values)[late : late + len(audio)]
        print(f"{host}, {what}: differs by {np.max(np.abs(found - audio)):.1e}", flush=True)
    expected = np.concatenate(live)[transfer.latency_samples :][: len(audio)]
    found = through(host, folder, "effect", audio, [], {"octave": 1.0})
    compare(f"{host}, effect", aligned(found, expected)[200 : len(audio)], expected[200:])


def measure_instrument(host: str, folder: Path, path: Path) -> None:
    """The beginning of a score as a slurred melody, its notes on whole hops."""
    violin = Instrument.load("violin")
    hop_s = violin.features.hop_length / RATE
    notes = read_notes(path)[:N_NOTES].copy()
    notes[:, 0] = np.round((notes[:, 0] - notes[0, 0]) / hop_s) * hop_s
    notes[:-1, 1] = notes[1:, 0]
    notes[:, 3] = np.round(notes[:, 3] * 127) / 127
    n_frames = int((notes[-1, 1] + 0.5) / hop_s)
    frames = PlainPerformer().perform(
        notes, statistics=violin.statistics, frame_rate=1 / hop_s, n_frames=n_frames
    )
    streamer = Streamer(violin, xla=False)
    sound = [streamer.process(frames.f0_hz[np.newaxis], frames.loudness_db[np.newaxis])[0]]
    expected = np.concatenate([*sound, streamer.flush()[0]])[streamer.latency_samples :]
    events = []
    for onset, offset, key, velocity, _ in notes:
        events.append((round(onset * RATE), 1, (0x90, int(key), round(velocity * 127))))
        events.append((round(offset * RATE), 0, (0x80, int(key), 0)))
    ordered = [(at, message) for at, _, message in sorted(events)]
    last = round(notes[-1, 1] * RATE)
    silence, expected = np.zeros(last + RATE, np.float32), expected[: last - 3000]
    found = through(host, folder, "instrument", silence, ordered, {"voices": 1.0})
    compare(f"{host}, instrument", aligned(found, expected)[: len(expected)], expected)


if __name__ == "__main__":
    for name in HOSTS:
        measure_effect(name, Path(sys.argv[1]), Path(sys.argv[2]))
        measure_instrument(name, Path(sys.argv[1]), Path(sys.argv[3]))
