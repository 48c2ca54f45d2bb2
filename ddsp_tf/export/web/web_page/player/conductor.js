import { FrameLayout } from "../dsp/frame_layout.js";
import { renderAll, Synth } from "../dsp/synth.js";
import { Loudness } from "../features/loudness.js";
import { Resampler } from "../features/resampler.js";
import { Decoder, midi } from "./decoder.js";
import { FileSource } from "./file_source.js";
import { Gate } from "./gate.js";
import { KeyboardSource, N_VOICES } from "./keyboard_source.js";
import { MicrophoneSource } from "./microphone_source.js";
import { Network } from "./network.js";

/** Seconds of frames that wait in the worklet. A file can be ahead; live it would be latency. */
const LEAD_S = { file: 0.6, keyboard: 0.04, microphone: 0.04 };
/** The share of them that has to be there before it begins, and after a gap. */
const FIRST_SHARE = { file: 0.5, keyboard: 0.5, microphone: 0.3 };
const LONGEST_LEAD_S = 0.4;
const CHUNK_FRAMES = 8;
const N_PROBES = 60;
const BREATH_FRAMES = 250;

/** Gets features from a source, edits them, decodes them, and keeps the worklet supplied. */
export class Conductor {
  /** @param {(message: object, transfer?: Transferable[]) => void} report Tells the page. */
  constructor(report) {
    this.report = report;
    this.tracker = null;
    this.edits = { octaves: 0, loudnessDb: 0, vibratoCents: 12 };
    this.roomLevel = 1;
    this.source = null;
    this.generation = 0;
    this.pumping = null;
    this.busyMs = 0;
    this.startedMs = performance.now();
    this.nTracked = 0;
  }

  /** Loads an instrument's network, and the tracker the first time. */
  async load({ instrument, base }) {
    this.stop();
    await this.pumping;
    this.tracker ??= await loadNetwork(new URL(instrument.files.tracker, base));
    const network = await loadNetwork(new URL(instrument.files.decoder, base));
    this.decoder?.network.delete();
    this.instrument = instrument;
    // Voices share the network; each has a state of its own.
    this.decoders = Array.from({ length: N_VOICES }, () => new Decoder(network, instrument.n_state));
    this.decoder = this.decoders[0];
    this.layout = new FrameLayout(instrument);
    this.frameRate = instrument.sample_rate / instrument.hop_length;
    this.lookahead = new Synth(instrument, null).lookahead;
    const room = instrument.files.impulse_response;
    const taps = room ? await (await fetch(new URL(room, base))).arrayBuffer() : null;
    this.impulseResponse = taps && new Float32Array(taps);
    this.gate = new Gate(this.frameRate);
  }

  /** Takes the port to the worklet, which says what it has played. */
  connect({ port }) {
    this.worklet?.close();
    this.worklet = port;
    port.onmessage = ({ data }) => this.heard(data);
  }

  /** Takes octaves and dB, which are added, and whether what is no note fades out. */
  edit(edits) {
    Object.assign(this.edits, edits);
    if (this.source instanceof KeyboardSource) this.source.vibratoCents = this.edits.vibratoCents;
    if (this.gate && "gated" in edits) this.gate.enabled = edits.gated;
  }

  setRoomLevel({ level }) {
    this.roomLevel = level;
  }

  /** Begins to play: `kind` is "file", "keyboard" or "microphone". */
  async start({ kind, audio, startFrame, inputRate, capture }) {
    this.stop();
    // What is being decoded belongs to what played before.
    await this.pumping;
    this.kind = kind;
    this.lead = Math.ceil(LEAD_S[kind] * this.frameRate);
    this.capture = capture;
    if (kind === "file") {
      const settings = this.instrument.features;
      this.source = new FileSource(settings, (x) => this.track(x), audio, startFrame);
    } else if (kind === "keyboard") {
      this.source = new KeyboardSource(this.instrument);
      this.source.vibratoCents = this.edits.vibratoCents;
    } else {
      const source = new MicrophoneSource(this.instrument.features, (x) => this.track(x), inputRate);
      this.source = source;
      capture.onmessage = ({ data }) => {
        source.push(data);
        this.pump();
      };
    }
    for (const decoder of this.decoders) decoder.reset();
    this.gate.reset();
    this.nSent = 0;
    this.nPlayed = 0;
    this.nUnderruns = 0;
    const nFirst = Math.floor(FIRST_SHARE[kind] * this.lead);
    this.worklet.postMessage({ type: "start", generation: this.generation, nFirst });
    await this.pump();
  }

  stop() {
    this.generation += 1;
    this.source = null;
    this.capture?.close();
    this.capture = null;
    this.worklet?.postMessage({ type: "stop", generation: this.generation });
  }

  press({ midi: note, velocity }) {
    if (!(this.source instanceof KeyboardSource)) return;
    this.source.press(note, velocity);
  }

  release({ midi: note }) {
    if (!(this.source instanceof KeyboardSource)) return;
    if (note === undefined) this.source.releaseAll();
    else this.source.release(note);
  }

  /** How far all keys are bent, in semitones. */
  bend({ semitones }) {
    if (this.source instanceof KeyboardSource) this.source.bend = semitones;
  }

  /** Whether the sustain pedal is down. */
  pedal({ isDown }) {
    if (this.source instanceof KeyboardSource) this.source.setPedal(isDown);
  }

  /** Plays features at once, without the audio thread. */
  async render(features) {
    const frames = await this.decode(features);
    return renderAll(new Synth(this.instrument, this.impulseResponse), frames, this.roomLevel);
  }

  /**
   * Frames of controls for features; `gain` is of the sound before the room, 1 by default. After
   * the last frame its features are held, for the frames that it glides towards.
   */
  async decode({ f0Hz, loudnessDb, gain }) {
    this.stop();
    const { generation } = this;
    await this.pumping;
    this.decoder.reset();
    const count = f0Hz.length + this.lookahead;
    const frames = new Float32Array(count * this.layout.stride);
    for (let i = 0; i < count; i++) {
      const from = Math.min(i, f0Hz.length - 1);
      const controls = await this.decoder.step(f0Hz[from], loudnessDb[from]);
      if (i % BREATH_FRAMES === 0) await this.breathe(generation);
      this.layout.write(frames, i, f0Hz[from], gain?.[from] ?? 1, controls);
    }
    return frames;
  }

  /** Finds the features of a whole recording, as they are when it is played. */
  async listen({ audio }) {
    this.stop();
    const { generation } = this;
    await this.pumping;
    this.gate.reset();
    const source = new FileSource(this.instrument.features, (x) => this.track(x), audio);
    const found = [];
    for (let frame = await source.next(); frame; frame = await source.next()) {
      found.push(this.change(frame));
      if (found.length % BREATH_FRAMES === 0) {
        await this.breathe(generation);
        const share = (found.length * this.instrument.hop_length) / audio.length;
        this.report({ type: "working", share });
      }
    }
    const track = (key) => Float32Array.from(found, (frame) => frame[key]);
    return {
      f0Hz: track("f0Hz"),
      confidence: track("confidence"),
      loudnessDb: track("loudnessDb"),
      gain: track("gain"),
    };
  }

  /** Lets messages come in, and ends what one of them has cancelled. */
  async breathe(generation) {
    await new Promise((resolve) => setTimeout(resolve));
    if (generation !== this.generation) throw new Error("it was cancelled.");
  }

  /** How a recording must be moved to lie where the instrument was trained. */
  async survey({ audio }) {
    const { features, f0_midi_quantiles: pitches, loudness_db_quantiles: levels } = this.instrument;
    if (!pitches || !levels) return { octaves: 0, loudnessDb: 0 };
    const found = await this.sample(audio, features);
    if (!found.midi.length) return { octaves: 0, loudnessDb: 0 };
    const shift = (quantile(pitches, 0.5) - quantile(found.midi, 0.5)) / 12;
    const outside = (octaves) =>
      found.midi.filter((note) => {
        const moved = note + 12 * octaves;
        return moved < quantile(pitches, 0.01) || moved > quantile(pitches, 0.99);
      }).length;
    const candidates = [Math.floor(shift), Math.ceil(shift), 0];
    const cost = (octaves) =>
      Math.abs(octaves - shift) + (3 * outside(octaves)) / found.midi.length + 0.2 * Math.abs(octaves);
    return {
      octaves: candidates.reduce((best, x) => (cost(x) < cost(best) ? x : best)) + 0,
      loudnessDb: quantile(levels, 0.8) - quantile(found.loudnessDb, 0.8),
    };
  }

  /** Pitch and loudness of a recording's notes, at a few places. */
  async sample(audio, features) {
    const loudness = new Loudness(features);
    const heard = [];
    const length = Math.ceil((1100 * features.sample_rate) / 16000);
    const spacing = Math.max(1, (audio.length - length) / N_PROBES);
    for (let at = 0; at + length <= audio.length; at += spacing) {
      const clip = audio.subarray(Math.floor(at), Math.floor(at) + length);
      const level = loudness.measure(clip.subarray(0, loudness.length));
      if (level < -60) continue;
      const at16k = new Resampler(features.sample_rate, 16000).push(clip);
      const { f0_hz: f0Hz, f0_confidence: sure } = await this.tracker.run({
        audio: at16k.slice(0, 1024),
      });
      if (sure[0] > 0.6) heard.push({ midi: midi(f0Hz[0]), loudnessDb: level });
    }
    return { midi: heard.map((x) => x.midi), loudnessDb: heard.map((x) => x.loudnessDb) };
  }

  /** What the page measures: the share of one core that the networks take, and how far ahead. */
  stats() {
    const now = performance.now();
    const share = this.busyMs / Math.max(1, now - this.startedMs);
    return {
      share,
      seconds: (now - this.startedMs) / 1000,
      nFrames: this.nSent ?? 0,
      nTracked: this.nTracked,
      leadFrames: this.lead ?? 0,
    };
  }

  resetStats() {
    this.busyMs = 0;
    this.nTracked = 0;
    this.startedMs = performance.now();
  }

  heard({ type, generation, nPlayed, nUnderruns }) {
    if (generation !== this.generation) return;
    if (type === "finished") {
      this.source = null;
      this.report({ type: "ended" });
      return;
    }
    if (nUnderruns > this.nUnderruns && this.kind !== "file") {
      // A slower machine gets more time, which is heard as latency.
      this.lead = Math.min(Math.ceil(this.lead * 1.5), Math.ceil(LONGEST_LEAD_S * this.frameRate));
    }
    this.nUnderruns = nUnderruns;
    this.nPlayed = nPlayed;
    this.pump();
  }

  /** Sends frames until the worklet has as many as it should. One at a time. */
  pump() {
    this.pumping ??= this.sendAhead().finally(() => {
      this.pumping = null;
    });
    return this.pumping;
  }

  async sendAhead() {
    const start = performance.now();
    try {
      while (this.source && this.nSent - this.nPlayed < this.lead) {
        if (!(await this.sendChunk(this.generation))) break;
      }
    } catch (error) {
      this.report({ type: "failed", message: String(error?.message ?? error) });
      this.stop();
    } finally {
      this.busyMs += performance.now() - start;
    }
  }

  async sendChunk(generation) {
    const { source } = this;
    const heard = [];
    const rows = [];
    while (heard.length < CHUNK_FRAMES && this.nSent + heard.length - this.nPlayed < this.lead) {
      const frame = await source.next();
      if (generation !== this.generation) return true;
      if (!frame) break;
      heard.push(this.change(frame));
      rows.push(await this.decodeOne(heard.at(-1)));
      if (generation !== this.generation) return true;
    }
    this.latest = heard.at(-1) ?? this.latest;
    if (source.ended && this.nSent + heard.length) {
      for (let i = 0; i < this.lookahead; i++) rows.push(await this.decodeOne(this.latest));
      if (generation !== this.generation) return true;
    }
    if (rows.length) this.send(rows, heard);
    if (source.ended) {
      this.worklet.postMessage({ type: "end", generation });
      this.source = null;
    }
    return rows.length > 0;
  }

  /** The rows of a frame's voices, one after the other. */
  async decodeOne(frame) {
    const voices = frame.voices ?? [frame];
    const row = new Float32Array(voices.length * this.layout.stride);
    for (const [v, { f0Hz, loudnessDb, gain }] of voices.entries()) {
      // A voice that rests takes no time, and begins anew.
      if (frame.voices && !gain) this.decoders[v].reset();
      else {
        const controls = await this.decoders[v].step(f0Hz, loudnessDb);
        this.layout.write(row, v, f0Hz, gain, controls);
      }
    }
    return row;
  }

  send(rows, heard) {
    const frames = new Float32Array(rows.length * rows[0].length);
    rows.forEach((row, i) => frames.set(row, i * row.length));
    const { generation } = this;
    const nVoices = rows[0].length / this.layout.stride;
    this.worklet.postMessage({ type: "frames", generation, frames, nVoices }, [frames.buffer]);
    this.report({
      type: "frames",
      first: this.nSent,
      f0Hz: heard.map((x) => x.f0Hz),
      loudnessDb: heard.map((x) => x.loudnessDb),
      gain: heard.map((x) => x.gain),
      confidence: heard.map((x) => x.confidence),
    });
    this.nSent += rows.length;
  }

  change(frame) {
    const voices = frame.voices?.map((voice) => this.change(voice));
    const gated = frame.gain === undefined ? this.gate.apply(frame) : frame;
    return {
      ...gated,
      ...(voices && { voices }),
      f0Hz: Math.min(gated.f0Hz * 2 ** this.edits.octaves, 0.49 * this.instrument.sample_rate),
      loudnessDb: Math.min(0, Math.max(-80, gated.loudnessDb + this.edits.loudnessDb)),
    };
  }

  track(audio) {
    this.nTracked += 1;
    return this.tracker.run({ audio: Float32Array.from(audio) });
  }
}

async function loadNetwork(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url.pathname} could not be loaded (${response.status}).`);
  return Network.load(new Uint8Array(await response.arrayBuffer()));
}

function quantile(values, share) {
  const sorted = Float64Array.from(values).sort();
  const position = share * (sorted.length - 1);
  const low = Math.floor(position);
  const high = Math.min(low + 1, sorted.length - 1);
  return sorted[low] + (position - low) * (sorted[high] - sorted[low]);
}
