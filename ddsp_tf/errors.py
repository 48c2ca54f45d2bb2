"""The errors a user can cause. Each says what was expected, what came, and what to do."""


class DdspError(Exception):
    """Root of every error that ddsp_tf raises on purpose."""

    # Keras rewrites the message of what is raised inside a layer's call, unless it finds this.
    _keras_call_info_injected = True


class ArgumentError(DdspError, ValueError):
    """An argument of a Python call is outside what the function accepts."""


class ConfigError(DdspError):
    """A gin file or binding names something that does not exist or does not fit."""


class AudioFileError(DdspError):
    """An audio file is missing, unreadable, damaged, or holds nothing usable."""


class ScoreFileError(DdspError):
    """A MIDI file is missing, unreadable, damaged, or doesn't fit its recording."""


class DatasetError(DdspError):
    """A dataset is missing, damaged, too small, or does not match the model."""


class ModelError(DdspError):
    """A model, checkpoint or instrument is missing, damaged, foreign or too new."""


class TrainingError(DdspError):
    """Training cannot start or cannot go on."""


class ExportError(DdspError):
    """An export is unsupported for this model, or failed its own parity check."""


class BlackBoxError(DdspError):
    """An effect that runs outside TensorFlow can't be loaded, crashed, hung or gave no sound."""


class OutputError(DdspError):
    """Something cannot be written: it exists, or there is no permission or space."""
