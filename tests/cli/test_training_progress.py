"""What a running training says, line by line."""

import pytest

from ddsp_tf.cli.terminal import Terminal
from ddsp_tf.cli.training_progress import training_progress
from ddsp_tf.training import TrainingStatus


def test_a_loss_that_was_never_read_is_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    with training_progress(Terminal()) as report:
        report(TrainingStatus("step", 8, 8, steps_per_s=0.5))
        report(TrainingStatus("end", 8, 8, steps_per_s=0.5, best_loss=24.5, best_step=8))
        report(TrainingStatus("end", 9, 9, loss=3.25, steps_per_s=0.5))
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        "step 8 of 8  0.50 steps/s",
        "step 8 of 8  0.50 steps/s  best validation 24.500",
        "step 9 of 9  loss 3.250  0.50 steps/s",
    ]
