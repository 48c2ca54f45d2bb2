const ATTACK_S = 0.012;
const RELEASE_S = 0.06;
const OPEN_CONFIDENCE = 0.5;
const CLOSE_CONFIDENCE = 0.3;
const OPEN_DB = -55;
const CLOSE_DB = -60;

/**
 * Fades out what is no note, and holds the pitch meanwhile. It knows no later frames, so that it
 * works live: a note opens it when it is clear and loud, and closes it when it is neither.
 */
export class Gate {
  constructor(frameRate) {
    this.rise = 1 / Math.max(1, ATTACK_S * frameRate);
    this.fall = 1 / Math.max(1, RELEASE_S * frameRate);
    this.enabled = true;
    this.reset();
  }

  reset() {
    this.isOpen = false;
    this.gain = 0;
    this.heldHz = 0;
  }

  /** Gives the frame with `gain`, 0 to 1, and with a pitch that is held where there is none. */
  apply(frame) {
    if (!this.enabled) return { ...frame, gain: 1 };
    const sure = frame.confidence >= (this.isOpen ? CLOSE_CONFIDENCE : OPEN_CONFIDENCE);
    const loud = frame.loudnessDb >= (this.isOpen ? CLOSE_DB : OPEN_DB);
    this.isOpen = sure && loud;
    const gain = this.isOpen ? this.gain + this.rise : this.gain - this.fall;
    this.gain = Math.min(1, Math.max(0, gain));
    if (this.isOpen || !this.heldHz) this.heldHz = frame.f0Hz;
    return { ...frame, f0Hz: this.heldHz, gain: this.gain };
  }
}
