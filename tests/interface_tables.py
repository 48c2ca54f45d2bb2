"""What every class takes, refuses, declares and plays, as tables.

`python tests/interface_tables.py` writes them anew: after a change that is meant, which then shows
in the difference.
"""

import dataclasses
import inspect
import json
import math
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import numpy as np
import tensorflow as tf
from dsp_calls import calls

from ddsp_tf import losses, nn, processors
from ddsp_tf.discovery import class_files
from ddsp_tf.errors import ArgumentError
from ddsp_tf.features import Features, FeatureSettings, get_tracker, note_mask, note_ratio
from ddsp_tf.features.extractors import columns_of, extractor_columns, extractor_for
from ddsp_tf.features.harmonic_analysis import analyze_harmonics
from ddsp_tf.features.live_loudness import LiveLoudness
from ddsp_tf.features.live_pitch import LivePitch
from ddsp_tf.features.refined_pitch import refine_track
from ddsp_tf.features.world.world_analysis import analyze_world
from ddsp_tf.processors import Processor
from ddsp_tf.processors.effects.response_reverb import ResponseReverb
from ddsp_tf.types import Signal

FOLDER = Path(__file__).parent / "golden"
SETTINGS, SIGNALS, SOUNDS, HEARD, CALLS = "settings", "signals", "sounds", "heard", "dsp"
ESTIMATES = "estimates"

RATES = {"sample_rate": 8000, "hop_length": 16}
BATCH, N_FRAMES = 2, 10
_DIGITS = 5
_ABSTRACT = {
    "Dynamics", "EarlyLateReverb", "ModulatedDelay", "ProcessorGroup", "ResponseReverb",
    "SectionFilter", "Shaper", "Synthesizer", "VoiceSource", "Voices", "WavetableBank",
}  # fmt: skip
"""Bases, whose settings are seen in what derives from them; and what holds other processors."""

REQUIRED: dict[str, dict[str, Any]] = {
    "AudioMixer": {"sounds": ["one", "two"]},
    "BiGru": {"units": 2},
    "BlackBox": {
        "effect": "ddsp_tf.black_boxes.numpy_compressor.compress",
        "parameters": {"threshold_db": {"low": -60.0, "high": 0.0}},
    },
    "CausalConvolution": {"channels": 2},
    "CausalConvolutions": {"n_channels": 2},
    "ColumnError": {"columns": {"audio": "audio"}},
    "Crop": {"n_samples": 4},
    "DilatedStack": {"channels": 2, "n_stacks": 1},
    "DualFc": {"n_outputs": 2},
    "FrameDiscriminator": {"channels": 2, "n_blocks": 1},
    "Gru": {"units": 2},
    "LogPowerSpectra": {"fft_length": 64, "window_length": 32, "hop_length": 16},
    "MinGru": {"units": 2},
    "MixtureDensity": {"n_components": 2},
    "ModulationMatrix": {"sources": ["one", "two"], "targets": ["pitch"]},
    "Regularizer": {"output": "audio"},
    "ResNet": {"channels": 2, "blocks": [1, 1]},
    "Rooms": {"names": ["hall", "studio"]},
    "Spectra": {"fft_length": 64, "terms": []},
    "VectorQuantization": {"n_codes": 2},
}
"""What has no default, or a costly one."""

SMALL: dict[str, Any] = {
    "impulse_response_length": 40, "initial_scale": 0.1, "length_s": 0.02, "n_room_frames": 4,
    "n_tables": 5, "n_points": 32, "n_harmonics": 6, "n_sinusoids": 5, "n_shapers": 4, "n_units": 4,
    "n_modes": 4, "n_segments": 3, "loop_length": 256, "window_length": 8, "early_ms": 5.0,
    "delays": [31, 37, 41, 43], "combs_ms": [5.0, 7.0], "all_passes_ms": [1.0], "delay_ms": 5.0,
    "fft_length": 128, "order": 4, "n_sections": 6, "longest_ms": 12.0, "n_coefficients": 8,
    "look_ahead_ms": 1.0, "lowest_hz": 50.0, "highest_hz": 3000.0, "seed": 3, "n_stages": 2,
}  # fmt: skip
"""Settings of what is played, where a class has them: small, and not what stands by itself."""

OPTIONAL: dict[str, Any] = {
    "decay_s": 0.003, "chosen": "studio", "main": "studio", "kind": "high_pass", "frame_hop": 16,
    "window_length": None,
}  # fmt: skip
"""What stands for None, or None itself, in one more choice."""

SIZES: dict[str, dict[str, Any]] = {
    "AllPassChain": {"order": 2},
    "ConvolutionReverb": {"impulse_response": [0.5, 0.0, -0.2, 0.1]},
    "DeEsser": {"look_ahead_ms": 0.0},
    "DecayingNoiseReverb": {"bands_hz": [250.0, 500.0, 1000.0]},
    "GraphicEqualizer": {"frequencies_hz": [250.0, 500.0, 1000.0]},
    "ParametricEqualizer": {"bands": [["low_shelf", 50.0, 200.0], ["peak", 300.0, 2000.0]]},
    "DelayNetworkReverb": {"all_pass_delays": [[3, 5], [7, 5], [3, 7], [5, 11]]},
    "FilteredNoise": {"n_bands": 9},
    "FilteredNoiseReverb": {"n_bands": 9},
    "NoiseBands": {"n_bands": 4, "loop_length": 8192},
    "StruckNoise": {"n_bands": 9},
    "World": {"n_bands": 12, "n_points": 4},
}
_COSTLY = (
    "AdvancedFilteredVelvetNoise",
    "DelayNetworkReverb",
    "FilteredVelvetNoise",
    "LearnedWaveshaper",
)
"""What is played with one choice alone."""

WIDTHS = {"amplitudes": 1, "harmonic_distribution": 6}
RANGES = {
    "f0_hz": (100.0, 300.0), "frequencies_hz": (200.0, 900.0), "length_cm": (14.0, 18.0),
    "note_s": (0.012, 0.016), "attack_s": (0.004, 0.006), "decay_s": (0.003, 0.006),
    "release_s": (0.004, 0.01),
}  # fmt: skip
"""Of inputs that declare no width or no ends, or whose range is too wide for a short sound."""


# Settings.


def public_classes() -> dict[str, type]:
    """The classes of processors, losses and networks' parts, by name."""
    found = {}
    for package in (processors, losses, nn):
        for name in class_files(package.__name__, package.__path__):
            made = getattr(package, name, None)
            if inspect.isclass(made) and name not in _ABSTRACT and not inspect.isabstract(made):
                found[name] = made
    return {name: found[name] for name in sorted(found) if _can_be_made(name, found[name])}


def arguments_of(cls: type) -> dict[str, inspect.Parameter]:
    """The arguments of a class, those that it hands to its bases among them."""
    found: dict[str, inspect.Parameter] = {}
    for base in cls.__mro__:
        init = base.__dict__.get("__init__")
        if init is None or not base.__module__.startswith("ddsp_tf"):
            continue
        parameters = inspect.signature(init).parameters
        own = not found
        for name, parameter in parameters.items():
            if parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
                # What a base requires, the class gives it.
                if own or parameter.default is not parameter.empty:
                    found.setdefault(name, parameter)
        if not any(p.kind == p.VAR_KEYWORD for p in parameters.values()):
            break
    return {name: found[name] for name in found if name != "self"}


def _can_be_made(name: str, cls: type) -> bool:
    given = REQUIRED.get(name, {})
    arguments = arguments_of(cls)
    return bool(arguments) and all(
        parameter.default is not parameter.empty or key in given
        for key, parameter in arguments.items()
    )


def _candidates(default: Any) -> tuple[Any, ...]:
    """Values around which a number may be refused."""
    if isinstance(default, bool) or not isinstance(default, int | float):
        return ()
    if isinstance(default, int):
        return (-1, 0, 1, 2, 3, default + 1)
    if default >= 10.0:
        return (-1.0, 0.0, 0.5 * default, 2.0 * default)
    return (-1.0, 0.0, 0.5, 1.0, 1.5, 2.0 * default)


def settings_of(name: str, cls: type) -> dict[str, Any]:
    """Gives each setting's default, and which numbers are taken and refused.

    What is taken has to stand in the object's config, where it has one, under its name.
    """
    required, rows = REQUIRED.get(name, {}), {}
    for key, parameter in arguments_of(cls).items():
        if key in ("name", "dtype"):
            continue
        given = required.get(key, parameter.default)
        default = given if parameter.default is parameter.empty else parameter.default
        taken, refused = [], []
        for value in dict.fromkeys(_candidates(given)):
            try:
                made = cls(**{**required, key: value})
            except ArgumentError:
                refused.append(value)
                continue
            taken.append(value)
            if hasattr(made, "get_config"):
                config = made.get_config()
                assert key not in config or config[key] == value, (name, key, value)
        row = {"default": _plain(default)}
        rows[key] = row | ({"taken": taken, "refused": refused} if taken or refused else {})
    made = cls(**required)
    config = made.get_config() if hasattr(made, "get_config") else {}
    return {"settings": rows, "config": sorted(set(config) - {"trainable", "dtype"})}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [_plain(one) for one in value]
    return value if isinstance(value, str | bool | int | float | None) else repr(value)


def signals_of(name: str, cls: type) -> dict[str, Any]:
    """Gives what a processor declares, as it stands by itself."""
    made = cls(**REQUIRED.get(name, {}))
    kinds = ("input_signals", "control_signals", "output_signals")
    declared = {kind: _signals(getattr(made, kind)) for kind in kinds}
    if declared["control_signals"] == declared["input_signals"]:
        declared["control_signals"] = "as the inputs"
    facts = ("optional_input_names", "streamable", "is_room", "keeps_time", "lookahead_frames")
    if "scale" in arguments_of(cls):
        bare = cls(**REQUIRED.get(name, {}), scale=False)
        declared["without scale"] = _signals(bare.input_signals)
    return declared | {fact: _plain(getattr(made, fact)) for fact in facts}


def _signals(declared: Mapping[str, Signal]) -> dict[str, Any]:
    usual = dataclasses.asdict(Signal("frames"))
    return {
        key: {
            field: value
            for field, value in dataclasses.asdict(signal).items()
            if field == "kind" or value != usual[field]
        }
        for key, signal in declared.items()
    }


# Sounds.


def variants(name: str, cls: type) -> Iterator[tuple[str, dict[str, Any]]]:
    """Settings with which a processor is played: small ones, and each other choice that it has."""
    arguments = arguments_of(cls)
    known = {**RATES, **SMALL, **SIZES.get(name, {})}
    base = {key: value for key, value in known.items() if key in arguments}
    base |= REQUIRED.get(name, {})
    yield "", base
    if name in _COSTLY:
        return
    for key, parameter in arguments.items():
        optional = (OPTIONAL[key],) if key in OPTIONAL and parameter.default is None else ()
        for value in (*optional, *_other_choices(cls, key, parameter)):
            yield f"{key}={value}", {**base, key: value}


def _other_choices(cls: type, key: str, parameter: inspect.Parameter) -> tuple[Any, ...]:
    if isinstance(parameter.default, bool):
        return (not parameter.default,) if key in ("scale", "high_pass", "limited") else ()
    for base in cls.__mro__:
        init = base.__dict__.get("__init__")
        hint = get_type_hints(init).get(key) if init is not None else None
        if get_origin(hint) is Literal:
            return tuple(value for value in get_args(hint) if value != parameter.default)
    return ()


def play(name: str, cls: type, settings: Mapping[str, Any]) -> list[float]:
    """Plays drawn inputs, with drawn weights, and gives a few sums of what comes out."""
    processor = cls(**settings)
    random = np.random.default_rng(len(name))
    for weight in processor.trainable_weights:
        weight.assign(0.3 * random.standard_normal(weight.shape))
    hop_length = processor.hop_length or RATES["hop_length"]
    inputs = {
        key: _drawn(key, signal, hop_length, random)
        for key, signal in processor.input_signals.items()
        if key not in processor.optional_input_names
    }
    return _sums(tf.nest.flatten(processor(inputs)))


def _drawn(key: str, signal: Signal, hop_length: int, random: np.random.Generator) -> np.ndarray:
    low, high = RANGES.get(key, (signal.low, signal.high))
    low = -1.0 if low is None else low
    high = low + 1.0 if high is None else high
    width = WIDTHS.get(key, 5) if signal.width is None else signal.width
    if signal.kind == "samples":
        shape = [BATCH, N_FRAMES * hop_length] + ([width] if signal.width not in (1, None) else [])
        return random.uniform(-1.0, 1.0, shape).astype(np.float32)
    shape = [BATCH, N_FRAMES, width] if signal.kind == "frames" else [BATCH, width]
    return random.uniform(low, high, shape).astype(signal.dtype)


def _sums(tensors: list[Any]) -> list[float]:
    """Of all numbers: how many, their root mean square, and three weighted sums."""
    sums: list[float] = []
    for tensor in tensors:
        values = np.asarray(tensor, np.float64).ravel()
        weights = np.cos(np.outer([0.37, 1.31, 2.71], np.arange(len(values))))
        size = math.sqrt(float(np.mean(values**2))) if len(values) else 0.0
        scale = math.sqrt(len(values))
        sums += [float(len(values)), size, *(weights @ values / scale)]
    return [float(f"{value:.{_DIGITS}g}") for value in sums]


def estimate(name: str, cls: type) -> list[float]:
    """A few sums of the controls by which a room comes near a response that is measured."""
    _, settings = next(variants(name, cls))
    seconds = np.arange(1600) / RATES["sample_rate"]
    noise = np.random.default_rng(6).standard_normal(1600)
    response = (np.arange(1600) == 0) + 0.2 * noise * np.exp(-seconds / 0.03)
    processor = cls(**settings | ({"length_s": 0.2} if "length_s" in settings else {}))
    return _sums([np.asarray(values) for values in processor.estimate(response).values()])


def estimating_classes() -> dict[str, type[Processor]]:
    """Those that analyse a response."""
    return {
        name: cls
        for name, cls in processor_classes().items()
        if getattr(cls, "estimate", ResponseReverb.estimate) is not ResponseReverb.estimate
        and name != "AdvancedFilteredVelvetNoise"
    }


def processor_classes() -> dict[str, type[Processor]]:
    """Those that can be played by themselves."""
    return {
        name: cls
        for name, cls in public_classes().items()
        if issubclass(cls, Processor) and name not in ("BlackBox", "Processor")
    }


# Features.


def glide() -> tuple[np.ndarray, np.ndarray]:
    """A sound of five partials that glides by a fifth, with noise, and its pitch at 250 Hz."""
    random, seconds = np.random.default_rng(4), np.arange(4800) / 16000
    f0_hz = 220.0 * 1.5 ** (seconds / 0.3)
    turns = np.cumsum(f0_hz) / 16000
    sound = sum(0.4 / k * np.sin(2 * np.pi * k * turns) for k in range(1, 6))
    sound *= np.sin(np.pi * seconds / 0.3) ** 2
    return (sound + 0.02 * random.standard_normal(4800)).astype(np.float32), f0_hz[::64]


def hearers() -> dict[str, Callable[[], list[Any]]]:
    """What hears sounds, by name: functions that give tensors of what they hear."""
    audio, f0_hz = glide()
    settings = FeatureSettings()
    tracked = Features(f0_hz, np.linspace(0.4, 1.0, 75), np.linspace(-60.0, -20.0, 75))
    seconds, sure = np.arange(75) / 250, np.full(75, 0.9)
    rates = {"sample_rate": 16000, "hop_length": 64}

    def extracted(column: str) -> list[Any]:
        one = dataclasses.replace(settings, columns=(column,))
        heard = extractor_for(column).extract_beside(audio, one, _beside(tracked))
        signal = columns_of(one)[column].signal
        return [heard[column], [signal.width or 0, signal.low or 0.0, signal.high or 0.0]]

    def analysed(result: Any) -> list[Any]:
        values = [getattr(result, field.name) for field in dataclasses.fields(result)]
        return [value for value in values if isinstance(value, np.ndarray)]

    columns = [x for x in extractor_columns() if x not in ("f0_hz", "f0_confidence")]
    return {
        **{column: partial(extracted, column) for column in columns},
        **{
            name: partial(lambda name: list(get_tracker(name).track(audio, 16000)), name)
            for name in ("crepe-tiny", "self_supervised")
        },
        "live_pitch": lambda: list(LivePitch(settings).push(audio)),
        "live_loudness": lambda: [LiveLoudness(settings).push(audio)],
        "note_mask": lambda: [note_mask(tracked), note_ratio(tracked)],
        "refined_pitch": lambda: [
            refine_track(audio, 1.01 * f0_hz, sure, seconds, sample_rate=16000)
        ],
        "harmonic_analysis": lambda: analysed(
            analyze_harmonics(audio, tracked, settings, n_harmonics=4, n_noise_bands=9)
        ),
        "world_analysis": lambda: analysed(analyze_world(audio, f0_hz, **rates)),
    }


def _beside(features: Features) -> dict[str, np.ndarray]:
    names = ("f0_hz", "f0_confidence", "loudness_db")
    return {name: getattr(features, name) for name in names}


def hear(hearer: Callable[[], Any]) -> list[float]:
    """A few sums of what a function gives."""
    return _sums(tf.nest.flatten(hearer()))


# Tables.


def table(kind: str) -> dict[str, Any]:
    """Reads a table."""
    return json.loads((FOLDER / f"{kind}.json").read_text(encoding="utf-8"))


def _write(kind: str, rows: Mapping[str, Any]) -> None:
    FOLDER.mkdir(exist_ok=True)
    lines = ",\n".join(f"{json.dumps(key)}: {json.dumps(row)}" for key, row in rows.items())
    (FOLDER / f"{kind}.json").write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")


def main() -> None:
    """Writes them."""
    _write(SETTINGS, {name: settings_of(name, cls) for name, cls in public_classes().items()})
    players = processor_classes()
    _write(SIGNALS, {name: signals_of(name, cls) for name, cls in players.items()})
    played = {
        name: {variant: play(name, cls, settings) for variant, settings in variants(name, cls)}
        for name, cls in players.items()
    }
    _write(SOUNDS, played)
    rooms = estimating_classes()
    _write(ESTIMATES, {name: estimate(name, cls) for name, cls in rooms.items()})
    _write(CALLS, {name: hear(call) for name, call in calls().items()})
    _write(HEARD, {name: hear(hearer) for name, hearer in hearers().items()})


if __name__ == "__main__":
    main()
