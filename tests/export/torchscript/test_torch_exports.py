"""What is refused and read without torch, which only who exports to its hosts has."""

import ast
import json
import re
import sys
import types
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from live_toys import live_instrument

import ddsp_tf
from ddsp_tf.errors import ExportError, ModelError
from ddsp_tf.export import export_ddsp_tilde, export_neutone, export_nn_tilde
from ddsp_tf.export.torchscript.archive import ENTRY, read_description

PACKAGE = Path(ddsp_tf.__file__).parent
MODULES = PACKAGE / "export" / "torchscript" / "modules"
TORCH = {"torch", "nn_tilde", "neutone_sdk"}


@pytest.mark.parametrize(
    ("export", "name"),
    [
        (lambda toy, path: export_ddsp_tilde(toy, path, name="toy"), "out"),
        (export_nn_tilde, "toy.ts"),
        (lambda toy, path: export_neutone(toy, path, name="toy"), "toy.nm"),
    ],
)
def test_without_torch_nothing_is_begun(
    export: Callable[..., object], name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    toy = live_instrument(n_harmonics=6, n_noise_bands=5, rnn_channels=8)
    with pytest.raises(ExportError, match=r"needs the package torch.*Install it: pip install"):
        export(toy, tmp_path / name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("export", "module", "message"),
    [
        (export_nn_tilde, "nn_tilde", "pip install --no-deps nn-tilde==1.6.0 cached-conv"),
        (
            lambda toy, path: export_neutone(toy, path, name="toy"),
            "neutone_sdk",
            'pip install "neutone-sdk>=1.5.2,<2"',
        ),
    ],
)
def test_what_a_host_needs_besides_is_named(
    export: Callable[..., object],
    module: str,
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "torch", types.ModuleType("torch"))
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ExportError, match=re.escape(message)):
        export(None, tmp_path / "toy")
    assert list(tmp_path.iterdir()) == []


def test_torch_is_imported_by_its_modules_alone() -> None:
    for path in PACKAGE.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        if MODULES in path.parents or not any(name in text for name in TORCH):
            continue
        imported = set()
        for node in ast.walk(ast.parse(text)):
            # In functions, what is imported is asked for; at the top, by everybody.
            if isinstance(node, ast.Import) and node.col_offset == 0:
                imported |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.col_offset == 0:
                imported.add((node.module or "").split(".")[0])
                if (node.module or "").startswith("ddsp_tf.export.torchscript.modules"):
                    imported.add("torch")
        assert not imported & TORCH, path


def archive(path: Path, entries: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w") as file:
        for name, text in entries.items():
            file.writestr(name, text)
    return path


def test_a_description_is_read_without_torch(tmp_path: Path) -> None:
    code = {"toy/code/__torch__.py": "", "toy/data.pkl": ""}
    own = {f"toy/extra/{ENTRY}": json.dumps({"title": "Toy"})}
    assert read_description(archive(tmp_path / "a.ts", code | own)) == {"title": "Toy"}
    assert read_description(archive(tmp_path / "b.ts", code)) is None


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"no archive", "no usable TorchScript file: File is not a zip file"),
        ({"toy/data.pkl": ""}, "holds no code of a module"),
        ({"toy/code/a.py": "", f"toy/extra/{ENTRY}": "{"}, "is not JSON"),
        ({"toy/code/a.py": "", f"toy/extra/{ENTRY}": " " * 1_000_001}, "larger than ddsp_tf"),
    ],
)
def test_what_is_no_file_of_torch_is_refused(
    content: bytes | dict[str, str], message: str, tmp_path: Path
) -> None:
    path = tmp_path / "a.ts"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        archive(path, content)
    with pytest.raises(ModelError, match=message):
        read_description(path)
