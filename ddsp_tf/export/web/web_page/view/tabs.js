/** The tabs of the page, with arrow keys as readers of its labels expect. */
export class Tabs {
  /** @param {(name: string) => void} onShow Is told the name of the panel that is shown. */
  constructor(onShow) {
    this.onShow = onShow;
    this.tabs = [...document.querySelectorAll('[role="tab"]')];
    for (const tab of this.tabs) {
      tab.addEventListener("click", () => this.show(tab));
      tab.addEventListener("keydown", (event) => this.steer(event));
    }
  }

  show(chosen) {
    if (chosen.getAttribute("aria-selected") === "true") return;
    for (const tab of this.tabs) {
      const isChosen = tab === chosen;
      tab.setAttribute("aria-selected", String(isChosen));
      tab.tabIndex = isChosen ? 0 : -1;
      document.getElementById(tab.getAttribute("aria-controls")).hidden = !isChosen;
    }
    this.onShow(chosen.id.replace("tab-", ""));
  }

  steer(event) {
    const last = this.tabs.length - 1;
    const index = this.tabs.indexOf(event.target);
    const next = {
      ArrowRight: index === last ? 0 : index + 1,
      ArrowLeft: index === 0 ? last : index - 1,
      Home: 0,
      End: last,
    }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    this.tabs[next].focus();
    this.show(this.tabs[next]);
  }
}
