/**
 * The weight of the next frame at each sample between two frames: "window" (half a Hann window) or
 * "linear".
 */
export function crossfade(hopLength, method) {
  return Float64Array.from({ length: hopLength }, (_, i) => {
    const position = i / hopLength;
    return method === "window" ? Math.sin(0.5 * Math.PI * position) ** 2 : position;
  });
}
