import { encodeWav } from "../player/wav.js";
import { clockTime } from "./clock.js";

const find = (id) => document.getElementById(id);

/** Recording what is heard, and the takes to listen to and download. */
export class Takes {
  constructor(player, say) {
    this.player = player;
    this.say = say;
    this.count = 0;
    this.started = 0;
    find("record").addEventListener("click", () => this.toggle());
    player.addEventListener("state", ({ detail }) => {
      // There is nothing to record before anything has played.
      if (detail !== "idle") find("record").disabled = false;
    });
  }

  get isRecording() {
    return find("record").getAttribute("aria-pressed") === "true";
  }

  async toggle() {
    const wasRecording = this.isRecording;
    find("record").setAttribute("aria-pressed", String(!wasRecording));
    find("record").textContent = wasRecording ? "Record" : "Stop recording";
    if (!wasRecording) {
      this.player.startRecording();
      this.started = performance.now();
      this.timer = setInterval(() => this.showTime(), 250);
      return;
    }
    clearInterval(this.timer);
    const samples = await this.player.stopRecording();
    this.add(samples, `Take ${this.count + 1}`);
    this.say("The take is below.");
  }

  showTime() {
    const seconds = (performance.now() - this.started) / 1000;
    find("record-clock").textContent = clockTime(seconds);
  }

  /** Offers samples as a WAV file. */
  add(samples, title) {
    this.count += 1;
    const { instrument, sampleRate } = this.player;
    const url = URL.createObjectURL(encodeWav(samples, sampleRate));
    const name = `${instrument.title.toLowerCase().replace(/[^a-z0-9]+/g, "-")}-${this.count}.wav`;
    const item = document.createElement("li");
    const text = document.createElement("span");
    text.textContent = `${title} (${clockTime(samples.length / sampleRate)})`;
    const audio = document.createElement("audio");
    audio.controls = true;
    audio.src = url;
    audio.setAttribute("aria-label", text.textContent);
    const link = document.createElement("a");
    link.href = url;
    link.download = name;
    link.textContent = `Download ${name}`;
    item.append(text, audio, link);
    find("takes").prepend(item);
  }
}
