import { FrontEnd } from "../features/front_end.js";
import { Resampler } from "../features/resampler.js";

/** What may wait to be played besides what the front end needs; more is skipped, not heard late. */
const LONGEST_BACKLOG_S = 0.12;

/** The features of what is sung or played into a microphone. */
export class MicrophoneSource {
  /** @param {number} inputRate Of the blocks that `push` takes. */
  constructor(settings, track, inputRate) {
    this.hopLength = settings.hop_length;
    this.longestBacklog = LONGEST_BACKLOG_S * settings.sample_rate;
    this.resampler = new Resampler(inputRate, settings.sample_rate);
    this.frontEnd = new FrontEnd(settings, track, 0);
    this.ended = false;
  }

  push(block) {
    this.frontEnd.push(this.resampler.push(block));
  }

  async next() {
    let frame = await this.frontEnd.next();
    while (frame && this.backlog > this.longestBacklog) frame = await this.frontEnd.next();
    return frame;
  }

  /** Samples that came and were not made frames of. */
  get backlog() {
    return this.frontEnd.audio.nPushed - this.frontEnd.nFrames * this.hopLength;
  }
}
