"""Pure functions on tensors: oscillators, filters, envelopes, spectra, loudness.

All are differentiable, take dynamic batch sizes and lengths, and give the same numbers in eager
mode, in graphs and under XLA. Audio is `[batch, n_samples]`; controls are
`[batch, n_frames, n_channels]`, frame i standing at sample i * hop_length.
"""

from ddsp_tf.dsp.all_pole_parameters import filters_from_logits, lpc_from_filters
from ddsp_tf.dsp.biquads import (
    all_pass_biquad,
    band_pass_biquad,
    biquad_radius,
    biquad_response,
    biquads_at_samples,
    fft_length_for_decay,
    fft_length_for_radius,
    filter_biquads,
    filter_biquads_by_frequency,
    first_order_all_pass,
    high_pass_biquad,
    high_shelf_biquad,
    low_pass_biquad,
    low_shelf_biquad,
    notch_biquad,
    one_pole_high_pass,
    one_pole_low_pass,
    peak_biquad,
)
from ddsp_tf.dsp.delays import (
    all_pass_delay,
    comb_filter,
    fractional_delay,
    low_frequency_oscillator,
    schroeder_all_pass,
)
from ddsp_tf.dsp.dynamics import (
    attack_release,
    compressor_gain_db,
    expander_gain_db,
    level_db,
    time_factor,
)
from ddsp_tf.dsp.envelopes import crossfade, resample_envelope, resample_frames
from ddsp_tf.dsp.filter_families import (
    FILTER_FAMILIES,
    polynomial_roots,
    random_filters,
    sections_from_roots,
    sections_magnitude_db,
)
from ddsp_tf.dsp.filters import (
    fast_fft_length,
    fft_convolve,
    fir_context_frames,
    impulse_response_from_magnitudes,
    time_varying_fir,
    time_varying_fir_block,
)
from ddsp_tf.dsp.formants import formants_of_lpc, formants_of_response
from ddsp_tf.dsp.frame_filters import filter_frames
from ddsp_tf.dsp.framing import (
    frame,
    hold_last_frame,
    hop_length_for,
    n_frames,
    overlap_add,
    pad_to_frames,
)
from ddsp_tf.dsp.frequencies import frequencies_sigmoid, frequencies_softmax
from ddsp_tf.dsp.glottal import R_D_RANGE, lf_harmonics, lf_pulse, lf_shape
from ddsp_tf.dsp.glottal_table import GlottalTable, glottal_table, stream_glottal
from ddsp_tf.dsp.graphic_equalizer import graphic_equalizer_sections, octave_bands_hz
from ddsp_tf.dsp.linear_prediction import (
    autocorrelation,
    levinson,
    lpc_from_lsf,
    lpc_from_reflection,
    lpc_response,
    lsf_from_lpc,
    reflection_from_lpc,
)
from ddsp_tf.dsp.loudness import (
    a_weighted_loudness_db,
    a_weighting_db,
    loudness_range_db,
    quantiles_where,
    rms_power_db,
)
from ddsp_tf.dsp.mel import mel_spectrogram, mfcc
from ddsp_tf.dsp.minimum_phase import minimum_phase
from ddsp_tf.dsp.modular import adsr_envelope, lfo_waves, modulated_phase, square_saw_wave
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
from ddsp_tf.dsp.perturbation import own_errors, perturbed
from ddsp_tf.dsp.phasing import all_pass_loop, all_pass_loop_by_frames
from ddsp_tf.dsp.pole_zero import (
    PoleZeroDesign,
    design_poles_and_zeros,
    pole_zero_magnitude_db,
    pole_zero_sections,
    roots_inside,
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
from ddsp_tf.dsp.subtractive import resonant_low_pass_gain, saw_square_amplitudes
from ddsp_tf.dsp.tube import (
    SPEED_OF_SOUND_CM_S,
    tube_lpc,
    tube_reflection,
    tube_response,
    tube_waveguide,
)
from ddsp_tf.dsp.two_way_mismatch import two_way_mismatch
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
from ddsp_tf.dsp.waveshaping import (
    chebyshev,
    hard_clip,
    oversampled,
    oversampling_state,
    soft_clip,
)
from ddsp_tf.dsp.world import (
    compress_aperiodicity,
    compress_envelope,
    decompress_aperiodicity,
    decompress_envelope,
    world_responses,
)
from ddsp_tf.dsp.yule_walker import yule_walker_sections

__all__ = [
    "DB_RANGE",
    "FILTER_FAMILIES",
    "R_D_RANGE",
    "SPEED_OF_SOUND_CM_S",
    "GlottalTable",
    "PoleZeroDesign",
    "a_weighted_loudness_db",
    "a_weighting_db",
    "adsr_envelope",
    "all_pass_biquad",
    "all_pass_delay",
    "all_pass_loop",
    "all_pass_loop_by_frames",
    "all_pole",
    "amplitude_to_db",
    "attack_release",
    "autocorrelation",
    "band_pass_biquad",
    "bark_to_hz",
    "biquad_radius",
    "biquad_response",
    "biquads_at_samples",
    "chebyshev",
    "comb_filter",
    "compress_aperiodicity",
    "compress_envelope",
    "compressor_gain_db",
    "convolve_partitioned",
    "crossfade",
    "db_to_amplitude",
    "db_to_power",
    "decompress_aperiodicity",
    "decompress_envelope",
    "design_poles_and_zeros",
    "exp_sigmoid",
    "expander_gain_db",
    "fast_fft_length",
    "fft_convolve",
    "fft_length_for_decay",
    "fft_length_for_radius",
    "filter_biquads",
    "filter_biquads_by_frequency",
    "filter_frames",
    "filters_from_logits",
    "fir_context_frames",
    "first_order",
    "first_order_all_pass",
    "formants_of_lpc",
    "formants_of_response",
    "fractional_delay",
    "frame",
    "frequencies_sigmoid",
    "frequencies_softmax",
    "glottal_table",
    "graphic_equalizer_sections",
    "hann_window",
    "hard_clip",
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
    "level_db",
    "levinson",
    "lf_harmonics",
    "lf_pulse",
    "lf_shape",
    "lfo_waves",
    "loudness_range_db",
    "low_frequency_oscillator",
    "low_pass_biquad",
    "low_shelf_biquad",
    "lpc_from_filters",
    "lpc_from_lsf",
    "lpc_from_reflection",
    "lpc_response",
    "lsf_from_lpc",
    "mel_spectrogram",
    "mel_to_hz",
    "mfcc",
    "midi_to_hz",
    "minimum_phase",
    "modulated_phase",
    "n_frames",
    "normalize_harmonics",
    "notch_biquad",
    "octave_bands_hz",
    "one_pole_high_pass",
    "one_pole_low_pass",
    "overlap_add",
    "oversampled",
    "oversampling_state",
    "own_errors",
    "pad_to_frames",
    "partition_spectra",
    "peak_biquad",
    "perturbed",
    "pole_zero_magnitude_db",
    "pole_zero_sections",
    "polynomial_roots",
    "power_to_db",
    "quantiles_where",
    "random_filters",
    "reflection_from_lpc",
    "remove_above_nyquist",
    "resample_envelope",
    "resample_frames",
    "resonant_low_pass_gain",
    "rms_power_db",
    "roots_inside",
    "saw_square_amplitudes",
    "scale_f0_hz",
    "scale_loudness_db",
    "schroeder_all_pass",
    "second_order_sections",
    "sections_from_roots",
    "sections_magnitude_db",
    "sinusoidal",
    "soft_clip",
    "square_saw_wave",
    "state_space",
    "state_variable_filter",
    "state_variable_mix",
    "state_variable_section",
    "stft",
    "stft_magnitude",
    "stream_glottal",
    "stream_harmonic",
    "stream_sinusoidal",
    "time_factor",
    "time_varying_fir",
    "time_varying_fir_block",
    "tube_lpc",
    "tube_reflection",
    "tube_response",
    "tube_waveguide",
    "two_way_mismatch",
    "uniform_noise",
    "unscale_f0_hz",
    "unscale_loudness_db",
    "world_responses",
    "yule_walker_sections",
]
