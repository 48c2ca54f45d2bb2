"""The predecessor's `core` by `ddsp_tf.dsp`."""

from typing import Any

import numpy as np
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.dsp.wavetables import wavetable
from ddsp_tf.processors import lookup
from predecessor import left_out

hz_to_midi, midi_to_hz = dsp.hz_to_midi, dsp.midi_to_hz
db_to_amplitude, db_to_power = dsp.db_to_amplitude, dsp.db_to_power


def nested_lookup(key: str, nested: Any) -> Any:
    return lookup(nested, key)


def diff(*args: Any, **kwargs: Any) -> Any:
    left_out("differences are slices: `x[:, 1:] - x[:, :-1]`")


def frequencies_sigmoid(*args: Any, **kwargs: Any) -> Any:
    left_out("a frequency is one number in its own band, not a sum over a depth")


def linear_lookup(*args: Any, **kwargs: Any) -> Any:
    left_out("tables are read by their spectrum, without the alias of linear reading")


def _within_range(levels_db: tf.Tensor, range_db: float) -> tf.Tensor:
    if range_db > dsp.DB_RANGE:
        left_out("levels end at -80 dB")
    return tf.maximum(levels_db, -range_db)


def amplitude_to_db(amplitude: Any, range_db: float = dsp.DB_RANGE) -> tf.Tensor:
    return _within_range(dsp.amplitude_to_db(amplitude), range_db)


def power_to_db(power: Any, range_db: float = dsp.DB_RANGE) -> tf.Tensor:
    return _within_range(dsp.power_to_db(power), range_db)


def midi_to_unit(
    midi: Any, midi_min: float = 20.0, midi_max: float = 90.0, clip: bool = False
) -> tf.Tensor:
    unit = dsp.midi_to_unit(midi, lowest=midi_min, highest=midi_max)
    return tf.clip_by_value(unit, 0.0, 1.0) if clip else unit


def unit_to_midi(
    unit: Any, midi_min: float = 20.0, midi_max: float = 90.0, clip: bool = False
) -> tf.Tensor:
    unit = tf.clip_by_value(unit, 0.0, 1.0) if clip else unit
    return dsp.unit_to_midi(unit, lowest=midi_min, highest=midi_max)


def hz_to_unit(f_hz: Any, hz_min: float, hz_max: float) -> tf.Tensor:
    return dsp.hz_to_unit(f_hz, lowest_hz=hz_min, highest_hz=hz_max)


def unit_to_hz(unit: Any, hz_min: float, hz_max: float) -> tf.Tensor:
    return dsp.unit_to_hz(unit, lowest_hz=hz_min, highest_hz=hz_max)


def harmonic_to_sinusoidal(
    amplitude: Any, distribution: Any, f0_hz: Any, sample_rate: int = 16000
) -> tuple[tf.Tensor, tf.Tensor]:
    f0_hz = tf.cast(f0_hz, tf.float32)
    frequencies_hz, amplitudes = dsp.harmonic_to_sinusoidal(
        f0_hz,
        amplitude * tf.ones_like(f0_hz),
        dsp.normalize_harmonics(tf.cast(distribution, tf.float32), f0_hz, sample_rate=sample_rate),
        sample_rate=sample_rate,
    )
    return amplitudes, frequencies_hz


def resample(
    inputs: Any, n_timesteps: int, method: Any = "linear", add_endpoint: bool = True
) -> tf.Tensor:
    if method == "window":
        return upsample_with_windows(inputs, n_timesteps, add_endpoint)
    inputs = tf.convert_to_tensor(inputs)
    shape = inputs.shape.as_list()
    shape = [1, *shape, 1] if len(shape) == 1 else shape
    frames = tf.reshape(inputs, [*shape[:2], int(np.prod(shape[2:]))])
    steps = (shape[1], n_timesteps) if add_endpoint else (shape[1] - 1, n_timesteps - 1)
    made = dsp.resample_frames(frames, n_timesteps, ratio=steps[0] / steps[1], method=method)
    if inputs.shape.rank == 1:
        return made[0, :, 0]
    return tf.reshape(made, [shape[0], n_timesteps, *shape[2:]])


def upsample_with_windows(inputs: Any, n_timesteps: int, add_endpoint: bool = True) -> tf.Tensor:
    n_frames = np.shape(inputs)[1] if np.ndim(inputs) > 1 else 1
    hop_length = dsp.hop_length_for(n_timesteps, n_frames if add_endpoint else n_frames - 1)
    samples = dsp.resample_envelope(inputs, hop_length=hop_length, method="window")
    return samples[:, :n_timesteps]


def oscillator_bank(
    frequencies_hz: Any, amplitudes: Any, sample_rate: int = 16000, sum_sinusoids: bool = True
) -> tf.Tensor:
    play = dsp.sinusoidal if sum_sinusoids else dsp.sinusoids
    return play(
        tf.cast(frequencies_hz, tf.float32),
        tf.cast(amplitudes, tf.float32),
        hop_length=1,
        sample_rate=sample_rate,
    )


def harmonic_synthesis(
    f0_hz: Any,
    amplitudes: Any,
    harmonic_shifts: Any = None,
    harmonic_distribution: Any = None,
    n_samples: int = 64000,
    sample_rate: int = 16000,
) -> tf.Tensor:
    f0_hz = tf.cast(f0_hz, tf.float32)
    shares = tf.ones_like(f0_hz) if harmonic_distribution is None else harmonic_distribution
    return dsp.harmonic(
        f0_hz,
        tf.cast(amplitudes, tf.float32),
        tf.cast(shares, tf.float32),
        hop_length=dsp.hop_length_for(n_samples, f0_hz.shape[1]),
        sample_rate=sample_rate,
        harmonic_shifts=None if harmonic_shifts is None else tf.cast(harmonic_shifts, tf.float32),
    )


def wavetable_synthesis(
    f0_hz: Any, amplitudes: Any, wavetables: Any, n_samples: int, sample_rate: int = 16000
) -> tf.Tensor:
    tables = tf.convert_to_tensor(wavetables)
    tables = tables if tables.shape.rank == 3 else tables[:, tf.newaxis]
    controls = [tf.cast(x, tf.float32) for x in (f0_hz, amplitudes, tables)]
    n_frames = max(x.shape[1] for x in controls)
    audio = wavetable(
        *(resample(x, n_frames) for x in controls),
        hop_length=dsp.hop_length_for(n_samples, n_frames),
        sample_rate=sample_rate,
    )
    # Its first sample has the phase 0, ours that of one step.
    return tf.pad(audio[:, :-1], [[0, 0], [1, 0]])


def variable_length_delay(phase: Any, audio: Any, max_length: int = 512) -> tf.Tensor:
    delay = max_length * phase[..., 0]
    return dsp.fractional_delay(audio, delay, longest=max_length, order=1)[0]


def fft_convolve(
    audio: Any, impulse_response: Any, padding: str = "same", delay_compensation: int = -1
) -> tf.Tensor:
    if padding not in ("same", "valid"):
        left_out("a convolution has no padding: it always gives its tail")
    audio, taps = tf.convert_to_tensor(audio), tf.convert_to_tensor(impulse_response)
    n_samples = audio.shape[1]
    if taps.shape.rank == 3:
        hop_length = dsp.n_frames(n_samples, taps.shape[1])
        padded = dsp.pad_to_frames(audio, hop_length)
        return dsp.time_varying_fir(padded, taps, hop_length=hop_length)[:, :n_samples]
    if audio.shape[0] == 1 and taps.shape[0] != 1:
        left_out("one sound may have several responses")
    delay = taps.shape[1] // 2 if delay_compensation < 0 else delay_compensation
    made = dsp.fft_convolve(audio, taps)[:, delay:]
    return made[:, :n_samples] if padding == "same" else made


def frequency_impulse_response(magnitudes: Any, window_size: int = 0) -> tf.Tensor:
    magnitudes = tf.convert_to_tensor(magnitudes)
    if not 1 <= window_size < 2 * (magnitudes.shape[-1] - 1):
        return dsp.impulse_response_from_magnitudes(magnitudes)
    # Without the tap that is zero, it is odd.
    window_length = window_size + window_size % 2
    return dsp.impulse_response_from_magnitudes(magnitudes, window_length=window_length)[..., 1:]


def frequency_filter(
    audio: Any, magnitudes: Any, window_size: int = 0, padding: str = "same"
) -> tf.Tensor:
    return fft_convolve(audio, frequency_impulse_response(magnitudes, window_size), padding)


def sinc_filter(
    audio: Any,
    cutoff_frequency: float,
    window_size: int = 512,
    padding: str = "same",
    high_pass: bool = False,
) -> tf.Tensor:
    taps = dsp.sinc_impulse_response(
        tf.constant([[0.5 * cutoff_frequency]]),  # In cycles a sample; there 1 is Nyquist.
        n_taps=window_size + window_size % 2,
        sample_rate=1,
        high_pass=high_pass,
    )
    return fft_convolve(audio, taps, padding)
