const N_BINS = 360;
const BAND = 12;
const LOG_LEAP = Math.log(1e-5);
const SALIENCE_FLOOR = 1e-3;
const EMISSION_EXPONENT = 0.5;
const CENTROID_REACH = 4;

const logBand = Float64Array.from({ length: 2 * BAND - 1 }, (_, i) =>
  Math.log(BAND - Math.abs(i - BAND + 1)),
);
const logRowSums = Float64Array.from({ length: N_BINS }, (_, from) => {
  let sum = 0;
  for (let to = 0; to < N_BINS; to++) sum += Math.max(BAND - Math.abs(to - from), 1e-5);
  return Math.log(sum);
});

/**
 * The most probable path through CREPE's salience (ddsp_tf/features/viterbi.py), decided a fixed
 * number of frames late: a file can wait for what comes, a microphone can't.
 */
export class PitchPath {
  /** @param {number} lag Frames that are heard before one is decided. */
  constructor(lag) {
    this.lag = lag;
    this.belief = new Float64Array(N_BINS);
    this.history = [];
  }

  /**
   * @param {Float32Array} salience `[360]`, 0 to 1.
   * @returns {{f0Hz: number, confidence: number}|null} The frame `lag` before this one.
   */
  push(salience) {
    this.advance(salience);
    this.history.push({ belief: this.belief, salience: Float32Array.from(salience) });
    return this.history.length > this.lag ? this.decideOldest() : null;
  }

  /** After the last frame: the next of those that are still waiting, or null. */
  flush() {
    return this.history.length ? this.decideOldest() : null;
  }

  advance(salience) {
    const previous = this.belief;
    const belief = new Float64Array(N_BINS);
    let largest = -Infinity;
    for (let bin = 0; bin < N_BINS; bin++) {
      let best = LOG_LEAP;
      const low = Math.max(0, bin - BAND + 1);
      const high = Math.min(N_BINS - 1, bin + BAND - 1);
      for (let from = low; from <= high; from++) {
        best = Math.max(best, previous[from] + logBand[from - bin + BAND - 1]);
      }
      const seen = EMISSION_EXPONENT * Math.log(Math.max(salience[bin], SALIENCE_FLOOR));
      belief[bin] = best + seen - logRowSums[bin];
      largest = Math.max(largest, belief[bin]);
    }
    for (let bin = 0; bin < N_BINS; bin++) belief[bin] -= largest;
    this.belief = belief;
  }

  decideOldest() {
    const newest = this.history[this.history.length - 1].belief;
    let bin = strongest(newest.map((score, i) => score + logRowSums[i]));
    for (let i = this.history.length - 2; i >= 0; i--) bin = origin(this.history[i].belief, bin);
    return read(this.history.shift().salience, bin);
  }
}

function origin(belief, bin) {
  let best = -Infinity;
  let chosen = bin;
  for (let from = Math.max(0, bin - BAND + 1); from < Math.min(N_BINS, bin + BAND); from++) {
    const score = belief[from] + logBand[from - bin + BAND - 1];
    if (score > best) {
      best = score;
      chosen = from;
    }
  }
  return best >= LOG_LEAP ? chosen : strongest(belief);
}

function strongest(values) {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i] > values[best]) best = i;
  return best;
}

/** The mean of the bins around `bin`, weighted by salience, and the largest salience there. */
function read(salience, bin) {
  let sum = 0;
  let moment = 0;
  let confidence = 0;
  const low = Math.max(0, bin - CENTROID_REACH);
  const high = Math.min(N_BINS - 1, bin + CENTROID_REACH);
  for (let i = low; i <= high; i++) {
    sum += salience[i];
    moment += salience[i] * (i - bin);
    confidence = Math.max(confidence, salience[i]);
  }
  const cents = (bin + moment / Math.max(sum, 1e-9)) * 20 + 1997.3794084376191;
  return { f0Hz: 10 * 2 ** (cents / 1200), confidence };
}
