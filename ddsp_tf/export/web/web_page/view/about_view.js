import { midi } from "../player/decoder.js";
import { noteName } from "./note_names.js";

/** What is known about the instrument: for who plays it, and in the last line for programmers. */
export class AboutView {
  show(instrument) {
    const facts = {
      Sound: instrument.description,
      Notes: instrument.f0_hz_range?.map((hertz) => noteName(midi(hertz))).join(" to "),
      Licence: instrument.licence,
      "Recordings by": instrument.attribution,
      "For programmers": technicalLine(instrument),
    };
    const list = document.getElementById("about");
    list.replaceChildren();
    for (const [term, found] of Object.entries(facts)) {
      const texts = [found ?? []].flat();
      if (!texts.length) continue;
      list.append(element("dt", term), ...texts.map((text) => element("dd", text)));
    }
  }
}

function technicalLine(instrument) {
  const { sample_rate, frame_rate, parity, loudness_db_range: levels } = instrument;
  const apart = Math.max(...Object.values(parity.decoder.errors)).toExponential(1);
  return [
    `${sample_rate} Hz, ${frame_rate} frames a second`,
    levels && `trained from ${levels.map((x) => Math.round(x)).join(" to ")} dB`,
    `its network’s outputs equal Python’s to ${apart} (${parity.decoder.case})`,
    `made by ddsp_tf ${instrument.ddsp_tf_version}`,
  ]
    .filter(Boolean)
    .join("; ");
}

function element(name, text) {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}
