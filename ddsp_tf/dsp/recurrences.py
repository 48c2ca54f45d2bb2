"""Recursive filters, exact at every sample, whose gradients are the same filters backwards in time.

All are linear in their input and in their initial state, whatever their coefficients do from sample
to sample. So each comes as a pair: the recursion, and its adjoint, which runs from the last sample
to the first. The gradient of either is made of the other and of one product at each sample
(`_differentiable`), and so is the gradient of the gradient.

Loops are compiled by XLA, whether the caller is compiled, a graph or eager. The gradients are
stated outside what is compiled: a tape around a compiled loop would want a list of all its states.
"""

import functools
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from ddsp_tf.dsp.compilation import custom_gradient
from ddsp_tf.errors import ArgumentError

BLOCK_LENGTH = 64
"""Samples of a block of `state_space` on a GPU: as many steps are taken for all blocks at once."""

Run = Callable[[tf.Tensor, tf.Tensor, tf.Tensor], tf.Tensor]
RunBack = Callable[[tf.Tensor, tf.Tensor], tuple[tf.Tensor, tf.Tensor]]
Product = Callable[[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor], tf.Tensor]


def first_order(
    terms: tf.Tensor, factors: tf.Tensor, initial_state: tf.Tensor | None = None
) -> tuple[tf.Tensor, tf.Tensor]:
    """Accumulates with forgetting: h_t = factors_t h_{t-1} + terms_t.

    Exact but for rounding, in float32 or float64 as the input is. Blocks of any length, each
    started with the state of the one before, give what one call gives.

    Args:
        terms: `[batch, n_samples]` or `[batch, n_samples, n_channels]`.
        factors: Of the same shape, or with 1 in place of a size, which stands for all. Absolute
            values up to 1 keep the states bounded.
        initial_state: h_{-1}, `[batch]` or `[batch, n_channels]`; None means zeros.

    Returns:
        The states h_t, of the shape of `terms`, and the last of them, for the next block.

    Raises:
        ArgumentError: Shapes or types that don't fit each other.

    Example:
        >>> states, last = first_order(tf.ones([1, 3]), tf.constant([[0.5]]))
        >>> states.numpy().tolist(), last.numpy().tolist()
        ([[1.0, 1.5, 1.75]], [1.75])

    Reference:
        Blelloch 1990, "Prefix sums and their applications", section 1.4.1.
    """
    terms = _floating("terms", terms)
    if terms.shape.rank not in (2, 3):
        raise ArgumentError(
            "`terms` should be [batch, n_samples] or [batch, n_samples, n_channels]. "
            f"Received shape {terms.shape}."
        )
    like = ("terms", terms)
    shape = tf.shape(terms)
    rank = terms.shape.rank
    layout = "[batch, n_samples, n_channels]" if rank == 3 else "[batch, n_samples]"
    factors = _expanded(
        "factors", _floating("factors", factors, like=like), shape, terms.shape, layout, rank
    )
    per_row = tf.concat([shape[:1], shape[2:]], axis=0)
    initial_state = _initial(
        initial_state,
        like,
        per_row,
        terms.shape[:1] + terms.shape[2:],
        "[batch, n_channels]" if rank == 3 else "[batch]",
    )
    # Channels are rows like any other.
    rows = tf.reduce_prod(per_row)

    def to_rows(values: tf.Tensor) -> tf.Tensor:
        if values.shape.rank == 3:
            values = tf.transpose(values, [0, 2, 1])
        return tf.reshape(values, [rows, shape[1]])

    states = _states(
        to_rows(terms)[..., tf.newaxis],
        to_rows(factors)[..., tf.newaxis, tf.newaxis],
        tf.reshape(initial_state, [rows, 1]),
    )[..., 0]
    if terms.shape.rank == 3:
        states = tf.transpose(tf.reshape(states, [shape[0], shape[2], shape[1]]), [0, 2, 1])
    states = tf.ensure_shape(states, terms.shape)
    return states, _last(states, initial_state)


def state_space(
    terms: tf.Tensor, matrices: tf.Tensor, initial_state: tf.Tensor | None = None
) -> tuple[tf.Tensor, tf.Tensor]:
    """Runs a small linear system: h_t = matrices_t h_{t-1} + terms_t.

    Exact but for rounding, in float32 or float64 as the input is. What a filter of few states is
    made of, whatever its form. On a GPU blocks of samples run side by side, first to see how each
    passes on the state before it, then from the right state; so an unstable system overflows a
    little earlier there than one sample after the other would.

    Args:
        terms: `[batch, n_samples, n_states]`, with few states: the work grows with their cube.
        matrices: `[batch, n_samples, n_states, n_states]`; 1 in place of batch or n_samples stands
            for all.
        initial_state: h_{-1}, `[batch, n_states]`; None means zeros.

    Returns:
        The states h_t, `[batch, n_samples, n_states]`, and the last of them, for the next block.

    Raises:
        ArgumentError: Shapes or types that don't fit each other.

    Example:
        >>> turn = tf.constant([[[[0.0, -1.0], [1.0, 0.0]]]])
        >>> state_space(tf.zeros([1, 2, 2]), turn, tf.constant([[1.0, 0.0]]))[0].numpy().tolist()
        [[[0.0, 1.0], [-1.0, 0.0]]]
    """
    terms = _floating("terms", terms)
    if terms.shape.rank != 3 or not terms.shape[-1]:
        raise ArgumentError(
            "`terms` should be [batch, n_samples, n_states] with a known number of states. "
            f"Received shape {terms.shape}."
        )
    n_states = terms.shape[-1]
    shape = tf.shape(terms)
    like = ("terms", terms)
    matrices = _expanded(
        "matrices",
        _floating("matrices", matrices, like=like),
        tf.concat([shape, [n_states]], axis=0),
        [*terms.shape, n_states],
        "[batch, n_samples, n_states, n_states]",
        2,
    )
    initial_state = _initial(
        initial_state,
        like,
        tf.stack([shape[0], n_states]),
        [terms.shape[0], n_states],
        "[batch, n_states]",
    )
    states = tf.ensure_shape(_states(terms, matrices, initial_state), terms.shape)
    return states, _last(states, initial_state)


def all_pole(
    audio: tf.Tensor, coefficients: tf.Tensor, initial_state: tf.Tensor | None = None
) -> tuple[tf.Tensor, tf.Tensor]:
    """Filters by an all-pole filter: y_t = x_t - sum_i coefficients_{t,i} y_{t-i}, i = 1 ... order.

    Exact but for rounding, in float32 or float64 as the input is. In direct form, whose rounding
    grows with sharp resonances: from order 20 or so, run it in float64, or as sections
    (`second_order_sections`). Blocks of any length, each started with the state of the one before,
    give the same numbers as one call, bit by bit.

    Args:
        audio: x, `[batch, n_samples]`.
        coefficients: `[batch, n_samples, order]`, without the leading 1; 1 in place of batch or
            n_samples stands for all. Order 0 changes nothing.
        initial_state: The outputs before the first, y_{-1}, y_{-2} ..., the latest first,
            `[batch, order]`; None means zeros.

    Returns:
        y, `[batch, n_samples]`, and the last outputs as the next block's initial state.

    Raises:
        ArgumentError: Shapes or types that don't fit each other.

    Example:
        >>> audio, state = all_pole(tf.constant([[1.0, 0.0, 0.0]]), tf.constant([[[-0.5]]]))
        >>> audio.numpy().tolist(), state.numpy().tolist()
        ([[1.0, 0.5, 0.25]], [[0.25]])

    Reference:
        Yu and Fazekas 2023, "Singing Voice Synthesis Using Differentiable LPC and
        Glottal-Flow-Inspired Wavetables", section 3.2 (the gradient); Yu and Fazekas 2024,
        "Differentiable Time-Varying Linear Prediction in the Context of End-to-End
        Analysis-by-Synthesis" (initial states and changing coefficients).
    """
    audio = _audio(audio)
    like = ("audio", audio)
    coefficients = _floating("coefficients", coefficients, like=like)
    if coefficients.shape.rank != 3 or coefficients.shape[-1] is None:
        raise ArgumentError(
            "`coefficients` should be [batch, n_samples, order] with a known order. "
            f"Received shape {coefficients.shape}."
        )
    order = coefficients.shape[-1]
    shape = tf.shape(audio)
    coefficients = _expanded(
        "coefficients",
        coefficients,
        tf.concat([shape, [order]], axis=0),
        [*audio.shape, order],
        "[batch, n_samples, order]",
        2,
    )
    initial_state = _initial(
        initial_state,
        like,
        tf.stack([shape[0], order]),
        [audio.shape[0], order],
        "[batch, order]",
    )
    if order == 0:
        return audio, initial_state
    filtered = tf.ensure_shape(_all_pole(audio, coefficients, initial_state), audio.shape)
    # A block may be shorter than the state.
    latest = tf.reverse(filtered[:, -order:], axis=[1])
    return filtered, tf.concat([latest, initial_state], axis=1)[:, :order]


def second_order_sections(
    audio: tf.Tensor, sections: tf.Tensor, initial_state: tf.Tensor | None = None
) -> tuple[tf.Tensor, tf.Tensor]:
    """Filters by second-order sections in series, each in transposed direct form II.

    y_t = b0 x_t + s1, then s1 <- b1 x_t - a1 y_t + s2 and s2 <- b2 x_t - a2 y_t, all coefficients
    being those of sample t. Exact but for rounding, in float32 or float64 as the input is. Blocks
    of any length, each started with the state of the one before, give what one call gives, to
    rounding.

    Args:
        audio: x, `[batch, n_samples]`.
        sections: b0, b1, b2, a1, a2 with a0 = 1, `[batch, n_samples, n_sections, 5]`; 1 in place
            of batch or n_samples stands for all. No sections change nothing.
        initial_state: s1 and s2 of each section, `[batch, n_sections, 2]`; None means zeros.

    Returns:
        The audio, `[batch, n_samples]`, and the state for the next block.

    Raises:
        ArgumentError: Shapes or types that don't fit each other.

    Example:
        >>> smooth = tf.constant([0.5, 0.5, 0.0, 0.0, 0.0])[tf.newaxis, tf.newaxis, tf.newaxis]
        >>> second_order_sections(tf.constant([[1.0, 3.0]]), smooth)[0].numpy().tolist()
        [[0.5, 2.0]]

    Reference:
        Smith, Introduction to Digital Filters, "Transposed direct forms".
    """
    audio = _audio(audio)
    like = ("audio", audio)
    sections = _floating("sections", sections, like=like)
    if sections.shape.rank != 4 or sections.shape[-1] != 5 or sections.shape[2] is None:
        raise ArgumentError(
            "`sections` should be [batch, n_samples, n_sections, 5], holding b0, b1, b2, a1, a2 of "
            f"a known number of sections. Received shape {sections.shape}."
        )
    n_sections = sections.shape[2]
    wanted = [*audio.shape, n_sections, 5]
    _fits("sections", sections.shape.as_list(), wanted, "[batch, n_samples, n_sections, 5]")
    initial_state = _initial(
        initial_state,
        like,
        tf.stack([tf.shape(audio)[0], n_sections, 2]),
        [audio.shape[0], n_sections, 2],
        "[batch, n_sections, 2]",
    )
    if n_sections == 0:
        return audio, initial_state
    # Sections that don't change are kept as they are: of every sample they would be far longer.
    length = 1 if sections.shape[1] == 1 else tf.shape(audio)[1]
    sections = tf.broadcast_to(sections, [tf.shape(audio)[0], length, n_sections, 5])
    if _wide_steps():
        return _by_states(audio, sections, initial_state)
    # Before the first section, and after each.
    after = _sections(audio[..., tf.newaxis], sections, initial_state)
    filtered = tf.ensure_shape(after[..., -1], audio.shape)
    return filtered, _last_of_sections(after, sections, initial_state)


def _last_of_sections(after: tf.Tensor, sections: tf.Tensor, initial_state: tf.Tensor) -> tf.Tensor:
    _, b1, b2, a1, a2 = tf.unstack(sections[:, -2:], axis=-1)
    x, y = after[:, -2:, :-1], after[:, -2:, 1:]
    # s2 once more from the start: there may be one sample, or none.
    second = tf.concat([initial_state[:, tf.newaxis, :, 1], b2 * x - a2 * y], axis=1)
    first = tf.concat(
        [initial_state[:, tf.newaxis, :, 0], b1 * x - a1 * y + second[:, :-1]], axis=1
    )
    return tf.stack([first[:, -1], second[:, -1]], axis=-1)


def _by_states(
    audio: tf.Tensor, sections: tf.Tensor, initial_state: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    last_states = []
    for section, state in zip(
        tf.unstack(sections, axis=2), tf.unstack(initial_state, axis=1), strict=True
    ):
        b0, b1, b2, a1, a2 = tf.unstack(section, axis=-1)
        # With y put into the equations of the states, these are a system of their own.
        terms = tf.stack([(b1 - a1 * b0) * audio, (b2 - a2 * b0) * audio], axis=-1)
        matrices = tf.stack([-a1, tf.ones_like(a1), -a2, tf.zeros_like(a2)], axis=-1)
        matrices = tf.reshape(matrices, tf.concat([tf.shape(a1), [2, 2]], axis=0))
        states, last = state_space(terms, matrices, state)
        before = tf.concat([state[:, tf.newaxis, 0], states[:, :-1, 0]], axis=1)
        audio = b0 * audio + before[:, : tf.shape(audio)[1]]
        last_states.append(last)
    return audio, tf.stack(last_states, axis=1)


def _differentiable(run: Run, run_back: RunBack, product: Product) -> Run:
    """Compiles a linear recursion, and gives it its gradients, of any order.

    Args:
        run: y of the input x, the coefficients c and the initial state s; linear in x and s.
        run_back: The transposed map: what a weighting of y is as one of x, and as one of s.
        product: The gradient of c: of the weighting of x that `run_back` gave, c, y and s.
    """
    run_compiled, run_back_compiled = compiled(run), compiled(run_back)

    @compiled
    def gradient_of_run(
        c: tf.Tensor, s: tf.Tensor, y: tf.Tensor, upstream: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        to_x, to_s = run_back(upstream, c)
        return to_x, product(to_x, c, y, s), to_s

    @custom_gradient
    def recursion(x: tf.Tensor, c: tf.Tensor, s: tf.Tensor) -> tuple[tf.Tensor, Any]:
        y = run_compiled(x, c, s)

        @custom_gradient
        def gradient(upstream: tf.Tensor, x: tf.Tensor, c: tf.Tensor, s: tf.Tensor) -> Any:
            # y is known, but no tape knows of what; so what differentiates this runs it again.
            def of_gradient(*weights: tf.Tensor) -> Any:
                sources = _here(upstream, x, c, s)
                with tf.GradientTape() as tape:
                    tape.watch(sources)
                    weights_y, *given = sources
                    to_x, to_s = adjoint(weights_y, given[1])
                    to_c = product(to_x, given[1], recursion(*given), given[2])
                    outputs = [_given(to_x, given[0]), to_c, to_s]
                return tape.gradient(
                    outputs,
                    sources,
                    output_gradients=list(weights),
                    unconnected_gradients=tf.UnconnectedGradients.ZERO,
                )

            to_x, to_c, to_s = gradient_of_run(c, s, y, upstream)
            return (_given(to_x, x), to_c, to_s), of_gradient

        return y, lambda upstream: gradient(upstream, *_here(x, c, s))

    @custom_gradient
    def adjoint(upstream: tf.Tensor, c: tf.Tensor) -> tuple[tuple[tf.Tensor, tf.Tensor], Any]:
        def of_adjoint(to_x: tf.Tensor, to_s: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            known_upstream, known_c = _here(upstream, c)
            # What is transposed twice is the recursion itself.
            again = recursion(to_x, known_c, to_s)
            return again, product(adjoint(known_upstream, known_c)[0], known_c, again, to_s)

        return run_back_compiled(upstream, c), of_adjoint

    return recursion


def _given(to_x: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
    """Leaves out the channels that x has not, which stand for zeros."""
    return to_x[..., : x.shape[-1]] if x.shape.rank == 3 else to_x


def _here(*values: tf.Tensor) -> list[tf.Tensor]:
    """Brings what a gradient remembers into the graph that it is called in."""
    return [tf.identity(value) for value in values]


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compiles what no tape is to look into: it would ask for the states inside the loop."""

    # Batch and length may change without a new trace; the number of states, the way to go and
    # whether one sample stands for all may not.
    @functools.cache
    def traced(*_: tuple[Any, ...]) -> Callable[..., Any]:
        return tf.function(function, jit_compile=True, autograph=False, reduce_retracing=True)

    def closed(*values: tf.Tensor) -> Any:
        inside = traced(
            _wide_steps(), *((value.shape[1] == 1, *value.shape[2:]) for value in values)
        )
        # Both ends: tapes follow inputs, and the gradient of a graph starts from outputs.
        results = inside(*(tf.stop_gradient(value) for value in values))
        return tf.nest.map_structure(tf.stop_gradient, results)

    return closed


# All-pole filters: one sample after the other, all rows at once.


def _run_all_pole(audio: tf.Tensor, coefficients: tf.Tensor, before: tf.Tensor) -> tf.Tensor:
    # Time first for what is small. The coefficients stay as they are: a copy costs like the loop.
    by_time = _at_least_one(tf.transpose(audio))
    coefficients = _at_least_one(coefficients, axis=1)

    def step(sample: tf.Tensor, before: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        output = by_time[sample] - tf.reduce_sum(coefficients[:, sample] * before, axis=-1)
        return output, tf.concat([output[:, tf.newaxis], before[:, :-1]], axis=1)

    outputs, _ = in_turn(step, before, tf.shape(by_time)[0], element_shape=by_time.shape[1:])
    return tf.transpose(outputs)[:, : tf.shape(audio)[1]]


def _run_all_pole_back(upstream: tf.Tensor, coefficients: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    by_time = _at_least_one(tf.transpose(upstream))
    coefficients = _at_least_one(coefficients, axis=1)

    # Each sample leaves to the `order` samples before it what they weigh through it.
    def step(sample: tf.Tensor, left: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        weight = by_time[sample] - left[:, 0]
        left = tf.pad(left[:, 1:], [[0, 0], [0, 1]])
        return weight, left + coefficients[:, sample] * weight[:, tf.newaxis]

    weights, left = in_turn(
        step,
        tf.zeros_like(coefficients[:, 0]),
        tf.shape(by_time)[0],
        element_shape=by_time.shape[1:],
        backwards=True,
    )
    return tf.transpose(weights)[:, : tf.shape(upstream)[1]], -left


def _all_pole_product(
    weights: tf.Tensor, coefficients: tf.Tensor, outputs: tf.Tensor, before: tf.Tensor
) -> tf.Tensor:
    order = coefficients.shape[-1]  # of `before` a graph of third derivatives has lost it
    count = tf.shape(outputs)[1]
    known = tf.concat([tf.reverse(before, axis=[1]), outputs], axis=1)
    delayed = [known[:, order - i : order - i + count] for i in range(1, order + 1)]
    return -weights[..., tf.newaxis] * tf.stack(delayed, axis=-1)


_all_pole = _differentiable(_run_all_pole, _run_all_pole_back, _all_pole_product)


# Sections: each the whole sound. What is added to the sound comes first, what is added after each
# section follows, if anything is.


def _run_sections(added: tf.Tensor, sections: tf.Tensor, initial: tf.Tensor) -> tf.Tensor:
    count = tf.shape(added)[1]
    added = _at_least_one(tf.transpose(added, [1, 0, 2]))
    sections = _at_least_one(sections, axis=1)
    after = [added[..., 0]]
    for index in range(sections.shape[2]):

        def step(
            sample: tf.Tensor, state: tf.Tensor, sound: tf.Tensor = after[-1], index: int = index
        ) -> tuple[tf.Tensor, tf.Tensor]:
            now = sections[:, _of(sections, sample), index]
            x = sound[sample]
            y = now[:, 0] * x + state[:, 0]
            if added.shape[2] > 1:
                y += added[sample, :, index + 1]
            own = now[:, 1:3] * x[:, tf.newaxis] - now[:, 3:] * y[:, tf.newaxis]
            return y, own + tf.pad(state[:, 1:], [[0, 0], [0, 1]])

        made, _ = in_turn(
            step, initial[:, index], tf.shape(added)[0], element_shape=added.shape[1:2]
        )
        after.append(made)
    return tf.transpose(tf.stack(after, axis=-1), [1, 0, 2])[:, :count]


def _run_sections_back(upstream: tf.Tensor, sections: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    count = tf.shape(upstream)[1]
    upstream = _at_least_one(tf.transpose(upstream, [1, 0, 2]))
    sections = _at_least_one(sections, axis=1)
    n_sections = sections.shape[2]
    # What its inputs weigh through the section after it, from the last section to the first.
    passed_on = tf.zeros_like(upstream[..., 0])
    weights = []
    for index in reversed(range(n_sections)):

        def step(
            sample: tf.Tensor, later: tf.Tensor, given: tf.Tensor = passed_on, index: int = index
        ) -> tuple[tf.Tensor, tf.Tensor]:
            b0, b1, b2, a1, a2 = tf.unstack(sections[:, _of(sections, sample), index], axis=-1)
            own = upstream[sample, :, index + 1] + given[sample]
            weight = own - a1 * later[0] - a2 * later[1]
            passed = b0 * weight + b1 * later[0] + b2 * later[1]
            later = tf.stack([weight, later[0], passed])
            return later, later

        nothing = tf.zeros_like(upstream[:1, :, 0])
        made, _ = in_turn(
            step,
            tf.repeat(nothing, 3, axis=0),
            tf.shape(upstream)[0],
            element_shape=[3, *upstream.shape[1:2]],
            backwards=True,
        )
        passed_on = made[:, 2]
        weights.append(made[:, 0])
    weights.append(upstream[..., 0] + passed_on)
    weights = tf.transpose(tf.stack(weights[::-1], axis=-1), [1, 0, 2])[:, :count]
    # The states are added to the first two outputs of their sections.
    first = tf.pad(weights[:, :2, 1:], [[0, 0], [0, 2 - tf.minimum(count, 2)], [0, 0]])
    return weights, tf.transpose(first, [0, 2, 1])


def _sections_product(
    weights: tf.Tensor, sections: tf.Tensor, outputs: tf.Tensor, initial: tf.Tensor
) -> tf.Tensor:
    del initial
    count = tf.shape(outputs)[1]
    weights = tf.pad(weights[..., 1:], [[0, 0], [0, 2], [0, 0]])
    now, later, latest = (weights[:, i : i + count] for i in range(3))
    x, y = outputs[..., :-1], outputs[..., 1:]
    # Two stacks and a product are quicker than a stack of products.
    weights = tf.stack([now, later, latest, -later, -latest], axis=-1)
    product = weights * tf.stack([x, x, x, y, y], axis=-1)
    return tf.reduce_sum(product, axis=1, keepdims=True) if sections.shape[1] == 1 else product


def _of(coefficients: tf.Tensor, sample: tf.Tensor) -> tf.Tensor:
    return tf.zeros_like(sample) if coefficients.shape[1] == 1 else sample


_sections = _differentiable(_run_sections, _run_sections_back, _sections_product)


# Systems of few states.


def _run_states(terms: tf.Tensor, matrices: tf.Tensor, initial: tf.Tensor) -> tf.Tensor:
    if _wide_steps():
        return _run_states_in_blocks(terms, matrices, initial)
    count = tf.shape(terms)[1]
    terms, matrices = _at_least_one(terms, axis=1), _at_least_one(matrices, axis=1)

    def step(sample: tf.Tensor, state: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        moved = tf.reduce_sum(matrices[:, sample] * state[:, tf.newaxis], axis=-1)
        state = moved + terms[:, sample]
        return state, state

    states, _ = in_turn(step, initial, tf.shape(terms)[1], element_shape=initial.shape)
    return tf.transpose(states, [1, 0, 2])[:, :count]


def _run_states_in_blocks(terms: tf.Tensor, matrices: tf.Tensor, initial: tf.Tensor) -> tf.Tensor:
    count = tf.shape(terms)[1]
    n_states = initial.shape[-1]
    # [BLOCK_LENGTH, n_states, batch, n_blocks], and matrices with one more axis of states.
    terms, matrices = _side_by_side(terms), _side_by_side(matrices)

    def advance(step: tf.Tensor, states: tf.Tensor) -> tf.Tensor:
        return tf.reduce_sum(matrices[step] * states, axis=1) + terms[step]

    # What a block makes of nothing, and the product of its matrices.
    none = tf.zeros_like(terms[0])
    product = tf.broadcast_to(
        tf.eye(n_states, dtype=terms.dtype)[..., tf.newaxis, tf.newaxis], tf.shape(matrices[0])
    )
    _, made, product = tf.while_loop(
        lambda step, *_: step < BLOCK_LENGTH,
        lambda step, made, product: (
            step + 1,
            advance(step, made),
            tf.reduce_sum(matrices[step][:, :, tf.newaxis] * product, axis=1),
        ),
        (tf.constant(0), none, product),
        maximum_iterations=BLOCK_LENGTH,
        shape_invariants=(tf.TensorShape([]), _any_shape(none), _any_shape(product)),
    )
    # The states that blocks begin with: [n_blocks, n_states, batch].
    made = tf.transpose(made, [2, 0, 1])
    product = tf.transpose(product, [3, 0, 1, 2])
    initial = tf.transpose(initial)
    begin, _ = in_turn(
        lambda block, state: (state, tf.reduce_sum(product[block] * state, axis=1) + made[block]),
        initial,
        tf.shape(made)[0],
        element_shape=initial.shape,
    )

    def step(index: tf.Tensor, states: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        states = advance(index, states)
        return states, states

    begin = tf.transpose(begin, [1, 2, 0])
    states, _ = in_turn(step, begin, BLOCK_LENGTH, element_shape=begin.shape)
    return _one_after_the_other(states)[:, :count]


def _run_states_back(upstream: tf.Tensor, matrices: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    # Sample t weighs as itself, and through sample t + 1 by the transpose of its matrix.
    transposed = tf.linalg.matrix_transpose(matrices)
    after = tf.pad(transposed[:, 1:], [[0, 0], [0, 1], [0, 0], [0, 0]])[:, : tf.shape(matrices)[1]]
    weights = _run_states(
        tf.reverse(upstream, axis=[1]),
        tf.reverse(after, axis=[1]),
        tf.zeros([tf.shape(upstream)[0], matrices.shape[-1]], upstream.dtype),
    )
    weights = tf.reverse(weights, axis=[1])
    to_initial = tf.reduce_sum(transposed[:, :1] * weights[:, :1, tf.newaxis], axis=[1, 3])
    return weights, to_initial


def _states_product(
    weights: tf.Tensor, matrices: tf.Tensor, states: tf.Tensor, initial: tf.Tensor
) -> tf.Tensor:
    del matrices
    before = tf.concat([initial[:, tf.newaxis], states], axis=1)[:, :-1]
    return weights[..., tf.newaxis] * before[..., tf.newaxis, :]


_states = _differentiable(_run_states, _run_states_back, _states_product)


def _side_by_side(values: tf.Tensor) -> tf.Tensor:
    """`[batch, n_samples, ...]` to `[BLOCK_LENGTH, ..., batch, n_blocks]`, zeros at the end."""
    others = values.shape[2:].as_list()
    shape = tf.shape(values)
    n_blocks = tf.maximum((shape[1] + BLOCK_LENGTH - 1) // BLOCK_LENGTH, 1)
    missing = n_blocks * BLOCK_LENGTH - shape[1]
    padded = tf.pad(values, [[0, 0], [0, missing], *[[0, 0]] * len(others)])
    blocks = tf.reshape(padded, [shape[0], n_blocks, BLOCK_LENGTH, *others])
    rank = len(blocks.shape)
    return tf.transpose(blocks, [2, *range(3, rank), 0, 1])


def _one_after_the_other(blocks: tf.Tensor) -> tf.Tensor:
    """`[BLOCK_LENGTH, n_states, batch, n_blocks]` to `[batch, n_samples, n_states]`."""
    shape = tf.shape(blocks)
    ordered = tf.transpose(blocks, [2, 3, 0, 1])
    return tf.reshape(ordered, [shape[2], shape[3] * shape[0], blocks.shape[1]])


# Loops, for what is compiled.


def in_turn(
    step: Callable[[tf.Tensor, tf.Tensor], tuple[tf.Tensor, tf.Tensor]],
    state: tf.Tensor,
    count: int | tf.Tensor,
    *,
    element_shape: Any,
    backwards: bool = False,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Takes one step after the other, and stacks what each gives.

    Args:
        step: Of its index and the state before it, gives an output and the state after it.
        state: Before the first step.
        count: Steps.
        element_shape: Of an output, as far as it is known.
        backwards: From the last index to the first.

    Returns:
        The outputs `[count, ...]`, in the order of their indices, and the last state.
    """
    kept = tf.TensorArray(state.dtype, size=count, element_shape=element_shape)

    def body(index: tf.Tensor, state: tf.Tensor, kept: Any) -> tuple[Any, ...]:
        output, state = step(index, state)
        return index + (-1 if backwards else 1), state, kept.write(index, output)

    _, state, kept = tf.while_loop(
        lambda index, *_: (index >= 0) & (index < count),
        body,
        (tf.convert_to_tensor(count - 1 if backwards else 0), state, kept),
        maximum_iterations=count,
        shape_invariants=(tf.TensorShape([]), _any_shape(state), tf.TensorShape(None)),
    )
    return kept.stack(), state


def _any_shape(values: tf.Tensor) -> tf.TensorShape:
    """What a loop keeps to, where some of its shapes are known when it is traced and some not."""
    return tf.TensorShape([None] * values.shape.rank)


def joined(factors: tf.Tensor, terms: tf.Tensor, initial: tf.Tensor) -> tf.Tensor:
    """Computes h_t = factors_t h_{t-1} + terms_t in rounds that each double the steps joined.

    For devices on which a step is too little work to be worth a kernel. After a round over
    distance d, `factors` and `terms` lead from 2 d steps back.

    Args:
        factors: `[count, batch, units]`, count >= 1.
        terms: Of the same shape.
        initial: `[batch, units]`.

    Returns:
        h, of the shape of `terms`.

    Reference:
        Hillis and Steele 1986, "Data parallel algorithms".
    """
    count = factors.shape[0] or tf.shape(factors)[0]
    indices = tf.range(count)
    first = (factors[0] * initial + terms[0])[tf.newaxis]
    terms = tf.concat([first, terms[1:]], axis=0)

    def join(distance: tf.Tensor, factors: tf.Tensor, terms: tf.Tensor) -> tuple[Any, ...]:
        # Gathered, not shifted by padding, whose size XLA would have to know.
        before = tf.maximum(indices - distance, 0)
        reaches = (indices >= distance)[:, tf.newaxis, tf.newaxis]
        terms = tf.where(reaches, factors * tf.gather(terms, before), 0.0) + terms
        factors = tf.where(reaches, factors * tf.gather(factors, before), factors)
        return 2 * distance, factors, terms

    _, _, terms = tf.while_loop(
        lambda distance, *_: distance < count, join, (tf.constant(1), factors, terms)
    )
    return terms


def _wide_steps() -> bool:
    """Whether a step needs more to do than one sample of each row: where each is a kernel."""
    return bool(tf.config.list_logical_devices("GPU"))


# What callers may give.


def _floating(name: str, values: Any, *, like: tuple[str, tf.Tensor] | None = None) -> tf.Tensor:
    if not tf.is_tensor(values):
        values = tf.convert_to_tensor(values, None if like is None else like[1].dtype)
    if values.dtype not in (tf.float32, tf.float64):
        raise ArgumentError(
            f"`{name}` should be float32 or float64. Received {values.dtype.name}; cast it."
        )
    if like is not None and values.dtype != like[1].dtype:
        raise ArgumentError(
            f"`{name}` should be {like[1].dtype.name}, as `{like[0]}` is. Received "
            f"{values.dtype.name}; cast one of them."
        )
    return values


def _audio(audio: Any) -> tf.Tensor:
    audio = _floating("audio", audio)
    if audio.shape.rank != 2:
        raise ArgumentError(f"`audio` should be [batch, n_samples]. Received shape {audio.shape}.")
    return audio


def _fits(name: str, given: Any, wanted: Any, layout: str, *, ones: int = 2) -> None:
    """Refuses a shape that isn't the wanted one, except for 1 in the first `ones` places."""
    fits = len(given) == len(wanted) and all(
        size is None or other is None or size == other or (size == 1 and place < ones)
        for place, (size, other) in enumerate(zip(given, wanted, strict=True))
    )
    if not fits:
        raise ArgumentError(
            f"`{name}` should be {layout} = {list(wanted)}, where 1 may stand for all of the first "
            f"{ones}. Received {list(given)}."
        )


def _expanded(
    name: str, values: tf.Tensor, shape: tf.Tensor, wanted: Any, layout: str, ones: int
) -> tf.Tensor:
    wanted = tf.TensorShape(wanted)
    _fits(name, values.shape.as_list(), wanted.as_list(), layout, ones=ones)
    if values.shape.is_fully_defined() and values.shape == wanted:
        return values
    return tf.ensure_shape(tf.broadcast_to(values, shape), wanted)


def _initial(
    state: Any, like: tuple[str, tf.Tensor], shape: tf.Tensor, wanted: Any, layout: str
) -> tf.Tensor:
    wanted = tf.TensorShape(wanted)
    if state is None:
        return tf.ensure_shape(tf.zeros(shape, like[1].dtype), wanted)
    state = _floating("initial_state", state, like=like)
    if not state.shape.is_compatible_with(wanted):
        raise ArgumentError(
            f"`initial_state` should be {layout} = {wanted.as_list()}. Received {state.shape}."
        )
    return tf.ensure_shape(state, wanted)


def _last(states: tf.Tensor, initial_state: tf.Tensor) -> tf.Tensor:
    # There may be no sample at all.
    return tf.concat([initial_state[:, tf.newaxis], states[:, -1:]], axis=1)[:, -1]


def _at_least_one(values: tf.Tensor, *, axis: int = 0) -> tf.Tensor:
    """Adds a sample of zeros where there is none, as XLA knows no loop over nothing."""
    missing = tf.maximum(1 - tf.shape(values)[axis], 0)
    padding = [[0, 0] for _ in values.shape]
    padding[axis] = [0, missing]
    return tf.pad(values, padding)
