import { FilteredNoise } from "./filtered_noise.js";
import { Harmonic } from "./harmonic.js";

/** One note at a time of an instrument, before its room: harmonics and filtered noise, times gain. */
export class Voice {
  /** @param {object} instrument An instrument.json. */
  constructor(instrument) {
    const { noise } = instrument.synthesis;
    this.hopLength = instrument.hop_length;
    this.harmonic = new Harmonic(instrument);
    this.noise = noise ? new FilteredNoise(noise, this.hopLength) : null;
    this.lookahead = this.noise ? this.noise.lookahead : 1;
    this.hop = new Float64Array(this.hopLength);
    this.reset();
  }

  reset() {
    this.harmonic.reset();
    this.noise?.reset();
    this.nHeard = 0;
    this.isResting = true;
  }

  /** Whether nothing is heard of frames, from the one that plays to the last that matters. */
  rests(frames) {
    for (let i = 0; i <= this.lookahead; i++) if (frames[i].gain > 0) return false;
    return true;
  }

  /** Adds the hop that begins at `frames[0]` to `output`; `lookahead` more frames must be there. */
  addTo(output, frames) {
    const { hop, hopLength } = this;
    const [frame, next] = frames;
    this.isResting = false;
    this.harmonic.render(hop, frame, next);
    if (this.noise) {
      while (this.nHeard <= this.lookahead) this.noise.push(frames[this.nHeard++].magnitudes);
      this.noise.addTo(hop);
      this.nHeard -= 1;
    }
    for (let i = 0; i < hopLength; i++) {
      output[i] += (frame.gain + ((next.gain - frame.gain) * i) / hopLength) * hop[i];
    }
  }

  /** Lets a hop pass in silence; what comes then begins anew. */
  rest() {
    if (!this.isResting) this.reset();
  }
}
