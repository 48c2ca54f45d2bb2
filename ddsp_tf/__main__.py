"""Lets `python -m ddsp_tf` be the command `ddsp-tf`."""

from ddsp_tf.cli.main import main

if __name__ == "__main__":
    main()
