import { hz } from "./decoder.js";

/** Keys that sound at once. */
export const N_VOICES = 6;

const ATTACK_DB_PER_S = 700;
const RELEASE_DB_PER_S = 160;
const SILENT_DB = -80;
/** So that the shortest tap is heard. */
const SHORTEST_S = 0.08;
const GLIDE_S = 0.012;
const VIBRATO_HZ = 5.4;
const VIBRATO_DELAY_S = 0.35;
const VIBRATO_RISE_S = 0.5;

/** Features made of keys, as many at once as there are voices. */
export class KeyboardSource {
  /** @param {object} instrument An instrument.json. */
  constructor(instrument) {
    this.frameRate = instrument.sample_rate / instrument.hop_length;
    const [softest, loudest] = instrument.loudness_db_range ?? [-50, -15];
    // The quietest percent of the recordings is hardly a note.
    this.softestDb = softest + 0.35 * (loudest - softest);
    this.loudestDb = loudest;
    this.ended = false;
    this.voices = Array.from({ length: N_VOICES }, () => new KeyVoice(this));
    this.latest = this.voices[0];
    this.nPressed = 0;
    this.vibratoCents = 12;
    this.bend = 0;
    this.isPedalDown = false;
  }

  /** @param {number} midi @param {number} velocity 0 to 1. */
  press(midi, velocity) {
    const { voices } = this;
    const own = voices.find((voice) => voice.key === midi);
    const oldest = (some) => some.reduce((a, b) => (b.order < a.order ? b : a));
    const free = voices.filter((voice) => voice.key === null);
    const silent = free.filter((voice) => voice.isSilent);
    const voice = own ?? oldest(silent.length ? silent : free.length ? free : voices);
    this.nPressed += 1;
    voice.press(midi, this.softestDb + velocity * (this.loudestDb - this.softestDb), this.nPressed);
    this.latest = voice;
  }

  release(midi) {
    const voice = this.voices.find(({ key }) => key === midi);
    if (!voice) return;
    voice.isDown = false;
    // The frame after the shortest note lets it go.
    if (voice.age >= SHORTEST_S) this.let(voice);
  }

  releaseAll() {
    for (const { key } of this.voices) if (key !== null) this.release(key);
  }

  setPedal(isDown) {
    this.isPedalDown = isDown;
    for (const voice of this.voices) if (!voice.isDown) this.let(voice);
  }

  let(voice) {
    if (voice.key === null || this.isPedalDown) return;
    voice.key = null;
    const held = this.voices.filter(({ key }) => key !== null);
    if (this.latest === voice && held.length) {
      this.latest = held.reduce((a, b) => (b.order > a.order ? b : a));
    }
  }

  /** The next frame: what is shown is the latest key's. */
  async next() {
    for (const voice of this.voices) {
      if (voice.key !== null && !voice.isDown && voice.age >= SHORTEST_S) this.let(voice);
    }
    const voices = this.voices.map((voice) => voice.next(this));
    return { ...voices[this.voices.indexOf(this.latest)], voices };
  }
}

/** One key at a time. */
class KeyVoice {
  constructor({ softestDb, frameRate }) {
    this.softestDb = softestDb;
    this.frameRate = frameRate;
    this.key = null;
    this.isDown = false;
    this.order = 0;
    this.levelDb = SILENT_DB;
    this.targetDb = SILENT_DB;
    this.midi = 69;
    this.targetMidi = 69;
    this.age = 0;
  }

  get isSilent() {
    return this.levelDb <= SILENT_DB;
  }

  press(midi, levelDb, order) {
    if (this.levelDb <= this.softestDb - 20) this.midi = midi;
    this.targetMidi = midi;
    this.targetDb = levelDb;
    this.key = midi;
    this.isDown = true;
    this.order = order;
    this.age = 0;
  }

  next({ vibratoCents, bend }) {
    const change = (this.key === null ? SILENT_DB : this.targetDb) - this.levelDb;
    const rate = change > 0 ? ATTACK_DB_PER_S : RELEASE_DB_PER_S;
    const step = rate / this.frameRate;
    this.levelDb += Math.max(-step, Math.min(step, change));
    this.midi += (this.targetMidi - this.midi) * (1 - Math.exp(-1 / (GLIDE_S * this.frameRate)));
    this.age += 1 / this.frameRate;
    const depth = Math.min(1, Math.max(0, (this.age - VIBRATO_DELAY_S) / VIBRATO_RISE_S));
    const swing = Math.sin(2 * Math.PI * VIBRATO_HZ * (this.age - VIBRATO_DELAY_S));
    return {
      f0Hz: hz(this.midi + bend + (depth * swing * vibratoCents) / 100),
      confidence: this.isSilent ? 0 : 1,
      loudnessDb: this.levelDb,
      gain: Math.min(1, Math.max(0, (this.levelDb - SILENT_DB) / 10)),
    };
  }
}
