"""The fenced blocks of a Markdown page, with what is said about each in a comment before it."""

import re
from dataclasses import dataclass
from pathlib import Path

_FENCE = re.compile(
    r"(?:^<!-- (?P<note>[^\n]*?) -->\n)?^```(?P<language>\w*)\n(?P<text>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)


@dataclass(frozen=True)
class Block:
    """One fenced block.

    Attributes:
        language: What follows the fence.
        text: What is inside.
        line: Number of its first line in the page.
        note: The comment right before it, or "".
    """

    language: str
    text: str
    line: int
    note: str


def read_blocks(page: Path) -> list[Block]:
    """Gives the blocks of a page in their order."""
    source = page.read_text(encoding="utf-8")
    blocks = [
        Block(
            language=match["language"],
            text=match["text"],
            line=source.count("\n", 0, match.start("text")) + 1,
            note=match["note"] or "",
        )
        for match in _FENCE.finditer(source)
    ]
    n_fences = len(re.findall(r"^\s*```", source, re.MULTILINE))
    assert n_fences == 2 * len(blocks), f"{page.name} has a fence that is indented or not closed"
    return blocks
