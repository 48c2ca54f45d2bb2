/** What is known about the instrument. */
export class AboutView {
  show(instrument) {
    const { parity, f0_hz_range: hertz, loudness_db_range: levels } = instrument;
    const facts = {
      Name: instrument.title,
      Sound: instrument.description,
      Licence: instrument.licence,
      "Learned from": instrument.attribution,
      Pitch: hertz && `${hertz.map((x) => Math.round(x)).join(" to ")} Hz`,
      Loudness: levels && `${levels.map((x) => Math.round(x)).join(" to ")} dB`,
      Rate: `${instrument.sample_rate} Hz, ${instrument.frame_rate} frames a second`,
      "Same as Python": `to ${largest(parity.decoder.errors)} (${parity.decoder.case})`,
      "Made by": `ddsp_tf ${instrument.ddsp_tf_version}`,
    };
    const list = document.getElementById("about");
    list.replaceChildren();
    for (const [term, found] of Object.entries(facts)) {
      for (const [index, text] of [found ?? []].flat().entries()) {
        const name = document.createElement("dt");
        name.textContent = index ? "" : term;
        const value = document.createElement("dd");
        value.textContent = text;
        list.append(name, value);
      }
    }
  }
}

function largest(errors) {
  return Math.max(...Object.values(errors)).toExponential(1);
}
