"""Rooms that are found by listening: what is heard of them, and a room that decays as they do."""

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.dsp.room_noise import decaying_noise
from ddsp_tf.errors import ArgumentError
from ddsp_tf.models import Model
from ddsp_tf.models.parametric.room import Room
from ddsp_tf.processors import FilteredVelvetNoise, ProcessorGroup
from ddsp_tf.types import FloatArray, Progress, no_progress

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_PASSAGE_S = 8.0
"""As long as what such networks are trained on."""

_PAUSE = 10.0 ** (-40.0 / 20.0)
"""Of the loudest passage: what is softer is a pause."""

_LEAST_S = 1.0
_LONGEST_S = 10.0
_BEYOND = 0.75
"""Of the decay, an octave above what is heard: air swallows treble."""

_ROOM_RATE = 48000


@dataclass(frozen=True)
class HeardRoom:
    """What is heard of a room.

    Attributes:
        bands_hz: Octaves, `[n_bands]`.
        t60_s: In which each falls by 60 dB, `[n_bands]`: the median of all passages.
        late_db: The energy of what follows the direct sound, in dB of the direct sound's,
            `[n_bands]`.
        passages_s: Times of each passage, `[n_passages, n_bands]`.
    """

    bands_hz: FloatArray
    t60_s: FloatArray
    late_db: FloatArray
    passages_s: FloatArray = field(repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Gives what is heard, ready for JSON."""
        return {
            "bands_hz": self.bands_hz.tolist(),
            "t60_s": self.t60_s.tolist(),
            "late_db": self.late_db.tolist(),
            "passages_t60_s": self.passages_s.tolist(),
        }


@dataclass(frozen=True)
class FoundRoom:
    """A room that decays as one that was heard.

    Attributes:
        heard: What was heard.
        model: The room, for `Instrument.without_features` and `Effect`.
        response: What it answers to a click, `[n_samples]`.
        sample_rate: Of the room, in Hz.
        seconds: It took so long.
    """

    heard: HeardRoom
    model: Room = field(repr=False)
    response: FloatArray = field(repr=False)
    sample_rate: int
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """Gives what was heard and the room's parameters, ready for JSON."""
        return {
            "format_version": 1,
            "heard": self.heard.to_dict(),
            "parameters": {
                name: {"value": value, "unit": unit, "low": low, "high": high}
                for name, (value, unit, low, high) in self.model.parameters().items()
            },
            "sample_rate": self.sample_rate,
            "seconds": self.seconds,
        }

    def figure(self, title: str | None = None) -> "Figure":
        """Draws the response that was made."""
        from ddsp_tf.plotting import impulse_response

        return impulse_response(self.response, self.sample_rate, title=title)


def can_hear_rooms(model: Any) -> bool:
    """Whether a model hears rooms: it gives `t60_s` and `late_db`."""
    outputs = getattr(model, "output_signals", {})
    return {"t60_s", "late_db"} <= set(outputs) and hasattr(model, "bands_hz")


def hear_room(
    estimator: Model, audio: FloatArray, *, progress: Progress | None = None
) -> HeardRoom:
    """Says how the room decays in which a sound was recorded.

    The sound is heard in passages of 8 s that overlap by half, without those that are pauses.

    Args:
        estimator: A network that hears rooms, such as `models.RoomEstimator`.
        audio: The sound, `[n_samples]`, at the estimator's rate; a second at least, better ten.
        progress: Is called with the share that is done, 0 to 1.

    Raises:
        ArgumentError: The model hears no rooms, or the sound is of another shape, too short,
            silent, or not finite.

    Example:
        >>> from ddsp_tf.models import RoomEstimator
        >>> sound = np.random.default_rng(0).normal(0.0, 0.1, 32000)
        >>> hear_room(RoomEstimator(channels=(4,), n_units=8), sound).t60_s.shape
        (6,)
    """
    if not can_hear_rooms(estimator):
        raise ArgumentError(
            f"`{type(estimator).__name__}` hears no rooms. Choose a model that does, such as the "
            "shipped `reverb`."
        )
    audio = np.asarray(audio, np.float32)
    rate = int(estimator.sample_rate)
    if audio.ndim != 1 or len(audio) < _LEAST_S * rate:
        raise ArgumentError(
            f"`audio` should be [n_samples], {_LEAST_S:g} s at least, that is {rate} samples. "
            f"Received shape {audio.shape}."
        )
    if not np.all(np.isfinite(audio)) or not np.any(np.abs(audio) > 1e-5):
        raise ArgumentError("`audio` should be a sound. Received silence, NaN or infinity.")
    passages = _passages(audio, round(_PASSAGE_S * rate))
    said = []
    for index, passage in enumerate(passages):
        said.append(estimator({"audio": tf.constant(passage[np.newaxis])}))
        (progress or no_progress)((index + 1) / len(passages))
    times = np.array([np.asarray(x["t60_s"])[0] for x in said], np.float64)
    late = np.array([np.asarray(x["late_db"])[0] for x in said], np.float64)
    bands = np.asarray(estimator.bands_hz, np.float64)
    return HeardRoom(bands, np.exp(np.median(np.log(times), 0)), np.median(late, 0), times)


def find_room(
    estimator: Model,
    audio: FloatArray,
    *,
    room: Room | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> FoundRoom:
    """Makes a room that decays as the one in which a sound was recorded.

    Octaves above those that are heard decay by a quarter faster each. The room's parameters are
    those of its own analysis (`ResponseReverb.estimate`) of noise that decays as was heard.

    Args:
        estimator: A network that hears rooms, such as `models.RoomEstimator`.
        audio: As for `hear_room`.
        room: The room whose parameters are set, of any rate; None: filtered velvet noise at 48 kHz.
        seed: Of the noise.
        progress: Is called with the share that is done, 0 to 1.

    Raises:
        ArgumentError: As for `hear_room`, or the room's parameters can't be set by analysis.

    Example:
        >>> from ddsp_tf.models import RoomEstimator, Room
        >>> from ddsp_tf.processors import FilteredVelvetNoise, ProcessorGroup
        >>> velvet = FilteredVelvetNoise(n_segments=4, add_dry=False, sample_rate=16000)
        >>> names = ["audio", "t60_s", "gains_db", "spread", "early_percent"]
        >>> model = Room(processor_group=ProcessorGroup(dag=[(velvet, names)]), hop_length=64)
        >>> sound = np.random.default_rng(0).normal(0.0, 0.1, 32000)
        >>> found = find_room(RoomEstimator(channels=(4,), n_units=8), sound, room=model)
        >>> found.sample_rate, sorted(found.to_dict()["parameters"])
        (16000, ['early_percent', 'gains_db', 'spread', 't60_s'])
    """
    start = time.monotonic()
    heard = hear_room(estimator, audio)
    (progress or no_progress)(0.1)
    model = _velvet() if room is None else room
    if not any(hasattr(x, "estimate") for x in model.processor_group.processors):
        raise ArgumentError(
            f"`room` should have parameters that an analysis finds, as filtered velvet noise has. "
            f"`{model.processor_group.name}` has none such."
        )
    rate = int(model.sample_rate)
    model.begin(response_of(heard, sample_rate=rate, seed=seed))
    n_samples = max(x.n_taps for x in model.processor_group.processors if hasattr(x, "n_taps"))
    played = model({"audio": tf.zeros([1, n_samples])})["audio"].numpy()[0]
    (progress or no_progress)(1.0)
    return FoundRoom(heard, model, played, rate, time.monotonic() - start)


def response_of(heard: HeardRoom, *, sample_rate: int, seed: int = 0) -> FloatArray:
    """Makes a response that decays as was heard: a direct sound of 1, and noise in octaves.

    Args:
        heard: What was heard.
        sample_rate: Of the response, in Hz.
        seed: Of the noise.

    Returns:
        `[n_samples]`, until it has fallen by 66 dB, at most 10 s.

    Example:
        >>> bands = np.array([500.0, 1000.0])
        >>> heard = HeardRoom(bands, np.array([0.4, 0.3]), np.zeros(2), np.zeros([1, 2]))
        >>> len(response_of(heard, sample_rate=8000))
        3520
    """
    bands = np.asarray(dsp.octave_bands_hz(sample_rate=sample_rate))
    octaves = np.log2(bands)
    known = np.log2(heard.bands_hz)
    beyond = np.maximum(octaves - known[-1], 0.0)
    times = np.exp(np.interp(octaves, known, np.log(heard.t60_s))) * _BEYOND**beyond
    energies_db = np.interp(octaves, known, heard.late_db)
    n_samples = round(min(_LONGEST_S, 1.1 * float(np.max(times))) * sample_rate)
    # The energy of a decay that begins at a level, of noise of variance 1 in all octaves together.
    lasting = times * sample_rate / (6.0 * np.log(10.0))
    levels_db = energies_db - 10.0 * np.log10(lasting)
    response = decaying_noise(
        tf.constant(levels_db[np.newaxis], tf.float32),
        tf.constant(times[np.newaxis], tf.float32),
        n_samples,
        [float(hz) for hz in bands],
        sample_rate=sample_rate,
        seed=seed,
    ).numpy()[0]
    response[0] = 1.0
    return response.astype(np.float64)


def _passages(audio: FloatArray, length: int) -> list[FloatArray]:
    if len(audio) <= length:
        return [audio]
    step = length // 2
    starts = [*range(0, len(audio) - length, step), len(audio) - length]
    parts = [audio[start : start + length] for start in starts]
    levels = np.array([np.sqrt(np.mean(np.square(part))) for part in parts])
    return [part for part, x in zip(parts, levels, strict=True) if x >= _PAUSE * levels.max()]


def _velvet() -> Room:
    velvet = FilteredVelvetNoise(add_dry=False, sample_rate=_ROOM_RATE)
    group = ProcessorGroup(dag=[(velvet, ["audio", *velvet.room_signals])])
    return Room(processor_group=group, hop_length=_ROOM_RATE // 250)
