import { clockTime } from "./clock.js";

const find = (id) => document.getElementById(id);
const MOST_GAPS = 8;

/** A recording that is chosen, dropped, or the demo melody; played, sought in, or rendered. */
export class RecordingPanel {
  constructor(player, shape, takes, say) {
    Object.assign(this, { player, shape, takes, say });
    this.audio = null;
    this.startFrame = 0;
    this.file = null;
    this.listen();
  }

  listen() {
    find("file").addEventListener("change", ({ target }) => {
      if (target.files[0]) this.choose(target.files[0]);
      target.value = "";
    });
    find("demo").addEventListener("click", () => this.choose(null));
    find("play").addEventListener("click", () => this.toggle());
    find("seek").addEventListener("change", () => this.seek());
    find("seek").addEventListener("input", () => this.showTime(Number(find("seek").value)));
    find("match").addEventListener("change", () => this.match());
    find("render").addEventListener("click", () => this.renderOrCancel());
    const drop = find("drop");
    const over = (isOver) => (event) => {
      event.preventDefault();
      drop.classList.toggle("over", isOver);
    };
    drop.addEventListener("dragover", over(true));
    drop.addEventListener("dragleave", over(false));
    drop.addEventListener("drop", (event) => {
      over(false)(event);
      const [file] = event.dataTransfer.files;
      if (file && this.rendering) this.say("Wait until the WAV file is ready, or cancel it.");
      else if (file) this.choose(file);
    });
    // A file that misses the box must not replace the page.
    for (const type of ["dragover", "drop"]) {
      window.addEventListener(type, (event) => event.preventDefault());
    }
    this.player.addEventListener("state", ({ detail }) => this.showState(detail));
    this.player.addEventListener("progress", ({ detail }) => this.follow(detail));
    this.player.addEventListener("working", ({ detail }) =>
      this.say(`Listening to the recording: ${Math.round(100 * Math.min(1, detail.share))} %`),
    );
  }

  enable(isEnabled) {
    for (const id of ["play", "seek", "render"]) find(id).disabled = !isEnabled || !this.audio;
    for (const id of ["file", "demo"]) find(id).disabled = !isEnabled;
  }

  async setInstrument() {
    await this.open(this.file);
  }

  async choose(file) {
    await this.player.stop();
    this.enable(false);
    if (await this.open(file)) this.say("Ready.");
    this.enable(true);
  }

  /** Reads a file, or the demo melody for null. Keeps what there was if it can't be read. */
  async open(file) {
    const name = file ? file.name : "The demo melody";
    let audio;
    try {
      if (file) await this.tell(`Reading “${name}”…`);
      const bytes = file ? await file.arrayBuffer() : await fetchBytes("melody.flac");
      audio = await this.player.decode(bytes);
    } catch {
      this.say(
        `“${name}” can’t be read as audio. Choose a WAV, FLAC, MP3, Ogg or M4A file.`,
        "error",
      );
      return false;
    }
    this.file = file;
    this.audio = audio;
    this.startFrame = 0;
    const seconds = audio.length / this.player.sampleRate;
    find("file-name").textContent = name;
    find("file-detail").textContent = file
      ? clockTime(seconds)
      : `a voice, ${Math.round(seconds)} s, ships with the page`;
    find("seek").max = seconds;
    this.showTime(0);
    this.moved = await this.player.survey(audio);
    this.match();
    return true;
  }

  match() {
    const { octaves, loudnessDb } = this.moved ?? { octaves: 0, loudnessDb: 0 };
    const isOn = find("match").checked;
    this.shape.setBase(isOn ? octaves : 0, isOn ? loudnessDb : 0);
    const up = octaves === 1 ? "an octave up" : octaves === -1 ? "an octave down" : "";
    const pitch = up || (octaves ? `${Math.abs(octaves)} octaves ${octaves > 0 ? "up" : "down"}` : "");
    const decibels = Math.abs(Math.round(loudnessDb));
    const level = decibels && `${decibels} dB ${loudnessDb > 0 ? "louder" : "softer"}`;
    const moves = [pitch, level].filter(Boolean).join(", ");
    find("match-detail").textContent = `(${moves || "it is there already"})`;
  }

  async toggle() {
    if (this.player.state === "file") {
      await this.player.stop();
      return;
    }
    await this.play(this.hasEnded() ? 0 : this.startFrame);
  }

  async play(startFrame) {
    this.startFrame = startFrame;
    this.shape.apply();
    try {
      await this.player.playFile(this.audio, startFrame);
    } catch (error) {
      this.say(`It can’t be played: ${error.message}`, "error");
    }
  }

  async seek() {
    const frame = Math.round(Number(find("seek").value) * this.player.frameRate);
    if (this.player.state === "file") await this.play(frame);
    else this.startFrame = frame;
  }

  /** Says something, and lets the browser show it before what keeps it busy. */
  async tell(text) {
    this.say(text);
    await new Promise((resolve) => setTimeout(resolve));
  }

  async renderOrCancel() {
    if (this.rendering) await this.player.cancel();
    else await this.render();
  }

  /** Plays the recording faster than it lasts, and offers the file. */
  async render() {
    const name = find("file-name").textContent;
    const { textContent: label } = find("render");
    this.rendering = true;
    this.enable(false);
    find("render").textContent = "Cancel";
    find("render").disabled = false;
    try {
      const features = await this.player.listen(this.audio);
      this.say("Playing it to a file…");
      const samples = await this.player.render(features);
      this.takes.add(samples, `${name}, all of it`);
      this.say("The WAV file is ready below.");
    } catch (error) {
      this.say(`No WAV file: ${error.message}`, "error");
    }
    this.rendering = false;
    find("render").textContent = label;
    this.enable(true);
  }

  hasEnded() {
    return this.startFrame + 1 >= (this.audio.length / this.player.sampleRate) * this.player.frameRate;
  }

  follow({ nPlayed, nUnderruns }) {
    if (this.player.state !== "file") return;
    if (nPlayed && !this.nPlayed) this.say("Playing.");
    if (nUnderruns === MOST_GAPS) {
      this.say(
        "This computer is too busy to listen and play at once. " +
          "“Whole recording as WAV” does one after the other.",
        "error",
      );
    }
    this.nPlayed = nPlayed;
    this.showTime((this.startFrame + nPlayed) / this.player.frameRate);
  }

  showState(state) {
    const isPlaying = state === "file";
    find("play").textContent = isPlaying ? "Stop" : "Play";
    if (isPlaying) this.say("Starting…");
    else if (this.wasPlaying) {
      this.say("");
      // Playing goes on from here, or from the start after the end.
      this.startFrame += this.nPlayed ?? 0;
      if (this.hasEnded()) this.startFrame = 0;
      this.showTime(this.startFrame / this.player.frameRate);
    }
    this.wasPlaying = isPlaying;
    this.nPlayed = 0;
  }

  showTime(seconds) {
    const total = Number(find("seek").max);
    find("seek").value = seconds;
    find("clock").textContent = clockTime(Math.min(seconds, total));
    find("seek").setAttribute("aria-valuetext", `${clockTime(seconds)} of ${clockTime(total)}`);
  }
}

async function fetchBytes(path) {
  const response = await fetch(path);
  if (!response.ok) throw new Error(path);
  return response.arrayBuffer();
}
