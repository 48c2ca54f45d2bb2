"""Writes an instrument as a SavedModel: the same as `ddsp-tf export`.

Example:
    python scripts/export_saved_model.py runs/violin -o violin_saved_model/
"""

import sys

from ddsp_tf.cli.main import main

if __name__ == "__main__":
    main(["export", *sys.argv[1:]])
