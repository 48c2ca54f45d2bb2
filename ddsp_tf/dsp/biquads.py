"""Second-order sections by frequency, gain and Q: design, response, and two ways to run them.

`filter_biquads` is the exact recursion. `filter_biquads_by_frequency` multiplies spectra, which is
fast wherever convolution is, and leaves an error that the length of the transform sets:
`fft_length_for_radius` and `fft_length_for_decay` give the length for an error.

A section is b0, b1, b2, a1, a2 with a0 = 1, along the last axis. Coefficients in float32 limit what
a section does far below the sample rate: at 20 Hz and 48 kHz to a few tenths of a dB. Design in
float64 there (the audio may stay in float32), or use `state_variable_filter`.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from ddsp_tf.dsp.envelopes import resample_envelope
from ddsp_tf.dsp.filters import fast_fft_length, fft_convolve, time_varying_fir
from ddsp_tf.dsp.recurrences import second_order_sections
from ddsp_tf.errors import ArgumentError

BUTTERWORTH_Q = math.sqrt(0.5)
"""Q of a pass filter without a peak, and of the steepest shelf without one."""


def low_pass_biquad(frequency_hz: Any, q: Any = BUTTERWORTH_Q, *, sample_rate: float) -> tf.Tensor:
    """Designs a low-pass of 12 dB an octave.

    Args:
        frequency_hz: Corner in Hz, above 0 and below half the sample rate, `[...]`.
        q: Quality, above 0: the gain at the corner. Broadcasts with `frequency_hz`.
        sample_rate: In Hz.

    Returns:
        `[..., 5]`, in float64 if an argument is, else in float32.

    Example:
        >>> section = low_pass_biquad(1000.0, sample_rate=16000)
        >>> gain = np.abs(biquad_response(section[tf.newaxis], [np.pi / 8]))
        >>> (20 * np.log10(gain)).round(1).tolist()
        [-3.0]

    Reference:
        Bristow-Johnson, "Cookbook formulae for audio equalizer biquad filter coefficients".
    """

    def design(w: _Angle) -> _Coefficients:
        half = w.one_minus_cos / 2
        return (half, 2 * half, half), w.denominator

    return _designed(design, sample_rate, frequency_hz, q)


def high_pass_biquad(frequency_hz: Any, q: Any = BUTTERWORTH_Q, *, sample_rate: float) -> tf.Tensor:
    """Designs a high-pass of 12 dB an octave. Arguments and result as for `low_pass_biquad`."""

    def design(w: _Angle) -> _Coefficients:
        half = (1 + w.cos) / 2
        return (half, -2 * half, half), w.denominator

    return _designed(design, sample_rate, frequency_hz, q)


def band_pass_biquad(frequency_hz: Any, q: Any, *, sample_rate: float) -> tf.Tensor:
    """Designs a band-pass with a gain of 0 dB at its centre, where q = centre / bandwidth.

    Arguments and result as for `low_pass_biquad`.
    """

    def design(w: _Angle) -> _Coefficients:
        return (w.alpha, tf.zeros_like(w.alpha), -w.alpha), w.denominator

    return _designed(design, sample_rate, frequency_hz, q)


def notch_biquad(frequency_hz: Any, q: Any, *, sample_rate: float) -> tf.Tensor:
    """Designs a notch: silence at its centre, 0 dB far from it, q = centre / bandwidth.

    Arguments and result as for `low_pass_biquad`.
    """

    def design(w: _Angle) -> _Coefficients:
        one = tf.ones_like(w.alpha)
        return (one, -2 * w.cos * one, one), w.denominator

    return _designed(design, sample_rate, frequency_hz, q)


def all_pass_biquad(frequency_hz: Any, q: Any = BUTTERWORTH_Q, *, sample_rate: float) -> tf.Tensor:
    """Designs an all-pass, whose phase turns by -180 degrees at `frequency_hz`.

    Arguments and result as for `low_pass_biquad`.
    """

    def design(w: _Angle) -> _Coefficients:
        a0, a1, a2 = w.denominator
        return (a2, a1, a0), w.denominator

    return _designed(design, sample_rate, frequency_hz, q)


def one_pole_low_pass(frequency_hz: Any, *, sample_rate: float) -> tf.Tensor:
    """Designs y_t = (1 - p) x_t + p y_{t-1}, a low-pass of 6 dB an octave.

    Its gain is -3 dB exactly at `frequency_hz`, below half the sample rate, and 0 dB at 0 Hz.

    Args:
        frequency_hz: Corner in Hz, above 0 and below half the sample rate, `[...]`.
        sample_rate: In Hz.

    Returns:
        A section, `[..., 5]`, in float64 if the argument is, else in float32.

    Example:
        >>> section = one_pole_low_pass(np.float64(3000.0), sample_rate=16000)[tf.newaxis]
        >>> gain = np.abs(biquad_response(section, [0.0, 2 * np.pi * 3000 / 16000]))
        >>> (20 * np.log10(gain)).round(2).tolist()
        [0.0, -3.01]
    """

    def design(w: _Angle) -> _Coefficients:
        one, zero = tf.ones_like(w.cos), tf.zeros_like(w.cos)
        return (1 - w.pole, zero, zero), (one, -w.pole, zero)

    return _designed(design, sample_rate, frequency_hz, 1.0)


def one_pole_high_pass(frequency_hz: Any, *, sample_rate: float) -> tf.Tensor:
    """Designs what `one_pole_low_pass` leaves: both add up to the sound itself.

    Arguments and result as there; the corner is only near to -3 dB.
    """

    def design(w: _Angle) -> _Coefficients:
        one, zero = tf.ones_like(w.cos), tf.zeros_like(w.cos)
        return (w.pole, -w.pole, zero), (one, -w.pole, zero)

    return _designed(design, sample_rate, frequency_hz, 1.0)


def first_order_all_pass(frequency_hz: Any, *, sample_rate: float) -> tf.Tensor:
    """Designs an all-pass, whose phase turns by -90 degrees at `frequency_hz`, -180 in the end.

    Arguments and result as for `one_pole_low_pass`.

    Reference:
        Regalia, Mitra and Vaidyanathan 1988, "The digital all-pass filter".
    """

    def design(w: _Angle) -> _Coefficients:
        one, zero = tf.ones_like(w.cos), tf.zeros_like(w.cos)
        c = (w.sin - 1 - w.cos) / (w.sin + 1 + w.cos)
        return (c, one, zero), (one, c, zero)

    return _designed(design, sample_rate, frequency_hz, 1.0)


def peak_biquad(frequency_hz: Any, gain_db: Any, q: Any, *, sample_rate: float) -> tf.Tensor:
    """Designs a bell: `gain_db` at its centre, 0 dB far from it. 0 dB is exactly the identity.

    Args:
        frequency_hz: Centre in Hz, above 0 and below half the sample rate, `[...]`.
        gain_db: Boost, or cut if negative. Cuts undo boosts.
        q: Quality, above 0: centre / distance of the points of half the gain in dB.
        sample_rate: In Hz.

    Returns:
        `[..., 5]`, the arguments broadcast, in float64 if one of them is, else in float32.

    Example:
        >>> peak_biquad([1000.0, 4000.0], 0.0, 2.0, sample_rate=16000)[:, 0].numpy().tolist()
        [1.0, 1.0]

    Reference:
        Bristow-Johnson, "Cookbook formulae for audio equalizer biquad filter coefficients".
    """

    def design(w: _Angle) -> _Coefficients:
        above, below = w.alpha * w.amplitude, w.alpha / w.amplitude
        middle = -2 * w.cos
        return (1 + above, middle, 1 - above), (1 + below, middle, 1 - below)

    return _designed(design, sample_rate, frequency_hz, q, gain_db)


def low_shelf_biquad(
    frequency_hz: Any, gain_db: Any, q: Any = BUTTERWORTH_Q, *, sample_rate: float
) -> tf.Tensor:
    """Designs a shelf: `gain_db` far below `frequency_hz`, half of that there, 0 dB far above.

    Arguments and result as for `peak_biquad`.
    """

    def design(w: _Angle) -> _Coefficients:
        return w.shelf(1.0)

    return _designed(design, sample_rate, frequency_hz, q, gain_db)


def high_shelf_biquad(
    frequency_hz: Any, gain_db: Any, q: Any = BUTTERWORTH_Q, *, sample_rate: float
) -> tf.Tensor:
    """Designs a shelf: `gain_db` far above `frequency_hz`, half of that there, 0 dB far below.

    Arguments and result as for `peak_biquad`.
    """

    def design(w: _Angle) -> _Coefficients:
        return w.shelf(-1.0)

    return _designed(design, sample_rate, frequency_hz, q, gain_db)


_Coefficients = tuple[tuple[tf.Tensor, ...], tuple[tf.Tensor, ...]]


class _Angle:
    """What all designs are made of: the corner on the unit circle, its width, and the gain."""

    def __init__(self, angle: tf.Tensor, q: tf.Tensor, amplitude: tf.Tensor) -> None:
        self.cos, self.sin = tf.cos(angle), tf.sin(angle)
        self.alpha = self.sin / (2 * q)
        self.amplitude = amplitude
        # Not 1 - cos, which is mostly rounding for low corners.
        self.one_minus_cos = 2 * tf.square(tf.sin(angle / 2))

    @property
    def pole(self) -> tf.Tensor:
        """Of one pole with half the power at the corner: p + 1 / p = 2 + 2 (1 - cos)."""
        rest = self.one_minus_cos
        return 1 + rest - tf.sqrt(rest * (rest + 2))

    @property
    def denominator(self) -> tuple[tf.Tensor, ...]:
        return 1 + self.alpha, -2 * self.cos, 1 - self.alpha

    def shelf(self, side: float) -> _Coefficients:
        """The shelf below the corner (side 1), or above it (side -1)."""
        more, less = self.amplitude + 1, self.amplitude - 1
        cos = side * self.cos
        slope = 2 * tf.sqrt(self.amplitude) * self.alpha
        return (
            (
                self.amplitude * (more - less * cos + slope),
                2 * side * self.amplitude * (less - more * cos),
                self.amplitude * (more - less * cos - slope),
            ),
            (more + less * cos + slope, -2 * side * (less + more * cos), more + less * cos - slope),
        )


def _designed(
    design: Callable[[_Angle], _Coefficients],
    sample_rate: float,
    frequency_hz: Any,
    q: Any,
    gain_db: Any = 0.0,
) -> tf.Tensor:
    if sample_rate <= 0:
        raise ArgumentError(f"`sample_rate` should be above 0. Received {sample_rate}.")
    given = [frequency_hz, q, gain_db]
    double = any(getattr(value, "dtype", None) in (tf.float64, np.float64) for value in given)
    # In float64 inside: sums of the coefficients are small differences of large numbers.
    frequency_hz, q, gain_db = (_double(value) for value in given)
    amplitude = tf.pow(tf.constant(10.0, tf.float64), gain_db / 40)
    (b0, b1, b2), (a0, a1, a2) = design(
        _Angle(frequency_hz * (2 * math.pi / sample_rate), q, amplitude)
    )
    shape = tf.shape(b0 + a0)
    coefficients = [tf.broadcast_to(c / a0, shape) for c in (b0, b1, b2, a1, a2)]
    return tf.cast(tf.stack(coefficients, axis=-1), tf.float64 if double else tf.float32)


def _double(value: Any) -> tf.Tensor:
    # A cast of Python's numbers would round them to float32 first.
    return tf.cast(value if tf.is_tensor(value) else np.asarray(value, np.float64), tf.float64)


def biquad_response(sections: tf.Tensor, angles: Any) -> tf.Tensor:
    """Gives the frequency response of sections in series.

    Args:
        sections: `[..., n_sections, 5]`.
        angles: Where, in radians per sample, from 0 to pi, `[n_angles]`; 2 pi f / sample_rate.

    Returns:
        Complex, `[..., n_angles]`, as precise as `sections`.

    Raises:
        ArgumentError: The last axis isn't 5 long.

    Example:
        >>> gain = peak_biquad(1000.0, 6.0, 2.0, sample_rate=16000)[tf.newaxis]
        >>> response = biquad_response(gain, [2 * np.pi * 1000 / 16000])
        >>> (20 * np.log10(np.abs(response))).round(3).tolist()
        [6.0]
    """
    sections = _sections(sections)
    angles = tf.cast(_double(angles), sections.dtype)
    z = tf.complex(tf.cos(angles), -tf.sin(angles))
    delays = tf.stack([tf.ones_like(z), z, z * z])
    b = tf.tensordot(_complex(sections[..., :3]), delays, 1)
    a = delays[0] + tf.tensordot(_complex(sections[..., 3:]), delays[1:], 1)
    ratio = b / a
    if sections.shape[-2] is None:
        return tf.reduce_prod(ratio, axis=-2)
    # One after the other: XLA has no kernel for the gradient of `reduce_prod`.
    response = tf.ones_like(ratio[..., 0, :])
    for section in tf.unstack(ratio, axis=-2):
        response *= section
    return response


def biquad_radius(sections: tf.Tensor) -> tf.Tensor:
    """Gives the distance from 0 of the outermost pole of each section; below 1 it is stable.

    Args:
        sections: `[..., n_sections, 5]`.

    Returns:
        `[..., n_sections]`, >= 0.

    Raises:
        ArgumentError: The last axis isn't 5 long.
    """
    sections = _sections(sections)
    a1, a2 = sections[..., 3], sections[..., 4]
    discriminant = tf.square(a1) - 4 * a2
    real = (tf.abs(a1) + tf.sqrt(tf.maximum(discriminant, 0.0))) / 2
    return tf.where(discriminant < 0, tf.sqrt(tf.maximum(a2, 0.0)), real)


def fft_length_for_radius(radius: float, *, error_db: float = -80.0) -> int:
    """Gives the length of a transform that samples a filter's response well enough.

    A response sampled at n points is that of the impulse response wrapped around after n samples;
    what is left then is 20 n log10(radius) dB below the beginning.

    Args:
        radius: Of the outermost pole, from 0 to below 1: the largest of `biquad_radius`.
        error_db: What is left, relative to the impulse response, below 0.

    Returns:
        Samples, even and fast to transform.

    Raises:
        ArgumentError: An argument that is out of its range.

    Example:
        >>> fft_length_for_radius(0.999)
        9216

    Reference:
        Smith, Spectral Audio Signal Processing, "Sampling in the frequency domain".
    """
    if not 0 <= radius < 1:
        raise ArgumentError(
            f"`radius` should be from 0 to below 1, as a stable filter's is. Received {radius}."
        )
    _check_error(error_db)
    return _fast(error_db / (20 * math.log10(radius)) if radius else 2)


def fft_length_for_decay(t60_s: float, *, sample_rate: float, error_db: float = -80.0) -> int:
    """Gives the length of a transform for a response that decays by 60 dB in `t60_s`.

    The error is -60 n / (t60_s sample_rate) dB, for any network of delays; so -80 dB takes
    1.33 t60_s sample_rate samples.

    Args:
        t60_s: In seconds, >= 0.
        sample_rate: In Hz.
        error_db: Relative to the impulse response, below 0.

    Returns:
        Samples, even and fast to transform.

    Raises:
        ArgumentError: An argument that is out of its range.

    Example:
        >>> fft_length_for_decay(1.0, sample_rate=16000)
        24576
    """
    if t60_s < 0 or sample_rate <= 0:
        raise ArgumentError(
            "`t60_s` should be at least 0 and `sample_rate` above 0. "
            f"Received {t60_s} and {sample_rate}."
        )
    _check_error(error_db)
    return _fast(-error_db / 60 * t60_s * sample_rate)


def _fast(minimum: float) -> int:
    return int(fast_fft_length(max(2, math.ceil(minimum))))


def _check_error(error_db: float) -> None:
    if error_db >= 0:
        raise ArgumentError(f"`error_db` should be below 0. Received {error_db}.")


def filter_biquads(
    audio: tf.Tensor,
    sections: tf.Tensor,
    initial_state: tf.Tensor | None = None,
    *,
    hop_length: int | None = None,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Filters by sections in series, exactly, sample after sample.

    The recursion runs in the precision of `sections`, and the audio keeps its own. Coefficients
    between frames are interpolated linearly, which keeps sections stable, as all between two stable
    pairs a1, a2 are. Blocks give what one call gives, if each starts with the state of the one
    before and sections don't change or are given for every sample.

    Args:
        audio: `[batch, n_samples]`.
        sections: That don't change, `[batch, n_sections, 5]`, with a batch of 1 for all; or that
            change, `[batch, n_samples, n_sections, 5]`; or with `hop_length`,
            `[batch, n_frames, n_sections, 5]`.
        initial_state: `[batch, n_sections, 2]`, in the precision of `sections`; None means zeros.
        hop_length: Samples per frame, where sections are one a frame; then the audio must be
            n_frames * hop_length long.

    Returns:
        The audio, `[batch, n_samples]`, and the state for the next block.

    Raises:
        ArgumentError: Shapes that don't fit each other.

    Example:
        >>> eq = tf.stack([low_shelf_biquad(200.0, 3.0, sample_rate=16000),
        ...                peak_biquad(2000.0, -6.0, 1.0, sample_rate=16000)])[tf.newaxis]
        >>> filter_biquads(tf.ones([2, 100]), eq)[0].shape
        TensorShape([2, 100])

    Reference:
        Smith, Introduction to Digital Filters, "Transposed direct forms".
    """
    sections = _sections(sections)
    audio = tf.convert_to_tensor(audio)
    if hop_length is not None:
        sections = biquads_at_samples(sections, hop_length)
    elif sections.shape.rank == 3:
        sections = sections[:, tf.newaxis]
    filtered, state = second_order_sections(tf.cast(audio, sections.dtype), sections, initial_state)
    return tf.cast(filtered, audio.dtype), state


def filter_biquads_by_frequency(
    audio: tf.Tensor,
    sections: tf.Tensor,
    *,
    fft_length: int,
    hop_length: int | None = None,
) -> tf.Tensor:
    """Filters by sections in series through their sampled frequency response.

    For sections that don't change, the result is that of `filter_biquads` but for an error of
    20 fft_length log10(radius) dB (`fft_length_for_radius`). For sections that change from frame to
    frame, each frame's response filters its Hann-windowed piece of the audio; so equal frames are
    exactly one filter, and changing ones cross-fade. No state: for streams take `filter_biquads`.

    Args:
        audio: `[batch, n_samples]`.
        sections: `[batch, n_sections, 5]`, with a batch of 1 for all; or with `hop_length`,
            `[batch, n_frames, n_sections, 5]`.
        fft_length: Points around the unit circle, even.
        hop_length: Samples per frame; then the audio must be n_frames * hop_length long.

    Returns:
        `[batch, n_samples]`: the tail after the end is left out.

    Raises:
        ArgumentError: Shapes that don't fit each other, or an odd `fft_length`.

    Example:
        >>> section = low_pass_biquad(1000.0, sample_rate=16000)[tf.newaxis, tf.newaxis]
        >>> filter_biquads_by_frequency(tf.ones([1, 50]), section, fft_length=512).shape
        TensorShape([1, 50])

    Reference:
        Nercessian 2020, "Neural parametric equalizer matching using differentiable biquads".
    """
    if fft_length < 2 or fft_length % 2:
        raise ArgumentError(f"`fft_length` should be even and above 0. Received {fft_length}.")
    sections = _sections(sections)
    rank = 3 if hop_length is None else 4
    if sections.shape.rank != rank:
        layout = "[batch, n_sections, 5]" if rank == 3 else "[batch, n_frames, n_sections, 5]"
        raise ArgumentError(f"`sections` should be {layout}. Received shape {sections.shape}.")
    audio = tf.convert_to_tensor(audio)
    angles = np.linspace(0, math.pi, fft_length // 2 + 1)
    response = biquad_response(sections, angles)
    taps = tf.cast(tf.signal.irfft(response, [fft_length]), audio.dtype)
    if hop_length is None:
        return fft_convolve(audio, taps)[:, : tf.shape(audio)[1]]
    # Causal filters, for what takes them centred.
    centred = tf.pad(taps, [[0, 0], [0, 0], [fft_length, 0]])
    return time_varying_fir(audio, centred, hop_length=hop_length)


def biquads_at_samples(sections: tf.Tensor, hop_length: int) -> tf.Tensor:
    """Interpolates sections between frames: linearly, which keeps stable ones stable.

    Args:
        sections: `[batch, n_frames, n_sections, 5]`.
        hop_length: Samples per frame.

    Returns:
        `[batch, n_frames * hop_length, n_sections, 5]`; after the last frame it is held.

    Raises:
        ArgumentError: `sections` has another layout.
    """
    if sections.shape.rank != 4:
        raise ArgumentError(
            "`sections` should be [batch, n_frames, n_sections, 5] with `hop_length`. "
            f"Received shape {sections.shape}."
        )
    n_sections = sections.shape[2]
    shape = tf.shape(sections)
    flat = tf.reshape(sections, [shape[0], shape[1], n_sections * 5])
    flat = resample_envelope(flat, hop_length=hop_length, method="linear")
    return tf.reshape(flat, [shape[0], shape[1] * hop_length, n_sections, 5])


def _sections(sections: tf.Tensor) -> tf.Tensor:
    sections = tf.convert_to_tensor(sections)
    if sections.shape.rank is None or sections.shape.rank < 2 or sections.shape[-1] != 5:
        raise ArgumentError(
            "`sections` should be [..., n_sections, 5], holding b0, b1, b2, a1, a2. "
            f"Received shape {sections.shape}."
        )
    return sections


def _complex(values: tf.Tensor) -> tf.Tensor:
    return tf.complex(values, tf.zeros_like(values))
