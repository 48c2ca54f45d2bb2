"""Instruments out of a model that has several: by name, between them, or as a recording sounds."""

import dataclasses
import os
from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from ddsp_tf.audio import read_audio
from ddsp_tf.errors import ArgumentError, DatasetError
from ddsp_tf.features import Statistics, extract_features
from ddsp_tf.models import Autoencoder, Instrument
from ddsp_tf.models.autoencoder.timbre_encoder import TimbreEncoder
from ddsp_tf.types import FloatArray, PathLike

_SEVERAL = "instruments"
"""In the metadata of a model of several instruments: the statistics of each, by its name."""


def timbre_names(instrument: Instrument) -> tuple[str, ...]:
    """Names the instruments of a model that has several; none if it hasn't."""
    encoder = getattr(instrument.model, "encoder", None)
    return encoder.instruments if isinstance(encoder, TimbreEncoder) else ()


def parse_timbre(text: str) -> dict[str, float]:
    """Reads shares such as `violin:0.5,flute:0.5`, or a name alone.

    Raises:
        ArgumentError: It is something else, or a share is negative or they are all 0.

    Example:
        >>> parse_timbre("violin:1,flute:3")
        {'violin': 0.25, 'flute': 0.75}
    """
    shares: dict[str, float] = {}
    for part in text.split(","):
        name, colon, share = part.strip().rpartition(":")
        try:
            shares[name if colon else share] = float(share) if colon else 1.0
        except ValueError:
            name = ""
        if colon and not name:
            raise ArgumentError(f"A timbre looks like violin:0.5,flute:0.5. Got {text!r}.")
    total = sum(shares.values())
    if not np.isfinite(total) or total <= 0.0 or min(shares.values()) < 0.0:
        raise ArgumentError(f"Shares of a timbre should be 0 or more, and not all 0. Got {text!r}.")
    return {name: share / total for name, share in shares.items()}


def choose_timbre(instrument: Instrument, shares: Mapping[str, float]) -> Instrument:
    """Gives one instrument of a model that has several, or one between them.

    Its range of pitch and of loudness lies between theirs as its timbre does: quantiles are
    averaged by the shares. Where those of each aren't known, it is that of all.

    Args:
        instrument: Of several, such as `models/many_instruments.gin` trains.
        shares: Of each, by name; they should sum to 1.

    Raises:
        ArgumentError: There is no such instrument, or the model has none to choose from.

    Example:
        >>> from ddsp_tf import Instrument
        >>> choose_timbre(Instrument.load("violin"), {"flute": 1.0})
        Traceback (most recent call last):
        ddsp_tf.errors.ArgumentError: A timbre can be chosen of a model of several instruments, ...
    """
    names = timbre_names(instrument)
    if not names:
        raise ArgumentError(
            "A timbre can be chosen of a model of several instruments, such as "
            "models/many_instruments.gin trains; this one has one."
        )
    unknown = [name for name in shares if name not in names]
    if unknown:
        raise ArgumentError(
            f"The model has no timbre {', '.join(unknown)}. It has {', '.join(names)}."
        )
    row = tf.constant([[shares.get(name, 0.0) for name in names]], tf.float32)
    encoder: Any = instrument.model.encoder
    known = instrument.metadata.get(_SEVERAL, {})
    found = {name: Statistics.from_dict(known[name]) for name in shares if name in known}
    complete = found if len(found) == len(shares) else {}
    return _with_timbre(
        instrument,
        encoder.mixed(row).numpy()[0],
        _between(complete, shares) or instrument.statistics,
        dict(shares),
    )


def hear_timbre(
    instrument: Instrument, audio: FloatArray, *, source: str | None = None
) -> Instrument:
    """Gives an instrument that sounds as a recording does, as far as a model knows such sounds.

    Args:
        instrument: A model with an encoder.
        audio: Mono at the instrument's rate, `[n_samples]`.
        source: What its metadata name as the recording.

    Raises:
        ArgumentError: The model has no encoder, or `audio` is too short to hear anything.
    """
    model = instrument.model
    if not isinstance(model, Autoencoder) or model.encoder is None:
        raise ArgumentError(
            "A timbre can be heard by a model with an encoder, such as "
            "models/many_instruments.gin or models/autoencoder.gin train; this one has none."
        )
    settings = instrument.features
    n_frames = settings.n_frames(len(audio))
    if n_frames < 2:
        raise ArgumentError(f"`audio` has {len(audio)} samples: too few to hear a timbre in.")
    heard = tf.constant(np.asarray(audio)[np.newaxis], tf.float32)
    z = model.encoder.encode({"audio": heard}, n_frames=n_frames, hop_length=settings.hop_length)
    features = extract_features(np.asarray(audio, np.float32), settings)
    try:
        statistics = Statistics.from_features([features], frame_rate=settings.frame_rate)
    except DatasetError:  # No note: its range isn't known.
        statistics = None
    return _with_timbre(instrument, z.numpy()[0].mean(axis=0), statistics, source)


def hear_timbre_of_file(instrument: Instrument, path: PathLike) -> Instrument:
    """Does what `hear_timbre` does with a file.

    Raises:
        AudioFileError: It is missing or damaged.
        ArgumentError: As for `hear_timbre`.
    """
    audio, _ = read_audio(path, sample_rate=instrument.features.sample_rate)
    return hear_timbre(instrument, audio, source=os.path.basename(os.fspath(path)))


def _with_timbre(
    instrument: Instrument, z: FloatArray, statistics: Statistics | None, origin: Any
) -> Instrument:
    model: Any = instrument.model
    metadata = {key: x for key, x in instrument.metadata.items() if key != _SEVERAL}
    return Instrument(
        model=model.with_ranges(None, None).with_timbre(z),
        features=instrument.features,
        statistics=statistics,
        metadata={**metadata, "timbre": origin},
    )


def _between(of_names: Mapping[str, Statistics], shares: Mapping[str, float]) -> Statistics | None:
    """Averages statistics; of quantiles that is the distribution between them."""
    if not of_names:
        return None
    weights = [shares[name] for name in of_names]
    values: dict[str, Any] = {}
    for each in dataclasses.fields(Statistics):
        given = [getattr(statistics, each.name) for statistics in of_names.values()]
        mean = np.average(np.asarray(given, np.float64), axis=0, weights=weights)
        if each.name == "n_recordings":
            values[each.name] = sum(given)
        else:
            values[each.name] = tuple(mean.tolist()) if mean.ndim else float(mean)
    return Statistics(**values)
