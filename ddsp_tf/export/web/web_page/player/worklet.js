/** The synthesiser in the audio thread. */
import { BLOCK_LENGTH, Synth } from "../dsp/synth.js";

const REPORT_S = 0.008;
const FADE_FRAMES = 8;
const REPORTS_PER_DRAWING = 3;
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
    this.nReports = 0;
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
    this.isWaiting = true;
    this.isFading = false;
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

  receive({ type, generation, frames, nVoices, nFirst }) {
    if (type === "start" || type === "stop") {
      // The room rings on: only what plays in it begins anew.
      this.silence();
      this.synth.startAnew();
      this.generation = generation;
      this.isPlaying = type === "start";
      this.nFirst = Math.max(this.synth.lookahead + 1, nFirst ?? 0);
      return;
    }
    if (generation !== this.generation) return;
    if (type === "frames") {
      this.synth.push(frames, nVoices);
      const stride = this.synth.layout.stride * nVoices;
      this.nReceived += frames.length / stride;
      this.last = { frames: frames.slice(frames.length - stride), nVoices };
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
    if (this.isWaiting && (this.isEnding || synth.frames.length >= this.nFirst)) {
      this.isWaiting = false;
    }
    if (!this.isPlaying || this.isWaiting) {
      synth.playSilence();
    } else if (this.isEnding && !synth.nPlayable) {
      this.isPlaying = false;
      this.send({ type: "finished" });
      synth.playSilence();
    } else {
      this.setFading();
      synth.playFrame();
      if (synth.level === 0) {
        this.isFading = false;
        this.isWaiting = true;
      }
    }
  }

  /** When frames come too late, the last one is held and fades, until there are enough again. */
  setFading() {
    const { synth } = this;
    if (!synth.nPlayable) {
      this.nUnderruns += this.isFading ? 0 : 1;
      this.nUnderrunsEver += this.isFading ? 0 : 1;
      this.isFading = true;
      while (!synth.nPlayable) synth.push(this.last.frames, this.last.nVoices);
    } else if (synth.frames.length >= this.nFirst) {
      this.isFading = false;
    }
    synth.levelTarget = this.isFading ? Math.max(0, synth.level - 1 / FADE_FRAMES) : 1;
  }

  report() {
    const nPlayed = Math.max(0, this.nReceived - this.synth.frames.length);
    this.send({ type: "progress", nPlayed, nUnderruns: this.nUnderruns });
  }

  send(message) {
    this.worker?.postMessage({ generation: this.generation, ...message });
    // The page needs it for drawing alone.
    this.nReports += 1;
    if (message.type === "finished" || this.nReports % REPORTS_PER_DRAWING === 0) {
      this.port.postMessage({ generation: this.generation, ...message });
    }
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
