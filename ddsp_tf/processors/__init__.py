"""Keras layers that turn controls into sound, and the graph that joins them."""

from ddsp_tf.discovery import discovered
from ddsp_tf.processors.effects.partitioned_reverb import PartitionedReverb
from ddsp_tf.processors.effects.reverb import Reverb
from ddsp_tf.processors.effects.rooms import Rooms
from ddsp_tf.processors.mixing.add import Add
from ddsp_tf.processors.mixing.crop import Crop
from ddsp_tf.processors.mixing.dry_wet import DryWet
from ddsp_tf.processors.mixing.mix import Mix
from ddsp_tf.processors.mixing.sum import Sum
from ddsp_tf.processors.processor import Processor
from ddsp_tf.processors.processor_group import ProcessorGroup, lookup
from ddsp_tf.processors.synthesizers.filtered_noise import FilteredNoise
from ddsp_tf.processors.synthesizers.harmonic import Harmonic
from ddsp_tf.processors.synthesizers.sinusoidal import Sinusoidal
from ddsp_tf.processors.voices import Voices

__all__ = [
    "Add",
    "Crop",
    "DryWet",
    "FilteredNoise",
    "Harmonic",
    "Mix",
    "PartitionedReverb",
    "Processor",
    "ProcessorGroup",
    "Reverb",
    "Rooms",
    "Sinusoidal",
    "Sum",
    "Voices",
    "lookup",
]

__getattr__ = discovered(__name__, __path__)
