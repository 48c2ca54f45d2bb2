import { Fft, hann } from "../dsp/fft.js";

const FLOOR_DB = -80;

/** The loudness of a frame of audio, as ddsp_tf/dsp/loudness.py defines it. */
export class Loudness {
  /**
   * @param {object} settings `features` of an instrument.json: `sample_rate`,
   *   `loudness_fft_length` and `loudness`: "a_weighted", "magenta" or "rms".
   */
  constructor(settings) {
    this.length = settings.loudness_fft_length;
    if (settings.loudness === "rms") return;
    this.window = hann(this.length);
    // Zeros behind a frame give finer bins of the same spectrum, and an FFT of any frame.
    const size = 2 ** Math.ceil(Math.log2(this.length));
    this.weights = binWeights(settings, size);
    this.fft = new Fft(size);
    this.real = new Float64Array(size);
    this.imaginary = new Float64Array(size);
  }

  /** @param {Float32Array} frame `length` samples. @returns {number} dB, at least -80. */
  measure(frame) {
    return Math.max(FLOOR_DB, 10 * Math.log10(Math.max(this.power(frame), 1e-20)));
  }

  power(frame) {
    let sum = 0;
    if (!this.fft) {
      for (const x of frame) sum += x * x;
      return sum / frame.length;
    }
    const { real, imaginary } = this;
    for (let i = 0; i < this.length; i++) real[i] = frame[i] * this.window[i];
    real.fill(0, this.length);
    imaginary.fill(0);
    this.fft.forward(real, imaginary);
    for (let bin = 0; bin < this.weights.length; bin++) {
      sum += this.weights[bin] * (real[bin] ** 2 + imaginary[bin] ** 2);
    }
    return sum;
  }
}

function binWeights(settings, size) {
  const length = settings.loudness_fft_length;
  const nBins = size / 2 + 1;
  const magenta = settings.loudness === "magenta";
  const window = hann(length);
  const energy = window.reduce((sum, w) => sum + w * w, 0);
  return Float64Array.from({ length: nBins }, (_, bin) => {
    const gain = aWeighting((bin * settings.sample_rate) / size);
    if (magenta) return ((gain ** 2 / (length / 2 + 1)) * length) / size;
    const share = bin === 0 || bin === nBins - 1 ? 1 : 2;
    return (share * gain ** 2) / (size * energy);
  });
}

/** A-weighting as a gain, 1 at 1 kHz and 1e-4 at the least (IEC 61672-1:2013, annex E). */
function aWeighting(hz) {
  const response = (square) =>
    (12194.217 ** 2 * square ** 2) /
    ((square + 20.598997 ** 2) *
      Math.sqrt((square + 107.65265 ** 2) * (square + 737.86223 ** 2)) *
      (square + 12194.217 ** 2));
  return Math.max(response(hz ** 2) / response(1e6), 1e-4);
}
