"""Measures a model on held-out recordings: the same as `ddsp-tf evaluate`.

Example:
    python scripts/evaluate.py runs/violin --data=dataset/
"""

import sys

from ddsp_tf.cli.main import main

if __name__ == "__main__":
    main(["evaluate", *sys.argv[1:]])
