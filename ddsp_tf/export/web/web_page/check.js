// Says in plain words why the page can't work, where modules may not even load: no module here.
(function () {
  "use strict";
  var trouble = "";
  if (location.protocol === "file:") {
    trouble =
      "Browsers don’t let a page that is opened as a file load its parts. Serve the folder: " +
      "run “ddsp-tf demo --site FOLDER”, or “python -m http.server” in it.";
  } else if (typeof WebAssembly !== "object") {
    trouble =
      "This browser has no WebAssembly, or has it switched off. The instrument’s network runs in " +
      "it. Switch it on, or use a current Chrome, Edge, Firefox or Safari.";
  } else if (!window.isSecureContext) {
    trouble =
      "Browsers play instruments only on pages from https:// or from this computer. Open this " +
      "page as http://localhost/… or from a server with https.";
  } else if (!window.AudioContext || !window.AudioWorkletNode) {
    trouble =
      "This browser has no AudioWorklet, in which the instrument sounds. Use a current Chrome, " +
      "Edge, Firefox or Safari.";
  }
  if (!trouble) return;
  document.documentElement.dataset.trouble = "yes";
  var box = document.getElementById("trouble");
  box.hidden = false;
  box.textContent = trouble;
})();
