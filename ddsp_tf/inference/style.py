"""An effect that brings a sound near a reference."""

from collections.abc import Container, Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.audio import audio_info, check_usable, read_audio
from ddsp_tf.data.sources.delay import measure_delay, moved_earlier
from ddsp_tf.errors import ArgumentError
from ddsp_tf.inference.effect import Effect
from ddsp_tf.inference.match import match
from ddsp_tf.losses import Compare, SpectralLoss, StyleDistance
from ddsp_tf.models import Instrument, Model, Parametric, StyleTransfer
from ddsp_tf.types import FloatArray, PathLike, Progress, no_progress

_LONGEST_S, _PART_S = 60.0, 5.0
_SHORTEST_S = 0.5
_RATE, _LAST_RATE = 0.1, 0.05
_SAME = 0.15
"""Likeness of a sound and a reference from which on they are the same passage."""


class Style:
    """Treats sounds so that they become like a reference in tone and dynamics.

    A `StyleTransfer` hears both and sets its effect; some steps by gradient then bring it nearer,
    as `losses.StyleDistance` measures. For a reference that is less even they begin with the
    model's `widening`. A reference that is the same passage, which is heard in their correlation,
    is compared moment by moment instead. Both are heard at the model's rate, of more than a minute
    in parts; the effect plays at the rate of the file, if that isn't lower.

    Args:
        instrument: A `StyleTransfer`.
        reference: The file of how it should sound.
        n_steps: Steps by gradient; 0 leaves it at what the network says.
        wet: As for `Effect`.
        tail_s: As for `Effect`.

    Raises:
        ArgumentError: The model is another, or `n_steps` below 0.
        AudioFileError: The reference can't be read, is silent, or shorter than half a second.
    """

    def __init__(
        self,
        instrument: Instrument,
        reference: PathLike,
        *,
        n_steps: int = 150,
        wet: float = 1.0,
        tail_s: float | None = None,
    ) -> None:
        require_style(instrument.model)
        if n_steps < 0:
            raise ArgumentError(f"`n_steps` should be 0 or more. Received {n_steps}.")
        self.model = instrument.model
        self.n_steps = n_steps
        self._about: dict[str, Any] = {"wet": wet, "tail_s": tail_s}
        self._reference = self._heard(reference)
        self._distance = StyleDistance(sample_rate=int(self.model.sample_rate))

    def effect_for(self, path: PathLike, *, progress: Progress | None = None) -> Effect:
        """Gives the effect that brings a file near the reference.

        Args:
            path: An audio file.
            progress: Is called with the share of the steps that is done.

        Raises:
            AudioFileError: It can't be read, is silent, or shorter than half a second.
        """
        rate = int(self.model.sample_rate)
        if not self.model.processor_group.weights:  # which are of one rate
            rate = max(rate, audio_info(path).sample_rate)
        settings = self.settings_for(self._heard(path), progress=progress)
        effect = self.model.with_settings(settings, sample_rate=rate)
        return Effect(Instrument.without_features(effect), **self._about)

    def settings_of(self, effect: Effect) -> dict[str, float]:
        """Gives the settings of an effect that were chosen, without those that stayed."""
        constants = {key: float(value[0]) for key, value in effect.model.constants().items()}
        moved = [
            key
            for key in self.model.widening
            if not np.isclose(constants[key], self.model.fixed[key], rtol=0.03)
        ]
        return {key: constants[key] for key in (*self.model.parameters, *moved)}

    def settings_for(
        self, dry: FloatArray, *, progress: Progress | None = None
    ) -> dict[str, float]:
        """Gives the settings that bring a sound near the reference.

        Args:
            dry: `[n_samples]`, at the model's rate.
            progress: Is called with the share of the steps that is done.
        """
        progress = progress or no_progress
        sound, reference = (tf.constant(x[np.newaxis]) for x in (dry, self._reference))
        settings = self.model.settings_toward(sound, reference)
        if not self.n_steps:
            return settings
        delay = measure_delay(dry, self._reference, int(self.model.sample_rate))
        if delay.likeness >= _SAME:
            return self._as_passage(settings, dry, delay.samples, progress)
        return self._as_style(settings, sound, reference, progress)

    def _as_passage(
        self, settings: dict[str, float], dry: FloatArray, delay: int, progress: Progress
    ) -> dict[str, float]:
        """Steps for a reference that plays the same: compared moment by moment."""
        n_samples = min(len(dry), len(self._reference))
        target = moved_earlier(self._reference[:n_samples], delay)
        effect = self._to_be_found(settings, self.model.parameters)
        found = match(
            effect,
            target,
            dry=dry[:n_samples],
            objective=Compare(_same_passage_loss(int(self.model.sample_rate))),
            n_steps=self.n_steps,
            progress=progress,
        )
        return {key: float(value) for key, (value, *_) in found.parameters.items()}

    def _as_style(
        self,
        settings: dict[str, float],
        sound: tf.Tensor,
        reference: tf.Tensor,
        progress: Progress,
    ) -> dict[str, float]:
        """Steps for a reference that plays something else: compared by what it is like.

        Of all that is passed the nearest is taken, if it can be one that is farther neither in
        tone nor in loudness range than the sound was.
        """
        described, range_db = self._distance.describe(reference), self._range_db(reference)

        def measured(audio: tf.Tensor) -> list[tf.Tensor]:
            """How far a sound is from the reference: by all, in tone, and in loudness range."""
            terms = self._distance.terms(described, audio)
            apart = tf.abs(self._range_db(audio) - range_db)
            return [tf.add_n(list(terms.values())), terms["tone"], apart]

        start = [float(x) for x in measured(sound)]
        wider = float(range_db) > float(self._range_db(sound))
        widening = self.model.widening if wider else {}
        effect = self._to_be_found({**settings, **widening}, {**self.model.parameters, **widening})
        variables = effect.trainable_variables

        @tf.function(autograph=False)
        def step() -> tuple[list[tf.Tensor], list[tf.Tensor]]:
            with tf.GradientTape() as tape:
                values = measured(effect({"dry": sound})["audio"])
            return values, tape.gradient(values[0], [x.value for x in variables])

        rate = keras.optimizers.schedules.CosineDecay(_RATE, self.n_steps, alpha=_LAST_RATE)
        optimizer = keras.optimizers.Adam(rate)
        optimizer.build(variables)
        best, found = (True, np.inf), settings
        for number in range(self.n_steps):
            values, gradients = step()
            distance, tone, spread = (float(x) for x in values)
            rank = (tone >= start[1] or spread >= start[2], distance)
            if rank < best:
                best, found = rank, _values(effect)
            gradients, _ = tf.clip_by_global_norm(gradients, 3.0)
            optimizer.apply(gradients, variables)
            progress((number + 1) / self.n_steps)
        return found

    def _range_db(self, sound: tf.Tensor) -> tf.Tensor:
        return dsp.loudness_range_db(sound, sample_rate=self._distance.sample_rate)[0]

    def _to_be_found(self, settings: Mapping[str, float], free: Container[str]) -> Parametric:
        """The effect, of which some constants may be moved."""
        effect = self.model.with_settings(settings, exact=False)
        for key, variable in zip(effect.constant_names, effect.constant_variables, strict=True):
            variable.trainable = key in free
        return effect

    def _heard(self, path: PathLike) -> FloatArray:
        rate = int(self.model.sample_rate)
        sound, _ = read_audio(path, sample_rate=rate)
        check_usable(sound, n_samples=round(_SHORTEST_S * rate), name=path)
        if len(sound) <= _LONGEST_S * rate:
            return sound
        part = round(_PART_S * rate)
        starts = np.linspace(0, len(sound) - part, round(_LONGEST_S / _PART_S)).astype(int)
        return np.concatenate([sound[start : start + part] for start in starts])


def require_style(model: Model) -> None:
    """Checks that a model brings a sound near a reference.

    Raises:
        ArgumentError: It does not. The message says what it is.
    """
    if not isinstance(model, StyleTransfer):
        raise ArgumentError(
            f"`{type(model).__name__}` does not take a reference. Choose a model of "
            "`models.StyleTransfer`, or leave the reference out."
        )


def _values(effect: Parametric) -> dict[str, float]:
    return {key: float(value[0]) for key, value in effect.constants().items()}


def _same_passage_loss(sample_rate: int) -> SpectralLoss:
    return SpectralLoss(fft_lengths=[4096, 1024, 256], sample_rate=sample_rate)
