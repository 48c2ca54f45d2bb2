import { Fft } from "./fft.js";

/** Convolution with a long response in blocks of one size: overlap-save with stored spectra. */
class UniformConvolver {
  constructor(taps, blockLength) {
    this.blockLength = blockLength;
    this.fft = new Fft(2 * blockLength);
    this.nBins = blockLength + 1;
    this.nParts = Math.max(1, Math.ceil(taps.length / blockLength));
    this.responseRe = new Float64Array(this.nParts * this.nBins);
    this.responseIm = new Float64Array(this.nParts * this.nBins);
    this.inputRe = new Float64Array(this.nParts * this.nBins);
    this.inputIm = new Float64Array(this.nParts * this.nBins);
    this.real = new Float64Array(this.fft.size);
    this.imaginary = new Float64Array(this.fft.size);
    this.previous = new Float64Array(blockLength);
    for (let part = 0; part < this.nParts; part++) {
      this.real.fill(0);
      this.imaginary.fill(0);
      this.real.set(taps.subarray(part * blockLength, (part + 1) * blockLength));
      this.fft.forward(this.real, this.imaginary);
      this.responseRe.set(this.real.subarray(0, this.nBins), part * this.nBins);
      this.responseIm.set(this.imaginary.subarray(0, this.nBins), part * this.nBins);
    }
    this.newest = 0;
  }

  reset() {
    this.inputRe.fill(0);
    this.inputIm.fill(0);
    this.previous.fill(0);
  }

  /** Writes one block of the convolution for one block of input. */
  process(input, output) {
    const { real, imaginary, fft, nBins, blockLength } = this;
    real.set(this.previous);
    real.set(input, blockLength);
    imaginary.fill(0);
    this.previous.set(input);
    fft.forward(real, imaginary);
    this.newest = (this.newest + this.nParts - 1) % this.nParts;
    this.inputRe.set(real.subarray(0, nBins), this.newest * nBins);
    this.inputIm.set(imaginary.subarray(0, nBins), this.newest * nBins);
    this.sumProducts();
    for (let bin = 1; bin < nBins - 1; bin++) {
      real[fft.size - bin] = real[bin];
      imaginary[fft.size - bin] = -imaginary[bin];
    }
    fft.inverse(real, imaginary);
    for (let i = 0; i < blockLength; i++) output[i] = real[blockLength + i] / fft.size;
  }

  sumProducts() {
    const { real, imaginary, nBins, responseRe, responseIm, inputRe, inputIm } = this;
    real.fill(0, 0, nBins);
    imaginary.fill(0, 0, nBins);
    for (let part = 0; part < this.nParts; part++) {
      const from = ((this.newest + part) % this.nParts) * nBins;
      const with_ = part * nBins;
      for (let bin = 0; bin < nBins; bin++) {
        const aRe = inputRe[from + bin];
        const aIm = inputIm[from + bin];
        const bRe = responseRe[with_ + bin];
        const bIm = responseIm[with_ + bin];
        real[bin] += aRe * bRe - aIm * bIm;
        imaginary[bin] += aRe * bIm + aIm * bRe;
      }
    }
  }
}

const N_SHORT = 8;

/**
 * Convolution without delay: the first taps in short blocks, the rest in blocks `N_SHORT` times as
 * long, whose results are due one long block later.
 */
export class Convolver {
  /**
   * @param {Float32Array} taps The impulse response.
   * @param {number} blockLength Samples of each `process` call, a power of two.
   */
  constructor(taps, blockLength = 128) {
    this.blockLength = blockLength;
    this.longLength = N_SHORT * blockLength;
    this.head = new UniformConvolver(taps.subarray(0, this.longLength), blockLength);
    const rest = taps.subarray(this.longLength);
    this.tail = rest.length ? new UniformConvolver(rest, this.longLength) : null;
    this.gathered = new Float64Array(this.longLength);
    this.due = new Float64Array(this.longLength);
    this.position = 0;
  }

  reset() {
    this.head.reset();
    this.tail?.reset();
    this.gathered.fill(0);
    this.due.fill(0);
    this.position = 0;
  }

  process(input, output) {
    this.head.process(input, output);
    if (!this.tail) return;
    this.gathered.set(input, this.position);
    for (let i = 0; i < this.blockLength; i++) output[i] += this.due[this.position + i];
    this.position += this.blockLength;
    if (this.position === this.longLength) {
      this.tail.process(this.gathered, this.due);
      this.position = 0;
    }
  }
}
