const find = (id) => document.getElementById(id);

/** The microphone, and plain words for every reason why there is none. */
export class MicrophonePanel {
  constructor(player, say) {
    this.player = player;
    this.say = say;
    find("listen").addEventListener("click", () => this.toggle());
    player.addEventListener("state", ({ detail }) => this.showState(detail));
  }

  enable(isEnabled) {
    find("listen").disabled = !isEnabled;
  }

  async setInstrument() {}

  async toggle() {
    if (this.player.state === "microphone") {
      await this.player.stop();
      this.say("The microphone is off.");
      return;
    }
    find("listen").disabled = true;
    this.say("Allow the microphone when the browser asks.");
    try {
      await this.player.playMicrophone();
      this.say("Listening. Sing one note at a time.");
    } catch (error) {
      this.say(explain(error), "error");
    }
    find("listen").disabled = false;
  }

  showState(state) {
    const isOn = state === "microphone";
    find("listen").textContent = isOn ? "Stop the microphone" : "Start the microphone";
  }
}

function explain(error) {
  if (!navigator.mediaDevices) {
    return "This browser gives no page a microphone. Recordings and the keyboard still play.";
  }
  if (error.name === "NotAllowedError" || error.name === "SecurityError") {
    return (
      "The microphone was refused. Allow it in the site’s settings beside the address, " +
      "then start it again. Recordings and the keyboard still play."
    );
  }
  if (error.name === "NotFoundError") {
    return "There is no microphone. Plug one in, then start it again.";
  }
  if (error.name === "NotReadableError") {
    return "The microphone is in use by another program. Close that, then start it again.";
  }
  return `The microphone can’t be used: ${error.message}`;
}
