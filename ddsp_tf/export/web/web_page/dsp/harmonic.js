import { crossfade } from "./envelopes.js";

/** The additive synthesiser: ddsp_tf/dsp/oscillators.py, with the phase in doubles. */
export class Harmonic {
  /** @param {object} instrument An instrument.json. */
  constructor(instrument) {
    this.sampleRate = instrument.sample_rate;
    this.hopLength = instrument.hop_length;
    this.nHarmonics = instrument.synthesis.n_harmonics;
    this.weights = crossfade(this.hopLength, instrument.synthesis.amplitude_crossfade);
    this.here = new Float64Array(this.nHarmonics);
    this.slope = new Float64Array(this.nHarmonics);
    this.reset();
  }

  reset() {
    this.turns = 0;
  }

  /**
   * Writes the hop that begins at `frame` and glides towards `next`.
   * Both are `{f0Hz, amplitude, distribution}`.
   */
  render(output, frame, next) {
    const { here, slope, hopLength, weights } = this;
    const nAudible = this.setPartials(frame, next);
    const cycles = frame.f0Hz / this.sampleRate;
    const change = (next.f0Hz - frame.f0Hz) / this.sampleRate;
    for (let j = 0; j < hopLength; j++) {
      const turns = this.turns + cycles * (j + 1) + (change * j * (j + 1)) / (2 * hopLength);
      const angle = 2 * Math.PI * (turns - Math.round(turns));
      const sine = Math.sin(angle);
      const cosine = Math.cos(angle);
      const weight = weights[j];
      let wave = sine;
      let quarter = cosine;
      let total = 0;
      // Each partial is the one before, turned by the fundamental.
      for (let k = 0; k < nAudible; k++) {
        total += (here[k] + weight * slope[k]) * wave;
        const turned = wave * cosine + quarter * sine;
        quarter = quarter * cosine - wave * sine;
        wave = turned;
      }
      output[j] = total;
    }
    this.turns += cycles * hopLength + change * 0.5 * (hopLength - 1);
    this.turns -= Math.floor(this.turns);
  }

  /** A partial that reaches Nyquist at either frame is silent between them. */
  setPartials(frame, next) {
    const highest = Math.max(frame.f0Hz, next.f0Hz);
    let k = 0;
    for (; k < this.nHarmonics && highest * (k + 1) < 0.5 * this.sampleRate; k++) {
      this.here[k] = frame.amplitude * frame.distribution[k];
      this.slope[k] = next.amplitude * next.distribution[k] - this.here[k];
    }
    return k;
  }
}
