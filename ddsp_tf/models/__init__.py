"""Encoders, decoders, the autoencoder, and how a model is stored."""

from ddsp_tf.models.architecture import architecture_from_dict, architecture_to_dict
from ddsp_tf.models.autoencoder import Autoencoder
from ddsp_tf.models.decoder import Decoder
from ddsp_tf.models.instrument import (
    Instrument,
    find_instrument,
    list_presets,
    read_instrument_metadata,
)
from ddsp_tf.models.loudness_range import LoudnessRange
from ddsp_tf.models.mfcc_time_distributed_rnn_encoder import MfccTimeDistributedRnnEncoder
from ddsp_tf.models.min_gru_fc_decoder import MinGruFcDecoder
from ddsp_tf.models.model_card import model_card
from ddsp_tf.models.pitch_range import PitchRange
from ddsp_tf.models.rnn_fc_decoder import RnnFcDecoder

__all__ = [
    "Autoencoder",
    "Decoder",
    "Instrument",
    "LoudnessRange",
    "MfccTimeDistributedRnnEncoder",
    "MinGruFcDecoder",
    "PitchRange",
    "RnnFcDecoder",
    "architecture_from_dict",
    "architecture_to_dict",
    "find_instrument",
    "list_presets",
    "model_card",
    "read_instrument_metadata",
]
