"""The vocoder of an all-pole filter, read off mel bands, and an excitation that a network makes."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args

import keras
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.dsp.mel_all_pole import (
    filter_stft,
    inverse_filter,
    lpc_at_samples,
    lpc_from_mel_db,
)
from ddsp_tf.dsp.shapes import size
from ddsp_tf.errors import ArgumentError
from ddsp_tf.models.model import Model
from ddsp_tf.models.nsf.source_module import SourceModule
from ddsp_tf.models.nsf.voiced_pitch import check_voiced_from, pitch_signals, voiced
from ddsp_tf.nn.wave_net import WaveNet
from ddsp_tf.types import Signal

Filtering = Literal["stft", "exact"]

_MEL_MIDDLE_DB, _MEL_SPREAD_DB = -60.0, 30.0
_NOISE_SEED = 503


@keras.saving.register_keras_serializable("ddsp_tf")
class Gelp(Model):
    """Says a voice from its mel bands: an excitation, made at once, through an all-pole filter.

    Mel bands become a filter without a network (`dsp.mel_all_pole`). A WaveNet over frames reads
    them too, and tells one over samples what to make of noise: an excitation of the power 1. It is
    filtered, and the pre-emphasis of the filter is undone.

    With `with_pitch`, the generator gets sines at the pitch beside the noise, and `f0_hz` and
    `f0_confidence` are inputs; then edits of the pitch move the voice.

    Given the recording as `audio` besides, as in training, it also gives the excitation that the
    recording has (`real_excitation`): what the filters leave of it.

    Args:
        channels: Of the generator.
        dilations: Of the generator, for each time that it goes through them.
        n_stacks: How often.
        context_channels: Of the network over frames.
        order: Poles.
        with_pitch: Whether it has sines at the pitch to begin with.
        filtering: "exact", sample by sample with reflection coefficients interpolated, of which the
            inverse is the inverse; or "stft", the paper's, under the root of a Hann window before
            and after.
        preemphasis: Of what the filter is found for.
        frame_length: Of the filtering, in samples.
        fft_length: Of the filtering.
        n_bands: Of `mel_db`.
        voiced_from: There is a voice where the tracker's confidence is as much.
        sample_rate: In Hz.
        hop_length: Samples per frame.
        name: The model's name.

    Raises:
        ArgumentError: An argument is out of range.

    Example:
        >>> vocoder = Gelp(channels=4, dilations=(1, 2), n_stacks=1, context_channels=4)
        >>> vocoder({"mel_db": tf.fill([1, 10, 80], -40.0)})["audio"].shape
        TensorShape([1, 800])

    Reference:
        Juvela, Bollepalli, Yamagishi and Alku 2019, "GELP: GAN-excited linear prediction for speech
        synthesis from mel-spectrogram".
    """

    def __init__(
        self,
        *,
        channels: int = 64,
        dilations: Sequence[int] = (1, 2, 4, 8, 16, 32, 64, 128),
        n_stacks: int = 3,
        context_channels: int = 64,
        order: int = 24,
        with_pitch: bool = False,
        filtering: Filtering = "exact",
        preemphasis: float = 0.97,
        frame_length: int = 400,
        fft_length: int = 2048,
        n_bands: int = 80,
        voiced_from: float = 0.4,
        sample_rate: int = 16000,
        hop_length: int = 80,
        name: str = "gelp",
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        if min(n_stacks, context_channels, n_bands) < 1:
            raise ArgumentError(
                "`n_stacks`, `context_channels` and `n_bands` should be at least 1. Received "
                f"{n_stacks}, {context_channels} and {n_bands}."
            )
        if filtering not in get_args(Filtering):
            raise ArgumentError(f'`filtering` should be "stft" or "exact". Received {filtering!r}.')
        if not 0 < order < sample_rate // 100 or not 0.0 <= preemphasis < 1.0:
            raise ArgumentError(
                "`order` should be from 1 to below a hundredth of `sample_rate`, and `preemphasis` "
                f"from 0 to below 1. Received {order} and {preemphasis}."
            )
        if not 2 * hop_length <= frame_length <= fft_length:
            raise ArgumentError(
                "`frame_length` should be at least two hops and at most `fft_length`. Received "
                f"{frame_length}, {hop_length} and {fft_length}."
            )
        check_voiced_from(voiced_from)
        self._arguments: dict[str, Any] = {
            "channels": channels,
            "dilations": list(dilations),
            "n_stacks": n_stacks,
            "context_channels": context_channels,
            "order": order,
            "with_pitch": with_pitch,
            "filtering": filtering,
            "preemphasis": preemphasis,
            "frame_length": frame_length,
            "fft_length": fft_length,
            "n_bands": n_bands,
            "voiced_from": voiced_from,
        }
        self.sample_rate, self.hop_length = sample_rate, hop_length
        self.n_bands, self.with_pitch, self.voiced_from = n_bands, with_pitch, voiced_from
        self.preemphasis, self.filtering = preemphasis, filtering
        self.conditioning = WaveNet(
            context_channels,
            channels=context_channels,
            dilations=(1, 2, 4, 8) * 2,
            kernel_size=5,
            name="conditioning",
        )
        self.generator = WaveNet(
            1,
            channels=channels,
            dilations=tuple(dilations) * n_stacks,
            context_hop=hop_length,
            name="generator",
        )
        self.conditioning.build((None, None, n_bands + 2 * with_pitch))
        self.generator.build((None, None, 1 + with_pitch), (None, None, context_channels))
        self.source: SourceModule | None = None
        if with_pitch:
            self.source = SourceModule(sample_rate=sample_rate, hop_length=hop_length)
            self.source.build()
        self.built = True

    @property
    def input_signals(self) -> Mapping[str, Signal]:
        """Mel bands; pitch and the tracker's confidence, if it has any; and a seed."""
        return {
            **(pitch_signals(self.sample_rate) if self.with_pitch else {}),
            "mel_db": Signal("frames", self.n_bands, "dB"),
            "noise_seed": Signal("value", dtype="int32"),
        }

    optional_input_names = ("noise_seed",)

    @property
    def output_signals(self) -> Mapping[str, Signal]:
        """The sound, and its excitation."""
        return {"audio": Signal("samples"), "excitation": Signal("samples")}

    def call(self, batch: Mapping[str, Any], training: bool = False) -> dict[str, Any]:
        """Plays whole sounds.

        Args:
            batch: `mel_db`, `[batch, n_frames, n_bands]`; with a pitch `f0_hz` and `f0_confidence`,
                `[batch, n_frames, 1]`. Optional `noise_seed`, an integer scalar, and `audio`,
                `[batch, n_frames * hop_length]`: the recording.
            training: Without effect; Keras passes it.

        Returns:
            `audio` and `excitation`, `[batch, n_frames * hop_length]`; of a recording
            `real_excitation`, too.

        Raises:
            ArgumentError: A column is missing, or shapes don't fit.
        """
        del training
        inputs = self.encode(batch)
        filters = self.filters(inputs["mel_db"])
        excitation = self.excite(inputs)
        outputs = {"audio": self.synthesize(excitation, filters), "excitation": excitation}
        if "audio" in batch:
            outputs["real_excitation"] = self.analyze(batch["audio"], filters)
        return outputs

    def filters(self, mel_db: tf.Tensor) -> dict[str, tf.Tensor]:
        """Gives each frame's filter: `coefficients` and `gain`, in float64."""
        own = self._arguments
        coefficients, gain = lpc_from_mel_db(
            tf.cast(mel_db, tf.float64),
            order=own["order"],
            sample_rate=self.sample_rate,
            fft_length=2 * round(0.032 * self.sample_rate),
            preemphasis=self.preemphasis,
        )
        return {"coefficients": coefficients, "gain": gain}

    def analyze(self, audio: tf.Tensor, filters: Mapping[str, tf.Tensor]) -> tf.Tensor:
        """Gives what the filters leave of a sound, about of power 1."""
        before = tf.pad(audio[:, :-1], [[0, 0], [1, 0]])
        emphasized = audio - self.preemphasis * before
        if self.filtering == "stft":
            return self._by_frames(emphasized, 1.0 / self._responses(filters))
        coefficients, gain = self._at_samples(filters)
        excitation = inverse_filter(tf.cast(emphasized, tf.float64), coefficients) / gain
        return tf.cast(excitation, tf.float32)

    def synthesize(self, excitation: tf.Tensor, filters: Mapping[str, tf.Tensor]) -> tf.Tensor:
        """Plays an excitation through the filters, and undoes the pre-emphasis."""
        if self.filtering == "stft":
            filtered = self._by_frames(excitation, self._responses(filters))
        else:
            coefficients, gain = self._at_samples(filters)
            fed = tf.cast(excitation, tf.float64) * gain
            filtered = tf.cast(dsp.all_pole(fed, coefficients)[0], tf.float32)
        return dsp.first_order(filtered, tf.constant([[self.preemphasis]]))[0]

    def _responses(self, filters: Mapping[str, tf.Tensor]) -> tf.Tensor:
        length = self._arguments["fft_length"]
        response = dsp.lpc_response(filters["coefficients"], fft_length=length)
        return tf.cast(response * tf.cast(filters["gain"], response.dtype), tf.complex64)

    def _by_frames(self, audio: tf.Tensor, responses: tf.Tensor) -> tf.Tensor:
        length = self._arguments["frame_length"]
        return filter_stft(audio, responses, frame_length=length, hop_length=self.hop_length)

    def _at_samples(self, filters: Mapping[str, tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
        hop = self.hop_length
        gain = dsp.resample_envelope(filters["gain"], hop_length=hop)[..., 0]
        return lpc_at_samples(filters["coefficients"], hop_length=hop), gain

    def excite(self, inputs: Mapping[str, Any]) -> tf.Tensor:
        """Makes the excitation, `[batch, n_frames * hop_length]`."""
        mel_db = tf.cast(inputs["mel_db"], tf.float32)
        n_samples = size(mel_db, 1) * self.hop_length
        read = [(mel_db - _MEL_MIDDLE_DB) / _MEL_SPREAD_DB]
        seed = tf.reshape(tf.cast(inputs.get("noise_seed", 0), tf.int64), [-1])[0]
        noise = dsp.gaussian_noise(size(mel_db, 0), n_samples, seed=seed + _NOISE_SEED)
        begun = [noise[..., tf.newaxis]]
        if self.source is not None:
            f0_hz = tf.cast(inputs["f0_hz"], tf.float32)
            spoken = voiced(inputs, self.voiced_from)
            read += [dsp.scale_f0_hz(f0_hz), spoken]
            (sines, _), _ = self.source(
                dsp.hold_last_frame(f0_hz, 1),
                dsp.hold_last_frame(spoken, 1),
                seed,
                self.source.initial_state(tf.shape(f0_hz)[0]),
            )
            begun.append(10.0 * sines)
        context = self.conditioning(tf.concat(read, axis=-1))
        return self.generator(tf.concat(begun, axis=-1), context)[..., 0]

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        rates = {"sample_rate": self.sample_rate, "hop_length": self.hop_length}
        return {"name": self.name, **self._arguments, **rates}
