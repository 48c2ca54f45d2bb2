/** White noise that is a function of a seed and a sample's position: ddsp_tf/dsp/noise.py. */
export class UniformNoise {
  constructor(seed) {
    this.key = scramble(seed >>> 0);
  }

  /** Fills `output` with the samples from position `start` on, which may be negative. */
  fill(output, start) {
    for (let i = 0; i < output.length; i++) {
      // Positions count modulo 2 ** 32; a double is exact far beyond.
      const bits = scramble(((start + i) >>> 0) ^ this.key);
      output[i] = (bits >>> 8) * 2 ** -23 - 1;
    }
  }
}

function scramble(x) {
  x ^= x >>> 16;
  x = Math.imul(x, 0x7feb352d);
  x ^= x >>> 15;
  x = Math.imul(x, 0x846ca68b);
  return (x ^ (x >>> 16)) >>> 0;
}
