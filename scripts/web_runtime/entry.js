// What the page needs of LiteRT.js; `scripts/make_web_runtime.py` bundles it.
export { loadLiteRt, loadAndCompile, Tensor } from "@litertjs/core";
