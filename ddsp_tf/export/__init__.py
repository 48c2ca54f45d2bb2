"""Instruments for other programs."""

from ddsp_tf.export.c.c import CReport, export_c
from ddsp_tf.export.decoder_step import DecoderStep
from ddsp_tf.export.live_export import LiveReport, export_live
from ddsp_tf.export.native.native import NativeReport, export_native
from ddsp_tf.export.parity_report import ParityReport
from ddsp_tf.export.plugin.build import PluginBuild, build_plugins
from ddsp_tf.export.plugin.plugin import PluginReport, export_plugin
from ddsp_tf.export.saved_model import export_saved_model
from ddsp_tf.export.torchscript.ddsp_tilde import export_ddsp_tilde
from ddsp_tf.export.torchscript.neutone import export_neutone
from ddsp_tf.export.torchscript.nn_tilde_file import export_nn_tilde
from ddsp_tf.export.torchscript.report import TorchReport
from ddsp_tf.export.vst.vst import VstReport, export_vst
from ddsp_tf.export.web.web import WebReport, export_web

__all__ = [
    "CReport",
    "DecoderStep",
    "LiveReport",
    "NativeReport",
    "ParityReport",
    "PluginBuild",
    "PluginReport",
    "TorchReport",
    "VstReport",
    "WebReport",
    "build_plugins",
    "export_c",
    "export_ddsp_tilde",
    "export_live",
    "export_native",
    "export_neutone",
    "export_nn_tilde",
    "export_plugin",
    "export_saved_model",
    "export_vst",
    "export_web",
]
