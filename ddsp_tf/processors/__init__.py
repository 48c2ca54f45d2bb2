"""Keras layers that turn controls into sound, and the graph that joins them."""

from ddsp_tf.processors.add import Add
from ddsp_tf.processors.crop import Crop
from ddsp_tf.processors.filtered_noise import FilteredNoise
from ddsp_tf.processors.harmonic import Harmonic
from ddsp_tf.processors.mix import Mix
from ddsp_tf.processors.partitioned_reverb import PartitionedReverb
from ddsp_tf.processors.processor import Processor
from ddsp_tf.processors.processor_group import ProcessorGroup, lookup
from ddsp_tf.processors.reverb import Reverb
from ddsp_tf.processors.sinusoidal import Sinusoidal

__all__ = [
    "Add",
    "Crop",
    "FilteredNoise",
    "Harmonic",
    "Mix",
    "PartitionedReverb",
    "Processor",
    "ProcessorGroup",
    "Reverb",
    "Sinusoidal",
    "lookup",
]
