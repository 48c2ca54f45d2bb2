import { FrontEnd } from "../features/front_end.js";
import { Resampler } from "../features/resampler.js";

/** The features of what is sung or played into a microphone. */
export class MicrophoneSource {
  /** @param {number} inputRate Of the blocks that `push` takes. */
  constructor(settings, track, inputRate) {
    this.resampler = new Resampler(inputRate, settings.sample_rate);
    this.frontEnd = new FrontEnd(settings, track, 0);
    this.ended = false;
  }

  push(block) {
    this.frontEnd.push(this.resampler.push(block));
  }

  next() {
    return this.frontEnd.next();
  }
}
