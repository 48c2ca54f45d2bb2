import { FrontEnd } from "../features/front_end.js";
import { Resampler } from "../features/resampler.js";

/** What may wait, besides what the front end needs. More is forgotten: it would be heard late. */
const LONGEST_BACKLOG_S = 0.15;

/** The features of what is sung or played into a microphone. */
export class MicrophoneSource {
  /** @param {number} inputRate Of the blocks that `push` takes. */
  constructor(settings, track, inputRate) {
    this.hopLength = settings.hop_length;
    this.longestBacklog = LONGEST_BACKLOG_S * settings.sample_rate;
    this.resampler = new Resampler(inputRate, settings.sample_rate);
    this.listenAnew = () => new FrontEnd(settings, track, 0);
    this.frontEnd = this.listenAnew();
    this.ended = false;
  }

  push(block) {
    this.frontEnd.push(this.resampler.push(block));
  }

  async next() {
    // Finding the pitch of what is skipped would take the time that is missing.
    if (this.backlog > this.longestBacklog) this.frontEnd = this.listenAnew();
    return this.frontEnd.next();
  }

  /** Samples that came and were not made frames of. */
  get backlog() {
    return this.frontEnd.audio.nPushed - this.frontEnd.nFrames * this.hopLength;
  }
}
