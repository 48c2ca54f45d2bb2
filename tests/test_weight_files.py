"""Weights of any shape come back from their file."""

from pathlib import Path

import keras
import numpy as np
import pytest

from ddsp_tf.errors import ModelError
from ddsp_tf.weight_files import read_weights, write_weights


class _Scaled(keras.layers.Layer):
    """A layer with a single number and an array, as a processor may have them."""

    def __init__(self) -> None:
        super().__init__()
        self.number = self.add_weight(shape=[])
        self.array = self.add_weight(shape=[3])


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_a_single_number_is_stored(dtype: str, tmp_path: Path) -> None:
    one, other = _Scaled(), _Scaled()
    one.set_weights([np.float32(0.5), np.float32([1.0, 2.0, 3.0])])
    write_weights(one, tmp_path / "weights.h5", dtype=dtype)
    read_weights(other, tmp_path / "weights.h5")
    assert float(other.number.numpy()) == 0.5
    np.testing.assert_array_equal(other.array.numpy(), [1.0, 2.0, 3.0])


def test_a_part_is_read_alone(tmp_path: Path) -> None:
    whole, part = keras.Sequential([_Scaled(), _Scaled()]), _Scaled()
    for number, weight in enumerate(whole.weights):
        weight.assign(np.full(weight.shape, float(number)))
    write_weights(whole, tmp_path / "weights.h5")
    with pytest.raises(ModelError, match="holds 4 weights, and the model has 2"):
        read_weights(part, tmp_path / "weights.h5")
    read_weights(part, tmp_path / "weights.h5", whole=False)
    assert (float(part.number), float(part.array[2])) == (0.0, 1.0)
    write_weights(part, tmp_path / "weights.h5")
    with pytest.raises(ModelError, match="holds 2 weights, and the model has 4"):
        read_weights(whole, tmp_path / "weights.h5", whole=False)
