"""The contract of a model, a folder for each family, and how models are stored and played."""

from ddsp_tf.discovery import discovered
from ddsp_tf.models.architecture import architecture_from_dict, architecture_to_dict
from ddsp_tf.models.autoencoder.autoencoder import Autoencoder
from ddsp_tf.models.autoencoder.decoder import Decoder
from ddsp_tf.models.autoencoder.dilated_conv_decoder import DilatedConvDecoder
from ddsp_tf.models.autoencoder.loudness_range import LoudnessRange
from ddsp_tf.models.autoencoder.mfcc_time_distributed_rnn_encoder import (
    MfccTimeDistributedRnnEncoder,
)
from ddsp_tf.models.autoencoder.min_gru_fc_decoder import MinGruFcDecoder
from ddsp_tf.models.autoencoder.pitch_range import PitchRange
from ddsp_tf.models.autoencoder.rnn_fc_decoder import RnnFcDecoder
from ddsp_tf.models.block_player import BlockPlayer
from ddsp_tf.models.delayed import Delayed
from ddsp_tf.models.instrument import (
    Instrument,
    find_instrument,
    list_effects,
    list_filter_designers,
    list_presets,
    read_instrument_metadata,
)
from ddsp_tf.models.midi_ddsp.midi_ddsp import MidiDdsp
from ddsp_tf.models.model import Model
from ddsp_tf.models.parametric.parametric import Parametric
from ddsp_tf.models.performer.control_model import ControlModel

__all__ = [
    "Autoencoder",
    "BlockPlayer",
    "ControlModel",
    "Decoder",
    "Delayed",
    "DilatedConvDecoder",
    "Instrument",
    "LoudnessRange",
    "MfccTimeDistributedRnnEncoder",
    "MidiDdsp",
    "MinGruFcDecoder",
    "Model",
    "Parametric",
    "PitchRange",
    "RnnFcDecoder",
    "architecture_from_dict",
    "architecture_to_dict",
    "find_instrument",
    "list_effects",
    "list_filter_designers",
    "list_presets",
    "read_instrument_metadata",
]

__getattr__ = discovered(__name__, __path__)
