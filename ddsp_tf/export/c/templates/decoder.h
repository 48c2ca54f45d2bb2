/* ${title}: its decoder in C99. Written by ddsp_tf ${version}.
 * Licence of the instrument: ${licence}
 *
 * One call makes one frame, ${frame_rate} a second. Nothing is allocated, and two threads may call at
 * once with states of their own. What a host does with the numbers: docs/contract.md of ddsp_tf.
 */
#ifndef ${NAME}_DECODER_H
#define ${NAME}_DECODER_H

#define ${NAME}_SAMPLE_RATE ${sample_rate}
#define ${NAME}_HOP_LENGTH ${hop_length}
#define ${NAME}_N_STATE ${n_state}
#define ${NAME}_N_HARMONICS ${n_harmonics}
#define ${NAME}_N_BANDS ${n_bands} /* of the noise; 0: there is none */
#define ${NAME}_WINDOW_LENGTH ${window_length} /* of the noise's filters */
#define ${NAME}_NOISE_SEED ${seed}u
#define ${NAME}_WINDOW_CROSSFADE ${window_crossfade} /* 1: partials are faded by a window, 0: by a line */
${ranges}
#ifdef __cplusplus
extern "C" {
#endif

/* f0_scaled: MIDI note / 127, where MIDI note = 69 + 12 log2(max(f0_hz, 8.1757989) / 440).
 * loudness_scaled: loudness in dB / 80 + 1.
 * state: zeros before the first frame; changed in place.
 * amplitudes: one number, the amplitude of all partials together.
 * harmonic_distribution: the share of each partial; they sum to 1 below Nyquist.
${noise_meaning} */
void ${name}_step(float f0_scaled, float loudness_scaled, float *state, float *amplitudes,
${indent}float *harmonic_distribution${noise_argument});

#ifdef __cplusplus
}
#endif

#endif
