"""Frequency modulation: operators, which are sines that move each other's phases."""

import math
from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from ddsp_tf.dsp.chunks import chunk_frames, in_chunks
from ddsp_tf.dsp.compilation import compiled
from ddsp_tf.dsp.envelopes import Interpolation, crossfade
from ddsp_tf.dsp.phases import frame_turns, sample_turns
from ddsp_tf.dsp.shapes import checked, require_positive_integer, size
from ddsp_tf.dsp.waveshaping import decimated, require_factor
from ddsp_tf.errors import ArgumentError

_TWO_PI = 2.0 * math.pi
_ORDERS, _ORDERS_A_RADIAN = 3.0, 2.4
"""J_n(I) is below 1e-4 from n = 3 + 2.4 I on."""
_SETS_IN = 20.0

Routing = Sequence[tuple[int, int]]
"""Pairs (modulator, modulated), operators being counted from 1."""


def operator_order(n_operators: int, routing: Routing) -> tuple[int, ...]:
    """Gives the operators, counted from 1, so that each comes after those that modulate it.

    Args:
        n_operators: How many there are.
        routing: Pairs (modulator, modulated). Those that modulate none are heard.

    Raises:
        ArgumentError: A pair names an operator that isn't there, or operators that modulate each
            other in a circle.

    Example:
        >>> operator_order(3, [(2, 1), (3, 2)])
        (3, 2, 1)
    """
    for pair in routing:
        if len(pair) != 2 or not all(1 <= number <= n_operators for number in pair):
            raise ArgumentError(
                "`routing` should be pairs (modulator, modulated) of operators 1 to "
                f"{n_operators}. Received {tuple(pair)}."
            )
    order: list[int] = []
    left = set(range(n_operators, 0, -1))
    while left:
        ready = [x for x in sorted(left, reverse=True) if not _modulators(x, routing) & left]
        if not ready:
            raise ArgumentError(
                f"`routing` should have no circle. {sorted(left)} modulate each other."
            )
        order += ready
        left -= set(ready)
    return tuple(order)


def carriers(n_operators: int, routing: Routing) -> tuple[int, ...]:
    """Gives the operators that modulate none, which are the ones that are heard."""
    modulators = {source for source, _ in routing}
    return tuple(x for x in range(1, n_operators + 1) if x not in modulators)


def limit_modulation(
    f0_hz: tf.Tensor,
    levels: tf.Tensor,
    *,
    ratios: Sequence[float],
    routing: Routing,
    highest_hz: float,
) -> tf.Tensor:
    """Lowers modulation where sidebands would reach a limit.

    A sine moved by a sine of frequency f_m by I radians has sidebands down to -80 dB up to about
    (3 + 2.4 I) f_m away, for I up to 3. A modulator that is moved itself counts with its bandwidth
    by Carson's rule, r f0 + (I + 1) f_m. Where the limit would be passed, all that modulates an
    operator is lowered alike, down to nothing.

    Args:
        f0_hz: `[batch, n_frames, 1]`.
        levels: Of the operators, in turns of phase, `[batch, n_frames, n_operators]`, >= 0.
        ratios: Of the operators' frequencies to f0.
        routing: Pairs (modulator, modulated).
        highest_hz: The limit.

    Returns:
        Factors for the modulation of each operator, 0 to 1, `[batch, n_frames, n_operators]`.

    Reference:
        Carson 1922, "Notes on the theory of modulation".
    """
    bandwidth: dict[int, tf.Tensor] = {}
    factor: dict[int, tf.Tensor] = {}
    for number in operator_order(len(ratios), routing):
        own = f0_hz * ratios[number - 1]
        modulators = sorted(_modulators(number, routing))
        if not modulators:
            factor[number], bandwidth[number] = tf.ones_like(own), own
            continue
        index = [_TWO_PI * levels[..., m - 1 : m] for m in modulators]
        moving = [i * bandwidth[m] for i, m in zip(index, modulators, strict=True)]
        widest = tf.reduce_max(tf.concat([bandwidth[m] for m in modulators], -1), -1, True)
        room = tf.nn.relu(highest_hz - own - _ORDERS * widest)
        factor[number] = tf.minimum(
            1.0, tf.math.divide_no_nan(room, _ORDERS_A_RADIAN * tf.add_n(moving))
        )
        # By Carson's rule (I + 1) f_m, of which the 1 sets in with the index.
        bandwidth[number] = own + tf.add_n(
            [
                (factor[number] * i + tf.minimum(1.0, _SETS_IN * factor[number] * i)) * bandwidth[m]
                for i, m in zip(index, modulators, strict=True)
            ]
        )
    return tf.concat([factor[number] for number in range(1, len(ratios) + 1)], axis=-1)


def stream_fm(
    f0_hz: tf.Tensor,
    levels: tf.Tensor,
    *,
    ratios: Sequence[float],
    routing: Routing,
    initial_turns: tf.Tensor | None,
    filter_state: tuple[tf.Tensor, ...] | None = None,
    hop_length: int,
    sample_rate: int,
    oversampling: int = 1,
    limited: bool = True,
    amplitude_method: Interpolation = "window",
    jit_compile: bool = False,
) -> tuple[tf.Tensor, tf.Tensor, tuple[tf.Tensor, ...]]:
    """Plays operators, sines of fixed ratios to a fundamental, for one block of a longer sound.

    Operator o is `sin(2 pi (r_o f0 t + sum_m l_m y_m))` over the operators m that modulate it, and
    the sound is the sum of `l_c y_c` over those that modulate none. FM has sidebands without end:
    `limited` lowers modulation where they would fold back (`limit_modulation`), `oversampling`
    leaves room for more, and a carrier at or above Nyquist is silent. See `processors.Fm` for what
    is left.

    Args:
        f0_hz: `[batch, n_frames + 1, 1]`, one frame more than is played.
        levels: Of the operators, >= 0, `[batch, n_frames + 1, n_operators]`: of one that modulates,
            turns of phase at its peak; of one that is heard, its amplitude.
        ratios: Of the operators' frequencies to f0.
        routing: Pairs (modulator, modulated), operators being counted from 1.
        initial_turns: Phases at the block's start, float64 `[batch, n_operators]`, or None for 0.
        filter_state: Of the oversampling, as the previous block gave it; None: silence.
        hop_length: Samples per frame.
        sample_rate: In Hz.
        oversampling: 1, 2, 4 or 8 times the sample rate is what it is made at; see
            `dsp.waveshaping.decimated` for the delay.
        limited: Whether `limit_modulation` is applied.
        amplitude_method: How levels go from frame to frame, see `envelopes.crossfade`.
        jit_compile: Whether XLA compiles the operators.

    Returns:
        Audio `[batch, n_frames * hop_length]`, the phases in turns, and the state of the filters.

    Raises:
        ArgumentError: Levels that aren't one for each ratio, an impossible routing, another factor,
            or no frame to glide towards.

    Example:
        >>> f0_hz = tf.fill([1, 251, 1], 440.0)
        >>> levels = tf.constant([[[0.5, 0.3]]]) * tf.ones([1, 251, 1])
        >>> audio, _, _ = stream_fm(f0_hz, levels, ratios=[1.0, 2.0], routing=[(2, 1)],
        ...                         initial_turns=None, hop_length=64, sample_rate=16000)
        >>> audio.shape
        TensorShape([1, 16000])

    Reference:
        Chowning 1973, "The synthesis of complex audio spectra by means of frequency modulation";
        Caspe, McPherson and Sandler 2022, "DDX7", section 3.
    """
    require_positive_integer("sample_rate", sample_rate)
    require_factor(oversampling, name="oversampling")
    f0_hz, levels = _controls(f0_hz, levels, ratios)
    order = operator_order(len(ratios), routing)
    hop, rate = hop_length * oversampling, sample_rate * oversampling
    frequencies_hz = f0_hz * tf.constant(list(ratios), f0_hz.dtype)
    modulation = levels
    if limited:
        # Between this and the sample rate the overtones fold to above Nyquist, or are cut off.
        highest_hz = rate - 0.5 * sample_rate if oversampling > 1 else 0.5 * sample_rate
        factors = limit_modulation(
            f0_hz, levels, ratios=ratios, routing=routing, highest_hz=highest_hz
        )
    else:
        factors = tf.ones_like(levels)
    audible = tf.cast(frequencies_hz < 0.5 * sample_rate, levels.dtype)
    weight = crossfade(hop, amplitude_method, dtype=levels.dtype.as_numpy_dtype)
    heard = carriers(len(ratios), routing)

    def operate(turns: tf.Tensor, here: tf.Tensor, following: tf.Tensor) -> tf.Tensor:
        def glide(column: int) -> tf.Tensor:
            first, last = here[..., column, tf.newaxis], following[..., column, tf.newaxis]
            return first + weight * (last - first)

        n_operators = len(ratios)
        waves: dict[int, tf.Tensor] = {}
        for number in order:
            place = turns[..., number - 1]
            place -= tf.round(place)
            modulators = sorted(_modulators(number, routing))
            if modulators:
                moved = tf.add_n([glide(m - 1) * waves[m] for m in modulators])
                place += glide(n_operators + number - 1) * moved
            waves[number] = tf.sin(_TWO_PI * place)
        return tf.add_n([glide(c - 1) * waves[c] for c in heard])

    operate = compiled(operate, jit_compile)

    def play(frequencies_hz: tf.Tensor, controls: tf.Tensor, starts: tf.Tensor) -> tf.Tensor:
        turns = sample_turns(frequencies_hz, starts, hop_length=hop, sample_rate=rate)
        return operate(turns, controls[:, :-1], controls[:, 1:])

    # A carrier's level is its amplitude, and is 0 where it reaches Nyquist.
    is_heard = tf.constant([number in heard for number in range(1, len(ratios) + 1)])
    modulation = tf.where(is_heard, levels * audible, levels)
    controls = tf.concat([modulation, factors], axis=-1)
    starts, turns = frame_turns(frequencies_hz, initial_turns, hop_length=hop, sample_rate=rate)
    chunk = chunk_frames(
        controls, size(starts, 1), hop_length=hop, numbers_per_frame=4 * len(ratios) * hop
    )
    blocks = in_chunks(
        play, [frequencies_hz, controls, starts], extra_frames=[1, 1, 0], chunk=chunk
    )
    audio = tf.reshape(blocks, [size(blocks, 0), size(blocks, 1) * hop])
    audio, filter_state = decimated(audio, filter_state, factor=oversampling)
    return audio, turns, filter_state


def _modulators(number: int, routing: Routing) -> set[int]:
    return {source for source, target in routing if target == number}


def _controls(f0_hz: Any, levels: Any, ratios: Sequence[float]) -> list[tf.Tensor]:
    return checked(
        f0_hz=(f0_hz, "batch n_frames 1"),
        levels=(levels, f"batch n_frames {len(ratios)}"),
        repeated=("batch", "n_frames"),
    )
