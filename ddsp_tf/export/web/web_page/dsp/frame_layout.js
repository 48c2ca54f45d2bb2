/**
 * How a frame's controls lie in a Float32Array: f0 in Hz, gain of the dry sound, amplitude, the
 * harmonic distribution, the noise magnitudes.
 */
export class FrameLayout {
  /** @param {object} instrument An instrument.json. */
  constructor({ synthesis }) {
    this.nHarmonics = synthesis.n_harmonics;
    this.nNoiseBands = synthesis.noise?.n_bands ?? 0;
    this.stride = 3 + this.nHarmonics + this.nNoiseBands;
  }

  write(frames, index, f0Hz, gain, controls) {
    const at = index * this.stride;
    frames[at] = f0Hz;
    frames[at + 1] = gain;
    frames[at + 2] = controls.amplitudes[0];
    frames.set(controls.harmonic_distribution, at + 3);
    if (this.nNoiseBands) frames.set(controls.noise_magnitudes, at + 3 + this.nHarmonics);
  }

  /** Gives a frame as an object whose arrays are views. */
  read(frames, index) {
    const at = index * this.stride;
    const noiseAt = at + 3 + this.nHarmonics;
    return {
      f0Hz: frames[at],
      gain: frames[at + 1],
      amplitude: frames[at + 2],
      distribution: frames.subarray(at + 3, noiseAt),
      magnitudes: frames.subarray(noiseAt, noiseAt + this.nNoiseBands),
    };
  }
}
