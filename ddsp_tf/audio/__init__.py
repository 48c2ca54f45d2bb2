"""Sound files and finished sound: reading, writing, limiting and fading."""

from ddsp_tf.audio.audio_files import (
    AudioInfo,
    Sound,
    audio_info,
    check_usable,
    find_audio_files,
    iterate_audio,
    read_audio,
    read_sound,
    search_audio_files,
)
from ddsp_tf.audio.output import write_audio
from ddsp_tf.audio.peak_limiter import PeakLimiter

__all__ = [
    "AudioInfo",
    "PeakLimiter",
    "Sound",
    "audio_info",
    "check_usable",
    "find_audio_files",
    "iterate_audio",
    "read_audio",
    "read_sound",
    "search_audio_files",
    "write_audio",
]
