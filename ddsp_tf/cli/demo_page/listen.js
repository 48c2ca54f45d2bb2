// Two sounds of one card are two ends of one switch, and a line in the plot follows them.
(function () {
  "use strict";
  const sounds = [...document.querySelectorAll("audio")];

  for (const card of document.querySelectorAll("article")) {
    const own = [...card.querySelectorAll("audio")];
    const plot = card.querySelector(".plot");
    const cursor = plot.querySelector(".cursor");
    const { left, right, start, end } = Object.fromEntries(
      Object.entries(plot.dataset).map(([key, value]) => [key, Number(value)]),
    );
    let current = own[own.length - 1];

    const draw = () => {
      const share = (current.currentTime - start) / (end - start);
      cursor.style.left = `${100 * (left + (right - left) * Math.min(Math.max(share, 0), 1))}%`;
      cursor.hidden = false;
      if (!current.paused) requestAnimationFrame(draw);
    };

    for (const sound of own) {
      sound.addEventListener("play", () => {
        const playing = own.find((other) => other !== sound && !other.paused);
        if (playing) sound.currentTime = playing.currentTime;
        for (const other of sounds) if (other !== sound) other.pause();
        current = sound;
        draw();
      });
      sound.addEventListener("seeked", () => {
        if (sound === current) draw();
      });
    }

    plot.addEventListener("click", (event) => {
      const box = plot.getBoundingClientRect();
      const share = ((event.clientX - box.left) / box.width - left) / (right - left);
      if (share < 0 || share > 1) return;
      current.currentTime = start + share * (end - start);
      current.play();
    });
  }
})();
