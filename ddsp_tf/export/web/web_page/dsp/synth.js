import { Convolver } from "./convolver.js";
import { FrameLayout } from "./frame_layout.js";
import { Voice } from "./voice.js";

/** Samples of a block: what an AudioWorklet asks for at a time. */
export const BLOCK_LENGTH = 128;

/**
 * An instrument's synthesiser: frames of controls in, blocks of sound out.
 *
 * The sound is that of ddsp_tf's `ProcessorGroup`: harmonics and filtered noise, added, times each
 * frame's gain, in the instrument's room. Several voices share the room.
 */
export class Synth {
  /**
   * @param {object} instrument An instrument.json.
   * @param {Float32Array|null} impulseResponse The room, or null.
   */
  constructor(instrument, impulseResponse) {
    const { reverb } = instrument.synthesis;
    this.instrument = instrument;
    this.hopLength = instrument.hop_length;
    this.layout = new FrameLayout(instrument);
    this.voices = [new Voice(instrument)];
    this.lookahead = this.voices[0].lookahead;
    this.room = impulseResponse ? new Convolver(impulseResponse, BLOCK_LENGTH) : null;
    this.addDry = reverb?.add_dry ?? true;
    this.hop = new Float64Array(this.hopLength);
    this.dry = new Float64Array(BLOCK_LENGTH + 2 * this.hopLength);
    this.wet = new Float64Array(BLOCK_LENGTH);
    this.roomLevel = this.roomTarget = 1;
    this.reset();
  }

  /** Returns to silence, as if nothing had been played. */
  reset() {
    this.frames = [];
    this.nDry = 0;
    this.startAnew();
    this.room?.reset();
  }

  /** Fades out what plays, within a hop, and begins anew in a room that rings on. */
  startAnew() {
    if (this.nPlayable) {
      this.frames[1] = this.frames[1].map((frame) => ({ ...frame, gain: 0 }));
      this.playFrame();
    }
    this.frames = [];
    // How loud the dry sound is; it moves to the target within a frame.
    this.level = this.levelTarget = 1;
    for (const voice of this.voices) voice.reset();
  }

  /** Frames that can be played: those that have enough later ones. */
  get nPlayable() {
    return Math.max(0, this.frames.length - this.lookahead);
  }

  /**
   * Takes the next frames, laid out as `layout` says, each with as many voices as there are. The
   * array must not change afterwards.
   */
  push(frames, nVoices = 1) {
    const count = frames.length / (this.layout.stride * nVoices);
    while (this.voices.length < nVoices) this.voices.push(new Voice(this.instrument));
    for (let i = 0; i < count; i++) {
      const voices = Array.from({ length: nVoices }, (_, v) => i * nVoices + v);
      this.frames.push(voices.map((at) => this.layout.read(frames, at)));
    }
  }

  /** How loud the room is, 1 as it was trained. Moves there within a block. */
  setRoomLevel(level) {
    this.roomTarget = level;
  }

  /** Hops of dry sound that the next block still needs. */
  get nHopsNeeded() {
    return Math.max(0, Math.ceil((BLOCK_LENGTH - this.nDry) / this.hopLength));
  }

  /** Plays one frame into the dry sound; `nPlayable` must not be 0. */
  playFrame() {
    const { frames, hop, hopLength, dry } = this;
    const nVoices = frames[0].length;
    const reach = frames.slice(0, this.lookahead + 1);
    hop.fill(0);
    for (let v = 0; v < nVoices; v++) {
      const own = reach.map((voices) => voices[v]);
      // One voice alone plays on, so that its noise is the one that Python plays.
      if (nVoices > 1 && this.voices[v].rests(own)) this.voices[v].rest();
      else this.voices[v].addTo(hop, own);
    }
    const change = this.levelTarget - this.level;
    for (let i = 0; i < hopLength; i++) {
      dry[this.nDry + i] = (this.level + (change * i) / hopLength) * hop[i];
    }
    this.level = this.levelTarget;
    this.nDry += hopLength;
    frames.shift();
  }

  /** Adds a hop of silence, so that the room can ring on. */
  playSilence() {
    this.dry.fill(0, this.nDry, this.nDry + this.hopLength);
    this.nDry += this.hopLength;
  }

  /** Writes the next block, `BLOCK_LENGTH` samples; `nHopsNeeded` must be 0. */
  render(output) {
    const { dry, wet } = this;
    if (this.room) {
      const step = (this.roomTarget - this.roomLevel) / BLOCK_LENGTH;
      this.room.process(dry.subarray(0, BLOCK_LENGTH), wet);
      for (let i = 0; i < BLOCK_LENGTH; i++) {
        const level = this.roomLevel + step * (i + 1);
        output[i] = level * wet[i] + (this.addDry ? dry[i] : 0);
      }
      this.roomLevel = this.roomTarget;
    } else {
      output.set(dry.subarray(0, BLOCK_LENGTH));
    }
    dry.copyWithin(0, BLOCK_LENGTH, this.nDry);
    this.nDry -= BLOCK_LENGTH;
  }
}

/**
 * Plays frames at once: what a page downloads, and what tests compare with Python.
 *
 * The last `lookahead` frames are only those that the ones before glide towards.
 *
 * @param {Synth} synth A synth, which is reset.
 * @param {Float32Array} frames All frames.
 * @param {number} roomLevel See `setRoomLevel`.
 * @param {number} nVoices Voices of each frame.
 * @returns {Float32Array} A hop of sound for each frame but those.
 */
export function renderAll(synth, frames, roomLevel = 1, nVoices = 1) {
  const { stride } = synth.layout;
  const count = frames.length / (stride * nVoices) - synth.lookahead;
  const output = new Float32Array(count * synth.hopLength);
  const block = new Float32Array(BLOCK_LENGTH);
  synth.reset();
  synth.roomLevel = synth.roomTarget = roomLevel;
  synth.push(frames, nVoices);
  for (let at = 0; at < output.length; at += BLOCK_LENGTH) {
    while (synth.nHopsNeeded) synth.nPlayable ? synth.playFrame() : synth.playSilence();
    synth.render(block);
    output.set(block.subarray(0, output.length - at), at);
  }
  return output;
}
