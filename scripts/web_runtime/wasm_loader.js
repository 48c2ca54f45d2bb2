// Stands in for @litertjs/wasm-utils, which loads a classic script: this loads an ES module, so
// that it works in module workers, and keeps the runtime's log off the console.
const silent = () => undefined;

export async function createWasmLib(Library, path) {
  const url = new URL(path, import.meta.url);
  const { default: factory } = await import(url.href);
  const locateFile = (name) => new URL(name, url).href;
  return new Library(await factory({ locateFile, print: silent, printErr: silent }));
}
