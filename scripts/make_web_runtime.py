"""Remakes ddsp_tf/export/web/web_page/runtime/, the runtime that pages run networks in.

    python scripts/make_web_runtime.py [FOLDER]

It is LiteRT.js from npm, built for WebAssembly with SIMD and one thread, so that a page needs no
special headers. esbuild joins its JavaScript into one module. npm and node are needed for this
alone: the result is committed and ships in the wheel. Equal versions give equal files, whose
checksums are in the folder's README.md.
"""

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

VERSIONS = {"@litertjs/core": "2.5.3", "@litertjs/wasm-utils": "2.5.3", "esbuild": "0.28.2"}
WASM = "litert_wasm_compat_internal"
HERE = Path(__file__).resolve().parent
SOURCES = HERE / "web_runtime"
TARGET = HERE.parent / "ddsp_tf" / "export" / "web" / "web_page" / "runtime"

# Looking for a GPU would be in vain: the page's networks run on the CPU. It also warns.
_GPU, _NO_GPU = "await Environment.create()", "new Environment({ webGpuDevice: null })"

README = """# LiteRT.js

The runtime that the page runs its networks in: `@litertjs/core` {version} from npm
(<https://www.npmjs.com/package/@litertjs/core>), Copyright Google LLC, Apache License 2.0, see
LICENSE. Made by `python scripts/make_web_runtime.py` with esbuild {esbuild}. Changed: it is one
module, its loader works in module workers and logs nothing, and it does not look for a GPU.

| file | bytes | sha256 |
|---|---|---|
{rows}
"""


def main(target: Path) -> None:
    """Fetches the packages, bundles them, and writes the folder."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        (work / "package.json").write_text(json.dumps({"private": True, "dependencies": VERSIONS}))
        _run(["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund"], work)
        core = work / "node_modules" / "@litertjs" / "core"
        _replace_once(core / "dist" / "index.js", _GPU, _NO_GPU)
        for source in SOURCES.iterdir():
            shutil.copy(source, work)
        made = work / "made"
        command = ["npx", "esbuild", "entry.js", "--bundle", "--format=esm", "--minify"]
        command += ["--alias:@litertjs/wasm-utils=./wasm_loader.js", "--legal-comments=none"]
        _run([*command, f"--outfile={made / 'litert.js'}"], work)
        glue = (core / "wasm" / f"{WASM}.js").read_text(encoding="utf-8")
        (made / f"{WASM}.js").write_text(
            glue + "\nexport default ModuleFactory;\n", encoding="utf-8"
        )
        shutil.copy(core / "wasm" / f"{WASM}.wasm", made)
        target.mkdir(parents=True, exist_ok=True)
        rows = []
        for path in sorted(made.iterdir()):
            content = path.read_bytes()
            (target / path.name).write_bytes(content)
            digest = hashlib.sha256(content).hexdigest()
            rows.append(f"| {path.name} | {len(content)} | {digest} |")
        text = README.format(
            version=VERSIONS["@litertjs/core"], esbuild=VERSIONS["esbuild"], rows="\n".join(rows)
        )
        (target / "README.md").write_text(text, encoding="utf-8")
        shutil.copy(HERE.parent / "LICENSE", target / "LICENSE")
    print(text)


def _run(command: list[str], folder: Path) -> None:
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)


def _replace_once(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    if text.count(old) != 1:
        raise SystemExit(f"`{path.name}` should hold `{old}` once; another version does not.")
    path.write_text(text.replace(old, new), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else TARGET)
