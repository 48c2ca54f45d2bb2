// All sounds of a melody are one place in it, and a line in the plots shows where that is.
(function () {
  "use strict";
  const sounds = [...document.querySelectorAll("audio")];

  for (const melody of document.querySelectorAll(".melody")) {
    const plots = [...melody.querySelectorAll(".plot")];
    let current = melody.querySelector("audio");

    const draw = () => {
      for (const plot of plots) {
        const { left, right, start, end } = timeAxis(plot);
        const share = Math.min(Math.max((current.currentTime - start) / (end - start), 0), 1);
        const cursor = plot.querySelector(".cursor");
        cursor.style.left = `${100 * (left + (right - left) * share)}%`;
        cursor.hidden = false;
      }
      if (!current.paused) requestAnimationFrame(draw);
    };

    for (const sound of melody.querySelectorAll("audio")) {
      sound.addEventListener("play", () => {
        if (sound !== current) sound.currentTime = current.ended ? 0 : current.currentTime;
        for (const other of sounds) if (other !== sound) other.pause();
        current = sound;
        draw();
      });
      sound.addEventListener("seeked", () => {
        if (current.paused) current = sound;
        if (current === sound) draw();
      });
    }

    for (const plot of plots) {
      plot.addEventListener("click", (event) => {
        const { left, right, start, end } = timeAxis(plot);
        const box = plot.getBoundingClientRect();
        const share = ((event.clientX - box.left) / box.width - left) / (right - left);
        if (share < 0 || share > 1) return;
        current.pause();
        current = plot.closest("article").querySelector("audio");
        current.currentTime = start + share * (end - start);
        current.play().catch((error) => {
          // Paused before it began, as by a second click at once.
          if (error.name !== "AbortError") throw error;
        });
      });
    }
    // The picture for another width or theme may have its axis elsewhere.
    for (const image of melody.querySelectorAll("img")) {
      image.addEventListener("load", () => {
        if (!image.closest(".plot").querySelector(".cursor").hidden) draw();
      });
    }
  }

  /** Where the time axis of the picture is that the browser has chosen. */
  function timeAxis(plot) {
    const image = plot.querySelector("img");
    const isShown = ({ srcset }) => new URL(srcset, document.baseURI).href === image.currentSrc;
    const chosen = [...plot.querySelectorAll("source")].find(isShown) ?? image;
    return Object.fromEntries(
      ["left", "right", "start", "end"].map((key) => [key, Number(chosen.dataset[key])]),
    );
  }
})();
