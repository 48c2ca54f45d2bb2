"""Prints the size of the installed package, without its dependencies.

Example:
    python scripts/package_size.py
"""

from importlib.metadata import distribution


def main() -> None:
    """Sums the files that the installation recorded, but not the bytecode compiled since."""
    sizes: dict[str, int] = {}
    for path in distribution("ddsp-tf").files or []:
        if path.suffix != ".pyc":
            is_instrument = path.parts[1:2] == ("presets",) and len(path.parts) > 3
            part = f"instrument {path.parts[2]}" if is_instrument else "code and the rest"
            sizes[part] = sizes.get(part, 0) + (path.size or 0)
    for part, size in sizes.items():
        print(f"{size / 1e6:8.2f} MB  {part}")
    print(f"{sum(sizes.values()) / 1e6:8.2f} MB  ddsp-tf without its dependencies")


if __name__ == "__main__":
    main()
