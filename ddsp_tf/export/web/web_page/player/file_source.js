import { FrontEnd } from "../features/front_end.js";

const CHUNK = 4096;
/** Tracker frames, of 10 ms: a file is there as a whole, so its pitch can be decided later. */
const LAG = 16;

/** The features of a recording, found while it is played. */
export class FileSource {
  constructor(settings, track, audio, startFrame = 0) {
    this.audio = audio;
    this.first = startFrame * settings.hop_length;
    this.position = this.first;
    this.frontEnd = new FrontEnd(settings, track, LAG);
    this.ended = false;
  }

  async next() {
    for (;;) {
      const frame = await this.frontEnd.next();
      if (frame) return frame;
      if (this.position >= this.audio.length) {
        if (this.frontEnd.ended) {
          this.ended = true;
          return null;
        }
        this.frontEnd.end();
      } else {
        this.frontEnd.push(this.audio.subarray(this.position, this.position + CHUNK));
        this.position += CHUNK;
      }
    }
  }
}
