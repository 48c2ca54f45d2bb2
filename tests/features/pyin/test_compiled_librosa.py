"""Processes that compile librosa at the same time, as `prepare` with pYIN starts them."""

import os
import subprocess
import sys

import pytest

TRACK = """
import numpy as np
from ddsp_tf.features.pyin.compiled_librosa import load_librosa
tone = np.sin(2 * np.pi * 220 * np.arange(8000) / 16000).astype(np.float32)
f0_hz, voiced, _ = load_librosa().pyin(tone, fmin=100, fmax=400, sr=16000)
assert abs(np.median(f0_hz[voiced]) - 220) < 2, f0_hz
"""


@pytest.mark.slow
def test_processes_that_compile_librosa_at_once_leave_a_cache_that_works(tmp_path):
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)}
    command = [sys.executable, "-c", TRACK]
    at_once = [subprocess.Popen(command, env=environment) for _ in range(2)]
    assert [process.wait() for process in at_once] == [0, 0]
    assert len(list(tmp_path.rglob("guf-*.nbc"))) > 10
    subprocess.run(command, env=environment, check=True)
