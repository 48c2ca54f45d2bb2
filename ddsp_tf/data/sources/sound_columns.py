"""Columns of sound, as the settings ask for them."""

from collections.abc import Mapping

from ddsp_tf.data.prepare_settings import PrepareSettings
from ddsp_tf.features import Column, samples_column


def sound_column(name: str, n_channels: Mapping[str, int], settings: PrepareSettings) -> Column:
    """The column of one kind of sound file.

    Args:
        name: Its name, and the kind of file.
        n_channels: The most channels of the files of each kind.
        settings: Whether channels are kept, and in which format.
    """
    width = n_channels[name] if settings.channels == "keep" else 1
    if settings.sample_format == "float32":
        return samples_column(name, width, stored="float32")
    return samples_column(name, width)
