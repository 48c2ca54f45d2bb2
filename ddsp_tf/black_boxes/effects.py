"""Effects found by their names, and chains of them: what runs inside a worker process."""

import importlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

_PLUGIN_SUFFIXES = (".vst3", ".component", ".so", ".dll")
_PEDALBOARD = "pedalboard."


class EffectNotFoundError(Exception):
    """An effect can't be loaded, or hasn't the parameters that are to be set."""


class Chain:
    """Effects one after the other, with the state of their own that they have.

    Args:
        effects: Names, see `BlackBox`.

    Raises:
        EffectNotFoundError: One can't be loaded.
    """

    def __init__(self, effects: Sequence[str]) -> None:
        self._stages = [_load(effect) for effect in effects]
        self._prefixes = stage_names(effects)

    def play(self, audio: np.ndarray, sample_rate: int, values: Mapping[str, float]) -> np.ndarray:
        """Plays a sound from silence.

        Args:
            audio: Float32 `[n_samples, n_channels]`.
            sample_rate: In Hz.
            values: Of the parameters; in a chain of several their names begin with the effect's.

        Returns:
            Float32, of the same shape.

        Raises:
            EffectNotFoundError: An effect has no such parameter.
            ValueError: An effect gave something else than a finite sound of this shape.
        """
        own = self._shared_out(values)
        for prefix, stage in zip(self._prefixes, self._stages, strict=True):
            given, shape = audio, audio.shape
            audio = np.asarray(stage.play(given, sample_rate, own[prefix]), np.float32)
            if audio.shape != shape:
                raise ValueError(
                    f"`{prefix}` gave audio of the shape {list(audio.shape)} for {list(shape)}"
                )
            if not np.isfinite(audio).all():
                raise ValueError(f"`{prefix}` gave NaN or infinite samples")
        return audio

    def _shared_out(self, values: Mapping[str, float]) -> dict[str, dict[str, float]]:
        """The values of each effect, by its own names for them."""
        if len(self._stages) == 1:
            return {self._prefixes[0]: dict(values)}
        own: dict[str, dict[str, float]] = {prefix: {} for prefix in self._prefixes}
        for key, value in values.items():
            fitting = [prefix for prefix in self._prefixes if key.startswith(f"{prefix}_")]
            if not fitting:
                starts = ", ".join(f"{prefix}_" for prefix in self._prefixes)
                raise EffectNotFoundError(
                    f"the parameter `{key}` is none of its effects': names begin with {starts}."
                )
            prefix = max(fitting, key=len)
            own[prefix][key.removeprefix(f"{prefix}_")] = value
        return own


def stage_names(effects: Sequence[str]) -> list[str]:
    """What each effect of a chain is called, in snake case; a second one gets a number.

    Example:
        >>> stage_names(["pedalboard.Compressor", "my_effects.soft_clip", "plugins/Big Room.vst3"])
        ['compressor', 'soft_clip', 'big_room']
    """
    names: list[str] = []
    for effect in effects:
        last = Path(effect).stem if is_plugin_file(effect) else effect.split(".")[-1]
        spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9]+", "_", last)
        name, n = spaced.strip("_").lower(), 2
        while name in names:
            name, n = f"{name.rstrip('0123456789_')}_{n}", n + 1
        names.append(name)
    return names


def is_plugin_file(effect: str) -> bool:
    """Whether a name is that of a plug-in's file."""
    return effect.lower().endswith(_PLUGIN_SUFFIXES)


def needs_pedalboard(effect: str) -> bool:
    """Whether an effect is pedalboard's, or loaded by it."""
    return effect.startswith(_PEDALBOARD) or is_plugin_file(effect)


class _BuiltIn:
    """An effect of pedalboard's, whose parameters are attributes in units."""

    def __init__(self, name: str, plugin: Any) -> None:
        self._name, self._plugin = name, plugin

    def play(self, audio: np.ndarray, sample_rate: int, values: Mapping[str, float]) -> np.ndarray:
        for key, value in values.items():
            if key not in self._names:
                raise EffectNotFoundError(
                    f"`{self._name}` has no parameter `{key}`. It has "
                    f"{', '.join(self._names) or 'none'}."
                )
            setattr(self._plugin, key, float(value))
        return _through_pedalboard(self._plugin, audio, sample_rate)

    @property
    def _names(self) -> list[str]:
        """Properties that are numbers and can be set."""
        kind, plugin = type(self._plugin), self._plugin
        return [
            key
            for key in dir(kind)
            if getattr(getattr(kind, key), "fset", None)
            and isinstance(getattr(plugin, key), float | int)
        ]


class _PluginFile:
    """A plug-in from a file, whose parameters are its raw ones, 0 to 1."""

    def __init__(self, path: str, plugin: Any) -> None:
        self._path, self._plugin = path, plugin

    def play(self, audio: np.ndarray, sample_rate: int, values: Mapping[str, float]) -> np.ndarray:
        parameters = self._plugin.parameters
        for key, value in values.items():
            if key not in parameters:
                raise EffectNotFoundError(
                    f"`{self._path}` has no parameter `{key}`. It has {', '.join(parameters)}."
                )
            parameters[key].raw_value = float(value)
        return _through_pedalboard(self._plugin, audio, sample_rate)


class _Function:
    """A Python function, or an instance of a class that can be called."""

    def __init__(self, function: Any) -> None:
        self._function = function() if isinstance(function, type) else function

    def play(self, audio: np.ndarray, sample_rate: int, values: Mapping[str, float]) -> np.ndarray:
        return self._function(audio.copy(), sample_rate, dict(values))


def _load(effect: str) -> Any:
    if effect.startswith(_PEDALBOARD):
        return _BuiltIn(effect, _built_in(effect))
    if is_plugin_file(effect):
        try:
            return _PluginFile(effect, _pedalboard().load_plugin(effect))
        except (ImportError, ValueError) as error:
            raise EffectNotFoundError(f"`{effect}` can't be loaded: {error}") from error
    module, _, name = effect.rpartition(".")
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise EffectNotFoundError(f"`{effect}` can't be imported: {error}") from error
    if not callable(found):
        raise EffectNotFoundError(f"`{effect}` is no function: it is {type(found).__name__}.")
    return _Function(found)


def _built_in(effect: str) -> Any:
    pedalboard = _pedalboard()
    kind = getattr(pedalboard, effect.removeprefix(_PEDALBOARD), None)
    if not (isinstance(kind, type) and issubclass(kind, pedalboard.Plugin)):
        raise EffectNotFoundError(f"pedalboard {pedalboard.__version__} has no effect `{effect}`.")
    try:
        return kind()
    except TypeError as error:
        raise EffectNotFoundError(f"`{effect}` can't be made without arguments.") from error


def _pedalboard() -> Any:
    try:
        return importlib.import_module("pedalboard")
    except ImportError as error:
        raise EffectNotFoundError(
            f"the package pedalboard is not installed, or does not work ({error}). Install it: "
            'pip install "ddsp-tf[pedalboard]"'
        ) from error


def _through_pedalboard(plugin: Any, audio: np.ndarray, sample_rate: int) -> np.ndarray:
    """From silence; what a plug-in still holds at the end is fetched by silence after it."""
    n_samples, n_channels = audio.shape
    # pedalboard takes the shorter axis for the channels.
    short = max(0, n_channels + 1 - n_samples)
    rows = np.ascontiguousarray(np.pad(audio, ((0, short), (0, 0))).T)
    played = plugin.process(rows, sample_rate, reset=True)
    missing = rows.shape[1] - played.shape[1]
    while missing > 0:
        silence = np.zeros((n_channels, max(missing, n_channels + 1)), np.float32)
        rest = plugin.process(silence, sample_rate, reset=False)[:, :missing]
        if not rest.shape[1]:
            break
        played = np.concatenate([played, rest], axis=1)
        missing -= rest.shape[1]
    return played.T[:n_samples]
