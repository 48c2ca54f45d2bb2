"""What the names in a gin file stand for: files, imported modules, classes and functions."""

import difflib
import importlib
import inspect
import os
import pkgutil
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

from ddsp_tf.config.renamed import require_current_name
from ddsp_tf.discovery import class_files
from ddsp_tf.errors import ConfigError

ENABLE = "from __gin__ import dynamic_registration"
_FEATURE = "__gin__.dynamic_registration"

_LEAST_LIKENESS = 0.6
_AS_GOOD = 0.05

_NOT_CONFIGURED = ("cli", "config", "presets")


class Deferred:
    """A value that gin works out later: a reference or a macro. It is not judged as a literal."""


@dataclass(eq=False)
class Reference(Deferred):
    selector: str


@dataclass(eq=False)
class Macro(Deferred):
    name: str
    place: "Place | None" = None


@dataclass(eq=False)
class Place:
    """Where an assignment stands, what it says, and how to check what it comes to."""

    name: str
    value: Any = None
    check: Callable[[Any], None] | None = None

    @contextmanager
    def named(self) -> Iterator[None]:
        """Puts the place in front of the message of a ConfigError."""
        try:
            yield
        except ConfigError as error:
            if getattr(error, "placed", False):
                raise
            placed = ConfigError(f"{self.name}: {error}")
            placed.placed = True  # type: ignore[attr-defined]
            raise placed from error


@dataclass
class Imports:
    """The modules that one file binds to names, and the lines that do so."""

    modules: dict[str, Any] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)

    def add(self, statement: Any) -> None:
        if statement.module == _FEATURE:
            self.lines.append(ENABLE)
            return
        if not self.lines:
            raise ConfigError(f"The first statement of a gin file should be `{ENABLE}`.")
        try:
            module = importlib.import_module(statement.module)
        except ImportError as error:
            raise ConfigError(f"Cannot import `{statement.module}`: {error}.") from error
        name = statement.bound_name()
        if not (statement.is_from or statement.alias):
            module = importlib.import_module(statement.module.split(".")[0])
        self.modules[name] = module
        self.lines.append(statement.format())

    def require(self, module: str) -> None:
        """Adds `import a.b` for a name that no file imports."""
        root = module.split(".")[0]
        self.modules[root] = importlib.import_module(root)
        self.lines.append(f"import {module}")


def packaged_configs() -> list[str]:
    """Names of the .gin files that ship with the package, such as `models/autoencoder.gin`."""
    root = _packaged_root()
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*.gin"))


def find_gin_file(name: str | os.PathLike[str], *, beside: Path | None = None) -> Path:
    """Finds a .gin file: the user's own first, then the packaged one of that name.

    Args:
        name: A path, absolute or relative to the working folder or to `beside`, or the
            name of a packaged file. The suffix `.gin` may be left out.
        beside: Folder of the file that includes it.

    Raises:
        ConfigError: There is no such file. The message names the nearest packaged one.
    """
    folders = [*([beside] if beside else []), Path(), _packaged_root()]
    for folder in folders:
        for candidate in (folder / name, folder / f"{name}.gin"):
            if candidate.is_file():
                return candidate
    known = [*packaged_configs(), *map(str, Path().glob("*.gin"))]
    raise ConfigError(
        f"There is no gin file `{name}`, here or among the packaged ones"
        f"{suggest(str(name), known)} `ddsp-tf configs list` lists them."
    )


def suggest(name: str, known: Iterable[str], shown: Mapping[str, str | None] | None = None) -> str:
    """Returns `. Did you mean ...?`, or a full stop when nothing known is near `name`.

    Args:
        name: What was written.
        known: What could have been meant.
        shown: What to say in place of some of these.
    """
    likeness = {candidate: _likeness(name.lower(), candidate.lower()) for candidate in known}
    best = max(likeness.values(), default=0.0)
    if best < _LEAST_LIKENESS:
        return "."
    near = [candidate for candidate, value in likeness.items() if value > best - _AS_GOOD][:3]
    names = [(shown or {}).get(match) or match for match in near]
    return f". Did you mean {' or '.join(f'`{match}`' for match in names)}?"


def _likeness(name: str, candidate: str) -> float:
    """How likely a candidate was meant: few letters differ, and the start is right."""
    same_start = candidate[:1] == name[:1]
    shortened = candidate.startswith(name.removesuffix(".gin"))
    ratio = difflib.SequenceMatcher(None, name, candidate).ratio()
    return ratio + 0.06 * same_start + 0.2 * shortened


def resolve_selector(selector: str, imports: Mapping[str, Any]) -> Any:
    """Follows `models.Autoencoder` through the modules that a file imports.

    Args:
        selector: Dotted name whose first part is bound by an import.
        imports: The modules a file imports, by the name it binds them to.

    Raises:
        ConfigError: A part of the name does not exist.
    """
    first, *rest = selector.split(".")
    if first not in imports:
        known = ", ".join(f"`{name}`" for name in imports) or "nothing"
        raise ConfigError(f"`{first}` is not imported (imported: {known}){suggest(first, imports)}")
    owner = imports[first]
    path = first
    for name in rest:
        try:
            owner = getattr(owner, name)
        except AttributeError as error:
            require_current_name(f"{path}.{name}")
            raise ConfigError(
                f"`{path}` has no `{name}`{suggest(name, public_names(owner))}"
            ) from error
        path = f"{path}.{name}"
    if not callable(owner):
        raise ConfigError(f"`{selector}` is neither a class nor a function.")
    return owner


def public_callables() -> dict[str, list[str]]:
    """Every public class and function of the package: its short name and its full ones."""
    found: dict[str, dict[int, str]] = {}
    for module_name in public_modules():
        module = importlib.import_module(module_name)
        for name in public_names(module):
            value = getattr(module, name, None)
            if callable(value):
                found.setdefault(name, {}).setdefault(id(value), f"{module_name}.{name}")
    return {name: list(owners.values()) for name, owners in found.items()}


def public_modules() -> list[str]:
    """The packages in which a name without its module (`Schedule.seed`) is looked up."""
    import ddsp_tf

    rooms = [found.name for found in pkgutil.iter_modules(ddsp_tf.__path__) if found.ispkg]
    return [f"ddsp_tf.{room}" for room in rooms if room not in _NOT_CONFIGURED]


def public_names(owner: Any) -> list[str]:
    """The names that a module or class offers.

    Those of its `__all__` and, of a package that finds classes by their files, those; or else what
    has no underscore.
    """
    listed = list(getattr(owner, "__all__", []))
    if inspect.ismodule(owner) and "__getattr__" in vars(owner) and hasattr(owner, "__path__"):
        files = class_files(owner.__name__, list(owner.__path__))
        listed += [name for name in files if name not in listed and hasattr(owner, name)]
    return listed or [name for name in dir(owner) if name[:1] != "_"]


def with_full_names(binding: str, imports: Imports) -> str:
    """Rewrites `train.x = @Harmonic()` with the modules its short names come from."""
    key, value = binding.split("=", 1)
    key = key.strip()
    scope, _, selector = key.rpartition("/")
    if "." in selector:
        owner, _, argument = selector.rpartition(".")
        key = f"{scope}/" if scope else ""
        key += f"{_full_name(owner, imports)}.{argument}"

    def expand(match: re.Match[str]) -> str:
        return f"@{match['scope']}{_full_name(match['name'], imports)}"

    parts = re.split(r"""('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")""", value)
    parts[::2] = [re.sub(r"@(?P<scope>(?:\w+/)*)(?P<name>[\w.]+)", expand, p) for p in parts[::2]]
    return f"{key} = {''.join(parts).strip()}"


def _full_name(selector: str, imports: Imports) -> str:
    """Finds the module of a short name: among what the files import, then in the package."""
    first, _, rest = selector.partition(".")
    if first in imports.modules and rest:
        return selector
    owners = {
        id(getattr(module, first)): f"{name}.{first}"
        for name, module in imports.modules.items()
        if first in public_names(module)
    }
    found = list(owners.values())
    if not found:
        known = public_callables()
        found = known.get(first, [])
        for name in found[:1]:
            imports.require(name.rpartition(".")[0])
        if not found:
            known_here = [n for module in imports.modules.values() for n in public_names(module)]
            require_current_name(selector)
            near = suggest(first, [*known, *known_here])
            raise ConfigError(f"There is no class or function `{selector}`{near}")
    if len(found) > 1:
        listing = " or ".join(f"`{name}`" for name in found)
        raise ConfigError(f"`{selector}` could be {listing}. Write the one you mean.")
    return f"{found[0]}.{rest}" if rest else found[0]


def deferred(value: Any, kind: type[Any]) -> Iterator[Any]:
    """Yields every reference or every macro inside a value."""
    if isinstance(value, kind):
        yield value
    elif isinstance(value, Mapping):
        for pair in value.items():
            yield from deferred(pair, kind)
    elif isinstance(value, Iterable) and not isinstance(value, str):
        for item in value:
            yield from deferred(item, kind)


def _packaged_root() -> Path:
    try:
        return Path(str(resources.files("ddsp_tf.configs")))
    except ModuleNotFoundError:  # `python -m ddsp_tf` in a checkout: there they lie beside it
        return Path(__file__).parents[2] / "configs"
