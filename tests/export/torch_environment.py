"""An environment with torch and the packages of its hosts, beside the one that runs the tests.

torch isn't in the environment of the tests, and Neutone's package needs an older NumPy than that
has. So what both need comes from there, and what differs from here.

    python tests/export/torch_environment.py FOLDER

prints the interpreter; with it as DDSP_TF_TORCH_PYTHON the tests don't make their own.
"""

import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

REQUIREMENTS = Path(__file__).parent / "torchscript" / "requirements.txt"
NN_TILDE = ("nn-tilde==1.6.0", "cached-conv")


def make_environment(folder: Path) -> Path:
    """Makes it, in less than a minute; gives its interpreter."""
    # Torch has 10,000 modules: what is imported is compiled when it is.
    venv.create(folder, with_pip=False)
    python = folder / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python)]
    install = [*pip, "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
    for what in (["-r", str(REQUIREMENTS)], ["--no-deps", *NN_TILDE]):
        done = subprocess.run([*install, *what], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"pip install {' '.join(what)} failed:\n{done.stderr[-3000:]}")
    found = subprocess.run(
        [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True,
        text=True,
        check=True,
    )
    packages = Path(found.stdout.strip())
    # Where torch is without CUDA, the native part of PyPI's torchaudio can't be loaded. Neutone
    # resamples with the part in Python.
    if not (packages / "torch" / "lib" / "libtorch_cuda.so").exists():
        for library in (packages / "torchaudio" / "lib").glob("*.so"):
            library.unlink()
    shared = sysconfig.get_path("purelib")
    (packages / "shared.pth").write_text(f"import site; site.addsitedir({shared!r})\n")
    return python


if __name__ == "__main__":
    print(make_environment(Path(sys.argv[1])))  # noqa: T201
