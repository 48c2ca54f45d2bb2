"""The neural source-filter vocoder with harmonics and noise."""

from collections.abc import Mapping
from typing import Any, Literal, get_args

import keras
import numpy as np
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.dsp.band_mixing import filter_by_sample, mixing_taps, sinc_pair
from ddsp_tf.dsp.shapes import size
from ddsp_tf.errors import ArgumentError
from ddsp_tf.models.model import Model
from ddsp_tf.models.nsf.condition_module import ConditionModule
from ddsp_tf.models.nsf.source_module import Excitation, SourceModule, held
from ddsp_tf.models.nsf.voiced_pitch import check_voiced_from, pitch_signals, voiced
from ddsp_tf.nn.neural_filter_block import NeuralFilterBlock
from ddsp_tf.processors.signal_checks import hold_frames
from ddsp_tf.types import Signal

Mixing = Literal["fixed", "sinc"]

_SINC_TAPS = 31
_SMOOTHED_FRAMES = 4


@keras.saving.register_keras_serializable("ddsp_tf")
class NeuralSourceFilter(Model):
    """Says a voice from its pitch and its mel bands: hn-NSF and hn-sinc-NSF.

    An excitation of sines (or cyclic noise) and one of noise pass through filters of dilated
    convolutions, which a condition module tells what to be, and are mixed in their bands:

        fixed:  w (L_v h + H_v n) + (1 - w) (L_u h + H_u n),  w = sigmoid(10 (v - 0.5))
        sinc:   L_c h + H_c n,  c = 0.3 + 0.4 v + 0.2 tanh(...), smoothed over four frames

    with v 1 where there is a voice, fixed filters L and H (`dsp.band_mixing`), or filters with a
    cut-off c, a share of Nyquist, for every sample. The sound is late by the middle of these
    filters: 5 samples, or 15.

    The condition module reads a sound both ways, so it isn't played live; what follows it is
    causal, so long sounds are played in blocks, in bounded memory.

    Args:
        channels: Of the filters.
        n_blocks: Filters of the harmonics, one after the other.
        n_layers: Convolutions of each.
        n_noise_layers: Convolutions of the one filter of the noise.
        units: Of each GRU of the condition module.
        n_harmonics: Sines.
        excitation: "sines" or "cyclic_noise".
        mixing: "fixed" or "sinc".
        n_bands: Of `mel_db`.
        voiced_from: There is a voice where the tracker's confidence is as much, and f0 above 0.
        sample_rate: In Hz.
        hop_length: Samples per frame.
        name: The model's name.

    Raises:
        ArgumentError: An argument is out of range.

    Example:
        >>> vocoder = NeuralSourceFilter(channels=8, n_blocks=1, units=4)
        >>> ones = tf.ones([1, 10, 1])
        >>> features = {"f0_hz": 100 * ones, "f0_confidence": ones, "mel_db": tf.zeros([1, 10, 80])}
        >>> vocoder(features)["audio"].shape
        TensorShape([1, 800])

    Reference:
        Wang, Takaki and Yamagishi 2019, "Neural source-filter waveform models for statistical
        parametric speech synthesis"; Wang and Yamagishi 2019, "Neural harmonic-plus-noise waveform
        model with trainable maximum voice frequency for text-to-speech synthesis".
    """

    def __init__(
        self,
        *,
        channels: int = 64,
        n_blocks: int = 5,
        n_layers: int = 10,
        n_noise_layers: int = 5,
        units: int = 32,
        n_harmonics: int = 8,
        excitation: Excitation = "sines",
        mixing: Mixing = "fixed",
        n_bands: int = 80,
        voiced_from: float = 0.4,
        sample_rate: int = 16000,
        hop_length: int = 80,
        name: str = "neural_source_filter",
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        if min(n_blocks, units, n_bands) < 1:
            raise ArgumentError(
                "`n_blocks`, `units` and `n_bands` should be at least 1. Received "
                f"{n_blocks}, {units} and {n_bands}."
            )
        if mixing not in get_args(Mixing):
            raise ArgumentError(f'`mixing` should be "fixed" or "sinc". Received {mixing!r}.')
        check_voiced_from(voiced_from)
        self._arguments = {
            "channels": channels,
            "n_blocks": n_blocks,
            "n_layers": n_layers,
            "n_noise_layers": n_noise_layers,
            "units": units,
            "n_harmonics": n_harmonics,
            "excitation": excitation,
            "mixing": mixing,
            "n_bands": n_bands,
            "voiced_from": voiced_from,
        }
        self.channels, self.n_bands, self.mixing = channels, n_bands, mixing
        self.voiced_from = voiced_from
        self.sample_rate, self.hop_length = sample_rate, hop_length
        self.source = SourceModule(
            n_harmonics, excitation=excitation, sample_rate=sample_rate, hop_length=hop_length
        )
        self.condition = ConditionModule(channels, units=units, extra=int(mixing == "sinc"))
        self.harmonic_blocks = [
            NeuralFilterBlock(channels, n_layers=n_layers, name=f"harmonic_block_{i}")
            for i in range(n_blocks)
        ]
        self.noise_block = NeuralFilterBlock(channels, n_layers=n_noise_layers, name="noise_block")
        self.source.build()
        self.condition.build((None, None, n_bands))
        for block in (*self.harmonic_blocks, self.noise_block):
            block.build()
        self.built = True

    @property
    def receptive_samples(self) -> int:
        """Samples of the harmonics' excitation that one of the sound depends on."""
        past = sum(block.receptive_samples - 1 for block in self.harmonic_blocks)
        return past + self._n_taps

    @property
    def _n_taps(self) -> int:
        return _SINC_TAPS if self.mixing == "sinc" else mixing_taps().shape[1]

    @property
    def _context_width(self) -> int:
        return self.channels + self.condition.extra

    @property
    def input_signals(self) -> Mapping[str, Signal]:
        """Pitch, the tracker's confidence, mel bands; what `encode` makes of them; and a seed."""
        return {
            **pitch_signals(self.sample_rate),
            "mel_db": Signal("frames", self.n_bands, "dB"),
            "context": Signal("frames", self._context_width),
            "noise_seed": Signal("value", dtype="int32"),
        }

    optional_input_names = ("context", "noise_seed")

    @property
    def encoded_signals(self) -> Mapping[str, Signal]:
        """Pitch, confidence and what the condition module made."""
        keys = ("f0_hz", "f0_confidence", "context")
        return {key: self.input_signals[key] for key in keys}

    @property
    def why_not_streamable(self) -> str:
        """Nothing: what reads both ways is done by `encode`."""
        return ""

    @property
    def why_not_live(self) -> str:
        """The part that needs the whole sound."""
        return "its condition module reads the whole recording"

    @property
    def lookahead_frames(self) -> int:
        """The frame towards which pitch and context glide."""
        return 1

    def call(self, batch: Mapping[str, Any], training: bool = False) -> dict[str, Any]:
        """Plays whole sounds.

        Args:
            batch: `f0_hz` and `f0_confidence`, `[batch, n_frames, 1]`, and `mel_db`,
                `[batch, n_frames, n_bands]`. Optional `noise_seed`, an integer scalar.
            training: Without effect; Keras passes it.

        Returns:
            `audio`, `[batch, n_frames * hop_length]`.

        Raises:
            ArgumentError: A column is missing, or shapes don't fit.
        """
        del training
        inputs, signals = self.encode(batch), self.input_signals
        n_frames = size(inputs["f0_hz"], 1)
        held_inputs = {key: hold_frames(x, 1, signals[key]) for key, x in inputs.items()}
        state = self.initial_state(tf.shape(inputs["f0_hz"])[0])
        return self.stream(held_inputs, state, n_frames)[0]

    def encode(self, batch: Mapping[str, Any]) -> dict[str, Any]:
        """Reads a whole sound: gives pitch, confidence and the context of every frame.

        Raises:
            ArgumentError: A column is missing, or shapes don't fit.
        """
        inputs = super().encode(batch)
        inputs = {k: x if k == "noise_seed" else tf.cast(x, tf.float32) for k, x in inputs.items()}
        if "context" not in inputs:
            spoken = self.voiced(inputs)
            context = self.condition(inputs["mel_db"], inputs["f0_hz"], spoken)
            if self.mixing == "sinc":
                cutoff = 0.3 + 0.4 * spoken + 0.2 * context[..., self.channels :]
                smooth = _moving_mean(cutoff, _SMOOTHED_FRAMES)
                context = tf.concat([context[..., : self.channels], smooth], axis=-1)
            inputs["context"] = context
        del inputs["mel_db"]
        return inputs

    def voiced(self, inputs: Mapping[str, tf.Tensor]) -> tf.Tensor:
        """Gives 1 where there is a voice, and 0 elsewhere, `[batch, n_frames, 1]`."""
        return voiced(inputs, self.voiced_from)

    def excite(
        self, inputs: Mapping[str, Any], state: dict[str, Any], n_frames: int | tf.Tensor
    ) -> tuple[tuple[tf.Tensor, tf.Tensor], dict[str, Any]]:
        """Makes the two excitations of a block, as `SourceModule` gives them."""
        f0_hz = inputs["f0_hz"][:, : n_frames + 1]
        spoken = self.voiced(inputs)[:, : n_frames + 1]
        seed = tf.reshape(tf.cast(inputs.get("noise_seed", 0), tf.int64), [-1])[0]
        return self.source(f0_hz, spoken, seed, state)

    def initial_state(self, batch_size: int | tf.Tensor) -> dict[str, Any]:
        """Gives the state before the first frame."""
        return {
            "source": self.source.initial_state(batch_size),
            "harmonics": [block.initial_state(batch_size) for block in self.harmonic_blocks],
            "noise": self.noise_block.initial_state(batch_size),
            "mixed": tf.zeros([batch_size, self._n_taps - 1, 2]),
        }

    def stream(
        self, inputs: Mapping[str, Any], state: dict[str, Any], n_frames: int | tf.Tensor
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Plays one block of a longer sound.

        Args:
            inputs: As `encode` gives, for `n_frames + 1` frames.
            state: As `initial_state` or the previous block gave.
            n_frames: Frames to play.

        Returns:
            As `call`, of the block, and the state for the next block.
        """
        (harmonics, noise), source = self.excite(inputs, state["source"], n_frames)
        n_samples = n_frames * self.hop_length
        frames = inputs["context"][:, : n_frames + 1]
        context = dsp.resample_envelope(frames, hop_length=self.hop_length)[:, :n_samples]
        told = context[..., : self.channels]
        kept = []
        for block, past in zip(self.harmonic_blocks, state["harmonics"], strict=True):
            harmonics, following = block(harmonics, told, past)
            kept.append(following)
        noise, noise_state = self.noise_block(noise, told, state["noise"])
        both = tf.concat([state["mixed"], tf.concat([harmonics, noise], axis=-1)], axis=1)
        if self.mixing == "sinc":
            audio = _mixed_at(both, context[..., self.channels])
        else:
            spoken = held(self.voiced(inputs)[:, :n_frames], self.hop_length)[..., 0]
            audio = _mixed(both, spoken)
        state = {
            "source": source,
            "harmonics": kept,
            "noise": noise_state,
            "mixed": both[:, n_samples:],
        }
        return {"audio": audio}, state

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        rates = {"sample_rate": self.sample_rate, "hop_length": self.hop_length}
        return {"name": self.name, **self._arguments, **rates}


def _mixed(both: tf.Tensor, spoken: tf.Tensor) -> tf.Tensor:
    """By fixed filters; `both` has the ten samples before, too."""
    taps = tf.constant(mixing_taps().astype(np.float32))
    # Correlation with the taps turned round, both kinds of each signal at once.
    kernels = tf.reverse(taps, axis=[1])
    loud, breath = (
        tf.nn.conv1d(
            both[..., i : i + 1], tf.transpose(kernels[2 * i : 2 * i + 2])[:, None], 1, "VALID"
        )
        for i in range(2)
    )
    summed = loud + breath
    share = tf.sigmoid(10.0 * (spoken - 0.5))
    return share * summed[..., 0] + (1.0 - share) * summed[..., 1]


def _mixed_at(both: tf.Tensor, cutoff: tf.Tensor) -> tf.Tensor:
    """By a cut-off at every sample."""
    low, high = sinc_pair(cutoff, n_taps=_SINC_TAPS)
    return filter_by_sample(both[..., 0], low) + filter_by_sample(both[..., 1], high)


def _moving_mean(frames: tf.Tensor, length: int) -> tf.Tensor:
    """The mean over frames; at the ends the first and the last are held."""
    before, after = length // 2, length - 1 - length // 2
    first, last = (
        tf.repeat(x, n, axis=1) for x, n in ((frames[:, :1], before), (frames[:, -1:], after))
    )
    padded = tf.concat([first, frames, last], axis=1)
    count = tf.shape(frames)[1]
    return tf.add_n([padded[:, i : i + count] for i in range(length)]) / length
