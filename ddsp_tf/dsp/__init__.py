"""Pure functions on tensors: oscillators, filters, envelopes, spectra, loudness.

All are differentiable, take dynamic batch sizes and lengths, and give the same numbers in eager
mode, in graphs and under XLA. Audio is `[batch, n_samples]`; controls are
`[batch, n_frames, n_channels]`, frame i standing at sample i * hop_length.
"""

from ddsp_tf.dsp.biquads import (
    all_pass_biquad,
    band_pass_biquad,
    biquad_radius,
    biquad_response,
    fft_length_for_decay,
    fft_length_for_radius,
    filter_biquads,
    filter_biquads_by_frequency,
    high_pass_biquad,
    high_shelf_biquad,
    low_pass_biquad,
    low_shelf_biquad,
    notch_biquad,
    peak_biquad,
)
from ddsp_tf.dsp.envelopes import crossfade, resample_envelope, resample_frames
from ddsp_tf.dsp.filters import (
    fast_fft_length,
    fft_convolve,
    fir_context_frames,
    impulse_response_from_magnitudes,
    time_varying_fir,
    time_varying_fir_block,
)
from ddsp_tf.dsp.framing import (
    frame,
    hold_last_frame,
    hop_length_for,
    n_frames,
    overlap_add,
    pad_to_frames,
)
from ddsp_tf.dsp.linear_prediction import (
    autocorrelation,
    levinson,
    lpc_from_lsf,
    lpc_from_reflection,
    lpc_response,
    lsf_from_lpc,
    reflection_from_lpc,
)
from ddsp_tf.dsp.loudness import a_weighted_loudness_db, a_weighting_db, rms_power_db
from ddsp_tf.dsp.mel import mel_spectrogram, mfcc
from ddsp_tf.dsp.noise import uniform_noise
from ddsp_tf.dsp.oscillators import (
    harmonic,
    normalize_harmonics,
    remove_above_nyquist,
    sinusoidal,
    stream_harmonic,
    stream_sinusoidal,
)
from ddsp_tf.dsp.partitioned_convolution import (
    convolve_partitioned,
    initial_partition_history,
    partition_spectra,
)
from ddsp_tf.dsp.recurrences import (
    all_pole,
    first_order,
    second_order_sections,
    state_space,
)
from ddsp_tf.dsp.scaling import (
    exp_sigmoid,
    scale_f0_hz,
    scale_loudness_db,
    unscale_f0_hz,
    unscale_loudness_db,
)
from ddsp_tf.dsp.spectral import hann_window, stft, stft_magnitude
from ddsp_tf.dsp.state_variable import (
    state_variable_filter,
    state_variable_mix,
    state_variable_section,
)
from ddsp_tf.dsp.units import (
    DB_RANGE,
    amplitude_to_db,
    bark_to_hz,
    db_to_amplitude,
    db_to_power,
    hz_to_bark,
    hz_to_erb,
    hz_to_mel,
    hz_to_midi,
    mel_to_hz,
    midi_to_hz,
    power_to_db,
)

__all__ = [
    "DB_RANGE",
    "a_weighted_loudness_db",
    "a_weighting_db",
    "all_pass_biquad",
    "all_pole",
    "amplitude_to_db",
    "autocorrelation",
    "band_pass_biquad",
    "bark_to_hz",
    "biquad_radius",
    "biquad_response",
    "convolve_partitioned",
    "crossfade",
    "db_to_amplitude",
    "db_to_power",
    "exp_sigmoid",
    "fast_fft_length",
    "fft_convolve",
    "fft_length_for_decay",
    "fft_length_for_radius",
    "filter_biquads",
    "filter_biquads_by_frequency",
    "fir_context_frames",
    "first_order",
    "frame",
    "hann_window",
    "harmonic",
    "high_pass_biquad",
    "high_shelf_biquad",
    "hold_last_frame",
    "hop_length_for",
    "hz_to_bark",
    "hz_to_erb",
    "hz_to_mel",
    "hz_to_midi",
    "impulse_response_from_magnitudes",
    "initial_partition_history",
    "levinson",
    "low_pass_biquad",
    "low_shelf_biquad",
    "lpc_from_lsf",
    "lpc_from_reflection",
    "lpc_response",
    "lsf_from_lpc",
    "mel_spectrogram",
    "mel_to_hz",
    "mfcc",
    "midi_to_hz",
    "n_frames",
    "normalize_harmonics",
    "notch_biquad",
    "overlap_add",
    "pad_to_frames",
    "partition_spectra",
    "peak_biquad",
    "power_to_db",
    "reflection_from_lpc",
    "remove_above_nyquist",
    "resample_envelope",
    "resample_frames",
    "rms_power_db",
    "scale_f0_hz",
    "scale_loudness_db",
    "second_order_sections",
    "sinusoidal",
    "state_space",
    "state_variable_filter",
    "state_variable_mix",
    "state_variable_section",
    "stft",
    "stft_magnitude",
    "stream_harmonic",
    "stream_sinusoidal",
    "time_varying_fir",
    "time_varying_fir_block",
    "uniform_noise",
    "unscale_f0_hz",
    "unscale_loudness_db",
]
