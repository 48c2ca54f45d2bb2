import { isBlack, noteName, spokenNoteName } from "./note_names.js";

const NARROWEST_KEY = 34;
const CODES = "KeyA KeyW KeyS KeyE KeyD KeyF KeyT KeyG KeyY KeyH KeyU KeyJ KeyK KeyO KeyL KeyP".split(
  " ",
);

/**
 * Piano keys for fingers, mouse and keyboards.
 *
 * Every finger and every key holds a note of its own. Lower on a key is louder.
 */
export class Piano {
  /**
   * @param {HTMLElement} element Gets the keys.
   * @param {(midi: number, velocity: number) => void} press
   * @param {(midi: number) => void} release
   */
  constructor(element, press, release) {
    this.element = element;
    this.press = press;
    this.release = release;
    this.base = 60;
    this.held = new Map();
    this.listen();
    new ResizeObserver(() => this.build()).observe(element);
  }

  /** Puts the C below `midi` on the first key. */
  setBase(midi) {
    this.base = Math.min(96, Math.max(24, 12 * Math.floor(midi / 12)));
    this.releaseAll();
    this.build(true);
  }

  build(force = false) {
    const width = this.element.clientWidth;
    const octaves = Math.min(3, Math.max(1, Math.floor(width / NARROWEST_KEY / 7)));
    if (!width || (!force && octaves === this.octaves)) return;
    this.octaves = octaves;
    const nWhite = 7 * octaves + 1;
    let white = 0;
    this.keys = new Map();
    for (let note = this.base; note <= this.base + 12 * octaves; note++) {
      const key = document.createElement("button");
      const black = isBlack(note);
      key.type = "button";
      key.dataset.midi = note;
      key.className = black ? "black" : "white";
      key.tabIndex = note === this.base ? 0 : -1;
      key.setAttribute("aria-label", spokenNoteName(note));
      key.textContent = note % 12 === 0 ? noteName(note) : "";
      key.style.width = `${((black ? 0.62 : 1) * 100) / nWhite}%`;
      key.style.left = `${((black ? white - 0.31 : white) * 100) / nWhite}%`;
      if (!black) white += 1;
      this.keys.set(note, key);
    }
    this.element.replaceChildren(...this.keys.values());
  }

  listen() {
    const { element } = this;
    element.addEventListener("pointerdown", (event) => this.touch(event));
    element.addEventListener("pointermove", (event) => {
      if (this.held.has(event.pointerId)) this.touch(event);
    });
    for (const type of ["pointerup", "pointercancel"]) {
      window.addEventListener(type, (event) => this.let(event.pointerId));
    }
    element.addEventListener("keydown", (event) => this.steer(event));
    element.addEventListener("keyup", (event) => this.let(event.code));
    element.addEventListener("contextmenu", (event) => event.preventDefault());
    window.addEventListener("blur", () => this.releaseAll());
  }

  touch(event) {
    if (event.pointerType === "mouse" && event.buttons !== 1) return;
    if (event.target.hasPointerCapture?.(event.pointerId)) {
      event.target.releasePointerCapture(event.pointerId);
    }
    const key = document.elementFromPoint(event.clientX, event.clientY);
    if (!key?.dataset?.midi || !this.element.contains(key)) return;
    const box = key.getBoundingClientRect();
    const depth = (event.clientY - box.top) / box.height;
    this.hold(event.pointerId, Number(key.dataset.midi), 0.3 + 0.7 * Math.min(1, depth));
  }

  /** Arrows move between keys; Enter and Space play. */
  steer(event) {
    const note = Number(event.target.dataset.midi);
    if (Number.isNaN(note) || event.repeat) return;
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowUp: 12, ArrowDown: -12 }[event.key];
    if (step) {
      const key = this.keys.get(note + step);
      if (key) this.focus(key);
      event.preventDefault();
    } else if (event.key === "Enter" || event.key === " ") {
      this.hold(event.code, note, 0.75);
      event.preventDefault();
    }
  }

  focus(key) {
    for (const other of this.keys.values()) other.tabIndex = -1;
    key.tabIndex = 0;
    key.focus();
  }

  /** Plays a computer key; says whether it is one of the piano's. */
  typed(event, isDown) {
    const index = CODES.indexOf(event.code);
    if (index < 0) return false;
    if (!isDown) this.let(event.code);
    else if (!event.repeat) this.hold(event.code, this.base + index, 0.75);
    return true;
  }

  /** A finger, a key or a MIDI note begins to hold `note`, instead of what it held. */
  hold(holder, note, velocity) {
    if (this.held.get(holder) === note) return;
    this.let(holder);
    this.held.set(holder, note);
    this.keys?.get(note)?.classList.add("down");
    this.press(note, velocity);
  }

  let(holder) {
    const note = this.held.get(holder);
    if (note === undefined) return;
    this.held.delete(holder);
    if ([...this.held.values()].includes(note)) return;
    this.keys?.get(note)?.classList.remove("down");
    this.release(note);
  }

  releaseAll() {
    for (const holder of [...this.held.keys()]) this.let(holder);
  }
}
