import { Player } from "./player/player.js";
import { AboutView } from "./view/about_view.js";
import { Meters } from "./view/meters.js";
import { MicrophonePanel } from "./view/microphone_panel.js";
import { KeyboardPanel } from "./view/keyboard_panel.js";
import { RecordingPanel } from "./view/recording_panel.js";
import { ShapePanel } from "./view/shape_panel.js";
import { Tabs } from "./view/tabs.js";
import { Takes } from "./view/takes.js";

const find = (id) => document.getElementById(id);

/** One line that says what goes on; screen readers read it out. */
function say(text, kind = "info") {
  find("status").dataset.kind = kind;
  find("status").textContent = text;
}

async function open() {
  const site = await (await fetch("site.json")).json();
  const player = new Player();
  const shape = new ShapePanel(player);
  const takes = new Takes(player, say);
  const panels = {
    recording: new RecordingPanel(player, shape, takes, say),
    keyboard: new KeyboardPanel(player, say),
    microphone: new MicrophonePanel(player, say),
  };
  const meters = new Meters(player);
  const about = new AboutView();
  new Tabs((name) => showPanel(player, panels, shape, name));
  player.addEventListener("failed", ({ detail }) => say(detail, "error"));

  const select = find("instrument");
  for (const { name, title } of site.instruments) select.add(new Option(title, name));
  const wanted = nameInAddress();
  if (site.instruments.some(({ name }) => name === wanted)) select.value = wanted;
  const load = async () => {
    select.disabled = true;
    for (const panel of Object.values(panels)) panel.enable(false);
    say("Loading the instrument…");
    try {
      const url = new URL(`instruments/${select.value}/instrument.json`, document.baseURI);
      const instrument = await player.load(url);
      shape.apply();
      meters.setInstrument(instrument);
      about.show(instrument);
      find("title").textContent = `Play the ${instrument.title.toLowerCase()}`;
      document.title = `Play the ${instrument.title.toLowerCase()}`;
      for (const panel of Object.values(panels)) await panel.setInstrument(instrument);
      for (const panel of Object.values(panels)) panel.enable(true);
      say("Ready.");
      document.documentElement.dataset.ready = select.value;
    } catch (error) {
      say(`The instrument can’t be loaded: ${error.message}`, "error");
    }
    select.disabled = false;
  };
  select.addEventListener("change", () => {
    delete document.documentElement.dataset.ready;
    load();
  });
  // For the browser's console, and for tests.
  globalThis.ddsp = { player, panels, meters };
  await load();
}

/** What stands behind the # of the address; nothing if that isn't text. */
function nameInAddress() {
  try {
    return decodeURIComponent(location.hash.slice(1));
  } catch {
    return "";
  }
}

async function showPanel(player, panels, shape, name) {
  shape.setKeyboard(name === "keyboard");
  await player.stop();
  say("");
  await panels[name].show?.();
}

if (!document.documentElement.dataset.trouble) {
  open().catch((error) => say(`The page can’t start: ${error.message}`, "error"));
}
