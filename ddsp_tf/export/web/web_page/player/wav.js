const HEADER_LENGTH = 44;

/** Makes a WAV file of 24 bits of mono samples; beyond full scale they are clipped. */
export function encodeWav(samples, sampleRate) {
  const bytes = new DataView(new ArrayBuffer(HEADER_LENGTH + 3 * samples.length));
  const text = (at, letters) => {
    for (let i = 0; i < letters.length; i++) bytes.setUint8(at + i, letters.charCodeAt(i));
  };
  text(0, "RIFF");
  bytes.setUint32(4, HEADER_LENGTH - 8 + 3 * samples.length, true);
  text(8, "WAVEfmt ");
  bytes.setUint32(16, 16, true);
  bytes.setUint16(20, 1, true);
  bytes.setUint16(22, 1, true);
  bytes.setUint32(24, sampleRate, true);
  bytes.setUint32(28, 3 * sampleRate, true);
  bytes.setUint16(32, 3, true);
  bytes.setUint16(34, 24, true);
  text(36, "data");
  bytes.setUint32(40, 3 * samples.length, true);
  samples.forEach((sample, i) => {
    const value = Math.round(Math.max(-1, Math.min(1, sample)) * 0x7fffff);
    bytes.setUint8(HEADER_LENGTH + 3 * i, value & 0xff);
    bytes.setInt16(HEADER_LENGTH + 3 * i + 1, value >> 8, true);
  });
  return new Blob([bytes], { type: "audio/wav" });
}
