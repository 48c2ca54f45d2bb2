const ZERO_CROSSINGS = 16;

/**
 * Changes the rate of a stream of blocks by a windowed sinc, without delay: output n is the input
 * at time n / `outputRate`. It comes once the few samples after that time have been pushed.
 */
export class Resampler {
  constructor(inputRate, outputRate) {
    this.step = inputRate / outputRate;
    // Below 1 when the rate falls, so that nothing above the new Nyquist frequency is left.
    this.cutoff = Math.min(1, 0.97 / this.step);
    this.reach = Math.ceil(ZERO_CROSSINGS / this.cutoff);
    this.kept = new Float32Array(this.reach);
    this.start = -this.reach;
    this.nOutputs = 0;
  }

  /** @param {Float32Array} block @returns {Float32Array} What can be computed so far. */
  push(block) {
    if (this.step === 1) return block;
    const input = new Float32Array(this.kept.length + block.length);
    input.set(this.kept);
    input.set(block, this.kept.length);
    const end = this.start + input.length;
    const output = [];
    for (;;) {
      const position = this.nOutputs * this.step;
      if (Math.floor(position) + this.reach >= end) break;
      output.push(this.at(input, position - this.start));
      this.nOutputs += 1;
    }
    const next = Math.floor(this.nOutputs * this.step) - this.reach;
    this.kept = input.slice(Math.max(0, next - this.start));
    this.start = end - this.kept.length;
    return Float32Array.from(output);
  }

  at(input, position) {
    const first = Math.floor(position) - this.reach + 1;
    let sum = 0;
    for (let i = first; i < first + 2 * this.reach; i++) {
      const x = (position - i) * this.cutoff;
      if (Math.abs(x) >= ZERO_CROSSINGS || i < 0) continue;
      const window = 0.5 + 0.5 * Math.cos((Math.PI * x) / ZERO_CROSSINGS);
      sum += input[i] * window * (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));
    }
    return sum * this.cutoff;
  }
}
