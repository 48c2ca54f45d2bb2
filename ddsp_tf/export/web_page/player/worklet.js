/** The synthesiser in the audio thread. */
import { BLOCK_LENGTH, Synth } from "../dsp/synth.js";

const REPORT_S = 0.008;
const UNDERRUN_DECAY = 0.6;
const RECORDING_LENGTH = 4096;

class SynthProcessor extends AudioWorkletProcessor {
  constructor({ processorOptions }) {
    super();
    const { instrument, impulseResponse } = processorOptions;
    this.synth = new Synth(instrument, impulseResponse);
    this.worker = null;
    this.generation = 0;
    this.blocksPerReport = Math.max(1, Math.round((REPORT_S * sampleRate) / BLOCK_LENGTH));
    this.block = new Float32Array(BLOCK_LENGTH);
    this.recording = null;
    this.nBlocks = 0;
    this.busyMs = 0;
    this.nUnderrunsEver = 0;
    this.silence();
    this.port.onmessage = ({ data }) => this.command(data);
  }

  silence() {
    this.isPlaying = false;
    this.isEnding = false;
    this.nReceived = 0;
    this.nUnderruns = 0;
    this.isStarved = false;
    this.last = null;
  }

  command({ type, ...content }) {
    if (type === "connect") {
      this.worker = content.port;
      this.worker.onmessage = ({ data }) => this.receive(data);
    } else if (type === "room") {
      this.synth.setRoomLevel(content.level);
    } else if (type === "record") {
      this.startRecording();
    } else if (type === "stop recording") {
      this.stopRecording();
    } else if (type === "stats") {
      this.port.postMessage({ type: "stats", ...this.stats() });
      if (content.reset) this.resetStats();
    }
  }

  receive({ type, generation, frames }) {
    if (type === "start" || type === "stop") {
      // The room rings on: only what plays in it begins anew.
      this.silence();
      this.synth.startAnew();
      this.generation = generation;
      this.isPlaying = type === "start";
      return;
    }
    if (generation !== this.generation) return;
    if (type === "frames") {
      this.synth.push(frames);
      const { stride } = this.synth.layout;
      this.nReceived += frames.length / stride;
      this.last = frames.slice(frames.length - stride);
    } else if (type === "end") {
      this.isEnding = true;
    }
  }

  process(_inputs, [[output]]) {
    const start = Date.now();
    const { synth } = this;
    while (synth.nHopsNeeded) this.playHop();
    synth.render(this.block);
    output.set(this.block);
    if (this.recording) this.record(this.block);
    this.nBlocks += 1;
    if (this.isPlaying && this.nBlocks % this.blocksPerReport === 0) this.report();
    // A clock of milliseconds: single readings are coarse, their sum is not.
    this.busyMs += Date.now() - start;
    return true;
  }

  playHop() {
    const { synth } = this;
    if (!this.isPlaying || !this.last) {
      synth.playSilence();
    } else if (synth.nPlayable) {
      synth.playFrame();
      this.isStarved = false;
    } else if (this.isEnding) {
      this.isPlaying = false;
      this.send({ type: "finished" });
      synth.playSilence();
    } else if (this.nReceived <= synth.lookahead) {
      // The first frames wait for those that they glide towards.
      synth.playSilence();
    } else {
      while (!synth.nPlayable) this.holdFrame();
      synth.playFrame();
    }
  }

  /** Repeats the last frame, fading, when frames come too late. */
  holdFrame() {
    if (!this.isStarved) {
      this.nUnderruns += 1;
      this.nUnderrunsEver += 1;
    }
    this.isStarved = true;
    this.last = this.last.slice();
    this.last[1] *= UNDERRUN_DECAY;
    this.synth.push(this.last);
  }

  report() {
    const nPlayed = Math.max(0, this.nReceived - this.synth.frames.length);
    this.send({ type: "progress", nPlayed, nUnderruns: this.nUnderruns });
  }

  send(message) {
    this.worker?.postMessage({ generation: this.generation, ...message });
    this.port.postMessage({ generation: this.generation, ...message });
  }

  startRecording() {
    this.recording = { samples: new Float32Array(RECORDING_LENGTH), length: 0 };
  }

  stopRecording() {
    const { samples, length } = this.recording ?? { samples: new Float32Array(0), length: 0 };
    this.port.postMessage({ type: "recorded", samples: samples.slice(0, length), last: true });
    this.recording = null;
  }

  record(block) {
    const { recording } = this;
    recording.samples.set(block, recording.length);
    recording.length += block.length;
    if (recording.length === RECORDING_LENGTH) {
      this.port.postMessage({ type: "recorded", samples: recording.samples, last: false }, [
        recording.samples.buffer,
      ]);
      this.startRecording();
    }
  }

  stats() {
    const seconds = (this.nBlocks * BLOCK_LENGTH) / sampleRate;
    return {
      share: this.busyMs / 1000 / Math.max(seconds, 1e-3),
      seconds,
      nUnderruns: this.nUnderrunsEver,
    };
  }

  resetStats() {
    this.nBlocks = 0;
    this.busyMs = 0;
    this.nUnderrunsEver = 0;
  }
}

registerProcessor("ddsp-synth", SynthProcessor);
