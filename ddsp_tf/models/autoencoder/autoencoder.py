"""The model: features to controls to sound."""

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.errors import ArgumentError
from ddsp_tf.models.autoencoder.decoder import Decoder
from ddsp_tf.models.autoencoder.loudness_range import LoudnessRange
from ddsp_tf.models.autoencoder.mfcc_time_distributed_rnn_encoder import (
    MfccTimeDistributedRnnEncoder,
)
from ddsp_tf.models.autoencoder.pitch_range import PitchRange
from ddsp_tf.nn import NetworkPrecision, Precision
from ddsp_tf.processors import ProcessorGroup, Reverb
from ddsp_tf.processors.signal_checks import hold_frames

_CONDITIONING = ("f0_hz", "loudness_db")
_OPTIONAL = ("noise_seed", "z")
_LEVELS = ("amplitudes", "noise_magnitudes")


@keras.saving.register_keras_serializable("ddsp_tf")
class Autoencoder(keras.Model):
    """Scales features, decodes them to controls, and plays the controls.

    Any batch size and length. A sound made at once and the same sound made in blocks by `stream`
    are the same, because both run the same code.

    Args:
        decoder: Maps scaled features to raw controls.
        processor_group: Plays the controls. Its inputs must be the decoder's outputs and features.
        encoder: Gives "z" from the features' "audio", or None.
        name: The model's name.

    Raises:
        ArgumentError: The group needs an input that neither the decoder nor the features give.

    Reference:
        Engel et al. 2020, figure 2.
    """

    def __init__(
        self,
        *,
        decoder: Decoder,
        processor_group: ProcessorGroup,
        encoder: MfccTimeDistributedRnnEncoder | None = None,
        name: str = "autoencoder",
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        self.decoder = decoder
        self.processor_group = processor_group
        self.encoder = encoder
        self._jit_network = False
        self._pitch_range: PitchRange | None = None
        self._loudness_range: LoudnessRange | None = None
        self._check_inputs()
        n_z = {} if encoder is None else {"z": encoder.n_z}
        if not decoder.built:
            decoder.build_for({"f0_scaled": 1, "loudness_scaled": 1, **n_z})
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
        for part in (*self.decoder.parts, *self.processor_group.processors):
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
    def sample_rate(self) -> int:
        """Of the audio that it makes, in Hz."""
        return self.processor_group.sample_rate

    @property
    def hop_length(self) -> int:
        """Samples per frame."""
        return self.processor_group.hop_length

    @property
    def lookahead_frames(self) -> int:
        """Frames after a block that `stream` needs besides it."""
        return self.processor_group.lookahead_frames

    @property
    def causal(self) -> bool:
        """Whether, but for `lookahead_frames`, a frame depends on no later one."""
        streamable = self.decoder.causal and self.processor_group.streamable
        return streamable and self.encoder is None

    def call(self, features: Mapping[str, tf.Tensor], training: bool = False) -> dict[str, Any]:
        """Plays whole sounds.

        Args:
            features: `f0_hz` in Hz and `loudness_db` in dB, each `[batch, n_frames, 1]`. With an
                encoder also `audio` `[batch, n_samples]` or `z` `[batch, n_frames, n_z]`.
                Optional `noise_seed`, an integer scalar, for other noise.
            training: Without effect; Keras passes it.

        Returns:
            `audio` `[batch, n_frames * hop_length]`, and `controls`: what every processor was told,
            by "name/controls/...", as a nested dict.

        Raises:
            ArgumentError: A feature is missing.
        """
        del training
        features = self.encode(features)
        f0_hz = features["f0_hz"]
        n_frames = f0_hz.shape[1] or tf.shape(f0_hz)[1]
        held = {key: hold_frames(x, self.lookahead_frames) for key, x in features.items()}
        state = self.initial_state(tf.shape(f0_hz)[0])
        raw_controls, _ = self.decode(held, state["decoder"])
        outputs, _ = self._play(raw_controls, held, state["processors"], n_frames)
        return outputs

    def encode(self, features: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Gives the features that decoding needs, `z` among them if there is an encoder.

        Args:
            features: As in `call`.

        Returns:
            The features without `audio`.

        Raises:
            ArgumentError: A feature is missing.
        """
        missing = [key for key in _CONDITIONING if key not in features]
        if self.encoder is not None and "z" not in features and "audio" not in features:
            missing.append("audio")
        if missing:
            raise ArgumentError(
                f"The model needs the features {', '.join(missing)}. "
                f"Received: {', '.join(features) or 'nothing'}."
            )
        kept = {key: features[key] for key in (*_CONDITIONING, *_OPTIONAL) if key in features}
        if self.encoder is not None and "z" not in kept:
            z = self.encoder(features["audio"])
            n_frames = tf.shape(features["f0_hz"])[1]
            ratio = self.hop_length / self.encoder.z_hop_length
            kept["z"] = dsp.resample_frames(z, n_frames, ratio=ratio)
        return kept

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
            ArgumentError: The graph can't be played in blocks (it has a `Crop`).
        """
        if not self.processor_group.streamable:
            raise ArgumentError(
                f"`{self.processor_group.name}` changes the sound's length, so it can't be "
                "streamed. Call the model on the whole sound."
            )
        frames = {key: x for key, x in features.items() if key != "noise_seed"}
        now = {key: x[:, :n_frames] for key, x in frames.items()}
        later = {key: x[:, n_frames:] for key, x in frames.items()}
        raw_controls, decoder_state = self.decode(now, state["decoder"])
        if self.lookahead_frames:
            ahead, _ = self.decode(later, decoder_state)
            raw_controls = {
                key: tf.concat([x, ahead[key]], axis=1) for key, x in raw_controls.items()
            }
        outputs, processors = self._play(raw_controls, features, state["processors"], n_frames)
        return outputs, {"decoder": decoder_state, "processors": processors}

    def without_reverb(self) -> "Autoencoder":
        """Gives a model that shares all weights but has no `Reverb`."""
        group = self.processor_group.bypass(Reverb)
        return self._twin(group, self.pitch_range, self.loudness_range)

    def with_ranges(
        self, pitch_range: PitchRange | None, loudness_range: LoudnessRange | None
    ) -> "Autoencoder":
        """Gives a model that shares all weights and whose decoder reads notes in a range alone.

        Args:
            pitch_range: See `pitch_range`; None: it reads every pitch as it is.
            loudness_range: See `loudness_range`; None: it reads every loudness as it is.
        """
        return self._twin(self.processor_group, pitch_range, loudness_range)

    def _twin(
        self,
        group: ProcessorGroup,
        pitch_range: PitchRange | None,
        loudness_range: LoudnessRange | None,
    ) -> "Autoencoder":
        twin = Autoencoder(
            decoder=self.decoder, processor_group=group, encoder=self.encoder, name=self.name
        )
        # The networks are the same objects, in whatever precision and compiled or not.
        twin._precision, twin._jit_network = self._precision, self._jit_network
        twin._pitch_range, twin._loudness_range = pitch_range, loudness_range
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
        scaled = {
            "f0_scaled": dsp.scale_f0_hz(features["f0_hz"]),
            "loudness_scaled": dsp.scale_loudness_db(features["loudness_db"]),
            **({"z": features["z"]} if "z" in features else {}),
        }
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
        if self._loudness_range is None or self.decoder.db_per_unit is None:
            return self.decoder(inputs, decoder_state)
        read, beyond_db = self._loudness_range.split(inputs["loudness_scaled"])
        controls, state = self.decoder({**inputs, "loudness_scaled": read}, decoder_state)
        louder = beyond_db / self.decoder.db_per_unit
        return {key: x + louder if key in _LEVELS else x for key, x in controls.items()}, state

    def _play(
        self,
        raw_controls: Mapping[str, tf.Tensor],
        features: Mapping[str, tf.Tensor],
        state: dict[str, Any],
        n_frames: int | tf.Tensor,
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        outputs, state = self.processor_group.play({**features, **raw_controls}, state, n_frames)
        audio = outputs.pop("signal")
        return {"audio": audio, "controls": outputs}, state

    def _check_inputs(self) -> None:
        given = {*self.decoder.output_sizes, *_CONDITIONING, "z"}
        unknown = [key for key in self.processor_group.input_names if key not in given]
        if unknown:
            raise ArgumentError(
                f"`{self.processor_group.name}` needs {', '.join(unknown)}, which the decoder "
                f"does not make. There are: {', '.join(sorted(given))}."
            )
        if self.encoder is None and "z" in self.decoder.input_keys:
            raise ArgumentError("The decoder reads `z`, so the model needs an `encoder`.")

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments, serialised."""
        serialize = keras.saving.serialize_keras_object
        return {
            "name": self.name,
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
        return cls(name=config["name"], **parts)
