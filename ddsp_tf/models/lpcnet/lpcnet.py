"""Speech from 20 numbers a frame, sample by sample."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from ddsp_tf.dsp.bark_cepstrum import N_BARK_BANDS, PRE_EMPHASIS, lpc_from_bark_cepstrum
from ddsp_tf.dsp.compilation import compiled
from ddsp_tf.dsp.mu_law import N_CODES, mu_law, mu_law_codes, mu_law_inverse
from ddsp_tf.dsp.shapes import size
from ddsp_tf.dsp.units import db_to_amplitude
from ddsp_tf.errors import ArgumentError
from ddsp_tf.models.lpcnet.sample_loop import (
    Controls,
    SampleState,
    SampleWeights,
    say,
    sharpness,
    silent_state,
)
from ddsp_tf.models.model import Model
from ddsp_tf.nn import BlockSparse, DualFc, PairClip, gru_scan
from ddsp_tf.types import Signal

_RATE, _HOP = 16000, 160
_HALF = _HOP // 2
_ORDER = 16
_BEFORE, _AFTER = 2, 3
"""Frames of context on both sides: two convolutions of three frames, and half a frame."""
_PERIODS = (32, 255)
_PITCH_UNITS = 64
_FEATURES = ("bark_cepstrum", "f0_hz", "pitch_correlation")
_USUAL_LEVEL, _LEVEL_DEVIATION = 10.0, 5.0
"""Of speech's first cepstral coefficient."""
_CODED = 3
"""The last sample, the last excitation, the prediction. A period ago is a fourth, if at all."""


@keras.saving.register_keras_serializable("ddsp_tf")
class Lpcnet(Model):
    """Says speech by a predictor that follows from its spectrum, and draws what it can't predict.

    Bark cepstra, pitch and how clear it is come 100 times a second. From the cepstra follows a
    linear predictor of order 16. A frame-rate network (two convolutions of three frames, two dense
    layers) makes a conditioning of all; a sample-rate network hears the last sample, the last
    excitation and the prediction, as mu-law codes, and says how probable each code of the next
    excitation is: a GRU whose recurrent matrix is pruned in blocks, a small GRU, and a `DualFc`.

    With "audio" in the batch (training, validation) it is told the true past, and says how many
    nats each true code costs; the first two and the last three frames are context only. Without,
    it speaks: codes are drawn one after the other.

    Args:
        n_units: Of the first GRU, a multiple of 8.
        n_units_b: Of the second.
        n_conditioning: Of the frame-rate network.
        n_embedding: Of each code.
        densities: Of the first GRU's recurrent matrix at the end; see `BlockSparse`.
        start_step: Of the pruning.
        end_step: Of the pruning.
        drawing_noise: In training the excitation's codes get noise before the past is made of them,
            the same past for the predictor and the network, while what is to be said next is the
            true sample less what is predicted from it: so the network learns to come back from what
            it should not have said. It is uniform, up to a bound that is drawn for each clip
            between 0 and this many codes.
        dither: Deviation of Gaussian noise in the sound itself, in training. Without it the code of
            0 would be all there is in digital silence, and be all that could be said from then on.
        code_noise: Deviation of what is added to the three codes in training, in codes.
        state_noise: Deviation of what is added between the GRUs in training.
        period_noise_db: In training the excitation a period ago is made louder or softer by up to
            this, drawn for each clip. Else what fell silent once would stay so.
        with_period: Whether the sample-rate network also hears the code of the excitation one
            period ago, so that the next period may begin when it should.
        name: The model's name.

    Raises:
        ArgumentError: A size is not possible.

    Example:
        >>> model = Lpcnet(n_units=16, n_conditioning=16, n_embedding=16)
        >>> speech = {"bark_cepstrum": tf.zeros([1, 6, 18]), "f0_hz": 100 * tf.ones([1, 6, 1]),
        ...           "pitch_correlation": tf.zeros([1, 6, 1])}
        >>> model({**speech, "audio": tf.zeros([1, 960])})["nats"].shape
        TensorShape([1, 160])
        >>> model(speech)["audio"].shape
        TensorShape([1, 960])

    Reference:
        Valin and Skoglund 2019, "LPCNet: Improving neural speech synthesis through linear
        prediction", section 3; Valin, Mustafa and Buethe 2024, "Very low complexity speech
        synthesis using framewise autoregressive GAN with pitch prediction" (what was a period ago).
    """

    sample_rate = _RATE
    hop_length = _HOP
    lookahead_frames = _AFTER
    why_not_streamable = ""

    def __init__(
        self,
        *,
        n_units: int = 384,
        n_units_b: int = 16,
        n_conditioning: int = 128,
        n_embedding: int = 128,
        densities: Sequence[float] = (0.05, 0.05, 0.2),
        start_step: int = 2000,
        end_step: int = 20000,
        drawing_noise: float = 3.0,
        dither: float = 2e-4,
        code_noise: float = 0.3,
        state_noise: float = 0.005,
        period_noise_db: float = 18.0,
        with_period: bool = False,
        name: str = "lpcnet",
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        if n_units < 8 or n_units % 8 or min(n_units_b, n_conditioning, n_embedding) < 1:
            raise ArgumentError(
                "`n_units` should be a multiple of 8, and the other sizes at least 1. Received "
                f"n_units={n_units}, n_units_b={n_units_b}, n_conditioning={n_conditioning}, "
                f"n_embedding={n_embedding}."
            )
        self.noises = {
            "drawing_noise": drawing_noise,
            "dither": dither,
            "code_noise": code_noise,
            "state_noise": state_noise,
            "period_noise_db": period_noise_db,
        }
        if min(self.noises.values()) < 0.0:
            raise ArgumentError(f"No noise should be below 0. Received {self.noises}.")
        self.n_units, self.n_units_b = n_units, n_units_b
        self.n_conditioning, self.n_embedding = n_conditioning, n_embedding
        self.with_period = with_period
        self.pruning = BlockSparse(densities, start_step=start_step, end_step=end_step)
        self.jit_network = False
        self._build_frame_network()
        self._build_sample_network()
        self.built = True

    def _build_frame_network(self) -> None:
        units = self.n_conditioning
        self.pitches = self._weight("pitches", [_PERIODS[1] + 1, _PITCH_UNITS], "uniform")
        layers: list[Any] = [
            keras.layers.Conv1D(units, 3, activation="tanh", name=f"convolution_{index}")
            for index in range(2)
        ]
        layers += [
            keras.layers.Dense(units, activation="tanh", name=f"dense_{index}")
            for index in range(2)
        ]
        width = N_BARK_BANDS + 1 + _PITCH_UNITS
        for layer in layers:
            layer.build((None, None, width))
            width = units
        self.frame_layers = layers

    def _build_sample_network(self) -> None:
        units, units_b, conditioning = self.n_units, self.n_units_b, self.n_conditioning
        gates, gates_b = 3 * units, 3 * units_b
        n_coded = _CODED + self.with_period
        wide = [n_coded, N_CODES, self.n_embedding]
        self.codes = self._weight("codes", wide, _ramps)
        self.kernel_codes = self._weight("kernel_codes", [n_coded, self.n_embedding, gates])
        self.kernel_a = self._weight("kernel_a", [conditioning, gates])
        self.recurrent_a = self._weight(
            "recurrent_a", [units, gates], "orthogonal", constraint=self.pruning
        )
        self.pruning.steps = self.add_weight(
            name="steps", shape=(), dtype="int32", initializer="zeros", trainable=False
        )
        self.bias_a = self._weight("bias_a", [2, gates], "zeros")
        clip = PairClip(self.pruning.limit)
        self.kernel_b = self._weight("kernel_b", [units, gates_b], constraint=clip)
        self.kernel_b_frames = self._weight("kernel_b_frames", [conditioning, gates_b])
        self.recurrent_b = self._weight(
            "recurrent_b", [units_b, gates_b], "orthogonal", constraint=clip
        )
        self.bias_b = self._weight("bias_b", [2, gates_b], "zeros")
        self.output_layer = DualFc(N_CODES, name="output_layer")
        self.output_layer.build((None, units_b))

    def _weight(
        self, name: str, shape: list[int], initializer: Any = "glorot_uniform", **kwargs: Any
    ) -> Any:
        return self.add_weight(name=name, shape=shape, initializer=initializer, **kwargs)

    @property
    def input_signals(self) -> Mapping[str, Signal]:
        """What each frame is to sound like."""
        return {
            "bark_cepstrum": Signal("frames", N_BARK_BANDS),
            "f0_hz": Signal("frames", unit="Hz", low=0.0),
            "pitch_correlation": Signal("frames", low=0.0, high=1.0),
        }

    def call(self, batch: Mapping[str, Any], training: bool = False) -> dict[str, Any]:
        """Measures what true speech costs, or speaks.

        Args:
            batch: Frames of `input_signals`; with "audio", `[batch, n_frames * 160]`, it measures.
                "noise_seed", an integer, seeds the noise of training.
            training: Whether noise is added.

        Returns:
            With "audio": `nats`, `[batch, (n_frames - 5) * 160]`. Without: `audio`,
            `[batch, n_frames * 160]`.

        Raises:
            ArgumentError: An input is missing, shapes don't fit, or there are less than six frames
                to measure.
        """
        inputs = self.encode(batch)
        if "audio" in batch:
            seed = tf.cast(batch.get("noise_seed", 0), tf.int32)
            audio = tf.convert_to_tensor(batch["audio"])
            return {"nats": self._nats(inputs, audio, seed, training)}
        frames = tf.convert_to_tensor(inputs["f0_hz"])
        held = {key: _held(tf.convert_to_tensor(x), _AFTER) for key, x in inputs.items()}
        outputs, _ = self.stream(held, self.initial_state(frames.shape[0]), frames.shape[1])
        return outputs

    def _nats(
        self, inputs: Mapping[str, Any], audio: tf.Tensor, seed: tf.Tensor, training: bool
    ) -> tf.Tensor:
        n_frames = inputs["f0_hz"].shape[1]
        if n_frames is not None and n_frames <= _BEFORE + _AFTER:
            raise ArgumentError(
                f"Clips should be longer than {_BEFORE + _AFTER} frames of 10 ms, which are the "
                f"context of the others. Received {n_frames}."
            )
        true = _emphasised(audio)
        past = true
        if training:
            true += self.noises["dither"] * _normal(true, seed, 2)
            past = self._mistaken(inputs["bark_cepstrum"], true, seed)
        prediction = self._predicted(inputs["bark_cepstrum"], past)
        count = size(prediction, 1)
        now = slice(_BEFORE * _HOP, _BEFORE * _HOP + count)
        said = past[:, now] - prediction
        last = past[:, now.start - 1 : now.stop - 1]
        coded = [last, tf.pad(said, [[0, 0], [1, 0]])[:, :-1], prediction]
        if self.with_period:
            ago = self._a_period_ago(inputs, past)
            if training:
                ago *= self._other_levels(size(ago, 0), seed)
            coded.append(ago)
        heard = tf.stack([tf.transpose(mu_law(x)) for x in coded])
        if training:
            heard += self.noises["code_noise"] * _normal(heard, seed, 0)
            heard = tf.clip_by_value(heard, 0.0, N_CODES - 1.0)
        conditioning = self._per_half_frame(self._conditioning(self._features(inputs)), 0)
        states = self._states(
            tf.cast(tf.round(heard), tf.int32), conditioning, seed if training else None
        )
        labels = tf.transpose(mu_law_codes(true[:, now] - prediction))
        return tf.transpose(compiled(self._cost, self.jit_network)(states, labels))

    def _cost(self, states: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        logits = self.output_layer(states)
        return tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)

    def _mistaken(self, cepstrum: tf.Tensor, true: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        """Samples as if other codes had been drawn than the true ones."""
        prediction = self._predicted(cepstrum, true)
        before, count = _BEFORE * _HOP, size(prediction, 1)
        excitation = true[:, before : before + count] - prediction
        bound = tf.random.stateless_uniform(
            [size(true, 0), 1], tf.stack([seed, 3]), maxval=self.noises["drawing_noise"]
        )
        noise = tf.random.stateless_uniform(tf.shape(excitation), tf.stack([seed, 4]), -1.0, 1.0)
        codes = tf.round(mu_law(excitation) + bound * noise)
        drawn = mu_law_inverse(tf.clip_by_value(codes, 0.0, N_CODES - 1.0))
        return true + tf.pad(drawn - excitation, [[0, 0], [before, _AFTER * _HOP]])

    def _other_levels(self, n_clips: int | tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        """A factor for each clip, so that when a period begins is heard, not how loud it was."""
        most_db = self.noises["period_noise_db"]
        return db_to_amplitude(
            tf.random.stateless_uniform([n_clips, 1], tf.stack([seed, 5]), -most_db, most_db)
        )

    def _a_period_ago(self, inputs: Mapping[str, Any], past: tf.Tensor) -> tf.Tensor:
        """What the excitation was one period before each sample between the contexts."""
        begun = tf.pad(past, [[0, 0], [_ORDER, 0]])
        first = self._predicted(inputs["bark_cepstrum"], begun, context=0, before=_ORDER)
        excitation = past[:, : size(first, 1)] - first
        periods = _period(inputs["f0_hz"])[:, _BEFORE : 1 - _AFTER]
        periods = tf.repeat(self._per_half_frame(periods, 1)[..., 0], _HALF, axis=1)
        places = _BEFORE * _HOP + tf.range(size(periods, 1)) - periods
        return tf.gather(excitation, places, batch_dims=1)

    def _predicted(
        self,
        cepstrum: tf.Tensor,
        past: tf.Tensor,
        *,
        context: int = _BEFORE,
        before: int = _BEFORE * _HOP,
    ) -> tf.Tensor:
        """What is predicted of the samples after `before`, where frame `context` stands."""
        count = size(past, 1) - before - _AFTER * _HOP
        predictor = lpc_from_bark_cepstrum(cepstrum, order=_ORDER)[:, context : 1 - _AFTER]
        predictor = self._per_half_frame(predictor, 1)
        shape = [-1, count // _HALF, _HALF]
        parts = [
            tf.reshape(past[:, before - lag : before - lag + count], shape)
            * predictor[:, :, lag - 1 : lag]
            for lag in range(1, _ORDER + 1)
        ]
        return tf.reshape(-tf.add_n(parts), [-1, count])

    def _per_half_frame(self, frames: tf.Tensor, batch_first: int) -> tf.Tensor:
        """What the half frames after all frames but the last take: that of the nearest frame.

        `[batch, n + 1, width]` to `[2 n, batch, width]`, or with `batch_first` `[batch, 2 n, ...]`.
        """
        if not batch_first:
            frames = tf.transpose(frames, [1, 0, 2])
        return tf.repeat(frames, 2, axis=batch_first)[
            (slice(None),) * batch_first + (slice(1, -1),)
        ]

    def _features(self, inputs: Mapping[str, Any]) -> tf.Tensor:
        return tf.concat([tf.cast(inputs[key], tf.float32) for key in _FEATURES], axis=-1)

    def _conditioning(self, features: tf.Tensor) -> tf.Tensor:
        """`[batch, n_frames, 20]` to `[batch, n_frames - 4, n_conditioning]`."""
        cepstrum, f0_hz, correlation = tf.split(features, [N_BARK_BANDS, 1, 1], axis=-1)
        period = _period(f0_hz)[..., 0]
        # Levels are the widest of them.
        level = (cepstrum[..., :1] - _USUAL_LEVEL) / _LEVEL_DEVIATION
        pitch = tf.gather(self.pitches.value, period)
        said = tf.concat([level, cepstrum[..., 1:], correlation, pitch], axis=-1)
        for layer in self.frame_layers:
            said = layer(said)
        return said

    def _tables(self) -> tf.Tensor:
        """What each code adds to the gates of the first GRU, `[3 or 4, 256, 3 * n_units]`."""
        return tf.matmul(self.codes, self.kernel_codes)

    def _states(
        self, codes: tf.Tensor, conditioning: tf.Tensor, noise_seed: tf.Tensor | None
    ) -> tf.Tensor:
        """Of the second GRU, from codes `[., n_samples, batch]` and half frames `[n, batch, .]`."""
        tables = self._tables()
        n_samples, batch = size(codes, 1), size(codes, 2)

        def with_frames(per_sample: tf.Tensor, kernel: Any) -> tf.Tensor:
            per_frame = tf.tensordot(conditioning, kernel, 1)[:, tf.newaxis]
            width = per_sample.shape[-1]
            parts = tf.reshape(per_sample, [n_samples // _HALF, _HALF, batch, width])
            return tf.reshape(parts + per_frame, [n_samples, batch, width])

        places = range(tables.shape[0])
        heard = tf.add_n([tf.gather(tables[place], codes[place]) for place in places])
        states = gru_scan(
            with_frames(heard, self.kernel_a),
            tf.zeros([batch, self.n_units]),
            None,
            self.recurrent_a.value,
            self.bias_a.value,
            jit_compile=self.jit_network,
        )
        if noise_seed is not None:
            states += self.noises["state_noise"] * _normal(states, noise_seed, 1)
        return gru_scan(
            with_frames(tf.tensordot(states, self.kernel_b, 1), self.kernel_b_frames),
            tf.zeros([batch, self.n_units_b]),
            None,
            self.recurrent_b.value,
            self.bias_b.value,
            jit_compile=self.jit_network,
        )

    def initial_state(self, batch_size: int | tf.Tensor) -> dict[str, Any]:
        """Gives the state before the first frame."""
        sizes = {"units": self.n_units, "units_b": self.n_units_b, "order": _ORDER}
        sizes["longest"] = _PERIODS[1]
        return {
            "features": tf.zeros([batch_size, _BEFORE, N_BARK_BANDS + 2]),
            "samples": silent_state(batch_size, **sizes)._asdict(),
        }

    def stream(
        self, inputs: Mapping[str, Any], state: dict[str, Any], n_frames: int | tf.Tensor
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Says some frames; see `Model.stream`."""
        features = tf.concat([state["features"], self._features(inputs)], axis=1)
        conditioning = self._per_half_frame(self._conditioning(features), 0)
        now = slice(None, n_frames + 1)
        predictor = lpc_from_bark_cepstrum(inputs["bark_cepstrum"][:, now], order=_ORDER)
        power = sharpness(tf.cast(inputs["pitch_correlation"][:, now], tf.float32))
        controls = Controls(
            gates_a=tf.tensordot(conditioning, self.kernel_a, 1) + self.bias_a[0],
            gates_b=tf.tensordot(conditioning, self.kernel_b_frames, 1) + self.bias_b[0],
            predictor=self._per_half_frame(tf.cast(predictor, tf.float32), 0),
            sharpness=self._per_half_frame(power, 0),
            period=self._per_half_frame(_period(inputs["f0_hz"][:, now]), 0)[..., 0],
        )
        audio, samples = say(
            controls, self._sample_weights(), SampleState(**state["samples"]), length=_HALF
        )
        after = {
            "features": features[:, n_frames : n_frames + _BEFORE],
            "samples": samples._asdict(),
        }
        return {"audio": audio}, after

    def _sample_weights(self) -> SampleWeights:
        layer = self.output_layer
        return SampleWeights(
            tables=self._tables(),
            recurrent_a=self.recurrent_a.value,
            bias_a=self.bias_a[1],
            kernel_b=self.kernel_b.value,
            recurrent_b=self.recurrent_b.value,
            bias_b=self.bias_b[1],
            kernel=layer.kernel.value,
            bias=layer.bias.value,
            factors=layer.factors.value,
        )

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        sizes = ("n_units", "n_units_b", "n_conditioning", "n_embedding")
        own = {**{key: getattr(self, key) for key in sizes}, **self.noises}
        own["with_period"] = self.with_period
        pruning = self.pruning.get_config()
        del pruning["limit"]
        return {"name": self.name, **own, **pruning}


def _emphasised(audio: tf.Tensor) -> tf.Tensor:
    return audio - PRE_EMPHASIS * tf.pad(audio, [[0, 0], [1, 0]])[:, :-1]


def _period(f0_hz: tf.Tensor) -> tf.Tensor:
    """In samples, int32; the longest where there is no pitch."""
    f0_hz = tf.cast(f0_hz, tf.float32)
    period = tf.where(f0_hz > 0.0, _RATE / tf.maximum(f0_hz, 1.0), float(_PERIODS[1]))
    return tf.clip_by_value(tf.cast(tf.round(period), tf.int32), *_PERIODS)


def _ramps(shape: Any, dtype: Any = None) -> tf.Tensor:
    """Embeddings whose codes are in order from the start: neighbours are nearly the same."""
    rise = tf.linspace(-1.0, 1.0, N_CODES)[:, tf.newaxis]
    slopes = tf.random.normal([shape[0], 1, shape[2]], seed=1)
    return tf.cast(0.1 * rise * slopes + tf.random.uniform(shape, -0.05, 0.05, seed=2), dtype)


def _normal(like: tf.Tensor, seed: tf.Tensor, stream: int) -> tf.Tensor:
    return tf.random.stateless_normal(tf.shape(like), tf.stack([seed, stream]))


def _held(frames: tf.Tensor, count: int) -> tf.Tensor:
    return tf.concat([frames, tf.repeat(frames[:, -1:], count, axis=1)], axis=1)
