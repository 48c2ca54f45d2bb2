const NOTE_OFF = 0x80;
const NOTE_ON = 0x90;
const CONTROL = 0xb0;
const ALL_NOTES_OFF = 123;

/** Plays what MIDI keyboards send, those that are plugged in later too. */
export class MidiInput {
  /** @param {import("./piano.js").Piano} piano Shows and holds the notes. */
  constructor(piano) {
    this.piano = piano;
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
    else if (kind === CONTROL && first === ALL_NOTES_OFF) this.piano.releaseAll();
  }
}
