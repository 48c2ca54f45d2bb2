"""The predecessor's `spectral_ops` by `ddsp_tf.dsp` and `ddsp_tf.features`."""

from typing import Any

import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.features import FeatureSettings, extract_features
from predecessor import left_out

CREPE_FRAME_SIZE = 1024


def _count_as_same(padding: str) -> None:
    if padding != "same":
        left_out("frames are centred on their samples, as many as hops: no other count")


def get_framed_lengths(
    n_samples: int, frame_size: int, hop_size: int, padding: str
) -> tuple[int, int]:
    _count_as_same(padding)
    n_frames = dsp.n_frames(n_samples, hop_size)
    return n_frames, (n_frames - 1) * hop_size + frame_size


def pad(*args: Any, **kwargs: Any) -> Any:
    left_out("sounds are padded where they are cut into frames, `dsp.frame`")


def stft_np(*args: Any, **kwargs: Any) -> Any:
    left_out("one implementation, which takes arrays as well")


def pad_or_trim_to_expected_length(*args: Any, **kwargs: Any) -> Any:
    left_out("all columns have as many frames from the start")


def compute_loudness(
    audio: Any,
    sample_rate: int = 16000,
    frame_rate: int = 250,
    n_fft: int = 512,
    use_tf: bool | None = None,
    padding: str = "center",
) -> tf.Tensor:
    if use_tf is not None:
        left_out("one implementation, which takes arrays as well")
    _count_as_same(padding)
    return _by_rows(
        audio,
        lambda rows: dsp.a_weighted_loudness_db(
            rows,
            sample_rate=sample_rate,
            hop_length=dsp.hop_length_for(sample_rate, frame_rate),
            fft_length=n_fft,
            mode="magenta",
        ),
    )


def compute_rms_energy(
    audio: Any,
    sample_rate: int = 16000,
    frame_rate: int = 250,
    frame_size: int = 512,
    padding: str = "center",
) -> tf.Tensor:
    level_db = compute_power(audio, sample_rate, frame_rate, frame_size, padding=padding)
    return dsp.db_to_amplitude(level_db)


def compute_power(
    audio: Any,
    sample_rate: int = 16000,
    frame_rate: int = 250,
    frame_size: int = 512,
    padding: str = "center",
) -> tf.Tensor:
    _count_as_same(padding)
    hop_length = dsp.hop_length_for(sample_rate, frame_rate)
    return _by_rows(
        audio,
        lambda rows: dsp.rms_power_db(rows, hop_length=hop_length, frame_length=frame_size),
    )


def compute_f0(
    audio: Any, frame_rate: int, viterbi: bool = True, padding: str = "center"
) -> tuple[Any, Any]:
    _count_as_same(padding)
    hop_length = dsp.hop_length_for(16000, frame_rate)
    features = extract_features(audio, FeatureSettings(hop_length=hop_length))
    return features.f0_hz, features.f0_confidence


def _by_rows(audio: Any, measure: Any) -> tf.Tensor:
    audio = tf.cast(audio, tf.float32)
    return measure(audio) if audio.shape.rank == 2 else measure(audio[tf.newaxis])[0]
