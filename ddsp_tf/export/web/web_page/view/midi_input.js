const NOTE_OFF = 0x80;
const NOTE_ON = 0x90;
const CONTROL = 0xb0;
const PITCH_BEND = 0xe0;
const SUSTAIN = 64;
const ALL_SOUND_OFF = 120;
const RESET_ALL = 121;
const ALL_NOTES_OFF = 123;
const DATA = 6;
const RPN_FINE = 100;
const RPN_COARSE = 101;
const NONE = 127;
const FULL_BEND = 8192;
/** Semitones of a full bend, until the keyboard says another number. */
const USUAL_RANGE = 2;

/** Plays what MIDI keyboards send, those that are plugged in later too. */
export class MidiInput {
  /**
   * @param {import("./piano.js").Piano} piano Shows and holds the notes.
   * @param {{bend: (semitones: number) => void, pedal: (isDown: boolean) => void}} player
   */
  constructor(piano, player) {
    this.piano = piano;
    this.player = player;
    this.wheel = 0;
    this.bendRange = USUAL_RANGE;
    this.parameter = [NONE, NONE];
  }

  /** Asks for the devices. @returns {Promise<string>} What is connected, for a reader. */
  async connect() {
    if (!navigator.requestMIDIAccess) {
      throw new Error("This browser has no MIDI. Chrome, Edge and Firefox have.");
    }
    this.access = await navigator.requestMIDIAccess();
    const attach = () => {
      for (const input of this.access.inputs.values()) {
        input.onmidimessage = ({ data }) => this.receive(data);
      }
    };
    this.access.onstatechange = attach;
    attach();
    const names = [...this.access.inputs.values()].map((input) => input.name);
    return names.length ? names.join(", ") : "No MIDI keyboard yet: plug one in.";
  }

  /** @param {Uint8Array} message One MIDI message. */
  receive([status, first, second]) {
    const kind = status & 0xf0;
    const holder = `midi ${first}`;
    if (kind === NOTE_ON && second > 0) this.piano.hold(holder, first, second / 127);
    else if (kind === NOTE_OFF || kind === NOTE_ON) this.piano.let(holder);
    else if (kind === PITCH_BEND) this.setWheel((second << 7) + first - FULL_BEND);
    else if (kind === CONTROL) this.control(first, second);
  }

  control(number, value) {
    if (number === SUSTAIN) this.player.pedal(value >= 64);
    else if (number === RPN_COARSE) this.parameter[0] = value;
    else if (number === RPN_FINE) this.parameter[1] = value;
    else if (number === DATA && this.parameter.every((part) => part === 0)) {
      this.bendRange = value;
      this.setWheel(this.wheel);
    } else if ([ALL_SOUND_OFF, RESET_ALL, ALL_NOTES_OFF].includes(number)) {
      this.player.pedal(false);
      if (number === RESET_ALL) this.setWheel(0);
      else this.piano.releaseAll();
    }
  }

  setWheel(wheel) {
    this.wheel = wheel;
    this.player.bend((wheel / FULL_BEND) * this.bendRange);
  }
}
