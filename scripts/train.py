"""Trains a model: the same as `ddsp-tf train`.

Example:
    python scripts/train.py --gin_file=models/small_instrument.gin \\
        --gin_param='Limits.num_steps=30000' --data=dataset/ --run=runs/violin
"""

import sys

from ddsp_tf.cli.main import main

if __name__ == "__main__":
    main(["train", *sys.argv[1:]])
