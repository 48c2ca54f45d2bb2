import { crossfade } from "./envelopes.js";
import { Fft, powerOfTwo } from "./fft.js";
import { UniformNoise } from "./noise.js";

/**
 * The subtractive synthesiser: ddsp_tf/dsp/filters.py.
 *
 * Each frame's filter is applied to the two hops of noise around the frame, under a window. The
 * filters have no delay, so they reach back: a hop is complete once `lookahead` later frames came.
 */
export class FilteredNoise {
  /** @param {object} settings `synthesis.noise` of an instrument.json. */
  constructor(settings, hopLength) {
    this.hopLength = hopLength;
    this.half = settings.window_length / 2;
    this.nBands = settings.n_bands;
    const reach = Math.ceil(this.half / hopLength);
    this.lookahead = 1 + reach;
    this.noise = new UniformNoise(settings.seed);
    this.segment = new Float64Array(2 * hopLength);
    const rise = crossfade(hopLength, "window");
    this.window = Float64Array.from([...rise, ...rise.map((w) => 1 - w)]);
    this.setCosines();
    this.fft = new Fft(powerOfTwo(2 * hopLength + settings.window_length));
    this.real = new Float64Array(this.fft.size);
    this.imaginary = new Float64Array(this.fft.size);
    // Sums of responses from `reach + 1` hops before the newest frame to as many after it.
    this.sums = new Float64Array((2 * reach + 3) * hopLength);
    this.origin = (reach + 1) * hopLength;
    this.reset();
  }

  reset() {
    this.sums.fill(0);
    this.nFrames = 0;
  }

  /** Takes the gains of the next frame, `[nBands]`. */
  push(magnitudes) {
    const { hopLength, half, segment, real, imaginary, fft, sums } = this;
    sums.copyWithin(0, hopLength);
    sums.fill(0, sums.length - hopLength);
    this.noise.fill(segment, (this.nFrames - 1) * hopLength);
    real.fill(0);
    imaginary.fill(0);
    for (let i = 0; i < segment.length; i++) real[i] = segment[i] * this.window[i];
    this.setResponse(magnitudes, imaginary);
    // One transform for two real signals, a and b; the product of their spectra is the imaginary
    // part of the square of a + ib, halved.
    fft.forward(real, imaginary);
    this.multiplyParts();
    fft.inverse(real, imaginary);
    const start = this.origin - hopLength - half;
    for (let i = 0; i < 2 * (hopLength + half) - 1; i++) sums[start + i] += real[i] / fft.size;
    this.nFrames += 1;
  }

  /** Adds the hop that lies `lookahead` frames before the newest one. */
  addTo(output) {
    const start = this.origin - this.lookahead * this.hopLength;
    for (let i = 0; i < this.hopLength; i++) output[i] += this.sums[start + i];
  }

  /** The symmetric impulse response of the magnitudes, `2 * half` taps, centred at tap `half`. */
  setResponse(magnitudes, output) {
    const { half, nBands, cosines, taper } = this;
    for (let tap = 0; tap < half; tap++) {
      let sum = 0;
      for (let band = 0, at = tap * nBands; band < nBands; band++, at++) {
        sum += cosines[at] * magnitudes[band];
      }
      sum *= taper[tap];
      output[half + tap] = sum;
      output[half - tap] = sum;
    }
    output[0] = 0;
  }

  setCosines() {
    const { half, nBands } = this;
    const length = 2 * (nBands - 1);
    this.cosines = new Float64Array(half * nBands);
    this.taper = new Float64Array(half);
    for (let tap = 0; tap < half; tap++) {
      this.taper[tap] = 0.5 + 0.5 * Math.cos((Math.PI * tap) / half);
      for (let band = 0; band < nBands; band++) {
        const share = band === 0 || band === nBands - 1 ? 1 : 2;
        const angle = (2 * Math.PI * ((band * tap) % length)) / length;
        this.cosines[tap * nBands + band] = (share * Math.cos(angle)) / length;
      }
    }
  }

  /** From the spectrum Z of a + ib to that of a * b: (Z[k]^2 - conj(Z[-k])^2) / 4i. */
  multiplyParts() {
    const { real, imaginary } = this;
    const size = real.length;
    for (let k = 0; k <= size / 2; k++) {
      const mirror = (size - k) % size;
      const squareRe = real[k] ** 2 - imaginary[k] ** 2;
      const squareIm = 2 * real[k] * imaginary[k];
      const mirrorRe = real[mirror] ** 2 - imaginary[mirror] ** 2;
      const mirrorIm = -2 * real[mirror] * imaginary[mirror];
      const re = (squareIm - mirrorIm) / 4;
      const im = -(squareRe - mirrorRe) / 4;
      real[k] = re;
      imaginary[k] = im;
      real[mirror] = re;
      imaginary[mirror] = -im;
    }
  }
}
