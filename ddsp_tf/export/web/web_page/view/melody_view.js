import { midi } from "../player/decoder.js";
import { Canvas } from "./canvas.js";
import { noteName } from "./note_names.js";

const SECONDS = 6;
const SOFTEST_DB = -60;
const SHORTEST_RANGE = 14;

/** The melody as it is heard: pitch from bottom to top, loudness as the line's width. */
export class MelodyView {
  constructor(element) {
    this.canvas = new Canvas(element);
    this.canvas.redraw = () => this.draw();
    this.low = 60;
    this.high = 84;
    this.clear(250);
  }

  /** The range of pitches that is always shown, as MIDI notes. */
  setRange(low, high) {
    this.low = Math.floor(low);
    this.high = Math.ceil(Math.max(high, low + SHORTEST_RANGE));
    this.draw();
  }

  clear(frameRate) {
    this.length = Math.round(SECONDS * frameRate);
    this.frames = [];
    this.draw();
  }

  /** @param {object} frame `{f0Hz, loudnessDb, gain}`. */
  push(frame) {
    this.frames.push({ ...frame, midi: midi(frame.f0Hz) });
    if (this.frames.length > this.length) this.frames.shift();
  }

  draw() {
    const { context, width, height } = this.canvas;
    if (!width) return;
    context.clearRect(0, 0, width, height);
    this.drawGrid();
    context.strokeStyle = this.canvas.colour("glow");
    context.lineCap = "round";
    // Each line is as wide as its louder end; short ones follow the loudness well enough.
    const step = Math.max(1, Math.floor((3 * this.length) / width));
    for (let i = step; i < this.frames.length; i += step) {
      const [before, here] = [this.frames[i - step], this.frames[i]];
      const audible = Math.min(before.gain, here.gain);
      if (audible < 0.02 || Math.abs(here.midi - before.midi) > 1.5) continue;
      const level = Math.max(0, 1 - Math.max(before.loudnessDb, here.loudnessDb) / SOFTEST_DB);
      context.globalAlpha = 0.25 + 0.75 * audible * Math.min(1, 0.3 + level);
      context.lineWidth = 1 + 9 * level * audible;
      context.beginPath();
      context.moveTo(this.x(i - step), this.y(before.midi));
      context.lineTo(this.x(i), this.y(here.midi));
      context.stroke();
    }
    context.globalAlpha = 1;
  }

  drawGrid() {
    const { context, width } = this.canvas;
    context.font = this.canvas.font;
    context.textBaseline = "middle";
    context.lineWidth = 1;
    // On a small screen there is room for the Cs alone.
    const named = this.canvas.height / (this.high - this.low) > 5 ? [0, 4, 7] : [0];
    for (let note = this.low; note <= this.high; note++) {
      if (!named.includes(note % 12)) continue;
      const y = Math.round(this.y(note)) + 0.5;
      context.strokeStyle = this.canvas.colour("stage-line");
      context.globalAlpha = note % 12 ? 0.45 : 1;
      context.beginPath();
      context.moveTo(34, y);
      context.lineTo(width, y);
      context.stroke();
      context.globalAlpha = 1;
      context.fillStyle = this.canvas.colour("stage-soft");
      context.fillText(noteName(note), 2, y);
    }
  }

  x(index) {
    const right = this.canvas.width - 8;
    return right - ((this.frames.length - 1 - index) * (right - 40)) / this.length;
  }

  y(note) {
    const share = (note - this.low + 0.7) / (this.high - this.low + 1.4);
    return this.canvas.height * (1 - share);
  }
}
