"""Plays melodies with an instrument: the same as `ddsp-tf transfer`.

Example:
    python scripts/timbre_transfer.py violin melody.wav -o out/ --octave=1
"""

import sys

from ddsp_tf.cli.main import main

if __name__ == "__main__":
    main(["transfer", *sys.argv[1:]])
