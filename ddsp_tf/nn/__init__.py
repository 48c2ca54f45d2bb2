"""The networks' parts: GRU, minimal GRU and MLP stacks."""

from ddsp_tf.nn.fc_stack import FcStack
from ddsp_tf.nn.gated_scan import gated_scan
from ddsp_tf.nn.gru import Gru, gru_scan
from ddsp_tf.nn.min_gru import MinGru

__all__ = ["FcStack", "Gru", "MinGru", "gated_scan", "gru_scan"]
