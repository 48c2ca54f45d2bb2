import { hz } from "./decoder.js";

const ATTACK_DB_PER_S = 700;
const RELEASE_DB_PER_S = 160;
const SILENT_DB = -80;
/** So that the shortest tap is heard. */
const SHORTEST_S = 0.08;
const GLIDE_S = 0.012;
const VIBRATO_HZ = 5.4;
const VIBRATO_DELAY_S = 0.35;
const VIBRATO_RISE_S = 0.5;

/** Features made of notes, one at a time: the last key pressed sounds. */
export class KeyboardSource {
  /** @param {object} instrument An instrument.json. */
  constructor(instrument) {
    this.frameRate = instrument.sample_rate / instrument.hop_length;
    const [softest, loudest] = instrument.loudness_db_range ?? [-50, -15];
    // The quietest percent of the recordings is hardly a note.
    this.softestDb = softest + 0.35 * (loudest - softest);
    this.loudestDb = loudest;
    this.ended = false;
    this.pressed = [];
    this.leaving = [];
    this.levelDb = SILENT_DB;
    this.targetDb = SILENT_DB;
    this.midi = 69;
    this.targetMidi = 69;
    this.age = 0;
    this.vibratoCents = 12;
  }

  /** @param {number} midi @param {number} velocity 0 to 1. */
  press(midi, velocity) {
    this.remove(midi);
    this.pressed.push({ midi, velocity });
    const wasSilent = this.levelDb <= this.softestDb - 20;
    this.sound();
    if (wasSilent) this.midi = midi;
    this.age = 0;
  }

  release(midi) {
    if (this.age < SHORTEST_S) this.leaving.push(midi);
    else this.remove(midi);
  }

  releaseAll() {
    for (const { midi } of this.pressed) this.release(midi);
  }

  remove(midi) {
    this.leaving = this.leaving.filter((note) => note !== midi);
    this.pressed = this.pressed.filter((note) => note.midi !== midi);
    this.sound();
  }

  sound() {
    const note = this.pressed[this.pressed.length - 1];
    this.targetDb = note
      ? this.softestDb + note.velocity * (this.loudestDb - this.softestDb)
      : SILENT_DB;
    if (note) this.targetMidi = note.midi;
  }

  async next() {
    if (this.age >= SHORTEST_S) this.leaving.forEach((midi) => this.remove(midi));
    const change = this.targetDb - this.levelDb;
    const rate = change > 0 ? ATTACK_DB_PER_S : RELEASE_DB_PER_S;
    const step = rate / this.frameRate;
    this.levelDb += Math.max(-step, Math.min(step, change));
    this.midi += (this.targetMidi - this.midi) * (1 - Math.exp(-1 / (GLIDE_S * this.frameRate)));
    this.age += 1 / this.frameRate;
    const depth = Math.min(1, Math.max(0, (this.age - VIBRATO_DELAY_S) / VIBRATO_RISE_S));
    const swing = Math.sin(2 * Math.PI * VIBRATO_HZ * (this.age - VIBRATO_DELAY_S));
    const bend = (depth * swing * this.vibratoCents) / 100;
    const audible = this.levelDb > SILENT_DB;
    return {
      f0Hz: hz(this.midi + bend),
      confidence: audible ? 1 : 0,
      loudnessDb: this.levelDb,
      gain: Math.min(1, Math.max(0, (this.levelDb - SILENT_DB) / 10)),
    };
  }
}
