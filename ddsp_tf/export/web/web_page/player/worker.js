/**
 * Where the networks run: features to frames of controls, sent to the worklet before it needs them.
 *
 * Messages have a `type`, which names a method of `Conductor`. What takes time answers with the
 * same `id`.
 */
import { Conductor } from "./conductor.js";

const conductor = new Conductor((message, transfer) => self.postMessage(message, transfer ?? []));

self.onmessage = async ({ data }) => {
  const { type, id, ...content } = data;
  try {
    const result = await conductor[type](content);
    if (id !== undefined) self.postMessage({ type: "answer", id, result });
  } catch (error) {
    self.postMessage({ type: "answer", id, error: String(error?.message ?? error) });
  }
};
