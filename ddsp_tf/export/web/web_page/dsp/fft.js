/** Complex FFTs of power-of-two length in double precision, in place. */
export class Fft {
  /** @param {number} size A power of two. */
  constructor(size) {
    this.size = size;
    this.cosines = new Float64Array(size / 2);
    this.sines = new Float64Array(size / 2);
    for (let i = 0; i < size / 2; i++) {
      this.cosines[i] = Math.cos((2 * Math.PI * i) / size);
      this.sines[i] = Math.sin((2 * Math.PI * i) / size);
    }
    this.reversed = new Uint32Array(size);
    for (let i = 1, bits = Math.log2(size); i < size; i++) {
      this.reversed[i] = (this.reversed[i >> 1] >> 1) | ((i & 1) << (bits - 1));
    }
  }

  forward(real, imaginary) {
    const { size, cosines, sines, reversed } = this;
    for (let i = 0; i < size; i++) {
      const j = reversed[i];
      if (i < j) {
        let kept = real[i];
        real[i] = real[j];
        real[j] = kept;
        kept = imaginary[i];
        imaginary[i] = imaginary[j];
        imaginary[j] = kept;
      }
    }
    for (let half = 1, step = size / 2; half < size; half *= 2, step /= 2) {
      for (let start = 0; start < size; start += 2 * half) {
        for (let k = 0, turn = 0; k < half; k++, turn += step) {
          const low = start + k;
          const high = low + half;
          const re = real[high] * cosines[turn] + imaginary[high] * sines[turn];
          const im = imaginary[high] * cosines[turn] - real[high] * sines[turn];
          real[high] = real[low] - re;
          imaginary[high] = imaginary[low] - im;
          real[low] += re;
          imaginary[low] += im;
        }
      }
    }
  }

  /** The inverse, without the division by the size. */
  inverse(real, imaginary) {
    this.forward(imaginary, real);
  }
}

/** The least power of two that is not below `minimum`. */
export function powerOfTwo(minimum) {
  let size = 1;
  while (size < minimum) size *= 2;
  return size;
}

/** A periodic Hann window. */
export function hann(length) {
  return Float64Array.from({ length }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / length));
}
