"""A group of commands that imports each command when it is needed."""

import difflib
import importlib
from typing import Any

import click


class LazyGroup(click.Group):
    """Finds the command `name` as the function `command` of the module `<package>.<name>`.

    Args:
        package: Package of the modules.
        names: The commands, in the order in which the help lists them.
    """

    def __init__(self, *args: Any, package: str, names: tuple[str, ...], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._package = package
        self._names = names

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Returns the names in their own order."""
        return list(self._names)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Imports a command, or returns None if there is none of that name."""
        if cmd_name not in self._names:
            return None
        command: click.Command = importlib.import_module(f"{self._package}.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Resolves a command; an unknown one is answered with the nearest."""
        name = args[0]
        if name not in self._names and not name.startswith("-"):
            near = difflib.get_close_matches(name, self._names, n=1)
            question = f" Did you mean `{near[0]}`?" if near else ""
            ctx.fail(f"There is no command `{name}`.{question}")
        return super().resolve_command(ctx, args)
