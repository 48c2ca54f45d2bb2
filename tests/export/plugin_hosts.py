"""Hosts that play the plug-ins: pedalboard, dawdreamer, and our small ones for CLAP and LV2."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import mido
import numpy as np
from engine_runner import run

from ddsp_tf.export.plugin.build import find_tools

HOSTS = ("pedalboard", "dawdreamer", "clap", "lv2")
_SOURCES = Path(__file__).parent / "plugin" / "hosts"

# What the same knob is called: the symbol, which LV2 has, and the name, which the others show.
_NAMES = {"instrument": "Instrument", "octave": "Octave", "loudness": "Loudness", "wet": "Dry/wet"}
_NAMES |= {"voices": "Voices", "room": "Room", "transpose": "Transpose", "bypass": "Bypass"}
_NAMES |= {"mpe": "MPE"}
_SPANS = {"instrument": (0, 31), "octave": (-3, 3), "loudness": (-24, 24), "voices": (1, 16)}
_SPANS |= {"transpose": (-12, 12), "room": (0, 2)}


@dataclass(frozen=True)
class Played:
    """What a host gave.

    Args:
        audio: `[2, n_samples]`, as late as the plug-in says.
        latency: Samples.
    """

    audio: np.ndarray
    latency: int


@dataclass(frozen=True)
class Task:
    """What a host does.

    Args:
        audio: Mono sound that goes in; of an instrument its length alone counts.
        sample_rate: In Hz.
        blocks: Lengths of the blocks, in turn.
        messages: MIDI, each with its sample.
        values: Parameters, by symbol.
    """

    audio: np.ndarray
    sample_rate: int = 16000
    blocks: tuple[int, ...] = (480,)
    messages: Sequence[tuple[int, mido.Message]] = ()
    values: dict[str, float] = field(default_factory=dict)


def compile_hosts(folder: Path) -> Path:
    """Compiles the small hosts, with the headers that DPF brings."""
    headers = find_tools().dpf / "distrho" / "src"
    compiler = next(name for name in ("c++", "g++", "clang++") if shutil.which(name))
    for name in ("clap", "lv2"):
        source = _SOURCES / f"{name}_host.cpp"
        options = ("-std=c++17", "-O2", "-I", headers)
        run(compiler, *options, source, "-o", folder / f"{name}_host", "-ldl")
    return folder


def play_small(
    host: Path, plugin: Path, task: Task, folder: Path, *options: str, runner: tuple[str, ...] = ()
) -> Played:
    """Plays in `clap_host` or `lv2_host`."""
    task.audio.astype("<f4").tofile(folder / "in.f32")
    lines = [f"{at} {' '.join(map(str, _three(message)))}" for at, message in task.messages]
    (folder / "events.txt").write_text("\n".join(lines))
    of_clap = "clap" in host.name
    values = [f"{_NAMES[k] if of_clap else k}={v}" for k, v in task.values.items()]
    said = run(
        *(*runner, host, plugin, folder / "in.f32", folder / "out.f32"),
        f"rate={task.sample_rate}",
        f"blocks={','.join(map(str, task.blocks))}",
        f"events={folder / 'events.txt'}",
        *values,
        *options,
    )
    latency = int(re.search(r"latency (\d+)", said)[1])  # type: ignore[index]
    return Played(np.fromfile(folder / "out.f32", "<f4").reshape(2, -1), latency)


def play(host: str, kind: str, plugins: Path, programs: Path, task: Task, folder: Path) -> Played:
    """Plays a task with the plug-in of a kind, "effect" or "instrument", in a host."""
    if host in ("clap", "lv2"):
        plugin = plugins / f"ddsp_tf_{kind}.{host}"
        return play_small(programs / f"{host}_host", plugin, task, folder)
    vst3 = plugins / f"ddsp_tf_{kind}.vst3"
    if host == "pedalboard":
        return _play_pedalboard(kind, vst3, task)
    return _play_dawdreamer(kind, vst3, task, folder)


def open_vst3(path: Path) -> object:
    """Opens a plug-in in pedalboard."""
    import pedalboard

    return pedalboard.load_plugin(str(path))


def set_knobs(plugin: object, values: dict[str, float]) -> None:
    """Sets knobs in pedalboard, by symbol."""
    # `parameters` asks each of two thousand controllers for all of its texts, which takes a minute.
    known = {knob.name: knob for knob in plugin._parameters}  # type: ignore[attr-defined]
    for symbol, value in values.items():
        known[_NAMES[symbol]].raw_value = _share(symbol, value)


def _share(symbol: str, value: float) -> float:
    """A value as VST3 has it, 0 to 1."""
    lowest, highest = _SPANS.get(symbol, (0, 1))
    return (value - lowest) / (highest - lowest)


def _play_pedalboard(kind: str, path: Path, task: Task) -> Played:
    """Pedalboard plays early what is late, so that much silence is put before what it gives."""
    plugin = open_vst3(path)
    set_knobs(plugin, task.values)
    rate, n = task.sample_rate, len(task.audio)
    (block,) = set(task.blocks)
    if kind == "effect":
        # It is given more, since it takes the latency from the end.
        longer = np.pad(task.audio, (0, rate)).astype(np.float32)
        audio = plugin.process(np.stack([longer, longer]), rate, buffer_size=block)  # type: ignore[attr-defined]
    else:
        timed = [message.copy(time=at / rate) for at, message in task.messages]
        audio = plugin.process(  # type: ignore[attr-defined]
            timed, duration=n / rate + 1.0, sample_rate=rate, num_channels=2, buffer_size=block
        )
    latency = round(plugin.reported_latency_samples if kind == "effect" else 0)  # type: ignore[attr-defined]
    return Played(np.pad(audio, ((0, 0), (latency, 0)))[:, :n], latency)


def _play_dawdreamer(kind: str, path: Path, task: Task, folder: Path) -> Played:
    """In a process of its own: it brings an LLVM, and TensorFlow another one."""
    (block,) = set(task.blocks)
    np.asarray(task.audio, np.float32).tofile(folder / "in.f32")
    midi = [_midi_file(folder, task)] if kind == "instrument" else []
    knobs = {_NAMES[symbol]: _share(symbol, value) for symbol, value in task.values.items()}
    said = run(
        *(sys.executable, _SOURCES / "dawdreamer_host.py", path, folder / "in.f32"),
        *(folder / "out.f32", task.sample_rate, block, json.dumps(knobs), *midi),
    )
    audio = np.fromfile(folder / "out.f32", "<f4").reshape(2, -1)
    return Played(audio, int(said.splitlines()[-1]))


def _midi_file(folder: Path, task: Task) -> Path:
    """Messages as a file, for the host that takes nothing else; a tick is 1/8 ms."""
    track = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=500_000)])
    last = 0
    for at, message in task.messages:
        ticks = round(at / task.sample_rate * 8000)
        track.append(message.copy(time=ticks - last))
        last = ticks
    path = folder / "messages.mid"
    mido.MidiFile(tracks=[track], ticks_per_beat=4000).save(path)
    return path


def _three(message: mido.Message) -> list[int]:
    return [*message.bytes(), 0, 0][:3]


def validate_lv2(bundle: Path) -> str:
    """Gives what `lv2_validate` says of a bundle's description."""
    done = subprocess.run(
        ["lv2_validate", *map(str, sorted(bundle.glob("*.ttl")))],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr
