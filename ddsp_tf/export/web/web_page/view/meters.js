import { midi } from "../player/decoder.js";
import { MelodyView } from "./melody_view.js";
import { noteName } from "./note_names.js";
import { SpectrumView } from "./spectrum_view.js";

const find = (id) => document.getElementById(id);
const TEXT_MS = 120;
const CALM_MS = 500;
const FRAME_MS = 30;
const COST_MS = 2000;

/** Everything that moves: pitch, loudness and spectrum of what is heard, and what it costs. */
export class Meters {
  constructor(player) {
    this.player = player;
    this.melody = new MelodyView(find("melody"));
    this.spectrum = new SpectrumView(find("spectrum"));
    this.calm = matchMedia("(prefers-reduced-motion: reduce)");
    this.waiting = [];
    this.nHeard = 0;
    this.drawnMs = this.textMs = 0;
    player.addEventListener("frames", ({ detail }) => this.take(detail));
    player.addEventListener("progress", ({ detail }) => this.hear(detail.nPlayed));
    player.addEventListener("state", ({ detail }) => this.showState(detail));
    setInterval(() => this.showCost(), COST_MS);
  }

  setInstrument(instrument) {
    const [low, high] = instrument.f0_hz_range ?? [130, 1047];
    this.loudest = instrument.loudness_db_range?.[1] ?? -10;
    this.melody.setRange(midi(low) - 2, midi(high) + 2);
    this.melody.clear(this.player.frameRate);
  }

  showState(state) {
    this.waiting = [];
    this.nHeard = 0;
    this.latest = null;
    if (state === "idle") {
      this.rest = 12;
      this.showText();
    } else if (!this.isDrawing) {
      this.isDrawing = true;
      requestAnimationFrame((time) => this.draw(time));
    }
  }

  take({ first, f0Hz, loudnessDb, gain }) {
    f0Hz.forEach((hz, i) => {
      this.waiting.push({ index: first + i, f0Hz: hz, loudnessDb: loudnessDb[i], gain: gain[i] });
    });
  }

  hear(nPlayed) {
    while (this.waiting.length && this.waiting[0].index < nPlayed) {
      this.latest = this.waiting.shift();
      this.melody.push(this.latest);
    }
  }

  draw(time) {
    const isPlaying = this.player.state !== "idle";
    if (time - this.drawnMs >= (this.calm.matches ? CALM_MS : FRAME_MS)) {
      this.drawnMs = time;
      this.melody.draw();
      this.spectrum.draw(this.player.analyser);
      if (!isPlaying) this.rest -= 1;
    }
    if (time - this.textMs >= TEXT_MS) {
      this.textMs = time;
      this.showText();
    }
    // A little longer than it plays, until the room has faded.
    this.isDrawing = isPlaying || this.rest > 0;
    if (this.isDrawing) requestAnimationFrame((later) => this.draw(later));
  }

  showText() {
    const frame = this.latest;
    const isNote = frame && frame.gain > 0.1;
    const note = isNote ? midi(frame.f0Hz) : 0;
    const cents = Math.round(100 * (note - Math.round(note)));
    find("pitch").textContent = isNote ? noteName(note) : "–";
    find("tuning").textContent = isNote ? tuning(cents) : "";
    find("level").textContent = isNote ? `${String(Math.round(frame.loudnessDb)).replace("-", "−")} dB` : "–";
    const share = isNote ? 1 - (this.loudest - frame.loudnessDb) / 50 : 0;
    find("level-bar").style.transform = `scaleX(${Math.min(1, Math.max(0, share)).toFixed(3)})`;
  }

  async showCost() {
    if (this.player.state === "idle" || document.hidden) return;
    const { networks, synth } = await this.player.stats();
    const percent = (share) => `${Math.round(100 * share)} %`;
    find("cost").textContent =
      `It takes ${percent(networks.share + synth.share)} of one processor core; ` +
      `${synth.nUnderruns || "no"} dropout${synth.nUnderruns === 1 ? "" : "s"} so far.`;
  }
}

/** How far a note is from its name, as players say it. */
function tuning(cents) {
  if (!cents) return "in tune";
  return `${Math.abs(cents)} cent${Math.abs(cents) === 1 ? "" : "s"} ${cents > 0 ? "sharp" : "flat"}`;
}
