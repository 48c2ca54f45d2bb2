"""Makes a dataset of recordings: the same as `ddsp-tf prepare`.

Example:
    python scripts/prepare_dataset.py recordings/ dataset/ \\
        --gin_param='FeatureSettings.f0_tracker="pyin"'
"""

import sys

from ddsp_tf.cli.main import main

if __name__ == "__main__":
    main(["prepare", *sys.argv[1:]])
