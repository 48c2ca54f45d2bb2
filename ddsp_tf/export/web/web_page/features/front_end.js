import { Loudness } from "./loudness.js";
import { PitchPath } from "./pitch_path.js";
import { Resampler } from "./resampler.js";

const TRACKER_RATE = 16000;
const TRACKER_LENGTH = 1024;
const TRACKER_HOP = 160;
// Samples after its middle that a frame of live sound waits for: 12 ms. Zeros stand for the rest.
const LIVE_AHEAD = 192;
const LARGEST_GLIDE_OCTAVES = 1 / 12;

/**
 * Audio to features, as it comes: the pitch, its confidence and the loudness of every frame.
 *
 * Frame i describes the audio around sample `i * hop_length`, as in training. So it comes once the
 * 32 ms after that sample that the tracker sees are there, and `lag` frames of the tracker. Without
 * a lag, as sound is being played, it hears 12 ms, and zeros after them.
 */
export class FrontEnd {
  /**
   * @param {object} settings `features` of an instrument.json.
   * @param {(audio: Float32Array) => Promise<{salience: Float32Array}>} track CREPE.
   * @param {number} lag Tracker frames (10 ms) to wait for before one is decided.
   */
  constructor(settings, track, lag) {
    this.settings = settings;
    this.track = track;
    this.loudness = new Loudness(settings);
    this.resampler = new Resampler(settings.sample_rate, TRACKER_RATE);
    this.path = new PitchPath(lag);
    this.ahead = lag ? TRACKER_LENGTH / 2 : LIVE_AHEAD;
    this.audio = new SampleQueue(this.loudness.length >> 1);
    this.trackerAudio = new SampleQueue(TRACKER_LENGTH / 2);
    this.tracked = [];
    this.nDropped = 0;
    this.nTracked = 0;
    this.nFrames = 0;
    this.ended = false;
  }

  /** Takes mono samples at the instrument's rate. */
  push(samples) {
    this.audio.push(samples);
    this.trackerAudio.push(this.resampler.push(samples));
  }

  /** Says that no more samples come: zeros follow, and `next` gives the frames that are left. */
  end() {
    if (this.ended) return;
    this.nTotal = Math.ceil(this.audio.nPushed / this.settings.hop_length);
    const rest = new Float32Array(this.settings.sample_rate);
    this.push(rest);
    this.ended = true;
  }

  /** @returns {Promise<object|null>} The next frame, or null when more audio is needed. */
  async next() {
    if (this.ended && this.nFrames >= this.nTotal) return null;
    const { sample_rate: rate, hop_length: hop } = this.settings;
    const seconds = (this.nFrames * hop) / rate;
    const position = (seconds * TRACKER_RATE) / TRACKER_HOP;
    const left = Math.floor(position + 1e-9);
    const frame = this.audio.window(this.nFrames * hop, this.loudness.length);
    if (!frame) return null;
    // Exactly at a frame of the tracker, the one after it is not needed.
    const weight = Math.max(0, position - left) < 1e-6 ? 0 : position - left;
    while (this.nTracked <= left + (weight ? 1 : 0)) {
      if (!(await this.trackOne())) return null;
    }
    const pitch = this.pitchAt(left, weight);
    this.nFrames += 1;
    this.audio.forget(this.nFrames * hop);
    return { ...pitch, loudnessDb: this.loudness.measure(frame) };
  }

  async trackOne() {
    const at = (this.nTracked + this.path.history.length) * TRACKER_HOP;
    const frame = this.trackerAudio.window(at, TRACKER_LENGTH, this.ahead);
    let decided = null;
    if (frame) {
      decided = this.path.push((await this.track(frame)).salience);
      this.trackerAudio.forget(at + TRACKER_HOP);
      if (!decided) return true;
    } else if (this.ended) {
      decided = this.path.flush();
    }
    if (!decided) return false;
    this.tracked.push(decided);
    this.nTracked += 1;
    return true;
  }

  /** Between two tracker frames the pitch glides, unless it leaps. */
  pitchAt(left, weight) {
    while (this.nDropped < left) {
      this.tracked.shift();
      this.nDropped += 1;
    }
    const [here, next = here] = this.tracked;
    const octaves = Math.log2(next.f0Hz / here.f0Hz);
    const share = Math.abs(octaves) > LARGEST_GLIDE_OCTAVES ? Math.round(weight) : weight;
    return {
      f0Hz: here.f0Hz * 2 ** (share * octaves),
      confidence: here.confidence + weight * (next.confidence - here.confidence),
    };
  }
}

/** Samples by their position; before the first there are zeros. */
class SampleQueue {
  constructor(nZeros) {
    this.samples = new Float32Array(nZeros);
    this.start = -nZeros;
    this.nPushed = 0;
  }

  push(samples) {
    const joined = new Float32Array(this.samples.length + samples.length);
    joined.set(this.samples);
    joined.set(samples, this.samples.length);
    this.samples = joined;
    this.nPushed += samples.length;
  }

  /**
   * `length` samples around `centre`, zeros from `ahead` after it on; or null when what it is made
   * of hasn't all come.
   */
  window(centre, length, ahead = length - (length >> 1)) {
    const first = centre - (length >> 1) - this.start;
    const end = first + (length >> 1) + ahead;
    if (end > this.samples.length) return null;
    const there = this.samples.subarray(first, end);
    if (there.length === length) return there;
    const padded = new Float32Array(length);
    padded.set(there);
    return padded;
  }

  /** Forgets what no window around `centre` or later will need. */
  forget(centre) {
    const reach = 1024;
    const first = centre - reach - this.start;
    // Seldom, since it copies what stays.
    if (first > 1 << 15) {
      this.samples = this.samples.slice(first);
      this.start += first;
    }
  }
}
