/** A canvas that is as sharp as the screen, and knows the page's colours. */
export class Canvas {
  constructor(element) {
    this.element = element;
    this.context = element.getContext("2d");
    new ResizeObserver(() => this.fit()).observe(element);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.readColours());
    this.readColours();
    this.fit();
  }

  readColours() {
    const style = getComputedStyle(this.element);
    this.colour = (name) => style.getPropertyValue(`--${name}`).trim();
    this.font = `12px ${style.fontFamily}`;
  }

  fit() {
    const ratio = window.devicePixelRatio || 1;
    const { clientWidth, clientHeight } = this.element;
    this.width = clientWidth;
    this.height = clientHeight;
    this.element.width = Math.round(clientWidth * ratio);
    this.element.height = Math.round(clientHeight * ratio);
    this.context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.redraw?.();
  }
}
