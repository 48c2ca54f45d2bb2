const NAMES = ["C", "C♯", "D", "E♭", "E", "F", "F♯", "G", "A♭", "A", "B♭", "B"];

/** A MIDI number as a note: 69 is A4. */
export function noteName(midi) {
  const note = Math.round(midi);
  return NAMES[((note % 12) + 12) % 12] + (Math.floor(note / 12) - 1);
}

/** The same for screen readers. */
export function spokenNoteName(midi) {
  return noteName(midi).replace("♯", " sharp ").replace("♭", " flat ");
}

export function isBlack(midi) {
  return [1, 3, 6, 8, 10].includes(((midi % 12) + 12) % 12);
}
