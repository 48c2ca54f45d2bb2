"""Instruments for other programs."""

from ddsp_tf.export.decoder_step import DecoderStep
from ddsp_tf.export.live_export import LiveReport, export_live
from ddsp_tf.export.parity_report import ParityReport
from ddsp_tf.export.saved_model import export_saved_model

__all__ = ["DecoderStep", "LiveReport", "ParityReport", "export_live", "export_saved_model"]
