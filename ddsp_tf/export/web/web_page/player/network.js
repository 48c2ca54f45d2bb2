import { loadAndCompile, loadLiteRt, Tensor } from "../runtime/litert.js";

let loading = null;

/** Loads the runtime once; later calls wait for the same. */
export function loadRuntime() {
  loading ??= loadLiteRt("./litert_wasm_compat_internal.js");
  return loading;
}

/**
 * A network from a .tflite file: named arrays in, named arrays out.
 *
 * The runtime's own `run` makes new tensors at every call, which for a small network takes twice
 * as long as the network. So the input tensors are kept here, and written in place.
 */
export class Network {
  /** @param {Uint8Array} content The file. */
  static async load(content) {
    const runtime = await loadRuntime();
    const model = await loadAndCompile(content, { accelerator: "wasm" });
    return new Network(runtime.liteRtWasm, model);
  }

  constructor(wasm, model) {
    this.wasm = wasm;
    this.model = model;
    this.outputNames = model.getOutputDetails().map((details) => details.name);
    this.inputs = model.getInputDetails().map(({ name, shape }) => {
      const size = shape.reduce((product, length) => product * length, 1);
      return { name, size, tensor: new Tensor(new Float32Array(size), Array.from(shape)) };
    });
    this.buffers = this.inputs.map(({ tensor }) => tensor.liteRtTensorBuffer);
  }

  /**
   * @param {Object<string, Float32Array>} values An array for each input.
   * @returns {Promise<Object<string, Float32Array>>} Copies of the outputs.
   */
  async run(values) {
    this.inputs.forEach(({ name, size }, i) => this.write(this.buffers[i], values[name], size));
    const outputs = await this.model.liteRtCompiledModel.run(0, this.buffers);
    const read = outputs.map((buffer) => this.read(buffer));
    return Object.fromEntries(this.outputNames.map((name, i) => [name, read[i]]));
  }

  delete() {
    for (const { tensor } of this.inputs) tensor.delete();
    this.model.delete();
  }

  write(buffer, values, size) {
    if (values?.length !== size) throw new Error(`An input needs ${size} numbers.`);
    const at = buffer.lock(this.wasm.LiteRtTensorBufferLockMode.WRITE);
    this.wasm.HEAPU8.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), at);
    buffer.unlock();
  }

  read(buffer) {
    const at = buffer.lock(this.wasm.LiteRtTensorBufferLockMode.READ);
    const bytes = this.wasm.HEAPU8.slice(at, at + buffer.packedSize());
    buffer.unlock();
    buffer.delete();
    return new Float32Array(bytes.buffer);
  }
}
