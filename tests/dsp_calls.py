"""One call of each function of `dsp` whose numbers should stay, with drawn arguments."""

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.dsp.band_mixing import filter_by_sample, sinc_pair
from ddsp_tf.dsp.band_noises import band_filter, band_noises
from ddsp_tf.dsp.bark_cepstrum import bark_cepstrum, lpc_from_bark_cepstrum
from ddsp_tf.dsp.delay_networks import absorption_sections
from ddsp_tf.dsp.excitation import cyclic_noise
from ddsp_tf.dsp.filter_families import random_filters
from ddsp_tf.dsp.formants import formants_of_response
from ddsp_tf.dsp.inverse_filtering import inverse_filters
from ddsp_tf.dsp.mel import mel_power
from ddsp_tf.dsp.mel_all_pole import lpc_from_mel_db
from ddsp_tf.dsp.minimum_phase import minimum_phase
from ddsp_tf.dsp.modal import find_modes, modal_response
from ddsp_tf.dsp.octave_equalizer import octave_equalizer_sections
from ddsp_tf.dsp.pole_zero import design_poles_and_zeros
from ddsp_tf.dsp.random_rooms import random_room
from ddsp_tf.dsp.room_acoustics import clarity_db, echo_density, reverberation_times_s
from ddsp_tf.dsp.room_noise import decaying_noise, filtered_velvet_noise
from ddsp_tf.dsp.two_way_mismatch import two_way_mismatch
from ddsp_tf.dsp.velvet_noise import velvet_noise
from ddsp_tf.dsp.wavetables import wavetable
from ddsp_tf.dsp.world import compress_envelope, decompress_envelope, world_responses
from ddsp_tf.dsp.yule_walker import yule_walker_sections

RATE, HOP = 8000, 16
BANDS_HZ = (250.0, 500.0, 1000.0, 2000.0)


def calls() -> dict[str, Callable[[], Any]]:
    """Functions by name; each gives what the function of that name gives."""
    random = np.random.default_rng(8)

    def drawn(low: float, high: float, *shape: int) -> np.ndarray:
        """The same numbers whatever was drawn before."""
        return np.random.default_rng(shape).uniform(low, high, shape).astype(np.float32)

    audio, f0_hz = drawn(-0.9, 0.9, 2, 320), drawn(150, 400, 2, 20, 1)
    level, shares = drawn(0.1, 1.0, 2, 20, 1), drawn(0.0, 1.0, 2, 20, 6)
    many_hz, power = drawn(200, 3000, 2, 20, 5), drawn(0.01, 2.0, 3, 161)
    response = np.exp(-np.arange(2000) / 200) * random.standard_normal(2000)
    stroke = np.exp(-np.arange(800) / 150) * np.sin(np.arange(800) * 0.3)
    long = np.float32(0.3 * random.standard_normal([1, 2000]))
    half, t60_s = drawn(0.2, 0.8, 2, 1), drawn(0.1, 0.4, 2, 4)
    rates: Any = {"sample_rate": RATE, "hop_length": HOP}
    rate: Any = {"sample_rate": RATE}
    spectral: Any = {"fft_length": 64, "hop_length": HOP}
    absorption = absorption_sections([31, 37], 0.4, 0.2, **rate)
    roots = drawn(-1.0, 1.0, 1, 3, 4)
    noises = band_noises(4, **rate, loop_length=8192)
    return {
        "a_weighted_loudness_db": lambda: dsp.a_weighted_loudness_db(audio, **rates),
        "absorption_sections": lambda: absorption,
        "amplitude_to_db": lambda: [dsp.amplitude_to_db(level), dsp.db_to_amplitude(-30 * level)],
        "band_filter": lambda: band_filter(300.0, 900.0, **rate),
        "band_noises": lambda: noises,
        "bark_cepstrum": lambda: bark_cepstrum(power),
        "biquads": lambda: [
            dsp.low_pass_biquad(700.0, 0.9, **rate), dsp.high_pass_biquad(700.0, 0.9, **rate),
            dsp.band_pass_biquad(700.0, 0.9, **rate), dsp.notch_biquad(700.0, 0.9, **rate),
            dsp.all_pass_biquad(700.0, 0.9, **rate), dsp.peak_biquad(700.0, 5.0, 0.9, **rate),
            dsp.low_shelf_biquad(700.0, 5.0, 0.9, **rate),
            dsp.high_shelf_biquad(700.0, 5.0, 0.9, **rate),
        ],
        "clarity_db": lambda: clarity_db(response, **rate, early_s=0.01),
        "compress_envelope": lambda: decompress_envelope(
            compress_envelope(power, n_bands=12, **rate), n_bins=161, **rate
        ),
        "compressor_gain_db": lambda: [
            dsp.compressor_gain_db(40 * audio - 20, -20.0, 3.0, 6.0),
            dsp.expander_gain_db(40 * audio - 20, -20.0, 3.0, 6.0, 30.0),
        ],
        "constant_q": lambda: dsp.constant_q_magnitude(long, **rates, n_bins=24, lowest_hz=500.0),
        "cyclic_noise": lambda: cyclic_noise(
            np.cumsum(drawn(0.02, 0.05, 2, 320), axis=1), drawn(150, 400, 2, 320), **rate
        ),
        "decaying_noise": lambda: decaying_noise(
            drawn(-20, 0, 2, 4), t60_s, 400, BANDS_HZ, **rate
        ),
        "design_poles_and_zeros": lambda: design_poles_and_zeros(
            roots, drawn(-9, 9, 1, 9)
        ).magnitude_db,
        "echo_density": lambda: echo_density(response, **rate),
        "fft_convolve": lambda: dsp.fft_convolve(audio, drawn(-1, 1, 2, 40)),
        "filter_by_sample": lambda: filter_by_sample(
            drawn(-1, 1, 2, 350), sinc_pair(drawn(0.1, 0.4, 2, 320))[0]
        ),
        "filtered_velvet_noise": lambda: filtered_velvet_noise(
            drawn(-20, 0, 2, 3, 4), t60_s, drawn(-1, 1, 2, 3), 400, BANDS_HZ, **rate
        ),
        "find_modes": lambda: find_modes(stroke, n_modes=1, **rate).frequencies_hz,
        "formants_of_response": lambda: formants_of_response(
            np.abs(np.fft.rfft(stroke[:64])), np.arange(33) * 125.0
        ),
        "fractional_delay": lambda: dsp.fractional_delay(audio, drawn(3, 9, 2, 320), longest=12)[0],
        "frequencies_softmax": lambda: [
            dsp.frequencies_softmax(shares), dsp.frequencies_sigmoid(shares),
            dsp.frequencies_critical_bands(shares),
        ],
        "gaussian_noise": lambda: [
            dsp.gaussian_noise(2, 50, seed=3, start=7), dsp.uniform_noise(2, 50, seed=3, start=7),
        ],
        "harmonic": lambda: dsp.harmonic(f0_hz, level, shares, **rates),
        "harmonic_to_sinusoidal": lambda: dsp.sinusoidal_to_harmonic(
            *dsp.harmonic_to_sinusoidal(f0_hz, level, shares, **rate), f0_hz, n_harmonics=6
        ),
        "hz_to_midi": lambda: [
            dsp.hz_to_midi(many_hz), dsp.hz_to_mel(many_hz), dsp.hz_to_bark(many_hz),
            dsp.hz_to_erb(many_hz), dsp.midi_to_hz(40 * level), dsp.mel_to_hz(900 * level),
            dsp.bark_to_hz(9 * level), dsp.scale_f0_hz(many_hz), dsp.unscale_f0_hz(level),
        ],
        "impulse_response_from_magnitudes": lambda: dsp.time_varying_fir(
            audio, dsp.impulse_response_from_magnitudes(shares), hop_length=HOP
        ),
        "inverse_filters": lambda: [inverse_filters(long[0, :600], tract_order=8).tract],
        "lf_harmonics": lambda: tf.abs(
            dsp.lf_harmonics(tf.constant([0.5, 1.2, 2.5]), n_harmonics=9)
        ),
        "levinson": lambda: dsp.levinson(dsp.autocorrelation(audio, order=6))[0],
        "loudness_range_db": lambda: dsp.loudness_range_db(np.tile(long, [1, 8]), **rate),
        "low_frequency_oscillator": lambda: [
            dsp.low_frequency_oscillator(7.0 * half, 200, 0.2, **rate)[0],
            dsp.low_frequency_oscillator(7.0 * half, 200, 0.2, **rate, shape="triangle")[0],
        ],
        "lpc_from_bark_cepstrum": lambda: lpc_from_bark_cepstrum(
            bark_cepstrum(power)[np.newaxis]
        ),
        "lpc_from_lsf": lambda: dsp.lpc_from_lsf(np.sort(drawn(0.1, 3.0, 2, 6))),
        "lpc_from_mel_db": lambda: lpc_from_mel_db(
            drawn(-60, 0, 2, 24), order=6, **rate, fft_length=256, preemphasis=0.5
        ),
        "mel_power": lambda: mel_power(long[0], **rate, fft_length=256, hop_length=64),
        "mel_spectrogram": lambda: [
            dsp.mel_spectrogram(audio, **rate, **spectral, n_bands=10),
            dsp.mfcc(audio, **rate, **spectral, n_bands=12, n_coefficients=5, highest_hz=3900.0),
        ],
        "minimum_phase": lambda: tf.abs(minimum_phase(np.log(power))) + tf.cast(
            tf.math.angle(minimum_phase(np.log(power))), tf.float32
        ),
        "modal_response": lambda: modal_response(
            many_hz[:, 0], shares[:, 0, :5], drawn(0.1, 0.4, 2, 5), shares[:, 1, :5],
            n_samples=100, **rate
        ),
        "mu_law": lambda: [dsp.mu_law(audio), dsp.mu_law_inverse(dsp.mu_law_codes(audio))],
        "normalize_harmonics": lambda: dsp.normalize_harmonics(shares, 3 * f0_hz, **rate),
        "octave_equalizer_sections": lambda: octave_equalizer_sections(
            drawn(-9, 9, 4), BANDS_HZ, **rate
        ),
        "random_filters": lambda: [
            random_filters(np.random.default_rng(1), family, 2, order=4)
            for family in ("uniform_disk", "uniform_radius")
        ],
        "random_room": _rooms,
        "resample_envelope": lambda: [
            *(
                dsp.resample_envelope(shares, hop_length=HOP, method=method)
                for method in ("linear", "window", "cubic", "nearest")
            ),
            dsp.resample_frames(shares, 33, ratio=0.6, method="cubic"),
        ],
        "reverberation_times_s": lambda: reverberation_times_s(response, BANDS_HZ, **rate),
        "rms_power_db": lambda: dsp.rms_power_db(audio, hop_length=HOP, frame_length=64),
        "sinc_impulse_response": lambda: [
            dsp.sinc_impulse_response(half * 2000, n_taps=32, **rate, high_pass=high)
            for high in (False, True)
        ],
        "sinusoidal": lambda: dsp.sinusoidal(many_hz, shares[..., :5], **rates),
        "state_variable_filter": lambda: dsp.state_variable_filter(
            audio, 900 * half, half + 0.5, dsp.state_variable_mix("peak", q=0.8, gain_db=5.0),
            **rate
        )[0],
        "tube_lpc": lambda: [
            dsp.tube_lpc(half + level[:, :8, 0]), dsp.tube_reflection(level[..., 0]),
        ],
        "two_way_mismatch": lambda: two_way_mismatch(
            many_hz[0, :, 0], np.sort(many_hz[1, 0]), shares[0, 0, :5], n_harmonics=4
        ),
        "velvet_noise": lambda: velvet_noise(400, density_hz=900.0, **rate, seed=5),
        "wavetable": lambda: wavetable(f0_hz, level, drawn(-1, 1, 2, 20, 16), **rates),
        "waveshaping": lambda: [
            dsp.hard_clip(2 * audio), dsp.soft_clip(2 * audio),
            dsp.chebyshev(audio, drawn(-1, 1, 2, 4)),
        ],
        "world_responses": lambda: [tf.abs(x) for x in world_responses(power, power / 2.1)],
        "yule_walker_sections": lambda: yule_walker_sections(
            np.cumsum(drawn(-1, 1, 1, 128), axis=1).astype(np.float64), order=4
        ),
    }  # fmt: skip


def _rooms() -> list[Any]:
    """Several, of both kinds: of echoes that grow dense, and dense from the start."""
    settings: Any = {"bands_hz": BANDS_HZ, "sample_rate": RATE, "longest_s": 0.3}
    rooms = [random_room(np.random.default_rng(seed), **settings) for seed in range(6)]
    return [x for room in rooms for x in (room.response, room.decay_db, room.t60_s)]
