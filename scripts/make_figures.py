"""Makes the figures of README and docs, with the shipped violin and the shipped melody.

Example:
    python scripts/make_figures.py docs/images/
"""

import sys
from pathlib import Path

from ddsp_tf.inference import TimbreTransfer
from ddsp_tf.plotting import save_figure
from ddsp_tf.presets import MELODY


def main(folder: Path) -> None:
    """Writes one PNG a figure, and replaces those that are there."""
    target = folder / "violin.flac"
    result = TimbreTransfer("violin").transfer_file(MELODY, target, overwrite=True)
    figure = result.figure(title="A sung melody, and the violin playing it")
    save_figure(figure, folder / "violin_transfer.png", overwrite=True)
    target.unlink()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
