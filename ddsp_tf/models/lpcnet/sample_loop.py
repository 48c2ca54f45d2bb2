"""The loop that says speech sample by sample, compiled."""

from typing import Any, NamedTuple

import tensorflow as tf

from ddsp_tf.dsp.bark_cepstrum import PRE_EMPHASIS
from ddsp_tf.dsp.mu_law import N_CODES, SILENCE, mu_law_codes, mu_law_inverse
from ddsp_tf.nn.gru import recurrent_step

_RAREST = 0.002
_SHARPEST, _BROADEST = 1.5, 0.5


class SampleWeights(NamedTuple):
    """What the loop multiplies by.

    Attributes:
        tables: For the codes of the last sample, the last excitation and the prediction: what each
            of them adds to the gates of the first GRU, `[3, 256, 3 * units]`. With a fourth table
            for the excitation a period ago.
        recurrent_a: Of the first GRU, `[units, 3 * units]`.
        bias_a: Of its state, `[3 * units]`.
        kernel_b: From the first GRU to the second, `[units, 3 * units_b]`.
        recurrent_b: Of the second, `[units_b, 3 * units_b]`.
        bias_b: Of its state, `[3 * units_b]`.
        kernel: Of both halves of the output layer, `[units_b, 512]`.
        bias: Of it, `[512]`.
        factors: Of it, `[512]`.
    """

    tables: tf.Tensor
    recurrent_a: tf.Tensor
    bias_a: tf.Tensor
    kernel_b: tf.Tensor
    recurrent_b: tf.Tensor
    bias_b: tf.Tensor
    kernel: tf.Tensor
    bias: tf.Tensor
    factors: tf.Tensor


class SampleState(NamedTuple):
    """What the loop remembers.

    Attributes:
        position: Samples that were said, int32 `[]`; it seeds what is drawn.
        gru_a: State of the first GRU, `[batch, units]`.
        gru_b: State of the second, `[batch, units_b]`.
        history: The last samples, pre-emphasised, the latest first, `[batch, order]`.
        excitation: The last code, int32 `[batch]`.
        excitations: What codes stand for, of the last samples, the latest first,
            `[batch, longest]`.
        sound: The last sample, `[batch]`.
    """

    position: tf.Tensor
    gru_a: tf.Tensor
    gru_b: tf.Tensor
    history: tf.Tensor
    excitation: tf.Tensor
    excitations: tf.Tensor
    sound: tf.Tensor


class Controls(NamedTuple):
    """What changes every half frame; the number of them is the first axis.

    Attributes:
        gates_a: What the conditioning adds to the gates of the first GRU, `[n, batch, 3 * units]`.
        gates_b: And of the second, `[n, batch, 3 * units_b]`.
        predictor: `[n, batch, order]`.
        sharpness: The power that probabilities are raised to, `[n, batch, 1]`.
        period: In samples, int32 `[n, batch]`, 1 to the longest.
    """

    gates_a: tf.Tensor
    gates_b: tf.Tensor
    predictor: tf.Tensor
    sharpness: tf.Tensor
    period: tf.Tensor


def sharpness(pitch_correlation: tf.Tensor) -> tf.Tensor:
    """Gives the power that probabilities are raised to: 1 + max(0, 1.5 c - 0.5).

    A steady voice is said with less noise.

    Example:
        >>> sharpness(tf.constant([0.0, 1.0])).numpy().tolist()
        [1.0, 2.0]

    Reference:
        Valin and Skoglund 2019, section 3.5.
    """
    return 1.0 + tf.maximum(0.0, _SHARPEST * pitch_correlation - _BROADEST)


def sharpened(logits: tf.Tensor, power: tf.Tensor) -> tf.Tensor:
    """Gives what codes are drawn from: probabilities to a power, less 0.002, none below 0.

    Args:
        logits: `[..., 256]`.
        power: Of `sharpness`, `[..., 1]`.

    Returns:
        Shares that don't sum to 1, `[..., 256]`, some of them above 0.

    Example:
        >>> shares = sharpened(tf.constant([[8.0, 0.0] + 254 * [-8.0]]), tf.constant([[1.0]]))
        >>> shares.numpy()[0, :2].round(4).tolist() == [0.9976, 0.0]
        False
    """
    return tf.nn.relu(tf.nn.softmax(logits * power) - _RAREST)


@tf.function(jit_compile=True, autograph=False)
def say(
    controls: Controls, weights: SampleWeights, state: SampleState, length: int
) -> tuple[tf.Tensor, SampleState]:
    """Says some half frames, one sample after the other.

    Args:
        controls: Of the half frames.
        weights: Of the networks.
        state: After the sample before.
        length: Samples of a half frame.

    Returns:
        Sound, `[batch, n * length]`, and the state after it.
    """
    count = controls.predictor.shape[0] * length
    batch = state.sound.shape[0]

    def step(index: tf.Tensor, state: SampleState, said: tf.TensorArray) -> tuple[Any, ...]:
        now = Controls(*(tf.gather(control, index // length) for control in controls))
        prediction = -tf.reduce_sum(now.predictor * state.history, axis=-1)
        codes = [mu_law_codes(state.history[:, 0]), state.excitation, mu_law_codes(prediction)]
        if weights.tables.shape[0] > len(codes):
            ago = tf.gather(state.excitations, now.period - 1, batch_dims=1)
            codes.append(mu_law_codes(ago))
        gates = now.gates_a
        for place, code in enumerate(codes):
            gates += tf.gather(weights.tables[place], code)
        gru_a = recurrent_step(gates, state.gru_a, weights.recurrent_a, weights.bias_a)
        gates = now.gates_b + tf.matmul(gru_a, weights.kernel_b)
        gru_b = recurrent_step(gates, state.gru_b, weights.recurrent_b, weights.bias_b)
        both = tf.tanh(tf.matmul(gru_b, weights.kernel) + weights.bias) * weights.factors
        shares = sharpened(both[:, :N_CODES] + both[:, N_CODES:], now.sharpness)
        # Of waiting times with these rates, the shortest is each code's as often as its share says.
        random = tf.random.stateless_uniform(
            [batch, N_CODES], [0, state.position], minval=1e-12, alg="philox"
        )
        excitation = tf.argmin(-tf.math.log(random) / shares, axis=-1, output_type=tf.int32)
        sample = tf.clip_by_value(prediction + mu_law_inverse(excitation), -1.0, 1.0)
        sound = sample + PRE_EMPHASIS * state.sound
        after = SampleState(
            position=state.position + 1,
            gru_a=gru_a,
            gru_b=gru_b,
            history=tf.concat([sample[:, tf.newaxis], state.history[:, :-1]], axis=-1),
            excitation=excitation,
            excitations=tf.concat(
                [(sample - prediction)[:, tf.newaxis], state.excitations[:, :-1]], axis=-1
            ),
            sound=sound,
        )
        return index + 1, after, said.write(index, sound)

    said = tf.TensorArray(tf.float32, size=count, element_shape=[batch])
    _, state, said = tf.while_loop(
        lambda index, *_: index < count, step, (0, state, said), maximum_iterations=count
    )
    return tf.transpose(said.stack()), state


def silent_state(
    batch_size: int | tf.Tensor, *, units: int, units_b: int, order: int, longest: int
) -> SampleState:
    """Gives the state before the first sample."""
    return SampleState(
        position=tf.zeros([], tf.int32),
        gru_a=tf.zeros([batch_size, units]),
        gru_b=tf.zeros([batch_size, units_b]),
        history=tf.zeros([batch_size, order]),
        excitation=tf.fill([batch_size], SILENCE),
        excitations=tf.zeros([batch_size, longest]),
        sound=tf.zeros([batch_size]),
    )
