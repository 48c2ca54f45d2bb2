"""Passages of recordings and settings of an effect, drawn while a model trains."""

from collections.abc import Mapping
from functools import cache, partial

import numpy as np

from ddsp_tf.data.passages import loud_passage, read_loud
from ddsp_tf.data.sources.audio_names import name_files
from ddsp_tf.errors import ArgumentError
from ddsp_tf.features import FeatureSettings
from ddsp_tf.processors import ProcessorGroup
from ddsp_tf.processors.shares import share_of
from ddsp_tf.types import FloatArray, PathLike, Signal


class StyledRecordings:
    """Draws two passages of a recording, and settings of an effect, for `StyleTransfer`.

    A generator for `data.Generated`. Every recording is as likely as any other, however long it is;
    both passages, `dry` and `reference`, are at least -45 dB full scale loud where the recording
    is, and are moved by a common gain. `settings` are places in the ranges of the effect's
    parameters, 0 to 1.

    Args:
        recordings: Folders or files, or several.
        effect: What the settings are of.
        ranges: From and to which value a parameter is drawn, evenly by its place in its range;
            others over all of it.
        fixed: Parameters that stay, as for the model.
        same_passage: How often both passages are one, 0 to 1.
        level_db: The common gain is drawn between minus and plus this.

    Raises:
        ArgumentError: `ranges` names none of the parameters, or is outside of their range.
        DatasetError: There is no recording.

    Reference:
        Steinmetz, Bryan and Reiss 2022, "Style transfer of audio effects with differentiable signal
        processing", section 3.3.
    """

    def __init__(
        self,
        recordings: PathLike | tuple[PathLike, ...],
        effect: ProcessorGroup,
        *,
        ranges: Mapping[str, tuple[float, float]] | None = None,
        fixed: Mapping[str, float] | None = None,
        same_passage: float = 0.25,
        level_db: float = 6.0,
    ) -> None:
        self._files = tuple(name_files(recordings).values())
        optional = {"audio", *effect.optional_input_names, *(fixed or {})}
        signals = {
            key: effect.input_signals[key] for key in effect.input_names if key not in optional
        }
        unknown = [key for key in ranges or {} if key not in signals]
        if unknown:
            raise ArgumentError(
                f"`ranges` names {', '.join(unknown)}, and the effect's parameters are "
                f"{', '.join(signals)}."
            )
        self._shares = [
            _shares(key, signal, (ranges or {}).get(key)) for key, signal in signals.items()
        ]
        self._same_passage, self._level_db = same_passage, level_db
        self.signals = {
            "reference": Signal("samples"),
            "settings": Signal("value", width=len(signals)),
        }
        self._read = cache(partial(read_loud, self._files))

    def __call__(
        self, random: np.random.Generator, n_frames: int, settings: FeatureSettings
    ) -> dict[str, FloatArray]:
        """Draws an example: `dry` and `reference` `[n_samples]`, `settings` `[n_parameters]`."""
        sounds = self._read(settings.sample_rate)
        sound = sounds[random.integers(len(sounds))]
        n_samples = n_frames * settings.hop_length
        dry = loud_passage(random, sound, n_samples)
        same = random.random() < self._same_passage
        reference = dry if same else loud_passage(random, sound, n_samples)
        gain = np.float32(10.0 ** (random.uniform(-self._level_db, self._level_db) / 20.0))
        drawn = [low + (high - low) * random.random() for low, high in self._shares]
        return {
            "dry": gain * dry,
            "reference": gain * reference,
            "settings": np.array(drawn, np.float32),
        }


def _shares(key: str, signal: Signal, given: tuple[float, float] | None) -> tuple[float, float]:
    if given is None:
        return 0.0, 1.0
    low, high = given
    if not (signal.holds(low) and signal.holds(high) and low <= high):
        raise ArgumentError(
            f"`ranges`: `{key}` should be from and to a value within {signal.low} to "
            f"{signal.high}. Received {given}."
        )
    return float(share_of(low, signal)), float(share_of(high, signal))
