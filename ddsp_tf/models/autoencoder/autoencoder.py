"""The model: features to controls to sound."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.errors import ArgumentError
from ddsp_tf.features import Statistics
from ddsp_tf.models.autoencoder.decoder import Decoder
from ddsp_tf.models.autoencoder.delayed_autoencoder import DelayedAutoencoder
from ddsp_tf.models.autoencoder.encoder import Encoder
from ddsp_tf.models.autoencoder.fc_decoder import FcDecoder
from ddsp_tf.models.autoencoder.loudness_range import LoudnessRange
from ddsp_tf.models.autoencoder.pitch_range import PitchRange
from ddsp_tf.models.group_model import GroupModel
from ddsp_tf.nn import NetworkPrecision, Precision
from ddsp_tf.processors import ProcessorGroup, Rooms
from ddsp_tf.processors.signal_checks import hold_frames
from ddsp_tf.types import Signal

_COLUMNS = {"f0_hz": 1, "loudness_db": 1}
_KNOWN = {
    "f0_hz": Signal("frames", unit="Hz", low=0.0, high=20000.0),
    "loudness_db": Signal("frames", unit="dB", high=20.0),
}
_SCALED = {
    "f0_scaled": ("f0_hz", dsp.scale_f0_hz),
    "loudness_scaled": ("loudness_db", dsp.scale_loudness_db),
}
_LEVELS = ("amplitudes", "noise_magnitudes")


@keras.saving.register_keras_serializable("ddsp_tf")
class Autoencoder(GroupModel):
    """Scales features, decodes them to controls, and plays the controls.

    Any batch size and length. A sound made at once and the same sound made in blocks by `stream`
    are the same, because both run the same code.

    Args:
        decoder: Maps scaled features to raw controls. One that has not been told what to make
            makes what the processor group asks for.
        processor_group: Plays the controls. Its inputs are the decoder's outputs, columns, and
            audio of the batch.
        encoder: Gives "z" from the features' "audio", or from what else it takes; or None.
        columns: Widths of the columns of frames that decoder and processors read. The decoder reads
            `f0_hz` as "f0_scaled", `loudness_db` as "loudness_scaled", others by their names. None:
            these two.
        name: The model's name.

    Raises:
        ArgumentError: The group needs an input that nothing gives, or of another size, or the
            decoder reads what no column gives.

    Reference:
        Engel et al. 2020, figure 2.
    """

    def __init__(
        self,
        *,
        decoder: Decoder,
        processor_group: ProcessorGroup,
        encoder: Encoder | None = None,
        columns: Mapping[str, int] | None = None,
        name: str = "autoencoder",
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        self.decoder = decoder
        self.processor_group = processor_group
        self.encoder = encoder
        self.columns = dict(_COLUMNS if columns is None else columns)
        self._jit_network = False
        self._pitch_range: PitchRange | None = None
        self._loudness_range: LoudnessRange | None = None
        self._check_decoder_inputs()
        given = self._given
        if decoder.output_sizes is None:
            decoder.output_sizes = processor_group.control_sizes(given)
        self._check_group_inputs(given)
        if not decoder.built:
            decoder.build_for(self._decoder_widths)
        self._precision = NetworkPrecision([x for x in (decoder, encoder) if x is not None])
        self.built = True

    @property
    def network_precision(self) -> Precision:
        """What the matrix products of decoder and encoder are computed in: "float32" or "bfloat16".

        Weights, controls and sound are float32 always. It is not stored with the model, so that a
        loaded one plays in float32; set it before the model is first called in a graph.
        """
        return self._precision.current

    @network_precision.setter
    def network_precision(self, precision: Precision) -> None:
        self._precision.switch(precision)
        self.jit_network = self.jit_network  # What XLA has compiled has the old precision.

    @property
    def jit_network(self) -> bool:
        """Whether XLA compiles the parts of decoder and oscillators that gain by it.

        That happens at the first call of each length. Off by default, since compiling takes
        seconds; a trainer turns it on. It changes rounding alone and is not stored with the model.
        """
        return self._jit_network

    @jit_network.setter
    def jit_network(self, enabled: bool) -> None:
        self._jit_network = enabled
        processors = self.processor_group._flatten_layers(include_self=False)
        for part in (*self.decoder.parts, *processors):
            if hasattr(part, "jit_compile"):
                part.jit_compile = enabled

    @property
    def pitch_range(self) -> PitchRange | None:
        """The pitches that the decoder knows; outside, it reads what `PitchRange.soften` gives.

        None, as while it is trained: it reads every pitch as it is. It is not stored with the
        model, since an `Instrument` has it from its statistics.
        """
        return self._pitch_range

    @property
    def loudness_range(self) -> LoudnessRange | None:
        """The loudness that the decoder knows; None, as while it is trained: all of it.

        Outside, the decoder reads the end of the range, and its amplitudes follow the rest. It has
        an effect with decoders that know their `db_per_unit`, and is stored as `pitch_range` is.
        """
        return self._loudness_range

    @property
    def input_signals(self) -> Mapping[str, Signal]:
        """The columns; with an encoder `audio` or `z`; and what the processors take beside them."""
        signals = {
            key: _KNOWN[key] if key in _KNOWN and width == 1 else Signal("frames", width)
            for key, width in self.columns.items()
        }
        if self.encoder is not None:
            signals |= {**self._encoder_signals, "z": Signal("frames", self.encoder.n_z)}
        of_group = self.processor_group.input_signals
        made = self.decoder.output_sizes or {}
        return signals | {
            key: signal for key, signal in of_group.items() if key not in signals.keys() | made
        }

    @property
    def optional_input_names(self) -> tuple[str, ...]:  # type: ignore[override]
        """What may be left out; of `z` and what it is made of, an encoder needs one."""
        of_encoder = () if self.encoder is None else (*self._encoder_signals, "z")
        return (*of_encoder, *super().optional_input_names)

    @property
    def encoded_signals(self) -> Mapping[str, Signal]:
        """The columns, `z` if there is an encoder, and what the processors take beside them."""
        signals = dict(super().encoded_signals)
        return signals if self.encoder is None else {**signals, "z": self.input_signals["z"]}

    @property
    def causal(self) -> bool:
        """Whether, but for `lookahead_frames`, a frame depends on no later one."""
        return not self.why_not_live

    @property
    def why_not_streamable(self) -> str:
        """The part that needs more than a block."""
        if not self.decoder.causal:
            return f"its decoder `{self.decoder.name}` reads frames of the future"
        return super().why_not_streamable

    @property
    def why_not_live(self) -> str:
        """The part that needs the whole sound."""
        of_encoder = "" if self.encoder is None else self.encoder.why_not_live
        return of_encoder or self.why_not_streamable

    def call(self, features: Mapping[str, tf.Tensor], training: bool = False) -> dict[str, Any]:
        """Plays whole sounds.

        Args:
            features: `f0_hz` in Hz and `loudness_db` in dB, each `[batch, n_frames, 1]`, or what
                else `columns` names. With an encoder also `audio` `[batch, n_samples]`, what else
                it takes, or `z` `[batch, n_frames, n_z]`. Optional `noise_seed`, an integer scalar,
                for other noise.
            training: Whether the encoder is trained; see `TimbreEncoder`.

        Returns:
            `audio` `[batch, n_frames * hop_length]`, and `controls`: what every processor was told,
            by "name/controls/...", as a nested dict.

        Raises:
            ArgumentError: A feature is missing, or shapes don't fit.
        """
        seed = features.get("noise_seed", 0) if training else None
        features = self._with_z(super().encode(features), seed)
        first = features[next(iter(self.columns))]
        n_frames = first.shape[1] or tf.shape(first)[1]
        signals = self.input_signals
        held = {
            key: hold_frames(x, self.lookahead_frames, signals.get(key))
            for key, x in features.items()
        }
        state = self.initial_state(tf.shape(first)[0])
        raw_controls, _ = self.decode(held, state["decoder"])
        return self.play_group({**held, **raw_controls}, state["processors"], n_frames)[0]

    def encode(self, features: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Gives the features that decoding needs, `z` among them if there is an encoder.

        Args:
            features: As in `call`.

        Returns:
            The inputs, without the `audio` that the encoder alone listens to.

        Raises:
            ArgumentError: A feature is missing, or shapes don't fit.
        """
        return self._with_z(super().encode(features))

    def _with_z(self, inputs: dict[str, tf.Tensor], seed: Any = None) -> dict[str, tf.Tensor]:
        """Adds z to what a sound is made of, and leaves out what it was made of."""
        if self.encoder is None:
            return inputs
        heard = {key: inputs[key] for key in self._encoder_signals if key in inputs}
        if "z" not in inputs:
            if not heard:
                needed = ", ".join(f"`{key}`" for key in self._encoder_signals)
                raise ArgumentError(
                    f"The model needs the input {needed}, or `z`. Received: "
                    f"{', '.join(inputs) or 'nothing'}."
                )
            first = inputs[next(iter(self.columns))]
            n_frames = first.shape[1] or tf.shape(first)[1]
            inputs["z"] = self.encoder.encode(
                heard, n_frames=n_frames, hop_length=self.hop_length, noise_seed=seed
            )
        for key in heard:
            if key not in self.processor_group.input_names:
                del inputs[key]
        return inputs

    def initial_state(self, batch_size: int | tf.Tensor) -> dict[str, Any]:
        """Gives the state before the first frame, a nested dict of tensors."""
        return {
            "decoder": self.decoder.initial_state(batch_size),
            "processors": self.processor_group.initial_state(batch_size),
        }

    def stream(
        self, features: Mapping[str, tf.Tensor], state: dict[str, Any], n_frames: int | tf.Tensor
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Plays one block of a longer sound.

        Args:
            features: As `encode` gives, for `n_frames + lookahead_frames` frames. After the last
                frame of a sound its values are repeated.
            state: As `initial_state` or the previous block gave.
            n_frames: Frames to play.

        Returns:
            `audio` and `controls` of the block, as in `call`, and the state for the next block.

        Raises:
            ArgumentError: The model can't be played in blocks (it has a `Crop`).
        """
        if not self.streamable:
            raise ArgumentError(
                f"The model can't be played in blocks: {self.why_not_streamable}. Call it on the "
                "whole sound."
            )
        read = {key: x for key, x in features.items() if self._is_read(key)}
        raw_controls, decoder_state = self.decode_with_lookahead(
            self.decode, read, state["decoder"], n_frames
        )
        given = {**features, **raw_controls}
        outputs, processors = self.play_group(given, state["processors"], n_frames)
        return outputs, {"decoder": decoder_state, "processors": processors}

    def delayed(self) -> DelayedAutoencoder:
        """Gives what plays it live, whose decoder sees each frame once."""
        return DelayedAutoencoder(self)

    def without_rooms(self) -> "Autoencoder":
        """Gives a model that shares all weights and plays dry."""
        return self._twin(self.processor_group.without_rooms())

    def in_room(self, name: str) -> "Autoencoder":
        """Gives a model that shares all weights but the rooms' and plays in one of its `rooms`."""
        if self.rooms is None:
            return super().in_room(name)
        return self._twin(self.processor_group.in_room(name))

    @property
    def rooms(self) -> Rooms | None:
        """The rooms that it can be heard in, if it knows more than one."""
        found = [x for x in self.processor_group.processors if isinstance(x, Rooms)]
        return found[0] if found else None

    def without_reverb(self) -> "Autoencoder":
        """Does what `without_rooms` does, which is what other models call it, too."""
        return self.without_rooms()

    def with_timbre(self, z: Sequence[float]) -> "Autoencoder":
        """Gives a model without an encoder, whose z is always this one.

        What z does is moved into the decoder's biases: it is an instrument like any other, which
        plays live and can be exported. Its decoder's weights are copies.

        Args:
            z: The numbers, as an encoder gives them for a frame.

        Raises:
            ArgumentError: The model reads no z, or one of another length, or has a decoder whose
                biases can't hold it.
        """
        if self.encoder is None or np.size(z) != self.encoder.n_z:
            n_read = "none" if self.encoder is None else self.encoder.n_z
            raise ArgumentError(
                f"`z` should have the numbers that the decoder reads, {n_read}. Received "
                f"{np.size(z)}."
            )
        if not isinstance(self.decoder, FcDecoder):
            raise ArgumentError(
                f"A {type(self.decoder).__name__} can't hold a z of its own. Give `z` as an input."
            )
        decoder = self.decoder.without_input("z", z, self._decoder_widths)
        return self._twin(self.processor_group, decoder=decoder)

    def adapted_to(self, statistics: Statistics | None) -> "Autoencoder":
        """Gives a model that shares all weights and whose decoder reads notes in range alone.

        Args:
            statistics: They know the range. None: the decoder reads every note as it is.
        """
        pitch = loudness = None
        if statistics is not None:
            pitch = PitchRange.from_statistics(statistics)
            loudness = LoudnessRange.from_statistics(statistics)
        if (self.pitch_range, self.loudness_range) == (pitch, loudness):
            return self
        # This one may be in training, where every note is read as it is.
        return self.with_ranges(pitch, loudness)

    def with_ranges(
        self, pitch_range: PitchRange | None, loudness_range: LoudnessRange | None
    ) -> "Autoencoder":
        """Gives a model that shares all weights and whose decoder reads notes in a range alone.

        Args:
            pitch_range: See `pitch_range`; None: it reads every pitch as it is.
            loudness_range: See `loudness_range`; None: it reads every loudness as it is.
        """
        twin = self._twin(self.processor_group)
        twin._pitch_range, twin._loudness_range = pitch_range, loudness_range
        return twin

    def _twin(self, group: ProcessorGroup, *, decoder: FcDecoder | None = None) -> "Autoencoder":
        """The same with another group, or with a decoder that needs no encoder."""
        twin = Autoencoder(
            decoder=self.decoder if decoder is None else decoder,
            processor_group=group,
            encoder=self.encoder if decoder is None else None,
            columns=self.columns,
            name=self.name,
        )
        twin._pitch_range, twin._loudness_range = self.pitch_range, self.loudness_range
        if decoder is None:
            # The networks are the same objects, in whatever precision and compiled or not.
            twin._precision, twin._jit_network = self._precision, self._jit_network
        return twin

    def decode(
        self, features: Mapping[str, tf.Tensor], decoder_state: Any
    ) -> tuple[dict[str, tf.Tensor], Any]:
        """Runs the decoder alone.

        Args:
            features: As `encode` gives.
            decoder_state: The part "decoder" of a state.

        Returns:
            Raw controls `[batch, n_frames, size]` by name, and the state after the last frame.
        """
        scaled = {key: x for key, x in features.items() if key in self.decoder.input_keys}
        for key, (column, scale) in _SCALED.items():
            if key in self.decoder.input_keys:
                scaled[key] = scale(features[column])
        return self.decode_scaled(scaled, decoder_state)

    def decode_scaled(
        self, scaled: Mapping[str, tf.Tensor], decoder_state: Any
    ) -> tuple[dict[str, tf.Tensor], Any]:
        """Runs the decoder alone on features that are scaled already, as live hosts give them.

        Args:
            scaled: `f0_scaled`, `loudness_scaled` and perhaps `z`, each `[batch, n_frames, size]`.
            decoder_state: The part "decoder" of a state.

        Returns:
            As `decode`.
        """
        inputs = {key: scaled[key] for key in self.decoder.input_keys}
        if self._pitch_range is not None and "f0_scaled" in inputs:
            inputs["f0_scaled"] = self._pitch_range.soften(inputs["f0_scaled"])
        if (
            self._loudness_range is None
            or self.decoder.db_per_unit is None
            or "loudness_scaled" not in inputs
        ):
            return self.decoder(inputs, decoder_state)
        read, beyond_db = self._loudness_range.split(inputs["loudness_scaled"])
        controls, state = self.decoder({**inputs, "loudness_scaled": read}, decoder_state)
        louder = beyond_db / self.decoder.db_per_unit
        return {key: x + louder if key in _LEVELS else x for key, x in controls.items()}, state

    @property
    def _encoder_signals(self) -> Mapping[str, Signal]:
        """What z is made of."""
        return {} if self.encoder is None else self.encoder.input_signals

    @property
    def _given(self) -> set[str]:
        """What the group gets from elsewhere than the decoder."""
        group = self.processor_group
        signals = group.input_signals
        from_batch = [k for k in group.input_names if k in signals and signals[k].kind != "frames"]
        return {*self.columns, "z", *from_batch}

    @property
    def _decoder_widths(self) -> dict[str, int]:
        scaled = {key: 1 for key, (column, _) in _SCALED.items() if column in self.columns}
        z = {} if self.encoder is None else {"z": self.encoder.n_z}
        return {**scaled, **self.columns, **z}

    def _is_read(self, key: str) -> bool:
        columns = {_SCALED[x][0] if x in _SCALED else x for x in self.decoder.input_keys}
        return key in columns

    def _check_decoder_inputs(self) -> None:
        if self.encoder is None and "z" in self.decoder.input_keys:
            raise ArgumentError("The decoder reads `z`, so the model needs an `encoder`.")
        known = self._decoder_widths
        unknown = [key for key in self.decoder.input_keys if key not in known]
        if unknown:
            raise ArgumentError(
                f"The decoder reads {', '.join(unknown)}, which no column gives. There are: "
                f"{', '.join(known)}. Add it to `columns`, with its width."
            )

    def _check_group_inputs(self, given: Collection[str]) -> None:
        sizes, group = self.decoder.output_sizes or {}, self.processor_group
        unknown = [key for key in group.input_names if key not in {*sizes, *given}]
        if unknown:
            raise ArgumentError(
                f"`{group.name}` needs {', '.join(unknown)}, which the decoder does not make. "
                f"There are: {', '.join(sorted({*sizes, *given}))}."
            )
        for key, size in sizes.items():
            signal = group.input_signals.get(key)
            if signal is not None and signal.width not in (None, size):
                raise ArgumentError(
                    f"The decoder makes {size} of `{key}`, and `{group.name}` takes "
                    f"{signal.width}. Leave its sizes to the group, or make both the same."
                )

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments, serialised."""
        serialize = keras.saving.serialize_keras_object
        return {
            "name": self.name,
            "columns": dict(self.columns),
            "decoder": serialize(self.decoder),
            "processor_group": serialize(self.processor_group),
            "encoder": None if self.encoder is None else serialize(self.encoder),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "Autoencoder":
        """Makes a model from `get_config`."""
        parts = {
            key: keras.saving.deserialize_keras_object(config[key], custom_objects=custom_objects)
            for key in ("decoder", "processor_group", "encoder")
            if config[key] is not None
        }
        return cls(name=config["name"], columns=config.get("columns"), **parts)
