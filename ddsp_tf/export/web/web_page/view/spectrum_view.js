import { Canvas } from "./canvas.js";

const LOWEST_HZ = 60;
const FLOOR_DB = -95;
const TOP_DB = -20;

/** The spectrum of what is heard, on a logarithmic axis. */
export class SpectrumView {
  constructor(element) {
    this.canvas = new Canvas(element);
    this.canvas.redraw = () => this.draw(null);
    this.draw(null);
  }

  /** @param {AnalyserNode|null} analyser Null draws an empty one. */
  draw(analyser) {
    const { context, width, height } = this.canvas;
    if (!width) return;
    context.clearRect(0, 0, width, height);
    const highest = analyser ? analyser.context.sampleRate / 2 : 8000;
    this.drawScale(highest);
    if (!analyser) return;
    const levels = new Float32Array(analyser.frequencyBinCount);
    analyser.getFloatFrequencyData(levels);
    context.beginPath();
    context.moveTo(0, height - 15);
    for (let x = 0; x <= width; x++) {
      const bin = (this.hz(x, highest) / highest) * (levels.length - 1);
      const next = (this.hz(x + 1, highest) / highest) * (levels.length - 1);
      const below = Math.floor(bin);
      const above = Math.min(below + 1, levels.length - 1);
      let level = levels[below] + (bin - below) * (levels[above] - levels[below]);
      for (let i = Math.ceil(bin); i < next && i < levels.length; i++) {
        level = Math.max(level, levels[i]);
      }
      // Silence is minus infinity, and between two of those there is no number.
      if (Number.isNaN(level)) level = FLOOR_DB;
      const share = Math.min(1, Math.max(0, (level - FLOOR_DB) / (TOP_DB - FLOOR_DB)));
      context.lineTo(x, height - 15 - share * (height - 18));
    }
    context.lineTo(width, height - 15);
    context.fillStyle = this.canvas.colour("glow");
    context.globalAlpha = 0.75;
    context.fill();
    context.globalAlpha = 1;
  }

  drawScale(highest) {
    const { context, width, height } = this.canvas;
    context.font = this.canvas.font;
    context.textBaseline = "alphabetic";
    context.fillStyle = this.canvas.colour("stage-soft");
    for (const hz of [100, 200, 500, 1000, 2000, 5000, 10000]) {
      if (hz >= highest) continue;
      const x = (width * Math.log(hz / LOWEST_HZ)) / Math.log(highest / LOWEST_HZ);
      context.fillText(hz < 1000 ? `${hz}` : `${hz / 1000}k`, x, height - 1);
    }
    context.fillText("Hz", 0, height - 1);
  }

  hz(x, highest) {
    return LOWEST_HZ * (highest / LOWEST_HZ) ** (x / this.canvas.width);
  }
}
