/** So long a browser may take to start its sound; without a device Firefox waits for ever. */
const STARTED_MS = 5000;

/**
 * An instrument that is played: its worker, its worklet and the audio that goes in and out.
 *
 * Events: "frames" (detail: what the instrument was told, before it is heard), "progress" (detail:
 * frames heard so far), "state" (detail: "idle" or the kind that plays), "failed" (detail: text).
 */
export class Player extends EventTarget {
  constructor() {
    super();
    this.worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
    this.worker.onmessage = ({ data }) => this.hear(data);
    this.worker.onerror = (event) => this.fail(event.message || "The worker could not be loaded.");
    this.questions = new Map();
    this.nQuestions = 0;
    this.state = "idle";
    this.roomLevel = 1;
    this.volume = 1;
    this.recorded = null;
    this.statsAsked = [];
  }

  /** @param {URL} url Of an instrument.json. */
  async load(url) {
    await this.stop();
    const response = await fetch(url);
    if (!response.ok) throw new Error(`${url.pathname} could not be loaded.`);
    const instrument = await response.json();
    await this.ask("load", { instrument, base: url.href });
    await this.closeContext();
    this.instrument = instrument;
    this.base = url;
    const room = instrument.files.impulse_response;
    this.impulseResponse = room
      ? new Float32Array(await (await fetch(new URL(room, url))).arrayBuffer())
      : null;
    return instrument;
  }

  get sampleRate() {
    return this.instrument.sample_rate;
  }

  get frameRate() {
    return this.instrument.sample_rate / this.instrument.hop_length;
  }

  /** Decodes a file of any format that the browser reads, to mono at the instrument's rate. */
  async decode(bytes) {
    const context = new OfflineAudioContext(1, 1, this.sampleRate);
    const buffer = await context.decodeAudioData(bytes);
    if (buffer.numberOfChannels === 1) return buffer.getChannelData(0);
    const mono = new Float32Array(buffer.length);
    for (let channel = 0; channel < buffer.numberOfChannels; channel++) {
      const samples = buffer.getChannelData(channel);
      for (let i = 0; i < mono.length; i++) mono[i] += samples[i] / buffer.numberOfChannels;
    }
    return mono;
  }

  /** How a recording must be moved to suit the instrument: `{octaves, loudnessDb}`. */
  survey(audio) {
    return this.ask("survey", { audio });
  }

  /** Finds pitch, confidence, loudness and gain of a recording, as they are when it is played. */
  async listen(audio) {
    await this.stop();
    return this.ask("listen", { audio });
  }

  /** Plays features at once: `{f0Hz, loudnessDb, gain}`, arrays of a number a frame. */
  async render(features) {
    await this.stop();
    return this.ask("render", features);
  }

  /** Ends what `listen` or `render` does; they reject. */
  async cancel() {
    await this.ask("stop", {});
  }

  async playFile(audio, startFrame = 0) {
    await this.start("file", { audio, startFrame });
  }

  async playKeyboard() {
    await this.start("keyboard", {});
  }

  /** Asks for the microphone; rejects as the browser does when it is refused. */
  async playMicrophone() {
    const stream = await navigator.mediaDevices.getUserMedia({
      audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false },
    });
    // Its own context, at the microphone's rate: not every browser joins different ones.
    const context = new AudioContext();
    await context.audioWorklet.addModule(new URL("./capture.js", import.meta.url));
    const node = new AudioWorkletNode(context, "ddsp-capture", { numberOfOutputs: 0 });
    context.createMediaStreamSource(stream).connect(node);
    const { port1, port2 } = new MessageChannel();
    node.port.postMessage({ port: port1 }, [port1]);
    const content = { capture: port2, inputRate: context.sampleRate };
    await this.start("microphone", content, [port2]);
    this.microphone = { stream, context };
  }

  press(midi, velocity = 0.7) {
    this.worker.postMessage({ type: "press", midi, velocity });
  }

  /** Lets go of a key, or of all. */
  release(midi) {
    this.worker.postMessage({ type: "release", midi });
  }

  /** Bends all keys by some semitones. */
  bend(semitones) {
    this.worker.postMessage({ type: "bend", semitones });
  }

  /** Holds what is played while the pedal is down. */
  pedal(isDown) {
    this.worker.postMessage({ type: "pedal", isDown });
  }

  /** @param {object} edits Any of `octaves`, `loudnessDb`, `gated`, `vibratoCents`. */
  edit(edits) {
    this.worker.postMessage({ type: "edit", ...edits });
  }

  setVolume(volume) {
    this.volume = volume;
    if (this.output) this.output.gain.setTargetAtTime(volume, this.context.currentTime, 0.02);
  }

  setRoomLevel(level) {
    this.roomLevel = level;
    this.worker.postMessage({ type: "setRoomLevel", level });
    this.node?.port.postMessage({ type: "room", level });
  }

  async stop() {
    this.closeMicrophone();
    if (this.state === "idle") return;
    this.setState("idle");
    await this.ask("stop", {});
  }

  startRecording() {
    this.recorded = [];
    this.node.port.postMessage({ type: "record" });
  }

  /** @returns {Promise<Float32Array>} What was heard since `startRecording`. */
  async stopRecording() {
    const done = new Promise((resolve) => (this.whenRecorded = resolve));
    this.node.port.postMessage({ type: "stop recording" });
    await done;
    const length = this.recorded.reduce((sum, block) => sum + block.length, 0);
    const samples = new Float32Array(length);
    let at = 0;
    for (const block of this.recorded) {
      samples.set(block, at);
      at += block.length;
    }
    this.recorded = null;
    return samples;
  }

  /**
   * What playing costs: shares of one core of the networks and of the synthesiser, and how often
   * the synthesiser ran out of frames, since the last call with `reset`.
   */
  async stats({ reset = false } = {}) {
    const networks = await this.ask("stats", {});
    const synth = await new Promise((resolve) => {
      if (!this.node) return resolve({ share: 0, seconds: 0, nUnderruns: 0 });
      this.statsAsked.push(resolve);
      this.node.port.postMessage({ type: "stats", reset });
    });
    if (reset) await this.ask("resetStats", {});
    return { networks, synth };
  }

  async start(kind, content, transfer = []) {
    this.closeMicrophone();
    await this.openContext();
    this.setState(kind);
    await this.ask("start", { kind, ...content }, transfer);
  }

  async openContext() {
    if (!this.context) {
      const context = new AudioContext({ sampleRate: this.sampleRate, latencyHint: "interactive" });
      await context.audioWorklet.addModule(new URL("./worklet.js", import.meta.url));
      const node = new AudioWorkletNode(context, "ddsp-synth", {
        numberOfInputs: 0,
        outputChannelCount: [1],
        processorOptions: {
          instrument: this.instrument,
          impulseResponse: this.impulseResponse,
        },
      });
      const { port1, port2 } = new MessageChannel();
      node.port.onmessage = ({ data }) => this.hear(data);
      node.port.postMessage({ type: "connect", port: port1 }, [port1]);
      node.onprocessorerror = () => this.fail("The synthesiser stopped. Reload the page.");
      await this.ask("connect", { port: port2 }, [port2]);
      this.analyser = new AnalyserNode(context, { fftSize: 2048, smoothingTimeConstant: 0.6 });
      this.output = new GainNode(context, { gain: this.volume });
      node.connect(this.analyser).connect(this.output).connect(context.destination);
      this.context = context;
      this.node = node;
      this.setRoomLevel(this.roomLevel);
    }
    await within(STARTED_MS, this.context.resume());
  }

  async closeContext() {
    const { context } = this;
    this.context = this.node = this.analyser = this.output = null;
    for (const resolve of this.statsAsked.splice(0)) resolve({ share: 0, seconds: 0, nUnderruns: 0 });
    await context?.close();
  }

  closeMicrophone() {
    for (const track of this.microphone?.stream.getTracks() ?? []) track.stop();
    this.microphone?.context.close();
    this.microphone = null;
  }

  ask(type, content, transfer = []) {
    const id = this.nQuestions++;
    this.worker.postMessage({ type, id, ...content }, transfer);
    return new Promise((resolve, reject) => this.questions.set(id, { resolve, reject }));
  }

  hear(message) {
    const { type } = message;
    if (type === "answer") {
      const question = this.questions.get(message.id);
      this.questions.delete(message.id);
      if (!question) this.fail(message.error);
      else if (message.error) question.reject(new Error(message.error));
      else question.resolve(message.result);
    } else if (type === "recorded") {
      this.recorded?.push(message.samples);
      if (message.last) this.whenRecorded?.();
    } else if (type === "stats") {
      this.statsAsked.shift()?.(message);
    } else if (type === "failed") {
      this.fail(message.message);
    } else if (type === "ended") {
      this.setState("idle");
    } else if (["frames", "progress", "working"].includes(type)) {
      this.dispatchEvent(new CustomEvent(type, { detail: message }));
    }
  }

  setState(state) {
    this.state = state;
    this.dispatchEvent(new CustomEvent("state", { detail: state }));
  }

  fail(message) {
    this.dispatchEvent(new CustomEvent("failed", { detail: message }));
  }
}

/** What a promise gives, or an error if it gives nothing for so long. */
function within(ms, promise) {
  const late = new Promise((_, reject) => {
    const message = "the browser doesn’t start its sound. Check that this computer has an output.";
    setTimeout(() => reject(new Error(message)), ms);
  });
  return Promise.race([promise, late]);
}
