const find = (id) => document.getElementById(id);
const signed = (value) => (value > 0 ? `+${value}` : String(value).replace("-", "−"));

/** The sliders. What a recording needs to suit the instrument is added to them. */
export class ShapePanel {
  constructor(player) {
    this.player = player;
    this.baseOctaves = 0;
    this.baseLoudnessDb = 0;
    for (const id of ["octave", "loudness", "room", "volume", "gate"]) {
      find(id).addEventListener("input", () => this.apply());
    }
    player.addEventListener("state", () => this.apply());
    this.apply();
  }

  /** On the keyboard one chooses the keys' octave there, and hears what is written on them. */
  setKeyboard(isKeyboard) {
    this.isKeyboard = isKeyboard;
    find("octave").closest("label").hidden = isKeyboard;
    this.apply();
  }

  setBase(octaves, loudnessDb) {
    this.baseOctaves = octaves;
    this.baseLoudnessDb = loudnessDb;
    this.apply();
  }

  /** Tells the player. What suits a recording is for recordings alone. */
  apply() {
    const value = (id) => Number(find(id).value);
    const isOthers = ["keyboard", "microphone"].includes(this.player.state);
    this.player.edit({
      octaves: (this.isKeyboard ? 0 : value("octave")) + (isOthers ? 0 : this.baseOctaves),
      loudnessDb: value("loudness") + (isOthers ? 0 : this.baseLoudnessDb),
      gated: find("gate").checked,
    });
    this.player.setRoomLevel(value("room") / 100);
    this.player.setVolume(value("volume") / 100);
    find("octave-value").textContent = signed(value("octave"));
    find("loudness-value").textContent = `${signed(value("loudness"))} dB`;
    find("room-value").textContent = `${value("room")} %`;
    find("volume-value").textContent = `${value("volume")} %`;
  }
}
