"""Shows this project's docstrings on the site: mkdocs.yml names this file to mkdocstrings.

The sections `Example` hold doctests. Griffe reads such a section by its plural alone.
"""

import re
from typing import Any

from griffe import Extension, Object


class ExampleSections(Extension):
    """Gives Griffe the name it knows for a section of examples."""

    def on_object(self, *, obj: Object, **_: Any) -> None:
        """Renames the section in one docstring."""
        if obj.docstring is not None:
            pattern = r"^( *)Example:$"
            obj.docstring.value = re.sub(pattern, r"\1Examples:", obj.docstring.value, flags=re.M)
