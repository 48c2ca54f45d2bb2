import { midi } from "../player/decoder.js";
import { MidiInput } from "./midi_input.js";
import { Piano } from "./piano.js";

const find = (id) => document.getElementById(id);

/** The keyboard: on the screen, the computer's, or a MIDI one. */
export class KeyboardPanel {
  constructor(player, say) {
    this.player = player;
    this.say = say;
    this.isEnabled = false;
    this.piano = new Piano(
      find("piano"),
      (note, velocity) => this.press(note, velocity),
      (note) => player.release(note),
    );
    this.midi = new MidiInput(this.piano, player);
    find("lower").addEventListener("click", () => this.piano.setBase(this.piano.base - 12));
    find("higher").addEventListener("click", () => this.piano.setBase(this.piano.base + 12));
    find("midi").addEventListener("click", () => this.connect());
    find("vibrato").addEventListener("input", () => this.setVibrato());
    window.addEventListener("keydown", (event) => this.type(event, true));
    window.addEventListener("keyup", (event) => this.type(event, false));
    this.setVibrato();
  }

  get isShown() {
    return !find("panel-keyboard").hidden;
  }

  enable(isEnabled) {
    this.isEnabled = isEnabled;
  }

  async setInstrument(instrument) {
    const [low, high] = instrument.f0_hz_range ?? [262, 1047];
    this.piano.setBase((midi(low) + midi(high)) / 2 - 6);
    if (this.isShown) await this.show();
  }

  async show() {
    if (!this.isEnabled) return;
    this.say("Play with the keys.");
    await this.start();
  }

  async start() {
    try {
      this.starting ??= this.player.playKeyboard();
      await this.starting;
    } catch (error) {
      this.say(`The keyboard can’t be played: ${error.message}`, "error");
    } finally {
      this.starting = null;
    }
  }

  async press(note, velocity) {
    if (!this.isEnabled) return;
    if (this.player.state !== "keyboard" || this.starting) await this.start();
    this.player.press(note, velocity);
  }

  async connect() {
    try {
      find("midi-state").textContent = await this.midi.connect();
    } catch (error) {
      const refused = error.name === "SecurityError" || error.name === "NotAllowedError";
      find("midi-state").textContent = refused
        ? "MIDI was refused. Allow it in the site’s settings beside the address."
        : error.message;
    }
  }

  setVibrato() {
    const cents = Number(find("vibrato").value);
    find("vibrato-value").textContent = vibratoWidth(cents);
    find("vibrato").setAttribute("aria-valuetext", vibratoWidth(cents));
    this.player.edit({ vibratoCents: cents });
  }

  type(event, isDown) {
    if (!this.isShown || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest?.("select, input:not([type=range]):not([type=checkbox])")) return;
    if (isDown && !event.repeat && (event.code === "KeyZ" || event.code === "KeyX")) {
      this.piano.setBase(this.piano.base + (event.code === "KeyX" ? 12 : -12));
    } else if (this.piano.typed(event, isDown)) {
      event.preventDefault();
    }
  }
}

/** A vibrato as players call it, for its depth to either side. */
function vibratoWidth(cents) {
  if (!cents) return "none";
  if (cents <= 10) return "narrow";
  return cents <= 25 ? "medium" : "wide";
}
