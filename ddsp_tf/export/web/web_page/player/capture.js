/** Sends what the microphone hears to the worker, in blocks of about 5 ms. */
const BLOCK_S = 0.005;

class CaptureProcessor extends AudioWorkletProcessor {
  constructor() {
    super();
    this.samples = new Float32Array(Math.ceil((BLOCK_S * sampleRate) / 128) * 128);
    this.length = 0;
    this.port.onmessage = ({ data }) => {
      this.worker = data.port;
    };
  }

  process([channels]) {
    const [samples] = channels;
    if (!this.worker || !samples) return true;
    for (let i = 0; i < samples.length; i++) {
      let sum = 0;
      for (const channel of channels) sum += channel[i];
      this.samples[this.length + i] = sum / channels.length;
    }
    this.length += samples.length;
    if (this.length >= this.samples.length) {
      this.worker.postMessage(this.samples.slice(0, this.length));
      this.length = 0;
    }
    return true;
  }
}

registerProcessor("ddsp-capture", CaptureProcessor);
