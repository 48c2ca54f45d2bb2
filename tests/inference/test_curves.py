"""Curves by hand: read from CSV files, or refused with the line that is wrong."""

import numpy as np
import pytest

from ddsp_tf.errors import ArgumentError
from ddsp_tf.inference import Curves


def test_points_are_joined_and_held_at_both_ends(tmp_path):
    path = tmp_path / "curves.csv"
    path.write_text(
        "\ufefftime_s, loudness_db ,spectral_centroid_hz\n0.5,-40,1000\n1.0,,\n\n1.5,-20,2000\n"
    )
    curves = Curves.read(path)
    assert curves.seconds == 1.5
    frames = curves.at_frames(9, frame_rate=4.0)
    np.testing.assert_allclose(
        frames["loudness_db"], [-40, -40, -40, -35, -30, -25, -20, -20, -20], atol=1e-5
    )
    np.testing.assert_allclose(frames["spectral_centroid_hz"][[0, 4, 8]], [1000, 1500, 2000])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "should begin with a line of different names such as `time_s,loudness_db`"),
        ("loudness_db,f0_hz\n1,2\n", "should begin with a line"),
        ("time_s;loudness_db\n0;1\n", "should begin with a line"),
        ("time_s,a,a\n0,1,1\n", "should begin with a line"),
        ("time_s,loudness_db\n", "holds no points"),
        ("time_s,loudness_db\n0,-20\n1\n", "line 3: there should be 2 cells"),
        ("time_s,loudness_db\n0,loud\n", "line 2: `loudness_db` should be a number"),
        ("time_s,loudness_db\n,-20\n", "line 2: `time_s` should be a number"),
        ("time_s,loudness_db\n0,inf\n", "line 2: `loudness_db` should be a number"),
        ("time_s,loudness_db\n0,-20\n2,-20\n\n2,-30\n", "line 5: `time_s` should be 0 or later"),
        ("time_s,loudness_db\n-1,-20\n", "line 2: `time_s` should be 0 or later"),
        ("time_s,loudness_db\n0,-20\n1e6,-20\n", "a day is the most"),
        ("time_s,loudness_db,f0_hz\n0,-20,\n", "has no value of `f0_hz`"),
    ],
)
def test_what_is_no_table_of_curves_is_refused(tmp_path, text, message):
    path = tmp_path / "curves.csv"
    path.write_text(text)
    with pytest.raises(ArgumentError, match=r"curves\.csv") as caught:
        Curves.read(path)
    assert message in str(caught.value)


def test_files_that_are_none(tmp_path):
    with pytest.raises(ArgumentError, match="is missing"):
        Curves.read(tmp_path / "none.csv")
    (tmp_path / "bytes.csv").write_bytes(b"time_s,a\n\xff\xfe,1\n")
    with pytest.raises(ArgumentError, match="CSV file in UTF-8"):
        Curves.read(tmp_path / "bytes.csv")
