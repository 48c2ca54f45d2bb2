"""The network that hears two sounds and sets an effect so that one becomes like the other."""

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from ddsp_tf.errors import ArgumentError
from ddsp_tf.models.effect_encoder.effect_encoder import EffectEncoder
from ddsp_tf.models.parametric.parametric import Parametric
from ddsp_tf.processors import ProcessorGroup
from ddsp_tf.processors.signal_checks import check_inputs
from ddsp_tf.types import Signal

_DRY, _REFERENCE, _SETTINGS = "dry", "reference", "settings"


@keras.saving.register_keras_serializable("ddsp_tf")
class StyleTransfer(EffectEncoder):
    """Listens to a sound and to a reference, and treats the first so that it is like the second.

    Of both sounds it hears log-mel spectra: their mean and spread over time in each band, and the
    mean and spread of what convolutions over time make of them; of these, of their difference, and
    of both levels, two layers make each parameter's place in its range. As in `EffectEncoder`
    pauses don't count, the settings hold for the whole sound, and an untrained network gives about
    the declared defaults.

    It is trained without labels. A batch that brings `settings` holds two passages of a recording:
    `reference` is treated by the settings first, and what `dry` becomes by them is the output
    `target`, to be compared with the output `audio`; the places that were found are the output
    `settings`.

    Args:
        channels: Of the convolutions over time, one after the other.
        n_units: Of both layers.
        widening: Parameters, of those that are fixed, which make a sound less even, and values
            where steps by gradient begin with them for a reference that is less even; see
            `inference.Style`. The network leaves them alone.
        name: The model's name.
        **kwargs: As for `EffectEncoder`: `processor_group`, `fixed`, `sample_rate`, `hop_length`,
            `n_bands`, `fft_length`, `fft_hop_length`.

    Raises:
        ArgumentError: What `EffectEncoder` refuses, or `widening` names what isn't fixed or is out
            of range.

    Example:
        >>> from ddsp_tf.processors import Compressor, ProcessorGroup
        >>> group = ProcessorGroup(
        ...     dag=[(Compressor(sample_rate=16000), ["audio", "threshold_db", "ratio"])])
        >>> model = StyleTransfer(processor_group=group, hop_length=64)
        >>> sound = tf.random.stateless_normal([1, 16000], [1, 2])
        >>> sorted(model.toward(sound, 0.1 * sound).parameters())
        ['ratio', 'threshold_db']

    Reference:
        Steinmetz, Bryan and Reiss 2022, "Style transfer of audio effects with differentiable signal
        processing", section 3, with a smaller encoder.
    """

    def __init__(
        self,
        *,
        channels: tuple[int, ...] = (64, 64),
        n_units: int = 192,
        widening: Mapping[str, float] | None = None,
        name: str = "style_transfer",
        **kwargs: Any,
    ) -> None:
        super().__init__(channels=channels, n_units=n_units, name=name, **kwargs)
        self.widening = dict(widening or {})
        signals = self.processor_group.input_signals
        for key, value in self.widening.items():
            if key not in self.fixed or not signals[key].holds(value):
                raise ArgumentError(
                    f"`widening`: `{key}` should be one of those that are fixed "
                    f"({', '.join(self.fixed)}), and within its range. Received {value}."
                )

    def _build(self) -> None:
        self.convolutions = [
            keras.layers.Conv1D(
                n, 5, strides=2, padding="same", activation="relu", name=f"convolution_{index}"
            )
            for index, n in enumerate(self.channels)
        ]
        depths = [self.n_bands, *self.channels]
        for layer, depth in zip(self.convolutions, depths, strict=False):
            layer.build((None, None, depth))
        n_heard = 2 * (self.n_bands + depths[-1]) + 1
        self.first, self.second = (
            keras.layers.Dense(self.n_units, activation="relu", name=name)
            for name in ("first", "second")
        )
        self.first.build((None, 3 * n_heard))
        self.second.build((None, self.n_units))
        self.to_shares = self.layer_to_shares()
        self.to_shares.build((None, self.n_units))
        self.begin_at_defaults()
        self.built = True

    @property
    def input_signals(self) -> Mapping[str, Signal]:
        """The sound, the reference, and for training the settings."""
        samples = Signal("samples", width=None)
        settings = Signal("value", width=len(self.parameters), low=0.0, high=1.0)
        return {**super().input_signals, _REFERENCE: samples, _SETTINGS: settings}

    @property
    def optional_input_names(self) -> tuple[str, ...]:  # type: ignore[override]
        """Settings come with training alone."""
        return (_SETTINGS,)

    @property
    def output_signals(self) -> Mapping[str, Signal]:
        """Audio, and the places of the settings in their ranges."""
        settings = Signal("value", width=len(self.parameters))
        return {**super().output_signals, _SETTINGS: settings}

    @property
    def why_not_streamable(self) -> str:
        """It hears both sounds before it plays."""
        return (
            "it chooses its settings by two whole sounds; `toward` gives an effect that plays in "
            "blocks"
        )

    def call(self, batch: Mapping[str, Any], training: bool = False) -> dict[str, Any]:
        """Plays whole sounds.

        Args:
            batch: "dry" `[batch, n_samples]`, or with a third axis of channels, and "reference"
                likewise; for training "settings" `[batch, n_parameters]`, places from 0 to 1.
            training: Without effect; Keras passes it.

        Returns:
            `audio`, of the shape of "dry"; `settings` `[batch, n_parameters]`; `controls` by
            "name/controls/..."; with settings in the batch also `target`, of the same shape.

        Raises:
            ArgumentError: A sound is missing, or has another shape.
        """
        del training
        inputs = self._inputs(batch)
        dry, reference = inputs[_DRY], inputs[_REFERENCE]
        made: dict[str, Any] = {}
        if _SETTINGS in inputs:
            wanted = self.values_of(inputs[_SETTINGS])
            reference = tf.stop_gradient(self.treated(reference, wanted)["audio"])
            made["target"] = tf.stop_gradient(self.treated(dry, wanted)["audio"])
        shares = self.shares(dry, reference)
        return {**self.treated(dry, self.values_of(shares)), _SETTINGS: shares, **made}

    def shares(self, dry: tf.Tensor, reference: tf.Tensor) -> tf.Tensor:
        """Gives the places of the parameters in their ranges, `[batch, n_parameters]`."""
        one, other = self._embedding(dry), self._embedding(reference)
        hidden = self.second(self.first(tf.concat([one, other, other - one], axis=1)))
        return tf.sigmoid(self.to_shares(hidden))

    def settings_toward(self, dry: Any, reference: Any) -> dict[str, float]:
        """Gives the settings that bring a sound near a reference, with those that are fixed.

        Args:
            dry: `[1, n_samples]`, or with a third axis of channels, at the model's rate.
            reference: Likewise, of any length.

        Raises:
            ArgumentError: A sound is missing, or has another shape.
        """
        inputs = self._inputs({_DRY: dry, _REFERENCE: reference})
        values = self.values_of(self.shares(inputs[_DRY], inputs[_REFERENCE]))
        return {key: float(value[0, 0]) for key, value in values.items()}

    def with_settings(
        self, settings: Mapping[str, float], *, sample_rate: int | None = None, exact: bool = True
    ) -> Parametric:
        """Gives the effect alone, which plays in blocks, with its settings as parameters.

        Args:
            settings: As `settings_toward` gives them.
            sample_rate: At which it will play; None: the model's. Frequencies and times stay what
                they are.
            exact: Whether it plays exactly, whatever it was trained with.

        Raises:
            ArgumentError: A setting is unknown or out of its range at that rate, or the effect has
                weights, which are of one rate.
        """
        group = self.processor_group
        if sample_rate not in (None, self.sample_rate):
            group = at_rate(group, int(sample_rate or 0))
        if exact:
            group = group.for_live(self.hop_length)
        signals = group.input_signals
        return Parametric(
            processor_group=group,
            initial={key: _within(signals.get(key), value) for key, value in settings.items()},
            sample_rate=sample_rate or self.sample_rate,
            hop_length=self.hop_length,
        )

    def toward(self, dry: Any, reference: Any) -> Parametric:
        """Gives the effect that brings a sound near a reference: both of the methods above."""
        return self.with_settings(self.settings_toward(dry, reference))

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments, serialised."""
        return {**super().get_config(), "widening": dict(self.widening)}

    def _inputs(self, batch: Mapping[str, Any]) -> dict[str, tf.Tensor]:
        signals = self.input_signals
        missing = [key for key in self.required_input_names if key not in batch]
        if missing:
            raise ArgumentError(
                f"`{self.name}` needs two sounds, {_DRY} and {_REFERENCE}. "
                f"Missing: {', '.join(missing)}."
            )
        given = {
            key: tf.cast(tf.convert_to_tensor(batch[key]), tf.float32)
            for key in signals
            if key in batch
        }
        # Each sound is as long as it is.
        reference = {key: x for key, x in given.items() if key == _REFERENCE}
        check_inputs(self.name, {key: x for key, x in given.items() if key != _REFERENCE}, signals)
        check_inputs(self.name, reference, signals)
        return given

    def _embedding(self, sound: tf.Tensor) -> tf.Tensor:
        mel, heard, level = self.listened(sound)
        parts = [*_mean_and_spread(mel, heard)]
        for convolution in self.convolutions:
            mel, heard = convolution(mel), heard[:, ::2]
        return tf.concat([*parts, *_mean_and_spread(mel, heard), level], axis=1)


def at_rate(group: ProcessorGroup, sample_rate: int) -> ProcessorGroup:
    """Gives a graph of equal processors, those inside of others too, for sounds of another rate.

    Raises:
        ArgumentError: A processor has weights, which would stay those of its rate.
    """
    if group.weights:
        raise ArgumentError(
            f"`sample_rate` should be {group.sample_rate}: the effect has learned weights, which "
            f"are of that rate. Received {sample_rate}."
        )

    def moved(config: Any) -> Any:
        if isinstance(config, Mapping):
            return {
                key: sample_rate if key == "sample_rate" and x is not None else moved(x)
                for key, x in config.items()
            }
        return [moved(x) for x in config] if isinstance(config, list) else config

    return ProcessorGroup.from_config(moved(group.get_config()))


def _mean_and_spread(values: tf.Tensor, weights: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Over time, `[batch, n]` each."""
    total = tf.reduce_sum(weights, axis=1)
    mean = tf.reduce_sum(weights * values, axis=1) / total
    square = tf.reduce_sum(weights * tf.square(values - mean[:, tf.newaxis]), axis=1) / total
    return mean, tf.sqrt(square + 1e-6)


def _within(signal: Signal | None, value: float) -> float:
    """A value in single precision may miss the end of its range by a rounding."""
    if signal is None or signal.holds(value) or not signal.holds(value * (1.0 - 1e-5)):
        return value
    low = value if signal.low is None else max(value, signal.low)
    return low if signal.high is None else min(low, signal.high)
