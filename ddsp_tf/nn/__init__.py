"""The networks' parts: GRU and MLP stacks."""

from ddsp_tf.nn.fc_stack import FcStack
from ddsp_tf.nn.gru import Gru, gru_scan

__all__ = ["FcStack", "Gru", "gru_scan"]
