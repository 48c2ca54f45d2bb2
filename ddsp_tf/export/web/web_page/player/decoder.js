/** An instrument's decoder: a frame of pitch and loudness in, its controls out. */
export class Decoder {
  constructor(network, nState) {
    this.network = network;
    this.nState = nState;
    this.reset();
  }

  reset() {
    this.state = new Float32Array(this.nState);
  }

  async step(f0Hz, loudnessDb) {
    const outputs = await this.network.run({
      f0_scaled: Float32Array.of(midi(f0Hz) / 127),
      loudness_scaled: Float32Array.of(loudnessDb / 80 + 1),
      state: this.state,
    });
    this.state = outputs.next_state;
    return outputs;
  }
}

export function midi(hz) {
  return 69 + 12 * Math.log2(hz / 440);
}

export function hz(midiNote) {
  return 440 * 2 ** ((midiNote - 69) / 12);
}
