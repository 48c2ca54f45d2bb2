"""Instruments for other programs."""

from ddsp_tf.export.parity_report import ParityReport
from ddsp_tf.export.saved_model import export_saved_model

__all__ = ["ParityReport", "export_saved_model"]
